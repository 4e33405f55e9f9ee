"""A voice message in Telegram and a spoken answer: only the services' servers are doubles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from channels.telegram.adapter import TelegramChannel
from channels.telegram.config import TelegramConfig
from channels.telegram.simulator import TelegramSimulator
from gateway.agent.scripted import ScriptedAgent
from gateway.speech.espeak import EspeakVoice, synthesise
from gateway.speech.groq import GroqConfig, GroqRecogniser
from gateway.speech.recoding import seconds_of, voice_message
from gateway.speech.simulator import Fault, SpeechSimulator
from gateway.turns.aloud import Policy
from gateway.turns.notes import Notes
from gateway.turns.voicing import Voicing
from prompts import sentence
from tests.gateway.rig import rig

pytestmark = pytest.mark.anyio

CHAT = 7


@asynccontextmanager
async def telegram(
    folder: Path, agent: ScriptedAgent, speech: SpeechSimulator, replies: Policy = "asked"
) -> AsyncIterator[TelegramSimulator]:
    simulator = TelegramSimulator()
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(simulator.serving())
        speech_url = await stack.enter_async_context(speech.serving())
        agent_url = await stack.enter_async_context(agent.serving())
        house = await stack.enter_async_context(rig(folder, agent_url))
        groq = GroqRecogniser(GroqConfig("x", speech_url))
        stack.push_async_callback(groq.close)
        player = house.chat.player
        player.notes = Notes(groq, house.files, house.database)
        player.voicing = Voicing(EspeakVoice(), house.files, lambda text, _: [text], replies)
        config = TelegramConfig(simulator.api.token, api_url=api_url)
        channel = TelegramChannel(config, house.inbox, house.bus)
        house.chat.channels["telegram"] = channel  # type: ignore[index]  # a dict in the rig
        await stack.enter_async_context(channel.running())
        simulator.chat(CHAT)
        yield simulator


async def recording() -> bytes:
    pcm, _ = synthesise("what is on my list")
    return await voice_message(pcm, 22050)


async def test_a_voice_message_is_understood_quoted_and_answered(tmp_path: Path) -> None:
    agent, speech = ScriptedAgent("say:Two things."), SpeechSimulator(text="What's on my list?")
    said = await recording()
    async with telegram(tmp_path, agent, speech) as simulator:
        await simulator.send_file(CHAT, said, "voice", mime_type="audio/ogg", duration=2)
        await simulator.until(lambda: simulator.messages(CHAT))
        [answer] = simulator.messages(CHAT)
    assert answer.text == "🎙 As I heard it: What's on my list?\n\nTwo things."
    [asked] = speech.asked("/audio/transcriptions")
    assert asked.audio == said
    assert agent.received[0].text == "What's on my list?"


async def test_who_always_gets_voice_hears_the_answer_and_sees_it(tmp_path: Path) -> None:
    agent, speech = ScriptedAgent("say:You have two things."), SpeechSimulator(text="My list?")
    said = await recording()
    async with telegram(tmp_path, agent, speech, "always") as simulator:
        await simulator.send_file(CHAT, said, "video_note", length=240, duration=2)
        await simulator.until(lambda: simulator.messages(CHAT))
        [answer] = simulator.messages(CHAT)
    assert answer.kind == "voice"
    assert answer.text == "🎙 As I heard it: My list?\n\nYou have two things."
    assert answer.file
    assert await seconds_of(answer.file[1]) > 0.5


async def test_a_recogniser_out_of_order_is_no_reason_for_silence(tmp_path: Path) -> None:
    agent, speech = ScriptedAgent("say:never"), SpeechSimulator()
    speech.fail("/audio/transcriptions", Fault(status=503))
    async with telegram(tmp_path, agent, speech) as simulator:
        await simulator.send_file(CHAT, await recording(), "voice", mime_type="audio/ogg")
        await simulator.until(lambda: simulator.messages(CHAT))
        [answer] = simulator.messages(CHAT)
    assert answer.text == sentence("gateway", "voice_failed")
    assert agent.received == []
