"""A crowd at the door."""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from channels.web import adapter
from channels.web.adapter import WebConfig
from channels.web.doorway import Doorway
from tests.channels.web.harness import SECRET, running

pytestmark = pytest.mark.anyio

FOR_EVER = 3600.0


async def test_people_are_let_in_in_the_order_in_which_they_came() -> None:
    doorway, served = Doorway(1, FOR_EVER), list[int]()

    async def come(number: int) -> None:
        entrant = await doorway.enter()
        served.append(number)
        await anyio.lowlevel.checkpoint()
        entrant.end()

    first = await doorway.enter()
    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(come, number)
        await anyio.wait_all_tasks_blocked()
        assert served == []
        first.end()
    assert served == [0, 1, 2]


async def test_who_is_in_twice_over_makes_room_for_one() -> None:
    doorway = Doorway(1, FOR_EVER)
    entrant = await doorway.enter()
    entrant.end()
    entrant.end()
    (await doorway.enter()).end()
    held = await doorway.enter()
    with anyio.move_on_after(0) as waited:
        await doorway.enter()
    assert waited.cancelled_caught
    held.end()


async def test_who_is_slow_keeps_nobody_out() -> None:
    doorway = Doorway(1, lasting=0)
    await doorway.enter()
    with anyio.fail_after(5):
        (await doorway.enter()).end()


async def test_who_is_in_makes_room_for_the_next_and_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "Doorway", partial(Doorway, 1, FOR_EVER))
    async with running(WebConfig(secret=SECRET)) as web:
        one, two = await web.session(), await web.session()
        async with web.greeted(one) as first, web.greeted(two) as second:
            for it in (first, second):
                await it.send(type="ping")
                await it.expect("pong")


async def test_who_is_turned_away_or_leaves_makes_room_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "Doorway", partial(Doorway, 1, FOR_EVER))
    async with running(WebConfig(secret=SECRET)) as web:
        async with web.socket() as silent:
            await silent.raw.close()
        async with web.socket() as stranger:
            await stranger.send(type="hello", token="forged", after=0)
            assert (await stranger.closed())[0] == 4401
        async with web.greeted(await web.session()):
            pass
