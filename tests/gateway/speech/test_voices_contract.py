"""What holds for every voice, each against the wire of its service."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio
import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.errors import SpeechError, SpeechRefused, SpeechUnreachable
from gateway.speech.audio import level
from gateway.speech.base import TextToSpeech
from gateway.speech.cartesia import CartesiaVoice, CartesiaVoiceConfig
from gateway.speech.espeak import EspeakVoice
from gateway.speech.openai_voice import OpenAIVoice, OpenAIVoiceConfig
from gateway.speech.simulator import Fault, SpeechSimulator, Timing
from tests.waiting import until

TEXT = "Your list has three things on it."
FORMATS = pytest.mark.parametrize("format", [PHONE, BROWSER], ids=["phone", "browser"])
REMOTE = ("cartesia", "openai")

Speaking = tuple[TextToSpeech, SpeechSimulator]


def voice_named(name: str, url: str, patience: float = 20.0) -> TextToSpeech:
    if name == "cartesia":
        config = CartesiaVoiceConfig(
            api_key="k", voice="v", base_url=url, first_audio=patience, next_audio=patience
        )
        return CartesiaVoice(config)
    if name == "openai":
        return OpenAIVoice(OpenAIVoiceConfig(api_key="k", base_url=f"{url}/v1", patience=patience))
    return EspeakVoice()


@asynccontextmanager
async def served(name: str, patience: float = 20.0) -> AsyncIterator[Speaking]:
    simulator = SpeechSimulator(key="k", timing=Timing(tts_speed=0))
    async with simulator.serving() as url:
        voice = voice_named(name, url, patience)
        try:
            yield voice, simulator
        finally:
            await voice.close()


@pytest.fixture(params=["espeak", "cartesia", "openai"])
async def speaking(request: pytest.FixtureRequest) -> AsyncIterator[Speaking]:
    async with served(request.param) as speaking:
        yield speaking


@pytest.fixture(params=REMOTE)
async def remote(request: pytest.FixtureRequest) -> AsyncIterator[Speaking]:
    async with served(request.param) as speaking:
        yield speaking


async def said(voice: TextToSpeech, text: str = TEXT, format: AudioFormat = PHONE) -> bytes:
    async with aclosing(voice.speak(text, format=format, locale="en", context="c")) as pieces:
        return b"".join([piece async for piece in pieces])


@FORMATS
async def test_a_text_takes_as_long_as_it_takes_to_say(
    speaking: Speaking, format: AudioFormat
) -> None:
    audio = await said(speaking[0], format=format)

    assert 1.2 < len(audio) / format.bytes_per_second < 3.5
    assert -40 < level(audio, format) < -5


async def test_sound_comes_in_pieces_before_all_is_made(speaking: Speaking) -> None:
    async with aclosing(speaking[0].speak(TEXT, format=PHONE)) as pieces:
        first = await anext(pieces)

    assert 0 < len(first) < len(await said(speaking[0])) / 2


async def test_nothing_to_say_is_silent(speaking: Speaking) -> None:
    assert await said(speaking[0], "  \n") == b""


async def test_after_an_interruption_the_next_clause_is_whole(speaking: Speaking) -> None:
    voice, _ = speaking
    whole = len(await said(voice))
    for _ in range(3):
        async with aclosing(voice.speak(TEXT * 5, format=PHONE)) as pieces:
            await anext(pieces)

    assert abs(len(await said(voice)) / whole - 1) < 0.02


async def test_cancelling_who_waits_for_sound_leaves_nothing_behind(speaking: Speaking) -> None:
    voice, simulator = speaking
    whole = len(await said(voice))
    simulator.world.timing = Timing(tts_ms=200)
    with anyio.move_on_after(0.002):
        await said(voice)
    simulator.world.timing = Timing(tts_speed=0)

    assert abs(len(await said(voice)) / whole - 1) < 0.02


async def test_clauses_of_several_calls_do_not_mix(speaking: Speaking) -> None:
    voice, _ = speaking
    texts = ["One.", TEXT, "Thank you very much for calling, and goodbye."]
    alone = [len(await said(voice, text)) for text in texts]
    together: list[int] = [0] * len(texts)

    async def talk(number: int) -> None:
        together[number] = len(await said(voice, texts[number]))

    async with anyio.create_task_group() as tasks:
        for number in range(len(texts)):
            tasks.start_soon(talk, number)

    assert all(abs(a / b - 1) < 0.1 for a, b in zip(together, alone, strict=True))


async def test_german_is_spoken_as_german(speaking: Speaking) -> None:
    async with aclosing(
        speaking[0].speak("Schöne Grüße aus Köln.", format=PHONE, locale="de-AT")
    ) as pieces:
        assert b"".join([piece async for piece in pieces])
    for request in speaking[1].asked("tts/websocket"):
        assert request.fields["language"] == "de"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, SpeechRefused),
        (402, SpeechRefused),
        (400, SpeechRefused),
        (429, SpeechUnreachable),
        (500, SpeechUnreachable),
        (503, SpeechUnreachable),
    ],
)
async def test_refusals_and_outages_are_told_apart(
    remote: Speaking, status: int, error: type[SpeechError]
) -> None:
    voice, simulator = remote
    for endpoint in ("tts/websocket", "audio/speech"):
        simulator.fail(endpoint, Fault(status))

    with pytest.raises(error):
        await said(voice)
    assert await said(voice)


async def test_a_wait_that_was_asked_for_is_passed_on() -> None:
    async with served("openai") as (voice, simulator):
        simulator.fail("audio/speech", Fault(429, retry_after=7))
        with pytest.raises(SpeechUnreachable) as busy:
            await said(voice)

    assert busy.value.retry_after == 7


@pytest.mark.parametrize("name", REMOTE)
async def test_a_silent_service_is_given_up(name: str) -> None:
    async with served(name, patience=0.05) as (voice, simulator):
        await voice.warm()
        for endpoint in ("tts/websocket", "audio/speech"):
            simulator.fail(endpoint, Fault(delay=5))
        with pytest.raises(SpeechUnreachable):
            await said(voice)
        await until(lambda: simulator.world.speaking == 0)


@pytest.mark.parametrize("name", REMOTE)
async def test_nobody_there_is_unreachable(name: str) -> None:
    voice = voice_named(name, "http://127.0.0.1:9")

    with pytest.raises(SpeechUnreachable):
        await said(voice)
    await voice.close()


# -- Cartesia's socket -------------------------------------------------------------------


@pytest.fixture
async def cartesia() -> AsyncIterator[Speaking]:
    async with served("cartesia") as speaking:
        yield speaking


async def test_all_calls_share_one_socket(cartesia: Speaking) -> None:
    voice, simulator = cartesia
    await voice.warm()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(said, voice)
    await said(voice)

    assert simulator.world.sockets == 1


async def test_an_interruption_stops_the_service(cartesia: Speaking) -> None:
    voice, simulator = cartesia
    simulator.world.timing = Timing(tts_speed=1)
    async with aclosing(voice.speak(TEXT * 20, format=PHONE)) as pieces:
        await anext(pieces)

    await until(lambda: simulator.world.speaking == 0)
    assert simulator.requests[-1].fields["cancel"] is True


async def test_what_was_said_to_the_end_is_not_cancelled(cartesia: Speaking) -> None:
    voice, simulator = cartesia
    await said(voice)

    assert not [r for r in simulator.requests if r.fields.get("cancel")]


async def test_a_break_in_the_middle_is_told_and_mended(cartesia: Speaking) -> None:
    voice, simulator = cartesia
    await said(voice)
    simulator.fail("tts/websocket", Fault(close=1011, after=0.3))

    with pytest.raises(SpeechUnreachable):
        await said(voice)
    assert await said(voice)
    assert simulator.world.sockets == 2


async def test_a_break_takes_nobody_else_by_surprise(cartesia: Speaking) -> None:
    voice, simulator = cartesia
    simulator.world.timing = Timing(tts_speed=4)
    results: list[str] = []

    async def talk() -> None:
        try:
            await said(voice, TEXT * 3)
        except SpeechUnreachable:
            results.append("broken")

    simulator.fail("tts/websocket", Fault(), Fault(close=1011, after=0.3))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(talk)
        tasks.start_soon(talk)

    assert results == ["broken", "broken"]


async def test_a_socket_closed_for_idleness_is_not_noticed_by_the_caller() -> None:
    simulator = SpeechSimulator(idle_seconds=0.05)
    async with simulator.serving() as url:
        voice = voice_named("cartesia", url)
        await said(voice)
        await until(lambda: not getattr(voice, "_socket").up)  # noqa: B009
        assert await said(voice)
        await voice.close()

    assert simulator.world.sockets == 2


async def test_a_break_before_the_first_sound_is_tried_again(cartesia: Speaking) -> None:
    voice, simulator = cartesia
    await said(voice)
    simulator.fail("tts/websocket", Fault(close=1011))

    assert await said(voice)


async def test_a_service_that_always_breaks_is_given_up(cartesia: Speaking) -> None:
    voice, simulator = cartesia
    simulator.fail("tts/websocket", *[Fault(close=1011)] * 10)

    with pytest.raises(SpeechUnreachable):
        await said(voice)


@pytest.mark.parametrize(("status", "error"), [(401, SpeechRefused), (429, SpeechUnreachable)])
async def test_a_door_that_stays_shut_is_told(
    cartesia: Speaking, status: int, error: type[SpeechError]
) -> None:
    voice, simulator = cartesia
    simulator.fail("tts/websocket#connect", Fault(status))

    with pytest.raises(error):
        await said(voice)
    assert await said(voice)


async def test_closing_leaves_no_task(cartesia: Speaking) -> None:
    voice, _ = cartesia
    await said(voice)
    await voice.close()
    gc.collect()

    assert not [task for task in asyncio.all_tasks() if task.get_name() == "cartesia voice"]


@pytest.mark.parametrize("text", ["hello", "a longer text"])
def test_what_a_clause_costs_goes_by_its_length(text: str) -> None:
    config = CartesiaVoiceConfig(api_key="k", voice="v")

    assert CartesiaVoice(config).cost(text) == pytest.approx(len(text) * 37.5e-6)
    assert OpenAIVoice(OpenAIVoiceConfig(model="my-own")).cost(text) == 0
    assert EspeakVoice().cost(text) == 0
