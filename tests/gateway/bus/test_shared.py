"""Replicas that share a Redis, and what they do while it is stopped, flushed, cut off or slow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from channels.events import Delta, Status, TurnState
from gateway.bus.base import Cancel, Due, Signal, Tell
from gateway.bus.shared import SharedBus
from tests.gateway.bus.paper import PaperStore, away, connected, heard, replica
from tests.gateway.bus.proxy import proxy
from tests.services import Redis
from tests.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _empty(redis_service: Redis) -> None:
    redis_service.flush()


WORKING = Status(1, TurnState.WORKING, messages=("m1",))


@asynccontextmanager
async def both(store: PaperStore, url: str) -> AsyncIterator[tuple[SharedBus, SharedBus]]:
    async with replica(store, url) as one, replica(store, url) as two:
        yield one, two


# -- replicas ----------------------------------------------------------------------------------


async def test_signals_reach_all_others_and_not_oneself(redis_server: str) -> None:
    store = PaperStore()
    async with (
        replica(store, redis_server) as one,
        replica(store, redis_server) as two,
        replica(store, redis_server) as three,
    ):
        told: dict[str, list[Signal]] = {"one": [], "two": [], "three": []}
        one.on_signal(told["one"].append)
        two.on_signal(told["two"].append)
        three.on_signal(told["three"].append)
        signals: list[Signal] = [Due(1234.5), Cancel("c"), Tell("phone:+1", "Your taxi is here.")]
        for signal in signals:
            one.signal(signal)
        await until(lambda: len(told["two"]) + len(told["three"]) == 6)
        assert told == {"one": [], "two": signals, "three": signals}


async def test_a_handover_is_told_before_one_leaves(redis_server: str) -> None:
    store, told = PaperStore(), list[Signal]()
    async with replica(store, redis_server) as stays:
        stays.on_signal(told.append)
        async with replica(store, redis_server) as leaves:
            leaves.signal(Due(1.0))
        await until(lambda: told == [Due(1.0)])


async def test_who_is_on_the_line_is_known_everywhere_until_they_leave(redis_server: str) -> None:
    store = PaperStore()
    async with replica(store, redis_server) as one, replica(store, redis_server) as two:
        with one.present("line/phone:+1"):
            await until(lambda: two.is_present("line/phone:+1"))
            async with replica(store, redis_server) as three:
                # It was told before they came.
                await until(lambda: three.is_present("line/phone:+1"))
        await until(lambda: not two.is_present("line/phone:+1"))


async def test_who_was_at_a_replica_that_left_is_gone(redis_server: str) -> None:
    store = PaperStore()
    async with replica(store, redis_server) as stays:
        async with replica(store, redis_server) as leaves:
            leaves._replicas._here["line/phone:+1"] = 1
            leaves._beat()
            await until(lambda: stays.is_present("line/phone:+1"))
        await until(lambda: not stays.is_present("line/phone:+1"))


async def test_houses_with_another_prefix_hear_nothing(redis_server: str) -> None:
    store = PaperStore()
    async with (
        replica(store, redis_server, "ours") as ours,
        replica(store, redis_server, "theirs") as theirs,
        ours.follow("a") as events,
    ):
        theirs.publish("a", Delta(1, "theirs"))
        ours.publish("a", Delta(1, "ours"))
        assert await heard(events, 1) == [Delta(1, "ours")]
        assert not await theirs.followed("a")


# -- order -------------------------------------------------------------------------------------


async def test_entries_come_in_order_and_once_though_they_are_told_late(redis_server: str) -> None:
    store = PaperStore()
    async with replica(store, redis_server) as one, replica(store, redis_server) as two:
        store.add("a")
        async with two.follow("a") as events:
            second, third = store.add("a"), store.add("a")
            one.publish("a", third)
            one.publish("a", Status(1, TurnState.DONE))
            one.publish("a", second)
            fourth = store.add("a")
            one.publish("a", fourth)
            done = Status(1, TurnState.DONE)
            assert await heard(events, 4) == [second, third, done, fourth]


# -- Redis goes away ---------------------------------------------------------------------------


async def test_entries_are_polled_while_redis_is_stopped(redis_service: Redis) -> None:
    store = PaperStore()
    async with both(store, redis_service.url) as (one, two), two.follow("a") as events:
        redis_service.stop()
        await away(one, two)
        assert two.state.startswith("degraded: redis is away")
        first = store.add("a")
        one.publish("a", first)
        assert await heard(events, 1) == [first]
        async with two.follow("a") as late:
            second = store.add("a")
            one.publish("a", second)
            assert await heard(events, 1) == await heard(late, 1) == [second]
        await redis_service.resume()
        await connected(one, two)
        one.publish("a", third := store.add("a"))
        assert await heard(events, 1) == [third]


async def test_a_turn_elsewhere_is_told_by_the_store_while_redis_is_away(
    redis_service: Redis,
) -> None:
    store = PaperStore()
    async with replica(store, redis_service.url) as two, two.follow("a") as events:
        redis_service.stop()
        try:
            store.turns["a"] = WORKING
            assert await heard(events, 1) == [WORKING]
            entry = store.add("a")
            store.turns["a"] = Status(1, TurnState.FAILED)
            assert await heard(events, 2) == [entry, Status(1, TurnState.FAILED)]
            # One that began and ended between two looks.
            entry = store.add("a")
            store.turns["a"] = Status(2, TurnState.DONE, messages=("m2",))
            assert await heard(events, 3) == [
                Status(2, TurnState.WORKING, messages=("m2",)),
                entry,
                Status(2, TurnState.DONE),
            ]
        finally:
            await redis_service.resume()


async def test_a_reply_goes_on_where_it_was_after_a_restart(redis_service: Redis) -> None:
    store = PaperStore()
    async with both(store, redis_service.url) as (one, two), two.follow("a") as events:
        store.turns["a"] = WORKING
        one.publish("a", WORKING)
        one.publish("a", Delta(1, "One, "))
        assert await heard(events, 2) == [WORKING, Delta(1, "One, ")]
        redis_service.kill()
        await away(one, two)
        one.publish("a", Delta(1, "two, "))
        one.publish("a", Delta(1, "three"))
        await redis_service.resume()
        assert await heard(events, 1) == [Delta(1, "two, three")]
        await connected(one, two)
        one.publish("a", Delta(1, "."))
        assert await heard(events, 1) == [Delta(1, ".")]


async def test_who_alone_was_cut_off_is_caught_up_with_by_the_others(
    redis_service: Redis,
) -> None:
    store = PaperStore()
    async with (
        proxy(redis_service.port) as wire,
        replica(store, wire.url) as one,
        replica(store, redis_service.url) as two,
        two.follow("a") as events,
    ):
        one.publish("a", WORKING)
        assert await heard(events, 1) == [WORKING]
        wire.stall()
        one.publish("a", Delta(1, "Hello"))
        one.publish("a", entry := store.add("a"))
        one.publish("a", Status(1, TurnState.DONE))
        store.turns["a"] = Status(1, TurnState.DONE)
        await away(one)
        await wire.cut()
        wire.flow()
        assert await heard(events, 2) == [entry, Status(1, TurnState.DONE)]
        await connected(one)


async def test_nothing_is_lost_by_a_flush(redis_service: Redis) -> None:
    store = PaperStore()
    async with both(store, redis_service.url) as (one, two), two.follow("a") as events:
        one.publish("a", WORKING)
        one.publish("a", Delta(1, "Hel"))
        redis_service.say("FLUSHALL")
        redis_service.say("SCRIPT FLUSH")
        one.publish("a", Delta(1, "lo"))
        assert await heard(events, 3) == [WORKING, Delta(1, "Hel"), Delta(1, "lo")]
        async with two.follow("a") as late:
            assert await heard(late, 2) == [WORKING, Delta(1, "Hello")]
        assert await one.take("k", interval=1000, burst=1) == 0
        assert await two.take("k", interval=1000, burst=1) > 0
        assert one.state == two.state == "ok"


async def test_another_worker_begins_a_turn_anew_and_nobody_sees_its_text_twice(
    redis_server: str,
) -> None:
    store = PaperStore()
    async with (
        replica(store, redis_server) as dies,
        replica(store, redis_server) as goes_on,
        replica(store, redis_server) as reads,
        reads.follow("a") as events,
    ):
        dies.publish("a", WORKING)
        dies.publish("a", Delta(1, "Hel"))
        assert await heard(events, 2) == [WORKING, Delta(1, "Hel")]
        # What its own "retrying" says was lost on the way.
        goes_on.publish("a", WORKING)
        goes_on.publish("a", Delta(1, "Hello"))
        assert await heard(events, 3) == [
            Status(1, TurnState.RETRYING),
            WORKING,
            Delta(1, "Hello"),
        ]
        dies.publish("a", Delta(1, "lo"))
        goes_on.publish("a", Delta(1, "!"))
        assert await heard(events, 1) == [Delta(1, "!")]


async def test_a_store_that_is_away_is_asked_again(redis_server: str) -> None:
    store = PaperStore()
    async with both(store, redis_server) as (one, two), two.follow("a") as events:
        store.away = True
        first, second = store.add("a"), store.add("a")
        asked = store.asked
        one.publish("a", second)
        await until(lambda: store.asked > asked)
        store.away = False
        assert await heard(events, 2) == [first, second]


# -- allowances without Redis --------------------------------------------------------------------


async def test_each_replica_has_a_share_of_an_allowance_while_redis_is_away(
    redis_service: Redis,
) -> None:
    store = PaperStore()
    async with replica(store, redis_service.url) as one, replica(store, redis_service.url) as two:
        await until(lambda: one._allowances.replicas == two._allowances.replicas == 2)
        redis_service.stop()
        try:
            await away(one, two)
            taken = [await one.take("k", interval=1000, burst=4) for _ in range(3)]
            assert taken == [0, 0, pytest.approx(2000, abs=30)]
            assert await two.take("r", interval=1000, burst=1, reserve=0) == 0
            # A reserve is no reason to grant nothing at all.
            assert await two.take("s", interval=1000, burst=4, reserve=3) == 0
        finally:
            await redis_service.resume()


async def test_a_pause_holds_though_redis_forgot_it(redis_service: Redis) -> None:
    async with replica(PaperStore(), redis_service.url) as one:
        await one.pause("k", 1000)
        redis_service.flush()
        assert await one.take("k", interval=1, burst=1) == pytest.approx(1000, abs=30)


async def test_who_asks_does_not_wait_for_a_redis_that_stalls(redis_service: Redis) -> None:
    async with proxy(redis_service.port) as wire, replica(PaperStore(), wire.url) as one:
        wire.stall()
        with anyio.fail_after(2):
            # One waits a moment, and nobody after it.
            taken = [await one.take("k", interval=1000, burst=100) for _ in range(100)]
        assert taken == [0.0] * 100
        assert not await one.followed("a")
        await away(one)
        wire.flow()
        await connected(one)


async def test_a_full_redis_refuses_and_nobody_minds(redis_service: Redis) -> None:
    store = PaperStore()
    async with replica(store, redis_service.url) as one, replica(store, redis_service.url) as two:
        redis_service.say("CONFIG SET maxmemory 1")
        try:
            assert await one.take("k", interval=1000, burst=1) == 0
            assert one.state.startswith("degraded: redis refuses")
            async with two.follow("a") as events:
                one.publish("a", Delta(1, "still told"))
                assert await heard(events, 1) == [Delta(1, "still told")]
        finally:
            redis_service.say("CONFIG SET maxmemory 0")
        redis_service.flush()
        await one.take("k", interval=1000, burst=1)
        assert one.state == "ok"


async def test_what_is_not_understood_is_left_out(redis_server: str, redis_service: Redis) -> None:
    async with replica(PaperStore(), redis_server) as one, one.follow("a") as events:
        for channel in ("test/c/a", "test/all"):
            redis_service.say(f"PUBLISH {channel} nonsense")
        one.publish("a", Delta(1, "x"))
        assert await heard(events, 1) == [Delta(1, "x")]
        assert one.state == "ok"


async def test_nobody_followed_is_nobody_listened_to(redis_server: str) -> None:
    async with (
        replica(PaperStore(), redis_server) as one,
        replica(PaperStore(), redis_server) as two,
    ):
        async with one.follow("a"), one.follow("b"):
            assert await two.followed("a")
        with anyio.fail_after(10):
            while await two.followed("a") or await two.followed("b"):
                pass
        assert not one._topics
