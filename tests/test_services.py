"""The servers that other tests stand on."""

from __future__ import annotations

import sys

import anyio
import pytest

from tests.services import Postgres, Redis

pytestmark = pytest.mark.anyio


def test_each_test_has_a_database_of_its_own(postgres_service: Postgres) -> None:
    one, other = postgres_service.database(), postgres_service.database()
    postgres_service.run("CREATE TABLE door (id int)", one)
    assert postgres_service.run("SELECT count(*) FROM door", one) == [(0,)]
    assert postgres_service.run("SELECT to_regclass('door')", other) == [(None,)]
    for url in (one, other):
        postgres_service.drop(url)


@pytest.mark.parametrize("end", ["restart", "crash"])
async def test_what_a_database_committed_is_there_after_a(
    end: str, postgres_service: Postgres
) -> None:
    url = postgres_service.database()
    postgres_service.run("CREATE TABLE door (id int)", url)
    await getattr(postgres_service, end)()
    assert postgres_service.run("SELECT count(*) FROM door", url) == [(0,)]
    postgres_service.drop(url)


async def test_a_restarted_redis_has_forgotten_everything(redis_service: Redis) -> None:
    assert redis_service.say("SET door open").startswith(b"+OK")
    assert redis_service.say("GET door").startswith(b"$4")
    await redis_service.restart()
    assert redis_service.say("GET door").startswith(b"$-1")


SUICIDE = """
import os, signal
from tests.services import Redis
server = Redis()
server.start()
print(server.port, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_a_server_is_gone_when_whoever_started_it_is_killed() -> None:
    child = await anyio.run_process([sys.executable, "-c", SUICIDE], check=False)
    with anyio.fail_after(10):
        while True:
            try:
                await (await anyio.connect_tcp("127.0.0.1", int(child.stdout))).aclose()
            except OSError:
                return
            await anyio.sleep(0.01)


def test_a_database_has_both_schemas_from_the_start(
    postgres: str, postgres_service: Postgres
) -> None:
    for table in ("messages", "agents_tasks"):
        assert postgres_service.run(f"SELECT count(*) FROM {table}", postgres) == [(0,)]  # noqa: S608 - ours
