from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from channels.base import RateLimited
from channels.events import Reply, Route
from channels.telegram.adapter import TelegramChannel
from channels.telegram.simulator import Fault, TelegramSimulator
from tests.channels.doubles import InMemoryInbox
from tests.channels.telegram.conftest import Door, OpenDoor, opened

pytestmark = pytest.mark.anyio


async def polling(open_door: OpenDoor) -> Door:
    door = await open_door(webhook=False)
    await door.simulator.until(lambda: door.simulator.requests("getUpdates"))
    return door


def texts(door: Door) -> list[str]:
    return [message.text for message in door.inbox.messages]


async def test_updates_are_polled_without_a_public_url(open_door: OpenDoor) -> None:
    door = await polling(open_door)
    await door.simulator.say(7, "one")
    await door.simulator.say(7, "two")
    await door.simulator.settled()
    assert texts(door) == ["one", "two"]
    assert not door.simulator.requests("deleteWebhook")


async def test_an_update_is_confirmed_only_once_it_is_stored(open_door: OpenDoor) -> None:
    door = await polling(open_door)
    door.inbox.failures = [RateLimited(0.01)]
    door.simulator.hold()
    await door.simulator.say(7, "flooding")
    await door.simulator.say(8, "somebody else")
    door.simulator.release()
    # The other one is not held up, and neither is lost or doubled.
    await door.simulator.until(lambda: texts(door) == ["somebody else"])
    assert len(door.simulator.updates) == 2
    await door.simulator.settled()
    assert texts(door) == ["somebody else", "flooding"]


async def test_a_malformed_update_does_not_hold_up_the_others(open_door: OpenDoor) -> None:
    door = await polling(open_door)
    await door.simulator.update({"message": {"text": 7}})
    await door.simulator.say(7, "fine")
    await door.simulator.settled()
    assert texts(door) == ["fine"]


async def test_polling_survives_a_failing_server(open_door: OpenDoor) -> None:
    door = await polling(open_door)
    door.simulator.fail("getUpdates", Fault.broken(502))
    await door.simulator.say(7, "one")
    await door.simulator.settled()
    await door.simulator.say(7, "two")
    await door.simulator.settled()
    assert texts(door) == ["one", "two"]


async def test_our_own_webhook_makes_way_for_polling_and_nothing_is_dropped() -> None:
    simulator = TelegramSimulator()
    simulator.api.webhook = {"url": "https://old.example/telegram/webhook", "secret_token": "s"}
    simulator.hold()
    await simulator.say(7, "sent while we were away")
    async with opened(simulator, webhook=False, running=True) as door:
        await simulator.until(lambda: simulator.requests("getUpdates"))
        simulator.release()
        await simulator.settled()
        assert texts(door) == ["sent while we were away"]
    (deleted,) = simulator.requests("deleteWebhook")
    assert deleted.fields.get("drop_pending_updates", "false").lower() == "false"


async def test_somebody_elses_webhook_is_left_alone() -> None:
    simulator = TelegramSimulator()
    simulator.api.webhook = {"url": "https://other.example/bot", "secret_token": "s"}
    simulator.hold()
    async with opened(simulator, webhook=False, running=True):
        await simulator.until(lambda: simulator.requests("getWebhookInfo"))
    assert simulator.api.webhook["url"] == "https://other.example/bot"
    assert not simulator.requests("deleteWebhook")


async def test_start_up_waits_for_nobody_and_is_tried_again() -> None:
    simulator = TelegramSimulator()
    simulator.fail("getMe", Fault.broken(500))
    async with opened(simulator, webhook=True, running=True) as door:
        await simulator.say(7, "hello")
        await simulator.settled()
        assert texts(door) == ["hello"]
    assert len(simulator.requests("getMe")) == 2


class Turns:
    """Lets one poll at a time."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.asked: list[str] = []

    async def __call__(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.asked.append(what)
        async with self.lock:
            await work()


async def test_replicas_poll_one_at_a_time_and_the_next_when_one_leaves() -> None:
    turns, simulator = Turns(), TelegramSimulator()
    async with opened(simulator, webhook=False, running=True, alone=turns) as first:
        await simulator.until(lambda: simulator.requests("getUpdates"))
        inbox = InMemoryInbox()
        second = TelegramChannel(first.config, inbox, first.budget, alone=turns)
        async with second.running():
            await simulator.until(lambda: len(turns.asked) == 2)
            await simulator.say(7, "one")
            await simulator.settled()
            first.channel.leave()
            await simulator.say(7, "two")
            await simulator.settled()
    assert len(set(turns.asked)) == 1
    assert texts(first) == ["one"]
    assert [message.text for message in inbox.messages] == ["two"]


async def test_who_only_sends_asks_for_no_updates_and_sets_nothing_up() -> None:
    simulator = TelegramSimulator()
    async with opened(simulator, webhook=False, running=True, listens=False) as door:
        await simulator.say(7, "hello")
        (outgoing,) = door.channel.render(Route("telegram", door.config.account, "7"), Reply("hi"))
        await door.channel.send(outgoing, "")
    assert {call.method for call in simulator.calls} == {"sendMessage"}
