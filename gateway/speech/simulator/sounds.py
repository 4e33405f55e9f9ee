"""What the stand-in for a voice says: eSpeak's words if it is installed, else a tone."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from channels.events import AudioFormat
from gateway.errors import SpeechMissing
from gateway.speech.audio import convert, from_float32
from gateway.speech.espeak import synthesise, voice_for

_CHARACTERS_PER_SECOND = 14.0
_SHORTEST = 0.2
_KEPT = 256
_RAW = AudioFormat("pcm16", 22050)


class Sounds:
    """Makes sounds of texts; blocks for some milliseconds."""

    def __init__(self, voice: Literal["auto", "espeak", "tone"] = "auto") -> None:
        self._voice = voice
        self._made: OrderedDict[tuple[str, AudioFormat, str], bytes] = OrderedDict()

    def of(self, text: str, format: AudioFormat, locale: str = "") -> bytes:
        key = (text, format, locale)
        if key not in self._made:
            self._made[key] = self._make(text, format, locale)
            if len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return self._made[key]

    def _make(self, text: str, format: AudioFormat, locale: str) -> bytes:
        if not text.strip():
            return b""
        if self._voice != "tone":
            try:
                return convert(synthesise(text, voice=voice_for(locale))[0], _RAW, format)
            except SpeechMissing:
                if self._voice == "espeak":
                    raise
        return tone(max(_SHORTEST, len(text) / _CHARACTERS_PER_SECOND), format)


def tone(seconds: float, format: AudioFormat, hertz: float = 330.0) -> bytes:
    """A sine at -12 dBFS."""
    import numpy as np  # noqa: PLC0415 - heavy

    times = np.arange(round(seconds * format.rate)) / format.rate
    return from_float32((0.25 * np.sin(2 * np.pi * hertz * times)).astype(np.float32), format)
