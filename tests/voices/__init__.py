"""Voices and noises with known truth: what hearing, turn taking and barge-in are measured on.

eSpeak's voices rank rules against each other; they do not predict real callers.
"""

from __future__ import annotations

from functools import cache
from itertools import cycle

from channels.events import PHONE, AudioFormat
from tests.voices.making import Clip, joined, on_the_line, seeded, spoken, trailing_off
from tests.voices.noises import noises
from tests.voices.texts import BACKCHANNELS, SENTENCES

__all__ = ["Clip", "backchannels", "noises", "sentences", "speech"]

_ACCENTS = {
    "en-us": ("en-us", "en-us+f3", "en+m3", "en-us+f5", "en+m7"),
    "de": ("de", "de+f2", "de+m4"),
    "fr": ("fr", "fr+f4", "fr+m2"),
    "es": ("es", "es+f1", "es+m5"),
}


def speech(
    text: str,
    *,
    voice: str = "en-us",
    format: AudioFormat = PHONE,
    noise_below: float | None = None,
    before: float | None = None,
    after: float = 1.5,
) -> Clip:
    """Somebody says `text`, thinking for 200 to 500 ms at each `|`.

    How fast, high and loud, how noisy the line is, whether the end trails off and when it
    begins follow from text and voice.
    """
    name = f"{voice} {text}"
    random = seeded(name)
    rate, pitch = int(random.integers(145, 200)), int(random.integers(30, 70))
    parts = [spoken(part.strip(), voice, rate, pitch) for part in text.split("|")]
    said = joined(parts, [float(random.uniform(0.2, 0.5)) for _ in parts[1:]])
    softness = float(random.choice([0.0, 0.0, 6.0, 12.0]))
    heard = on_the_line(
        trailing_off(said, softness),
        name,
        format,
        decibels=float(random.uniform(-30, -17)),
        noise_below=float(random.uniform(20, 30)) if noise_below is None else noise_below,
        before=float(random.uniform(0.7, 0.9)) if before is None else before,
        after=after,
    )
    return Clip(
        name=name,
        audio=heard.audio,
        format=format,
        text=text.replace(" |", ""),
        speech_start=(start := heard.start),
        speech_end=start + said.seconds,
        audible=heard.audible,
        words=said.words_from(start),
        pauses=tuple((start + quiet, start + loud) for quiet, loud in said.pauses),
        language=voice[:2],
    )


@cache
def sentences(format: AudioFormat = PHONE) -> tuple[Clip, ...]:
    """What people ask for, in four languages; about half stop to think in the middle."""
    return tuple(
        speech(text, voice=voice, format=format)
        for language, texts in SENTENCES.items()
        for text, voice in zip(texts, cycle(_ACCENTS[language]), strict=False)
    )


@cache
def backchannels(format: AudioFormat = PHONE) -> tuple[Clip, ...]:
    """What people say to show that they listen."""
    return tuple(
        speech(text, voice=voice, format=format)
        for text in BACKCHANNELS
        for voice in _ACCENTS["en-us"][:3]
    )
