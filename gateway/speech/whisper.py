"""Whisper on this machine, by faster-whisper: for who has a model and a processor to spare.

`WHISPER_MODEL` is a folder with a model in CTranslate2's format, or a name such as `small`, which
is looked for in Hugging Face's cache and fetched when it is not there.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import anyio.to_thread

from gateway.errors import SpeechMissing
from gateway.speech import guard
from gateway.speech.audio import convert, float32
from gateway.speech.base import Speech, SpeechToText, Transcription
from gateway.speech.openai_wire import prompt_of, wordless
from gateway.speech.recoding import DECODED, decoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Model(Protocol):
    """What is used of `faster_whisper.WhisperModel`."""

    def transcribe(self, audio: NDArray[np.float32], **options: Any) -> tuple[Any, Any]: ...


class WhisperRecogniser(SpeechToText):
    """Recognises whole turns, one at a time: a second would only slow the first down."""

    name = "whisper"
    last_resort = True

    def __init__(self, model: str) -> None:
        self._named = model
        self._model: Model | None = None
        self._loading = threading.Lock()
        self._limiter: anyio.CapacityLimiter | None = None

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        if wordless(speech):
            return Transcription("", provider=self.name)
        if speech.format is None:
            speech = await decoded(speech.audio)
        stop = threading.Event()
        language = locale.split("-", maxsplit=1)[0].lower()
        work = partial(self._recognised, speech, language, prompt_of(vocabulary), stop)
        self._limiter = self._limiter or anyio.CapacityLimiter(1)
        try:
            return await anyio.to_thread.run_sync(
                work, abandon_on_cancel=True, limiter=self._limiter
            )
        finally:
            stop.set()

    async def warm(self) -> None:
        await anyio.to_thread.run_sync(self._loaded)

    # -- in a worker thread --------------------------------------------------------------

    def _recognised(
        self, speech: Speech, language: str, prompt: str, stop: threading.Event
    ) -> Transcription:
        model = self._loaded()
        format = speech.format or DECODED
        sound = float32(convert(speech.audio, format, DECODED), DECODED)
        segments, info = model.transcribe(
            sound,
            language=language or None,
            initial_prompt=prompt or None,
            temperature=0.0,
            beam_size=1,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        heard: list[guard.Segment] = []
        # The segments are made as they are asked for.
        for one in segments:
            if stop.is_set():
                break
            heard.append(
                guard.Segment(one.text, one.no_speech_prob, one.avg_logprob, one.compression_ratio)
            )
        return Transcription(guard.words(heard, prompt), language or str(info.language), self.name)

    def _loaded(self) -> Model:
        with self._loading:
            if self._model is None:
                self._model = load(self._named)
            return self._model


def load(named: str) -> Model:
    """The model of that name or folder. Raises SpeechMissing."""
    if not named:
        raise SpeechMissing("Set WHISPER_MODEL to a folder or name of a faster-whisper model.")
    try:
        from faster_whisper import (  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
            WhisperModel,
        )
    except ImportError:
        raise SpeechMissing(
            "Whisper on this machine needs: pip install 'frontdoor[whisper]'"
        ) from None
    try:
        model: Model = WhisperModel(named, device="cpu", compute_type="int8")
    except Exception as error:  # whatever a download, a file or a format may raise
        raise SpeechMissing(
            f"The Whisper model {named!r} could not be loaded ({type(error).__name__}). "
            "WHISPER_MODEL is a folder with a model in CTranslate2's format, "
            "or a name such as small, which has to be fetched from Hugging Face."
        ) from error
    return model
