"""Whatever comes on a call's socket, the house leaves it, holds nothing, and takes the next."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from anyio import to_thread

from channels.twilio.simulator import Phone
from tests.fuzz import doors, streams
from tests.kill.house import House, house

pytestmark = pytest.mark.anyio

DRAWN = 40

CALLED = {"LOG_LEVEL": "debug", "TWILIO_AUTH_TOKEN": streams.TOKEN, "MAX_CALLS": "1000"}


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house; what was done to it in all tests must have left no trace in its log."""
    async with house(tmp_path_factory.mktemp("called"), CALLED) as built:
        # The first call loads what all need.
        await well_answered(built)
        yield built
        await built.ready(5)
        assert "Traceback" not in built.log


async def well_answered(door: House) -> None:
    async with Phone(noise=None).call(door.url, token=streams.TOKEN) as call:
        await call.until(lambda: call.noted("spoke"))
        assert not call.noted("failed")


def open_calls(door: House) -> int:
    """Of which the records do not tell the end."""
    where = f"file:{door.folder / 'data/frontdoor.db'}?mode=ro"
    with closing(sqlite3.connect(where, uri=True)) as database:
        found = database.execute("SELECT count(*) FROM calls WHERE ended_at IS NULL").fetchone()
    return int(found[0])


@pytest.mark.parametrize("name", streams.LEFT)
async def test_a_call_that_makes_no_sense_is_left(door: House, name: str) -> None:
    sent, code = streams.LEFT[name]
    end = await to_thread.run_sync(lambda: streams.exchange(door, sent, leave=False))
    assert end.code == code


async def test_whatever_is_drawn_leaves_nothing_behind(door: House) -> None:
    dice = random.Random(4)  # noqa: S311 - to be the same each time
    drawn = [streams.drawn(random.Random(dice.random())) for _ in range(DRAWN)]  # noqa: S311

    def one(sent: streams.Call) -> None:
        streams.exchange(door, sent, leave=True)

    def many() -> None:
        with streams.nothing_left(door), ThreadPoolExecutor(8) as pool:
            list(pool.map(one, drawn))

    await to_thread.run_sync(many)
    assert open_calls(door) == 0
    await well_answered(door)


async def test_sockets_that_are_torn_leave_nothing_behind(door: House) -> None:
    def many() -> None:
        with streams.nothing_left(door):
            for _ in range(5):
                streams.torn(door)

    await to_thread.run_sync(many)
    assert open_calls(door) == 0
    await well_answered(door)


async def test_a_ticket_that_was_used_opens_nothing(door: House) -> None:
    used: list[bytes] = []

    def first(ticketed: streams.Ticketed) -> bytes:
        used.append(ticketed.start())
        return used[0] + streams.STOP

    def twice() -> list[doors.End]:
        once = streams.exchange(door, first, leave=False)
        return [once, streams.exchange(door, lambda _: used[0], leave=False)]

    assert [end.code for end in await to_thread.run_sync(twice)] == [1000, 1008]
