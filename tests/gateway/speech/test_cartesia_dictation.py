"""A call to which Cartesia listens along, on the real wire of its stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from channels.events import PHONE, AudioFormat
from gateway.call.endpointing import Heard
from gateway.call.events import SpeechEnded, SpeechPaused
from gateway.call.policy import Policy
from gateway.errors import SpeechUnreachable
from gateway.line.listening import Listener
from gateway.speech.audio import convert, from_float32, silence
from gateway.speech.base import Dictation, Speech
from gateway.speech.cartesia_dictation import LEAD_SECONDS
from gateway.speech.cartesia_stt import CartesiaRecogniser, CartesiaRecogniserConfig
from gateway.speech.espeak import synthesise
from gateway.speech.silero import WINDOW, SileroActivity
from gateway.speech.simulator import Fault, SpeechSimulator, Timing, Utterance

FIRST, SECOND = "what is on my list today", "please remind me to call the dentist"
NOTHING = Speech(b"", PHONE)
FRAME = 160
SOCKET = "stt/websocket"


def spoken(text: str) -> Utterance:
    audio, words = synthesise(text)
    raw = AudioFormat("pcm16", 22050)
    return Utterance(text, convert(audio, raw, PHONE), PHONE, tuple(word.end for word in words))


@pytest.fixture(scope="module")
def known() -> tuple[Utterance, ...]:
    return spoken(FIRST), spoken(SECOND)


@pytest.fixture
def simulator(known: tuple[Utterance, ...]) -> SpeechSimulator:
    return SpeechSimulator(known, text="who knows", key="k")


@asynccontextmanager
async def calling(
    simulator: SpeechSimulator, locale: str = "en", vocabulary: tuple[str, ...] = ()
) -> AsyncIterator[Dictation]:
    async with simulator.serving() as url:
        recogniser = CartesiaRecogniser(CartesiaRecogniserConfig("k", url))
        dictation = recogniser.dictate(format=PHONE, locale=locale, vocabulary=vocabulary)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dictation.run)
            yield dictation
            tasks.cancel_scope.cancel()
        await recogniser.close()


def say(dictation: Dictation, audio: bytes) -> None:
    dictation.attend(speaking=True)
    play(dictation, audio)
    dictation.attend(speaking=False)


def play(dictation: Dictation, audio: bytes) -> None:
    for at in range(0, len(audio), FRAME):
        dictation.hear(audio[at : at + FRAME])


async def told(dictation: Dictation) -> str:
    """The turn's words; asked again while the line to the service is not up yet."""
    with anyio.fail_after(10):
        while True:
            try:
                return (await dictation.transcribe(NOTHING)).text
            except SpeechUnreachable:
                await anyio.sleep(0.01)


async def lost(dictation: Dictation) -> None:
    """Wait until the socket's end is noticed."""
    with anyio.fail_after(10):
        while True:
            try:
                await dictation.transcribe(NOTHING)
            except SpeechUnreachable:
                return
            await anyio.sleep(0.01)


