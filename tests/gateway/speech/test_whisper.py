"""Whisper on this machine: a real, if ignorant, model, and the options that it is given."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from channels.events import PHONE
from gateway.errors import SpeechMissing
from gateway.speech import whisper
from gateway.speech.base import Speech
from gateway.speech.whisper import WhisperRecogniser
from tests.gateway.speech import tiny_whisper

SPEECH = Speech(b"\x10\x90" * 8000, PHONE)


@dataclass(frozen=True)
class Piece:
    text: str
    no_speech_prob: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 1.0


@dataclass(frozen=True)
class Info:
    language: str = "de"


class PaperModel:
    """Answers as it is told, and keeps how it was asked."""

    def __init__(self, *pieces: Piece) -> None:
        self._pieces = pieces
        self.options: dict[str, Any] = {}
        self.samples = 0
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.made = 0
        self.go_on.set()

    def transcribe(self, audio: Any, **options: Any) -> tuple[Iterator[Piece], Info]:
        self.options, self.samples = options, len(audio)
        return self._segments(), Info()

    def _segments(self) -> Iterator[Piece]:
        for piece in self._pieces:
            self.made += 1
            self.begun.set()
            self.go_on.wait(10)
            yield piece


@pytest.fixture
def recogniser_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(model: PaperModel) -> WhisperRecogniser:
        monkeypatch.setattr(whisper, "load", lambda _: model)
        return WhisperRecogniser("small")

    return make


async def test_a_real_model_is_loaded_once_and_says_words_it_has(tmp_path: Path) -> None:
    recogniser = WhisperRecogniser(str(tiny_whisper.make(tmp_path / "model")))
    await recogniser.warm()
    loaded = recogniser._model
    told = await recogniser.transcribe(SPEECH, locale="en")
    assert set(told.text.split()) <= {"buy", "milk", "and", "bread"}
    assert told.text
    assert recogniser._model is loaded


async def test_the_language_is_told_or_found(recogniser_of: Any) -> None:
    model = PaperModel(Piece(" Milch kaufen"))
    recogniser = recogniser_of(model)
    assert (await recogniser.transcribe(SPEECH)).language == "de"
    assert model.options["language"] is None
    assert (await recogniser.transcribe(SPEECH, locale="en-GB")).language == "en"
    assert model.options["language"] == "en"


async def test_it_gets_the_sound_at_16_khz_and_the_likely_words(recogniser_of: Any) -> None:
    model = PaperModel(Piece(" Call Mathilda"))
    told = await recogniser_of(model).transcribe(SPEECH, vocabulary=("Mathilda",))
    assert told.text == "Call Mathilda"
    assert (model.samples, model.options["initial_prompt"]) == (32000, "Mathilda.")


async def test_what_it_makes_up_is_left_out(recogniser_of: Any) -> None:
    silent = Piece(" And so on.", no_speech_prob=0.9, avg_logprob=-1.5)
    model = PaperModel(Piece(" Buy milk."), silent, Piece(" Thank you for watching!"))
    assert (await recogniser_of(model).transcribe(SPEECH)).text == "Buy milk."


async def test_who_hung_up_is_not_listened_to_any_more(recogniser_of: Any) -> None:
    model = PaperModel(Piece(" one"), Piece(" two"), Piece(" three"))
    model.go_on.clear()
    recogniser = recogniser_of(model)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recogniser.transcribe, SPEECH)
        await anyio.to_thread.run_sync(model.begun.wait)
        tasks.cancel_scope.cancel()
    model.go_on.set()
    assert (await recogniser.transcribe(SPEECH)).text == "one two three"
    assert model.made == 1 + 3


async def test_without_the_library_it_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(SpeechMissing, match=r"frontdoor\[whisper\]"):
        await WhisperRecogniser("small").transcribe(SPEECH)
