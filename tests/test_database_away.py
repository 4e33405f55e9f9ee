"""The whole house on PostgreSQL, through an outage of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest

from tests.kill.house import House, house
from tests.kill.people import Visitor
from tests.services import Postgres, ServiceMissing
from tests.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[Postgres]:
    """One of this test's own, so that nobody else's goes away."""
    try:
        with Postgres() as server:
            yield server
    except ServiceMissing as missing:
        pytest.skip(str(missing))


async def status(door: House, path: str, method: str = "GET") -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.request(method, f"{door.url}{path}")).status_code


async def red(door: House) -> None:
    with anyio.fail_after(20):
        while await status(door, "/readyz") != 503:  # noqa: ASYNC110 - it is another process's
            await anyio.sleep(0.05)


async def test_a_house_outlives_its_database_and_goes_on_by_itself(
    server: Postgres, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": server.database(), "DEBOUNCE_SECONDS": "0.05"}
    async with house(tmp_path, settings) as door, anyio.create_task_group() as tasks:
        ann = Visitor(door.url)
        tasks.start_soon(ann.run)
        await ann.say("add a task: renew the passport")
        await until(lambda: len(ann.texts("agent")) >= 1, seconds=20)
        server.stop()
        await red(door)
        # What is said meanwhile is not acknowledged, so who said it keeps it.
        await ann.say("add a task: water the plants")
        assert await status(door, "/healthz") == 200
        assert door.running
        assert ann.outbox
        await server.resume()
        await until(lambda: len(ann.texts("agent")) >= 2, seconds=30)
        await door.ready()
        assert not ann.outbox
        assert not ann.doubles
        assert len(ann.texts("user")) == 2
        tasks.cancel_scope.cancel()
        assert door.stop() == 0
