"""Both sides of a call as they were heard, sample by sample: the caller left, the house right."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import IO

import numpy as np

from channels.twilio.simulator.playout import RATE
from channels.twilio.simulator.sound import Samples, from_mulaw

SILENCE = 0xFF
"""mu-law."""


class Recording:
    """What was said, placed by when it was heard; samples count from the stream's start."""

    def __init__(self) -> None:
        self.caller = bytearray()
        """mu-law"""
        self.house = bytearray()
        """mu-law"""

    def caller_said(self, start: int, audio: bytes) -> None:
        _place(self.caller, start, audio)

    def house_said(self, start: int, audio: bytes) -> None:
        _place(self.house, start, audio)

    @property
    def seconds(self) -> float:
        return max(len(self.caller), len(self.house)) / RATE

    def stereo(self) -> Samples:
        """Both sides, one row a sample."""
        length = max(len(self.caller), len(self.house))
        sides = (
            from_mulaw(bytes(side).ljust(length, bytes([SILENCE])))
            for side in (self.caller, self.house)
        )
        return np.column_stack(tuple(sides))

    def save(self, file: Path | IO[bytes]) -> None:
        """Write a stereo WAV file of 16-bit samples."""
        with wave.open(str(file) if isinstance(file, Path) else file, "wb") as writer:
            writer.setnchannels(2)
            writer.setsampwidth(2)
            writer.setframerate(RATE)
            writer.writeframes(self.stereo().astype("<i2").tobytes())


def _place(side: bytearray, start: int, audio: bytes) -> None:
    if len(side) < start:
        side.extend(bytes([SILENCE]) * (start - len(side)))
    side[start : start + len(audio)] = audio
