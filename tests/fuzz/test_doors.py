"""Whoever does not speak as one should is shown out, and the house goes on as before."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from anyio import to_thread

from tests.fuzz import api, doors
from tests.kill.house import House, house

pytestmark = pytest.mark.anyio

MUTATIONS = 150


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house; what was done to it in all tests must have left no trace in its log."""
    # Many strangers come from one address here.
    settings = {"LOG_LEVEL": "debug", "MESSAGES_PER_MINUTE": "100000"}
    async with house(tmp_path_factory.mktemp("fuzzed"), settings) as built:
        yield built
        await built.ready(5)
        assert "Traceback" not in built.log


def kept(door: House) -> dict[str, int]:
    """How many rows there are of what people wrote and what was done about it."""
    where = f"file:{door.folder / 'data/frontdoor.db'}?mode=ro"
    with closing(sqlite3.connect(where, uri=True)) as database:
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("messages", "turns", "deliveries", "files", "calls", "call_turns")
        }


def resident(door: House) -> int:
    """MiB of memory."""
    status = Path(f"/proc/{door.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


def token_of(door: House) -> str:
    answer = httpx.post(f"{door.url}/web/sessions", trust_env=False)
    return str(answer.json()["token"])


@pytest.mark.parametrize("name", doors.BAD_HTTP)
async def test_what_is_hardly_http_is_refused(door: House, name: str) -> None:
    end = await to_thread.run_sync(
        lambda: doors.exchange(door.port, doors.BAD_HTTP[name], leave=name == "a line that is none")
    )
    # Who sends on and on does not always see why it was closed.
    assert end.status in range(400, 500) or not end.bytes
    assert end.bytes.count(b"HTTP/1.1 ") <= 1
    assert b"Traceback" not in end.bytes


@pytest.mark.parametrize("name", doors.BAD_FRAMES)
async def test_a_frame_that_is_none_closes_the_socket(door: House, name: str) -> None:
    frames, code = doors.BAD_FRAMES[name]
    said = doors.hello(token_of(door))
    for before in (b"", said):
        end = await to_thread.run_sync(doors.exchange, door.port, doors.upgrade(), before + frames)
        assert end.code == code


async def test_mutations_are_answered_or_shown_out(door: House) -> None:
    """Of good requests and sockets; and memory does not grow with them."""
    dice = random.Random(1)  # noqa: S311 - to be the same each time
    seeds = doors.seeds(token_of(door))
    before, memory = kept(door), resident(door)

    def one(_: int) -> None:
        data = doors.mutated(dice.choice(seeds)(), dice)
        doors.exchange(door.port, data, leave=True)

    def many() -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(MUTATIONS)))

    await to_thread.run_sync(many)
    await door.ready(5)
    assert kept(door) == before
    assert resident(door) < memory + 60


async def test_the_records_keep_to_their_own_description(door: House) -> None:
    def ask() -> None:
        for operation in api.operations(door.url):
            api.ask(operation, 5)

    before = kept(door)
    await to_thread.run_sync(ask)
    assert kept(door) == before
