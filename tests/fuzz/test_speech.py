"""Whatever a service of speech answers, it failed or has an answer, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from channels.events import PHONE, AudioFormat
from gateway.errors import SpeechError, SpeechUnreachable
from gateway.speech import cartesia_dictation, cartesia_stt, openai_wire, remote
from gateway.speech.base import Speech, TextToSpeech
from gateway.speech.cartesia import CartesiaVoice, CartesiaVoiceConfig
from gateway.speech.cartesia_dictation import CartesiaDictation, Terms
from gateway.speech.cartesia_stt import CartesiaRecogniser, CartesiaRecogniserConfig
from gateway.speech.groq import GroqConfig, GroqRecogniser
from gateway.speech.openai_voice import OpenAIVoice, OpenAIVoiceConfig
from gateway.speech.voices import Voices
from tests.fuzz.services import ANSWERS, HANDSHAKES, SOCKETS, Service, frame, http

pytestmark = pytest.mark.anyio

PATIENCE = 0.1
TURN = Speech(bytes(range(256)) * 40, PHONE)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (openai_wire, cartesia_stt):
        monkeypatch.setattr(module, "ANSWER_SECONDS", PATIENCE)
    monkeypatch.setattr(remote, "CONNECT_SECONDS", PATIENCE)
    monkeypatch.setattr(cartesia_dictation, "FLUSH_SECONDS", PATIENCE)


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_without_words_is_a_failure(name: str) -> None:
    async with ANSWERS[name].serving() as service:
        for recogniser in (
            GroqRecogniser(GroqConfig("k", service.url)),
            CartesiaRecogniser(CartesiaRecogniserConfig("k", service.url)),
        ):
            with anyio.fail_after(10), pytest.raises(SpeechError):
                await recogniser.transcribe(TURN)
            await recogniser.close()


async def test_times_and_prices_that_are_none_do_no_harm() -> None:
    told = (
        b'{"text":"a\\u0000b\\ud800","duration":NaN,"language":"\\u0000\\u0000","segments":'
        b'[{"text":"yes","no_speech_prob":NaN,"avg_logprob":-Infinity},{"text":null},'
        b'{"text":" no","compression_ratio":1' + b"0" * 400 + b"},7]}"
    )
    async with Service(http(told)).serving() as service:
        groq = GroqRecogniser(GroqConfig("k", service.url))
        known = await groq.transcribe(Speech(b"OggS", None, "note.ogg"))
        assert (known.text, known.language) == ("yes no", "")
        assert known.cost == pytest.approx(0.04 * 10 / 3600)
        await groq.close()


async def heard(voice: TextToSpeech) -> int:
    """Bytes of a clause."""
    sound = 0
    with anyio.fail_after(10):
        async with aclosing(voice.speak("Your list is empty.", format=PHONE)) as pieces:
            async for piece in pieces:
                sound += len(piece)
    return sound


def cartesia(url: str) -> CartesiaVoice:
    return CartesiaVoice(
        CartesiaVoiceConfig("k", "v", url, first_audio=PATIENCE, next_audio=PATIENCE)
    )


@pytest.mark.parametrize("name", [*HANDSHAKES, *SOCKETS])
async def test_a_voice_whose_socket_makes_no_sense_failed(name: str) -> None:
    async with (HANDSHAKES | SOCKETS)[name].serving() as service:
        voice = cartesia(service.url)
        with pytest.raises(SpeechError):
            await heard(voice)
        await voice.close()


@pytest.mark.parametrize(
    "name",
    ["nothing", "what is no HTTP", "half a body", "a gzip that is none", "a chunk that is none"],
)
async def test_a_voice_whose_answer_breaks_failed(name: str) -> None:
    async with ANSWERS[name].serving() as service:
        voice = OpenAIVoice(OpenAIVoiceConfig("k", service.url, patience=PATIENCE))
        with pytest.raises(SpeechError):
            await heard(voice)
        await voice.close()


async def test_half_a_sample_is_no_failure() -> None:
    async with Service(http(bytes(4801))).serving() as service:
        voice = OpenAIVoice(OpenAIVoiceConfig("k", service.url))
        assert await heard(voice) == pytest.approx(800, abs=16)
        await voice.close()


class Endless(TextToSpeech):
    """Has lost its thread."""

    name = "endless"
    closed = False

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes]:
        try:
            while True:
                yield bytes(8000)
                await anyio.lowlevel.checkpoint()
        finally:
            self.closed = True


async def test_a_voice_that_does_not_come_to_an_end_is_cut_off() -> None:
    voice = Endless()
    with pytest.raises(SpeechUnreachable, match="come to an end"):
        await heard(Voices([voice]))
    assert voice.closed


@pytest.mark.parametrize("name", [*HANDSHAKES, *SOCKETS])
async def test_who_listens_along_to_nonsense_leaves_the_words_to_others(name: str) -> None:
    async with (HANDSHAKES | SOCKETS)[name].serving() as service:
        dictation = CartesiaDictation(service.url, {}, Terms("ink-2", "en", PHONE))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dictation.run)
            dictation.attend(speaking=True)
            for _ in range(6):
                dictation.hear(bytes(800))
                await anyio.sleep(0.01)
            with anyio.fail_after(10), pytest.raises(SpeechUnreachable):
                await dictation.transcribe(TURN)
            tasks.cancel_scope.cancel()


async def test_answers_that_nobody_asked_for_are_no_words() -> None:
    """An early `flush_done` is not taken for that of what was said later; null is not a word."""
    early = frame({"type": "flush_done"}) * 5 + frame({"type": "transcript", "text": None})
    async with Service(early, b"\x8a\x00", upgrades=True).serving() as service:
        dictation = CartesiaDictation(service.url, {}, Terms("ink-2", "en", PHONE))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dictation.run)
            dictation.attend(speaking=True)
            for _ in range(6):
                dictation.hear(bytes(800))
                await anyio.sleep(0.01)
            with anyio.fail_after(10), pytest.raises(SpeechUnreachable, match="in time"):
                await dictation.transcribe(TURN)
            assert dictation.heard == ""
            tasks.cancel_scope.cancel()
