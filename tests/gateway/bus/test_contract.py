"""What holds for every bus: in one process, through Redis, between replicas, and while polling."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import anyio
import pytest

from channels.events import (
    Amended,
    Choice,
    Choices,
    Delta,
    Entry,
    File,
    Live,
    Status,
    Text,
    Transcript,
    TurnState,
    Wish,
)
from gateway.bus.base import Bus
from gateway.bus.memory import MemoryBus
from gateway.bus.topics import BACKLOG
from tests.gateway.bus.paper import PaperStore, entry, heard, replica

pytestmark = pytest.mark.anyio


@dataclass
class Pair:
    """Who publishes and who follows; they may be the same."""

    here: Bus
    there: Bus
    store: PaperStore


@pytest.fixture(params=["memory", "polling", "redis", "across"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    store = PaperStore()
    async with AsyncExitStack() as stack:
        match request.param:
            case "memory":
                here: Bus = MemoryBus()
                there = here
            case "polling":
                here = there = await stack.enter_async_context(replica(store))
            case "redis":
                url: str = request.getfixturevalue("redis_server")
                here = there = await stack.enter_async_context(replica(store, url))
            case _:
                url = request.getfixturevalue("redis_server")
                here = await stack.enter_async_context(replica(store, url))
                there = await stack.enter_async_context(replica(store, url))
        yield Pair(here, there, store)


# -- conversations ---------------------------------------------------------------------------


async def test_a_follower_hears_only_its_conversation(pair: Pair) -> None:
    async with pair.there.follow("a") as events:
        pair.here.publish("b", Delta(1, "not you"))
        pair.here.publish("a", Delta(1, "you"))
        assert await heard(events, 1) == [Delta(1, "you")]


async def test_every_follower_hears_all(pair: Pair) -> None:
    async with pair.there.follow("a") as one, pair.there.follow("a") as two:
        pair.here.publish("a", Delta(1, "x"))
        assert await heard(one, 1) == await heard(two, 1) == [Delta(1, "x")]


async def test_who_left_does_not_keep_others_from_hearing(pair: Pair) -> None:
    async with pair.there.follow("a") as stays:
        async with pair.there.follow("a"):
            pass
        pair.here.publish("a", Delta(1, "x"))
        assert await heard(stays, 1) == [Delta(1, "x")]
    async with pair.there.follow("a") as again:
        pair.here.publish("a", Delta(1, "y"))
        assert await heard(again, 1) == [Delta(1, "y")]


async def test_all_that_can_happen_arrives_as_it_was(pair: Pair) -> None:
    parts = (
        Text("ä\nb"),
        Transcript("hm", "de", doubtful=True),
        File("a.pdf", "application/pdf", 7, "f1", kind="image"),
        Choices((Choice("Yes", "y"), Choice("No", "n"))),
    )
    stored = entry(1)
    told: list[Live] = [
        Entry(1, "m1", "user", parts, stored.at, "c1"),
        Amended("m1", parts),
        Status(1, TurnState.WORKING, "Looking…", ("m1",)),
        Delta(1, "Hel"),
        Delta(1, "lo"),
        Wish(1, "transfer", "sales", "wants a price"),
        Status(1, TurnState.DONE),
    ]
    async with pair.there.follow("a") as events:
        for event in told:
            pair.here.publish("a", event)
        assert await heard(events, len(told)) == told


async def test_a_follower_that_falls_behind_is_let_go(pair: Pair) -> None:
    async with pair.there.follow("a") as events:
        for n in range(BACKLOG + 5):
            pair.here.publish("a", Delta(1, str(n)))
        with anyio.fail_after(10):
            if pair.here is not pair.there:
                # They come in through the wire while nobody reads.
                async with pair.there.follow("end") as end:
                    pair.here.publish("end", Delta(1, "over"))
                    await anext(end)
            assert len([event async for event in events]) == BACKLOG


async def test_a_late_follower_gets_the_reply_so_far_and_then_the_rest(pair: Pair) -> None:
    pair.here.publish("a", Status(1, TurnState.WORKING, messages=("m",)))
    pair.here.publish("a", Status(1, TurnState.WORKING, "Checking…"))
    pair.here.publish("a", Delta(1, "Hel"))
    pair.here.publish("a", Delta(1, "lo"))
    async with pair.there.follow("a") as events:
        assert await heard(events, 2) == [
            Status(1, TurnState.WORKING, "Checking…", ("m",)),
            Delta(1, "Hello"),
        ]
        pair.here.publish("a", Delta(1, " you"))
        assert await heard(events, 1) == [Delta(1, " you")]


@pytest.mark.parametrize("state", [TurnState.DONE, TurnState.RETRYING, TurnState.CANCELED])
async def test_what_has_ended_is_not_repeated(pair: Pair, state: TurnState) -> None:
    pair.here.publish("a", Status(1, TurnState.WORKING))
    pair.here.publish("a", Delta(1, "Hello"))
    pair.here.publish("a", Status(1, state))
    async with pair.there.follow("a") as events:
        pair.here.publish("a", Delta(2, "next"))
        assert await heard(events, 1) == [Delta(2, "next")]


async def test_a_turn_that_was_let_go_is_not_repeated(pair: Pair) -> None:
    pair.here.publish("a", Status(1, TurnState.WORKING))
    pair.here.publish("a", Delta(1, "Hello"))
    pair.here.let_go("a")
    async with pair.there.follow("a") as events:
        pair.here.publish("a", Delta(2, "next"))
        assert await heard(events, 1) == [Delta(2, "next")]


async def test_it_is_known_whether_anybody_follows(pair: Pair) -> None:
    assert not await pair.here.followed("a")
    async with pair.there.follow("a"):
        assert await pair.here.followed("a")
        assert not await pair.here.followed("b")


async def test_one_is_present_until_one_leaves(pair: Pair) -> None:
    with pair.there.present("line/1"):
        with pair.there.present("line/1"):
            assert pair.there.is_present("line/1")
        assert pair.there.is_present("line/1")
        assert not pair.there.is_present("line/2")
    assert not pair.there.is_present("line/1")


# -- allowances ------------------------------------------------------------------------------

LONG = 1000.0
"""Seconds; so long that what a test takes does not matter."""


async def take(bus: Bus, reserve: int = 0, key: str = "k") -> float:
    return await bus.take(key, interval=LONG, burst=3, reserve=reserve)


def nearly(seconds: float) -> object:
    return pytest.approx(seconds, abs=30)


async def test_a_burst_passes_and_then_one_waits(pair: Pair) -> None:
    taken = [await take(bus) for bus in (pair.here, pair.there, pair.here, pair.there)]
    assert taken == [0, 0, 0, nearly(LONG)]


async def test_a_refusal_takes_nothing(pair: Pair) -> None:
    taken = [await take(pair.here) for _ in range(10)]
    assert taken[-1] == nearly(LONG)


async def test_the_reserve_is_left_for_those_who_ask_without(pair: Pair) -> None:
    taken = [await take(bus, reserve=1) for bus in (pair.here, pair.there, pair.here)]
    assert taken == [0, 0, nearly(LONG)]
    assert await take(pair.there) == 0


async def test_a_pause_outlasts_any_burst_and_is_never_shortened(pair: Pair) -> None:
    await pair.here.pause("k", LONG)
    await pair.here.pause("k", 1)
    assert await take(pair.there) == nearly(LONG)
    assert await take(pair.here) == nearly(LONG)


async def test_keys_do_not_share(pair: Pair) -> None:
    for _ in range(4):
        await take(pair.here)
    assert await take(pair.here, key="other") == 0


async def test_time_earns_what_was_taken(pair: Pair) -> None:
    for _ in range(3):
        await pair.here.take("k", interval=0.05, burst=1)
    with anyio.fail_after(10):
        while wait := await pair.there.take("k", interval=0.05, burst=1):
            assert wait <= 0.05
