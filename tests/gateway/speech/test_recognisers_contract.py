"""What holds for every recogniser, each against the wire of its service or its real model."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np
import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.errors import SpeechError, SpeechMissing, SpeechRefused, SpeechUnreachable
from gateway.speech import recoding
from gateway.speech.audio import convert, silence
from gateway.speech.base import Speech, SpeechToText
from gateway.speech.cartesia_stt import CartesiaRecogniser, CartesiaRecogniserConfig
from gateway.speech.espeak import synthesise
from gateway.speech.groq import GroqConfig, GroqRecogniser
from gateway.speech.openai_stt import OpenAIRecogniser, OpenAIRecogniserConfig
from gateway.speech.simulator import Fault, SpeechSimulator, Utterance
from gateway.speech.sphinx import SphinxRecogniser
from gateway.speech.whisper import WhisperRecogniser
from tests.gateway.speech import tiny_whisper

TEXT = "what is on my list"
RAW = AudioFormat("pcm16", 22050)
REMOTE = ("groq", "openai", "cartesia")
LOCAL = ("sphinx", "whisper")


@dataclass(frozen=True)
class Listening:
    recogniser: SpeechToText
    simulator: SpeechSimulator
    audio: bytes
    """TEXT, as PHONE."""

    async def hears(self, speech: Speech) -> str:
        return (await self.recogniser.transcribe(speech, locale="en")).text

    @property
    def said(self) -> Speech:
        return Speech(self.audio, PHONE)


@pytest.fixture(scope="module")
def audio() -> bytes:
    return convert(synthesise(TEXT, rate=165)[0], RAW, PHONE)


@pytest.fixture(scope="module")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper.make(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def local(whisper_folder: Path) -> dict[str, SpeechToText]:
    return {
        "sphinx": SphinxRecogniser(decoders=1),
        "whisper": WhisperRecogniser(str(whisper_folder)),
    }


def remote_named(name: str, url: str, key: str = "k") -> SpeechToText:
    if name == "groq":
        return GroqRecogniser(GroqConfig(key, url))
    if name == "openai":
        return OpenAIRecogniser(OpenAIRecogniserConfig(key, f"{url}/v1"))
    return CartesiaRecogniser(CartesiaRecogniserConfig(key, url))


@asynccontextmanager
async def served(name: str, audio: bytes, key: str = "k") -> AsyncIterator[Listening]:
    simulator = SpeechSimulator([Utterance(TEXT, audio)], text="who knows", key="k")
    async with simulator.serving() as url:
        recogniser = remote_named(name, url, key)
        try:
            yield Listening(recogniser, simulator, audio)
        finally:
            await recogniser.close()


@pytest.fixture(params=REMOTE)
async def remote(request: pytest.FixtureRequest, audio: bytes) -> AsyncIterator[Listening]:
    async with served(request.param, audio) as listening:
        yield listening


@pytest.fixture(params=[*REMOTE, *LOCAL])
async def anyone(
    request: pytest.FixtureRequest, audio: bytes, local: dict[str, SpeechToText]
) -> AsyncIterator[Listening]:
    if request.param in REMOTE:
        async with served(request.param, audio) as listening:
            yield listening
    else:
        yield Listening(local[request.param], SpeechSimulator(), audio)


def right(listening: Listening, text: str) -> bool:
    # The model that the tests make has learnt nothing: its words only have to be its own.
    if listening.recogniser.name == "whisper":
        return bool(text) and set(text.split()) <= {"buy", "milk", "and", "bread"}
    return text == TEXT


# -- words -------------------------------------------------------------------------------


async def test_words_become_text(anyone: Listening) -> None:
    told = await anyone.recogniser.transcribe(anyone.said, locale="en-GB")
    assert right(anyone, told.text)
    assert (told.provider, told.language) == (anyone.recogniser.name, "en")
    assert told.understood
    assert not told.doubtful


async def test_the_sound_of_a_browser_does_as_well(anyone: Listening) -> None:
    wide = convert(anyone.audio, PHONE, BROWSER)
    assert right(anyone, await anyone.hears(Speech(wide, BROWSER)))


async def test_a_voice_note_does_as_well(anyone: Listening) -> None:
    pcm = convert(anyone.audio, PHONE, recoding.DECODED)
    note = await recoding.voice_message(pcm, recoding.DECODED.rate)
    speech = Speech(note, None, "note.oga")
    if anyone.recogniser.name not in REMOTE:
        assert right(anyone, await anyone.hears(speech))
        return
    # The stand-ins decode no OGG, but they see what came: the note itself, under a known name.
    with suppress(SpeechRefused):
        await anyone.hears(speech)
    [asked] = anyone.simulator.requests
    assert (asked.audio, asked.fields["file"]) == (note, "speech.ogg")


async def test_silence_has_no_words_and_nobody_is_asked(anyone: Listening) -> None:
    told = await anyone.recogniser.transcribe(Speech(silence(PHONE, 2.0), PHONE))
    assert (told.text, told.understood, told.cost) == ("", True, 0)
    assert not anyone.simulator.requests


async def test_what_is_too_short_has_no_words_and_nobody_is_asked(anyone: Listening) -> None:
    assert await anyone.hears(Speech(anyone.audio[2400:3000], PHONE)) == ""
    assert await anyone.hears(Speech(b"", PHONE)) == ""
    assert await anyone.hears(Speech(b"", None, "voice.ogg")) == ""
    assert not anyone.simulator.requests


async def test_several_calls_are_heard_at_once(anyone: Listening) -> None:
    heard: list[str] = []

    async def hear() -> None:
        heard.append(await anyone.hears(anyone.said))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(hear)
    assert [right(anyone, text) for text in heard] == [True] * 4


async def test_who_was_interrupted_hears_the_next(anyone: Listening) -> None:
    anyone.simulator.fail("transcriptions", Fault(delay=60))
    anyone.simulator.fail("stt", Fault(delay=60))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyone.hears, anyone.said)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert right(anyone, await anyone.hears(anyone.said))


# -- services ----------------------------------------------------------------------------


async def test_raw_sound_goes_out_as_a_wav_of_its_own_rate(remote: Listening) -> None:
    await remote.hears(remote.said)
    [asked] = remote.simulator.requests
    with wave.open(io.BytesIO(asked.audio)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, len(remote.audio))


async def test_what_it_costs_is_told(remote: Listening) -> None:
    told = await remote.recogniser.transcribe(remote.said)
    least = {"groq": 10.0}.get(remote.recogniser.name, 0.0)
    hourly = {"groq": 0.04, "openai": 0.18, "cartesia": 0.0675}[remote.recogniser.name]
    seconds = max(least, remote.said.seconds)
    assert told.cost == pytest.approx(hourly * seconds / 3600)


@pytest.mark.parametrize("status", [408, 429, 498, 500, 503])
async def test_a_service_that_is_busy_or_broken_is_worth_another_try(
    remote: Listening, status: int
) -> None:
    remote.simulator.fail("transcriptions", Fault(status=status, retry_after=7.5))
    remote.simulator.fail("stt", Fault(status=status, retry_after=7.5))
    with pytest.raises(SpeechUnreachable, match=str(status)) as raised:
        await remote.hears(remote.said)
    if remote.recogniser.name != "cartesia" and status == 429:
        assert raised.value.retry_after == 7.5
    assert await remote.hears(remote.said) == TEXT


@pytest.mark.parametrize("status", [400, 413])
async def test_a_service_that_will_not_take_this_says_so(remote: Listening, status: int) -> None:
    remote.simulator.fail("transcriptions", Fault(status=status))
    remote.simulator.fail("stt", Fault(status=status))
    with pytest.raises(SpeechRefused, match=str(status)) as raised:
        await remote.hears(remote.said)
    assert not raised.value.lasting


@pytest.mark.parametrize("name", REMOTE)
async def test_a_wrong_key_is_refused_for_good(name: str, audio: bytes) -> None:
    async with served(name, audio, key="wrong") as listening:
        with pytest.raises(SpeechRefused, match="401") as raised:
            await listening.hears(listening.said)
    assert raised.value.lasting


@pytest.mark.parametrize("name", REMOTE)
async def test_a_service_that_is_not_there_is_out_of_reach(name: str, audio: bytes) -> None:
    recogniser = remote_named(name, "http://127.0.0.1:9")
    await recogniser.warm()
    with pytest.raises(SpeechUnreachable, match="could not be reached"):
        await recogniser.transcribe(Speech(audio, PHONE))
    await recogniser.close()


async def test_a_failure_does_not_quote_what_the_service_said(remote: Listening) -> None:
    remote.simulator.fail("transcriptions", Fault(status=400, message="you said secret"))
    remote.simulator.fail("stt", Fault(status=400, message="you said secret"))
    with pytest.raises(SpeechError) as raised:
        await remote.hears(remote.said)
    assert "secret" not in str(raised.value)


async def test_warming_up_is_no_request_and_leaves_a_connection(remote: Listening) -> None:
    await remote.recogniser.warm()
    assert not remote.simulator.requests
    assert await remote.hears(remote.said) == TEXT


async def test_groq_is_told_language_likely_words_and_no_more(audio: bytes) -> None:
    async with served("groq", audio) as listening:
        await listening.recogniser.transcribe(
            listening.said, locale="de-CH", vocabulary=("Scaleway", "Mathilda", "x" * 700)
        )
        [asked] = listening.simulator.requests
    fields = {key: value for key, value in asked.fields.items() if value and key != "file"}
    assert fields == {
        "model": "whisper-large-v3-turbo",
        "language": "de",
        "prompt": "Scaleway, Mathilda.",
        "response_format": "verbose_json",
        "temperature": "0",
    }


async def test_a_server_of_ones_own_needs_no_key(audio: bytes) -> None:
    simulator = SpeechSimulator([Utterance(TEXT, audio)])
    async with simulator.serving() as url:
        recogniser = OpenAIRecogniser(OpenAIRecogniserConfig(base_url=f"{url}/v1", model="mine"))
        told = await recogniser.transcribe(Speech(audio, PHONE))
        await recogniser.close()
    assert (told.text, told.cost) == (TEXT, 0)


# -- models on this machine --------------------------------------------------------------


@pytest.mark.parametrize("model", ["", "/no/such/folder"])
async def test_a_model_that_is_not_there_is_missing_and_how_to_get_it_is_told(model: str) -> None:
    with pytest.raises(SpeechMissing, match="WHISPER_MODEL"):
        await WhisperRecogniser(model).warm()


async def test_a_file_without_sound_is_refused(local: dict[str, SpeechToText]) -> None:
    for recogniser in local.values():
        with pytest.raises(SpeechRefused):
            await recogniser.transcribe(Speech(b"no sound at all", None, "voice.ogg"))


async def test_noise_is_not_taken_for_words(local: dict[str, SpeechToText]) -> None:
    noise = np.random.default_rng(5).standard_normal(32000) * 500
    told = await local["sphinx"].transcribe(Speech(noise.astype("<i2").tobytes(), BROWSER))
    assert (told.text, told.understood) == ("", True)
