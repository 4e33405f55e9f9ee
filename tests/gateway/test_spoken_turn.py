"""A turn that was spoken on a line: asked at once, followed live, and never excused in writing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from channels.events import Message, Status, Transcript, TurnState, Wish
from gateway.agent.base import AgentEvent, Ask, End, Ended, ReplyText, Started, Wished
from gateway.agent.scripted import ScriptedAgent
from gateway.store import inbox
from tests.gateway.doubles import message
from tests.gateway.rig import Rig, rig
from tests.waiting import until

pytestmark = pytest.mark.anyio


def said(event: str, text: str, *, heard: str | None = None) -> Message:
    return replace(message(event, parts=(Transcript(text, "en"),)), heard=heard)


async def asked(house: Rig) -> Ask:
    """What the agent is asked first, without asking it."""
    asks: list[Ask] = []
    agent = house.chat.player.agent

    async def start(ask: Ask) -> AsyncGenerator[AgentEvent, None]:
        asks.append(ask)
        yield Started("t")
        yield Wished("transfer", "sales", "Wants a quote.")
        yield ReplyText("One moment.", complete=True)
        yield Ended(End.COMPLETED)

    agent.start = start  # type: ignore[method-assign]
    await until(lambda: asks)
    return asks[0]


async def test_it_waits_for_nothing_more(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hello.")
    async with agent.serving() as url, rig(tmp_path, url, debounce=3600.0) as house:
        await house.accept(said("e1", "hello"))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Hello."]


async def test_the_agent_is_told_that_it_is_heard_and_what_was_heard_of_it(tmp_path: Path) -> None:
    async with rig(tmp_path, "http://127.0.0.1:1") as house:
        await house.accept(said("e1", "no, the other one", heard="I have put"))
        ask = await asked(house)
    assert (ask.caller.modality, ask.heard) == ("voice", "I have put")
    assert ask.text == "no, the other one"


async def test_the_agent_is_told_that_a_typed_message_is_read(tmp_path: Path) -> None:
    async with rig(tmp_path, "http://127.0.0.1:1") as house:
        await house.accept(message("e1"))
        ask = await asked(house)
    assert (ask.caller.modality, ask.heard) == ("text", None)


async def test_who_spoke_knows_the_turn_by_what_they_said(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hello.")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        spoken = said("e1", "hello")
        conversation = await house.inbox.open(spoken.sender, spoken.route)
        async with house.bus.follow(conversation) as live:
            await house.accept(spoken)
            async for event in live:
                if isinstance(event, Status):
                    break
    assert event == Status(1, TurnState.WORKING, messages=(inbox.message_id(spoken.route, "e1"),))


async def test_what_the_agent_wants_done_with_the_call_is_passed_on(tmp_path: Path) -> None:
    async with rig(tmp_path, "http://127.0.0.1:1") as house:
        spoken = said("e1", "a person please")
        conversation = await house.inbox.open(spoken.sender, spoken.route)
        async with house.bus.follow(conversation) as live:
            await house.accept(spoken)
            await asked(house)
            async for event in live:
                if isinstance(event, Wish):
                    break
    assert event == Wish(1, "transfer", "sales", "Wants a quote.")


async def test_the_line_and_not_a_message_says_that_it_takes_long(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;gate:later;done:Here it is.")
    async with agent.serving() as url, rig(tmp_path, url, detach=3600.0) as house:
        house.chat.player.voice_detach_seconds = 0.05
        receipt = await house.accept(said("e1", "find it"))
        await until(lambda: agent.received and not house.chat._holds)
        assert [entry.role for entry in await house.log(receipt.conversation)] == ["user"]
        agent.open("later")
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Here it is."]
