"""What the caller says, cut into frames, over the noise of the line."""

from __future__ import annotations

from collections import deque

import anyio

from channels.twilio.simulator.sound import (
    FRAME,
    FRAME_SECONDS,
    Samples,
    bounds,
    from_mulaw,
    line_noise,
    mixed,
    to_mulaw,
)

_NOISE_SECONDS = 3.0
_LIVE_FRAMES = 10


class Utterance:
    """Something the caller says. Seconds are since the call was placed, once they are known."""

    def __init__(self, audio: bytes) -> None:
        self.audio = audio
        self.first = self.last = 0.0
        """When its first and its last audible sample were spoken."""
        self.said = anyio.Event()
        """Set when all of it is on the wire."""
        self._begins, self._ends = bounds(audio)

    def began(self, at: float) -> None:
        self.first, self.last = at + self._begins, at + self._ends


class Mouth:
    """Gives out one frame after the other: speech while there is some, else noise."""

    def __init__(self, level: float | None = -60.0, seed: int = 0) -> None:
        self.live: deque[bytes] = deque(maxlen=_LIVE_FRAMES)
        """Frames from a microphone, said when nothing else is; late ones are dropped."""
        self._noise: Samples | None = None
        if level is not None:
            self._noise = line_noise(_NOISE_SECONDS, level, seed)
        self._waiting: deque[Utterance] = deque()
        self._speaking: Utterance | None = None
        self._place = 0
        self._frames = 0

    def say(self, audio: bytes) -> Utterance:
        utterance = Utterance(audio)
        self._waiting.append(utterance)
        return utterance

    def hush(self) -> None:
        """Say nothing more of what is waiting."""
        for utterance in (self._speaking, *self._waiting):
            if utterance:
                utterance.said.set()
        self._waiting.clear()
        self._speaking = None

    def frame(self, at: float) -> bytes:
        """The next 20 ms, spoken from `at` on."""
        self._frames += 1
        if self._speaking is None and self._waiting:
            self._speaking, self._place = self._waiting.popleft(), 0
            self._speaking.began(at)
        if self._speaking is None:
            return self.live.popleft() if self.live else self._silence()
        speech = self._speaking.audio[self._place : self._place + FRAME]
        self._place += FRAME
        if self._place >= len(self._speaking.audio):
            self._speaking.said.set()
            self._speaking = None
        speech = speech.ljust(FRAME, b"\xff")
        if self._noise is None:
            return speech
        return to_mulaw(mixed(from_mulaw(speech), self._hiss(self._noise)))

    def _silence(self) -> bytes:
        return b"\xff" * FRAME if self._noise is None else to_mulaw(self._hiss(self._noise))

    def _hiss(self, noise: Samples) -> Samples:
        frames = round(_NOISE_SECONDS / FRAME_SECONDS)
        # A step that shares no factor with the number of frames, lest noise sound like a beat.
        place = self._frames * 61 % frames * FRAME
        return noise[place : place + FRAME]
