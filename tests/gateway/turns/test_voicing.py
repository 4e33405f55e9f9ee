"""Answers that are spoken as well as written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from channels.events import File, Text, Transcript
from gateway.agent.scripted import ScriptedAgent
from gateway.errors import SpeechUnreachable
from gateway.speech.recoding import seconds_of
from gateway.turns import voicing
from gateway.turns.aloud import Policy
from gateway.turns.voicing import Voicing
from tests.gateway.doubles import ToneVoice, message
from tests.gateway.rig import Rig, rig

pytestmark = pytest.mark.anyio


def lines(text: str, _locale: str) -> list[str]:
    return [line for line in text.replace("*", "").split("\n") if line]


@asynccontextmanager
async def house(
    folder: Path, url: str, voice: ToneVoice, policy: Policy = "asked"
) -> AsyncIterator[Rig]:
    async with rig(folder, url) as it:
        it.chat.player.voicing = Voicing(voice, it.files, lines, policy)
        yield it


async def test_who_asks_for_it_gets_the_answer_as_a_voice_message_too(tmp_path: Path) -> None:
    agent, voice = ScriptedAgent("say:**Two** things."), ToneVoice()
    async with agent.serving() as url, house(tmp_path, url, voice) as it:
        receipt = await it.accept(message("e1", "What's on my list? Answer by voice"))
        assert await it.channel.until_sent(2) == [
            {"to": "1", "text": "**Two** things."},
            {"to": "1", "file": "answer.ogg"},
        ]
        [_, answer] = await it.log(receipt.conversation)
        [text, file] = answer.parts
        assert text == Text("**Two** things.")
        assert isinstance(file, File)
        assert (file.kind, file.media_type) == ("voice", "audio/ogg")
        # 50 ms for each of its letters.
        length = await seconds_of(await it.files.read(file.id))
        assert length == pytest.approx(0.05 * len("Two things."), abs=0.1)
    assert voice.said == ["Two things."]
    assert [m.text for m in agent.received] == ["What's on my list?"]


async def test_nobody_else_is_read_to(tmp_path: Path) -> None:
    agent, voice = ScriptedAgent("say:Hello."), ToneVoice()
    async with agent.serving() as url, house(tmp_path, url, voice) as it:
        await it.accept(message("e1", "hello"))
        await it.accept(message("e2", parts=[Transcript("answer by voice")]))
        await it.channel.until_sent(1)
    assert voice.said == []


async def test_a_voice_that_fails_leaves_the_answer_in_writing(tmp_path: Path) -> None:
    agent, voice = ScriptedAgent("say:Hello."), ToneVoice(failure=SpeechUnreachable("busy"))
    async with agent.serving() as url, house(tmp_path, url, voice) as it:
        await it.accept(message("e1", "answer by voice"))
        assert await it.channel.until_sent(1) == [{"to": "1", "text": "Hello."}]


async def test_a_long_answer_is_read_in_part_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voicing, "LONGEST", 10)
    agent, voice = ScriptedAgent("say:One two.\nThree four five."), ToneVoice()
    async with agent.serving() as url, house(tmp_path, url, voice) as it:
        await it.accept(message("e1", "answer by voice"))
        [sent, _] = await it.channel.until_sent(2)
        assert sent["text"] == "One two.\nThree four five."
    assert voice.said == ["One two.", "The rest is in writing."]


async def test_what_cannot_be_spoken_is_only_written(tmp_path: Path) -> None:
    agent, voice = ScriptedAgent("say:***"), ToneVoice()
    async with agent.serving() as url, house(tmp_path, url, voice) as it:
        await it.accept(message("e1", "answer by voice"))
        assert await it.channel.until_sent(1) == [{"to": "1", "text": "***"}]
