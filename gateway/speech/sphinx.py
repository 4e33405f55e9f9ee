"""Recognition with no key and no network: PocketSphinx and a closed grammar.

This is no dictation: it knows the phrases in `grammar/`, which are what the shipped concierge
understands, and tells anything else as not understood, so that the caller is asked again. English
only, for that is the model in PocketSphinx's wheel.

Why a phrase is believed: its score sums up, frame by frame, how far its sounds are behind the
best fitting ones. Behind by little on average, and it was said; by more, and something else was.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from gateway.errors import SpeechMissing
from gateway.speech.audio import convert
from gateway.speech.base import Speech, SpeechToText, Transcription
from gateway.speech.openai_wire import wordless
from gateway.speech.phrases import PhraseBook
from gateway.speech.recoding import DECODED, decoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = DECODED.rate
LONGEST_SECONDS = 15.0
"""No phrase is so long; what is longer is not decoded."""
BELIEVED = -30e-4
"""Least score of a believable phrase, in nats for each frame of 10 ms, with our margins counted:
on noisy phone lines, 19 in 20 phrases that were heard right are above, and 19 in 20 sentences of
no grammar below."""
EXPECTED = -33e-4
"""The same for what callers are told to say: of these phrases, said in three voices, one in 13
lies between, and none of 30 sentences of no grammar was taken for one."""

PASSES = 2
"""The second hears with what the first has learnt of the voice and the line: one phrase in 40."""

EXAMPLES = (
    "what is on my list",
    "what time is it",
    "add buy milk",
    "remind me in ten minutes to take a break",
    "what can you do",
    "what are my reminders",
    "task one is done",
    "what notes do i have",
)
"""What a caller who was not understood may say, the most telling first."""

_T = TypeVar("_T")

_GRAMMAR = Path(__file__).parent / "grammar" / "en.gram"
_LOUDEST, _MOST_GAIN = 0.5, 10.0
_DITHER = 0.002
_MARGIN_SECONDS = 0.3
_STEADY = 2.0


class SphinxRecogniser(SpeechToText):
    """Knows the phrases of its grammar."""

    name = "sphinx"
    last_resort = True

    def __init__(self, *, decoders: int = 2) -> None:
        self.book = PhraseBook(_GRAMMAR.read_text("utf-8"))
        # A decoder serves one utterance at a time, takes 0.3 s to load and some 80 MB.
        self._decoders: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(decoders):
            self._decoders.put(None)
        self._most = decoders
        self._limiter: anyio.CapacityLimiter | None = None

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        if wordless(speech):
            return Transcription("", provider=self.name)
        if speech.format is None:
            speech = await decoded(speech.audio)
        return await self._in_thread(partial(self._recognised, speech))

    async def warm(self) -> None:
        await self._in_thread(self._load)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        self._limiter = self._limiter or anyio.CapacityLimiter(self._most)
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)

    # -- in a worker thread --------------------------------------------------------------

    def _load(self) -> None:
        decoder = None
        slot = self._decoders.get()
        try:
            decoder = slot or _decoder()
        finally:
            self._decoders.put(decoder)

    def _recognised(self, speech: Speech) -> Transcription:
        samples = _samples(speech)
        if len(samples) > LONGEST_SECONDS * RATE:
            return self._not_understood()
        if _steady(samples):
            return Transcription("", "en", self.name)
        audio = _prepared(samples)
        for _ in range(PASSES):
            heard, likelihood = self._decoded(audio)
            phrase = self.book.meant(heard)
            if phrase and likelihood >= (EXPECTED if phrase.text in EXAMPLES else BELIEVED):
                return Transcription(phrase.text, "en", self.name, doubtful=phrase.destructive)
        return self._not_understood()

    def _not_understood(self) -> Transcription:
        return Transcription("", "en", self.name, understood=False, sayable=EXAMPLES)

    def _decoded(self, audio: bytes) -> tuple[str, float]:
        """The words of the best path, and how likely they are: nats a frame, 0 at best."""
        decoder = None
        slot = self._decoders.get()
        try:
            decoder = slot or _decoder()
            _decode(decoder, audio)
            found = decoder.hyp()
            if not found or not found.hypstr or found.score <= 0:
                return "", -math.inf
            return found.hypstr, math.log(found.score) / max(decoder.n_frames(), 1)
        finally:
            self._decoders.put(decoder)


def _decoder() -> Any:
    import numpy as np  # noqa: PLC0415 - heavy

    try:
        import pocketsphinx  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError:
        raise SpeechMissing("Offline recognition needs: pip install 'frontdoor[offline]'") from None
    # Denoising and a few Gaussians a state are made for a microphone at 16 kHz; on phone lines
    # they cost a sixth of the phrases.
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL", remove_noise=False, topn=8, lw=4)
    decoder.add_jsgf_string("phrases", _GRAMMAR.read_text("utf-8"))
    decoder.activate_search("phrases")
    # It adapts to what it hears; a fresh one often makes nothing of its first words.
    _decode(decoder, _prepared(np.random.default_rng(1).standard_normal(2 * RATE, np.float32)))
    return decoder


def _decode(decoder: Any, audio: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(audio, full_utt=True)
    decoder.end_utt()


def _samples(speech: Speech) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415 - heavy

    pcm = convert(speech.audio, speech.format or DECODED, DECODED)
    return np.frombuffer(pcm, "<i2") * np.float32(1 / 32768)


def _steady(samples: NDArray[np.float32]) -> bool:
    """Whether it is the sound of a machine or a line: words rise and fall."""
    import numpy as np  # noqa: PLC0415 - heavy

    frame = RATE // 50
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    levels = np.sqrt(np.square(frames).mean(axis=1))
    quiet, loud = np.percentile(levels, (10, 95))
    return bool(loud <= quiet * _STEADY)


def _prepared(samples: NDArray[np.float32]) -> bytes:
    """At a usual loudness, with quiet around it, and a breath of noise.

    The model knows no digital silence, nor the dead upper half of a phone's spectrum: with noise
    there, twice as many phrases are recognised.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    loudest = float(np.abs(samples).max(initial=1e-6))
    gain = min(_LOUDEST / loudest, _MOST_GAIN)
    margin = np.zeros(round(_MARGIN_SECONDS * RATE), np.float32)
    padded = np.concatenate([margin, samples * gain, margin])
    noise = np.random.default_rng(0).standard_normal(len(padded), np.float32) * _DITHER
    pcm = np.clip(padded + noise, -1, 1) * np.float32(32767)
    made: bytes = pcm.astype("<i2").tobytes()
    return made