async def test_words_are_there_when_they_are_asked_for(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        say(dictation, known[0].audio)
        assert await told(dictation) == FIRST
        assert dictation.heard == FIRST


async def test_what_is_said_before_the_line_is_up_is_not_lost(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with simulator.serving() as url:
        dictation = CartesiaRecogniser(CartesiaRecogniserConfig("k", url)).dictate(format=PHONE)
        say(dictation, known[0].audio)
        with pytest.raises(SpeechUnreachable):
            await dictation.transcribe(NOTHING)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dictation.run)
            assert await told(dictation) == FIRST
            tasks.cancel_scope.cancel()


async def test_a_caller_who_goes_on_adds_to_the_turn(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        say(dictation, known[0].audio)
        assert await told(dictation) == FIRST
        say(dictation, known[1].audio)
        assert await told(dictation) == f"{FIRST} {SECOND}"


async def test_a_turn_that_is_over_is_forgotten(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        say(dictation, known[0].audio)
        assert await told(dictation) == FIRST
        dictation.forget()
        assert dictation.heard == ""
        say(dictation, silence(PHONE, 0.5) + known[1].audio)
        assert await told(dictation) == SECOND


async def test_a_turn_that_was_dropped_unasked_does_not_spill_into_the_next(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        await told(dictation)
        say(dictation, known[0].audio)
        dictation.forget()
        say(dictation, known[1].audio)
        assert await told(dictation) == SECOND


async def test_words_that_nobody_waits_for_any_more_belong_to_their_turn(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        await told(dictation)
        say(dictation, known[0].audio)
        with anyio.move_on_after(0):
            await dictation.transcribe(NOTHING)
        dictation.forget()
        say(dictation, known[1].audio)
        assert await told(dictation) == SECOND


async def test_only_what_is_new_is_paid_for(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        await told(dictation)
        say(dictation, known[0].audio)
        first = (await dictation.transcribe(NOTHING)).cost
        assert first == pytest.approx(0.405 * len(known[0].audio) / 8000 / 3600)
        assert (await dictation.transcribe(NOTHING)).cost == 0


async def test_of_a_quiet_caller_only_the_latest_sound_is_kept_and_none_is_sent(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        await _up(dictation)
        play(dictation, silence(PHONE, 60))
        assert (await dictation.transcribe(NOTHING)).cost == 0
        say(dictation, known[0].audio)
        assert await told(dictation) == FIRST
    sent = simulator.asked(SOCKET)[-1].audio
    assert sent == silence(PHONE, LEAD_SECONDS) + known[0].audio


async def test_the_silences_of_a_call_are_not_paid_for(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    """Two turns in a minute, noticed by the real model: late, and yet from their first word."""
    quiet = noise(10.0)
    activity = SileroActivity()
    await activity.warm()
    async with activity.running(), calling(simulator) as dictation:
        await _up(dictation)

        def attend(fact: Heard) -> None:
            if not isinstance(fact, SpeechPaused):
                dictation.attend(speaking=not isinstance(fact, SpeechEnded))

        listener = Listener(PHONE, activity, Policy(), attend)
        heard: list[str] = []
        for utterance in known:
            for audio in (quiet, utterance.audio, quiet[: 2 * PHONE.rate]):
                for at in range(0, len(audio), FRAME):
                    listener.hear(audio[at : at + FRAME], listener.seconds)
                    while activity.busy:
                        await anyio.lowlevel.checkpoint()
                    dictation.hear(audio[at : at + FRAME])
            heard.append(await told(dictation))
            listener.forget()
            dictation.forget()
        play(dictation, quiet * 3)
        await told(dictation)
        listener.close()
    spoken_seconds = sum(len(one.audio) for one in known) / PHONE.rate
    sent_seconds = len(simulator.asked(SOCKET)[-1].audio) / PHONE.rate
    assert heard == [FIRST, SECOND]
    # A turn ends 0.5 s after its sound, a few windows of 32 ms sooner or later: no two runs of
    # the voice are the same to the sample.
    tail = 0.5 + 3 * WINDOW
    assert spoken_seconds < sent_seconds < spoken_seconds + 2 * (LEAD_SECONDS + tail)


@pytest.mark.parametrize("fault", [Fault(close=1011), Fault(status=500)])
async def test_a_turn_in_which_the_line_broke_is_not_guessed_at(
    simulator: SpeechSimulator, known: tuple[Utterance, ...], fault: Fault
) -> None:
    async with calling(simulator) as dictation:
        await told(dictation)
        simulator.fail(SOCKET, fault)
        say(dictation, known[0].audio)
        await lost(dictation)
        say(dictation, known[1].audio)
        with pytest.raises(SpeechUnreachable):
            await dictation.transcribe(NOTHING)


async def test_the_turn_after_it_is_heard_again(
    simulator: SpeechSimulator, known: tuple[Utterance, ...]
) -> None:
    async with calling(simulator) as dictation:
        await told(dictation)
        simulator.fail(SOCKET, Fault(close=1011))
        say(dictation, known[0].audio)
        await lost(dictation)
        dictation.forget()
        say(dictation, known[1].audio)
        assert await told(dictation) == SECOND


async def test_words_that_do_not_come_are_not_waited_for(
    known: tuple[Utterance, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.speech.cartesia_dictation.FLUSH_SECONDS", 0.05)
    slow = SpeechSimulator(known, key="k", timing=Timing(stt_ms=60_000))
    async with calling(slow) as dictation:
        await _up(dictation)
        say(dictation, known[0].audio)
        with pytest.raises(SpeechUnreachable, match="in time"):
            await dictation.transcribe(NOTHING)


async def test_a_service_that_lets_us_not_in_is_out_of_reach(
    known: tuple[Utterance, ...],
) -> None:
    async with calling(SpeechSimulator(known, key="another")) as dictation:
        await anyio.wait_all_tasks_blocked()
        say(dictation, known[0].audio)
        with pytest.raises(SpeechUnreachable):
            await dictation.transcribe(NOTHING)


async def test_a_line_that_never_comes_up_keeps_seconds_not_minutes(
    known: tuple[Utterance, ...],
) -> None:
    dictation = CartesiaRecogniser(CartesiaRecogniserConfig("k", "http://127.0.0.1:9")).dictate(
        format=PHONE
    )
    say(dictation, known[0].audio * 60)
    assert len(getattr(dictation, "_chunk")) < 5 * 8000  # noqa: B009 - not of the interface


@pytest.mark.parametrize(
    ("locale", "model"), [("en-GB", "ink-2"), ("", "ink-2"), ("de", "ink-whisper")]
)
def test_each_language_has_its_model(locale: str, model: str) -> None:
    recogniser = CartesiaRecogniser(CartesiaRecogniserConfig("k", "https://api.example"))
    dictation = recogniser.dictate(
        format=PHONE, locale=locale, vocabulary=("Scaleway", "Front Door", "x" * 1300)
    )
    language = locale[:2] or "en"
    assert getattr(dictation, "_url") == (  # noqa: B009 - not of the interface
        f"wss://api.example/stt/websocket?model={model}&encoding=pcm_mulaw&sample_rate=8000"
        f"&language={language}&keyterm=Scaleway&keyterm=Front+Door"
    )


def noise(seconds: float) -> bytes:
    """A quiet line, at -55 dBFS."""
    hiss = np.random.default_rng(1).standard_normal(round(seconds * PHONE.rate), np.float32)
    return from_float32(hiss * np.float32(10 ** (-55 / 20)), PHONE)


async def _up(dictation: Dictation) -> None:
    with anyio.fail_after(10):
        while not getattr(dictation, "_up"):  # noqa: ASYNC110, B009 - it is another's doing
            await anyio.sleep(0.005)
