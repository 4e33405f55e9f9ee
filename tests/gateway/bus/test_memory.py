"""The bus of one process: live events, and allowances by GCRA."""

from __future__ import annotations

import anyio
import pytest

from channels.events import Delta, Live, Status, TurnState
from gateway.bus.memory import BACKLOG, MemoryBus

pytestmark = pytest.mark.anyio


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bus(clock: Clock) -> MemoryBus:
    return MemoryBus(clock)


async def test_a_follower_hears_only_its_conversation(bus: MemoryBus) -> None:
    async with bus.follow("a") as events:
        bus.publish("b", Delta(1, "not you"))
        bus.publish("a", Delta(1, "you"))
        assert await anext(events) == Delta(1, "you")


async def test_a_follower_that_falls_behind_is_let_go(bus: MemoryBus) -> None:
    async with bus.follow("a") as events:
        for n in range(BACKLOG + 5):
            bus.publish("a", Delta(1, str(n)))
        with anyio.fail_after(5):
            heard = [event async for event in events]
    assert len(heard) == BACKLOG


async def test_a_late_follower_gets_the_reply_so_far(bus: MemoryBus) -> None:
    bus.publish("a", Status(1, TurnState.WORKING))
    bus.publish("a", Delta(1, "Hel"))
    bus.publish("a", Delta(1, "lo"))
    async with bus.follow("a") as events:
        assert [await anext(events), await anext(events)] == [
            Status(1, TurnState.WORKING),
            Delta(1, "Hello"),
        ]


@pytest.mark.parametrize("state", [TurnState.DONE, TurnState.RETRYING, TurnState.CANCELED])
async def test_what_has_ended_is_not_repeated(bus: MemoryBus, state: TurnState) -> None:
    bus.publish("a", Status(1, TurnState.WORKING))
    bus.publish("a", Delta(1, "Hello"))
    bus.publish("a", Status(1, state))
    heard: list[Live] = []
    async with bus.follow("a") as events:
        bus.publish("a", Delta(2, "next"))
        heard.append(await anext(events))
    assert heard == [Delta(2, "next")]


async def take(bus: MemoryBus, reserve: int = 0) -> float:
    return await bus.take("k", interval=1.0, burst=3, reserve=reserve)


async def test_a_burst_passes_and_then_the_rate_holds(bus: MemoryBus, clock: Clock) -> None:
    assert [await take(bus) for _ in range(4)] == [0, 0, 0, 1.0]
    clock.now += 1
    assert await take(bus) == 0
    assert await take(bus) == pytest.approx(1.0)


async def test_a_refusal_takes_nothing(bus: MemoryBus, clock: Clock) -> None:
    for _ in range(10):
        await take(bus)
    clock.now += 1
    assert await take(bus) == 0


async def test_the_reserve_is_left_for_those_who_ask_without(bus: MemoryBus) -> None:
    assert [await take(bus, reserve=1) for _ in range(3)] == [0, 0, 1.0]
    assert await take(bus) == 0


async def test_a_pause_outlasts_any_burst(bus: MemoryBus, clock: Clock) -> None:
    await bus.pause("k", 5)
    assert await take(bus) == 5
    clock.now += 5
    assert await take(bus) == 0


async def test_keys_do_not_share(bus: MemoryBus) -> None:
    for _ in range(4):
        await take(bus)
    assert await bus.take("other", interval=1.0, burst=1) == 0


async def test_who_comes_in_the_middle_learns_what_the_turn_answers(bus: MemoryBus) -> None:
    bus.publish("c", Status(1, TurnState.WORKING, messages=("m",)))
    bus.publish("c", Status(1, TurnState.WORKING, "Checking…"))
    async with bus.follow("c") as live:
        assert await anext(live) == Status(1, TurnState.WORKING, "Checking…", ("m",))
