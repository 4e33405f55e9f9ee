"""Who is on a telephone sees nothing: they are told no more than is so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import anyio
import pytest

from channels.base import Calls
from channels.events import Entry, File, Text
from channels.twilio.adapter import PhoneChannel
from channels.twilio.config import PhoneConfig
from gateway.agent.scripted import ScriptedAgent
from gateway.bus.memory import MemoryBus
from gateway.call.events import AgentNotice
from gateway.call.policy import Policy
from gateway.line.reading import Reading
from gateway.line.switchboard import Switchboard
from gateway.voice import VoiceParts
from prompts import sentence
from tests.channels.twilio.rest_double import Fault, TwilioRest
from tests.gateway.calls_on_paper import on_paper
from tests.gateway.doubles import PaperChannel
from tests.gateway.lines import CallerRecogniser, LetterVoice, LoudActivity, PaperLine, a_call
from tests.gateway.rig import Rig, rig
from tests.virtual import VirtualLoop
from tests.waiting import until

pytestmark = pytest.mark.anyio

CODE = "Run this:\n\n```\nls\n```\n"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.mark.parametrize(("shown", "key"), [(True, "file"), (False, "file_unshown")])
def test_a_file_is_only_said_to_be_in_the_chat_where_there_is_one(shown: bool, key: str) -> None:  # noqa: FBT001 - a case
    reading = Reading("en", on_unwanted=lambda: None, shown=shown)
    parts = (Text("Here."), File("a.pdf", "application/pdf"))
    told = reading.hear(Entry(1, "i", "agent", parts, datetime.now(UTC)))
    words = sentence("voice", key, "en", name="a.pdf")
    assert told == [AgentNotice("Here."), AgentNotice(words)]


@pytest.mark.parametrize(("channel", "key"), [("phone", "unshown"), ("web", "code")])
async def test_what_cannot_be_read_is_said_to_be_shown_only_where_it_is(
    channel: str, key: str
) -> None:
    async with on_paper([CODE], line=PaperLine(a_call(channel=channel))) as call:
        await call.greeted()
        await call.line.says("how do I list files")
        await call.line.has_heard(sentence("speakable", key, "en"))


async def test_what_is_told_meanwhile_waits_until_nobody_speaks() -> None:
    async with on_paper([CODE]) as call:
        await call.greeted()
        await call.line.says("how do I list files")
        await call.line.has_heard("Run")
        call.talk.tell("It is in your messages.")
        await call.line.has_heard("It is in your messages.")
        unshown = sentence("speakable", "unshown", "en")
        assert call.line.heard == f"Hi.Run this:{unshown}It is in your messages."
        await anyio.sleep(0.1)


class TestOnTheWire:
    """The whole way: the agent's words, a delivery, Twilio's REST API, and back onto the line."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.mark.parametrize("fault", [None, Fault(400, 21614)])
    async def test_a_link_is_texted_and_the_caller_told_so_if_it_went_out(
        self, tmp_path: Path, fault: Fault | None
    ) -> None:
        twilio, calls = TwilioRest(faults=[fault] if fault else []), Later()
        async with (
            ScriptedAgent("say:See [this](https://a.example/x).").serving() as agent,
            twilio.serving() as api,
        ):
            config = PhoneConfig(
                auth_token=twilio.token, account_sid="AC1", number="+1555", api_url=api
            )
            phone = PhoneChannel(config, cast("Calls", calls), MemoryBus())
            line = PaperLine()
            async with (
                phone.running(),
                rig(tmp_path, agent, channel=cast("PaperChannel", phone)) as house,
                switched(house, line) as calls.board,
            ):
                await line.has_heard("Hi.")
                await line.says("where is it", quiet=0.0)
                await line.has_heard("See this.")
                texted = sentence("phone", "texted", "en")
                if fault:
                    await until(lambda: twilio.requests)
                    await anyio.sleep(0.3)
                    assert texted[:10] not in line.heard
                else:
                    await line.has_heard(texted[:10])
                [asked] = twilio.asked("/Messages.json")
        assert asked["Body"] == ["this (https://a.example/x)"]
        assert asked["To"] == [line.call.route.chat]


class Later:
    """The switchboard, which needs the house that needs the channel that needs it."""

    board: Switchboard

    def __getattr__(self, name: str) -> object:
        return getattr(self.board, name)


@asynccontextmanager
async def switched(house: Rig, line: PaperLine) -> AsyncIterator[Switchboard]:
    """A switchboard that has answered a line."""
    parts = VoiceParts(
        house.database,
        house.bus,
        house.inbox,
        house.chat.player.agent,
        CallerRecogniser(line),
        LetterVoice(),
        LoudActivity(),
        Policy(end_of_turn=0.15),
        greeting="Hi.",
    )
    board = Switchboard(parts, house.files, 1, preempt="never")
    async with board.running(), anyio.create_task_group() as tasks:
        tasks.start_soon(board.answer, line)
        yield board
        line.hung_up()
        await until(lambda: not board.on_line(line.call.sender.address))
        tasks.cancel_scope.cancel()
