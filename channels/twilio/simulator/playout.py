"""Twilio's buffer of sound for the caller, as a clock: what is played when. Pure; time comes in.

What is sent queues up and plays in real time; a mark returns when all before it has been
played, at once when nothing is queued; `clear` drops what is queued and returns every mark
("Media Streams: WebSocket messages" in Twilio's documentation).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

RATE = 8000
"""Samples a second; one byte each, in mu-law."""

SAME_SPEECH_SECONDS = 0.3
"""Sound that comes so soon after the buffer ran dry was meant to join on."""


@dataclass(frozen=True, slots=True)
class Played:
    """Sound that reached the caller."""

    start: int
    """Samples since the clock's zero."""
    audio: bytes


class Playout:
    """One stream's buffer. Seconds are on the clock that callers hand in as `now`."""

    def __init__(self) -> None:
        self.underruns: list[tuple[float, float]] = []
        """When the buffer ran dry in the middle of speech, and for how many seconds."""
        self._end = 0
        """When the last sound queued will have been played."""
        self._chunks: deque[Played] = deque()
        self._marks: deque[tuple[int, str]] = deque()
        self._cut = True
        """Whether silence before the next sound is meant: nothing came yet, or it was cleared."""

    def add(self, audio: bytes, now: float) -> float | None:
        """Queue sound; returns how long the buffer was dry when it should not have been."""
        at, dry = _samples(now), None
        if at > self._end:
            gap = (at - self._end) / RATE
            if not self._cut and gap <= SAME_SPEECH_SECONDS:
                self.underruns.append((now, gap))
                dry = gap
            self._end = at
        self._chunks.append(Played(self._end, audio))
        self._end += len(audio)
        self._cut = False
        return dry

    def mark(self, name: str) -> None:
        """Set a mark behind what is queued; `due` tells when it was reached."""
        self._marks.append((self._end, name))

    def due(self, now: float) -> list[str]:
        """The marks reached by now, each told once."""
        at, names = _samples(now), []
        while self._marks and self._marks[0][0] <= at:
            names.append(self._marks.popleft()[1])
        return names

    def clear(self, now: float) -> list[str]:
        """Drop what was not played yet; returns all marks that were waiting."""
        at = _samples(now)
        while self._chunks and self._chunks[-1].start + len(self._chunks[-1].audio) > at:
            last = self._chunks.pop()
            if last.start < at:
                self._chunks.append(Played(last.start, last.audio[: at - last.start]))
                break
        self._end, self._cut = min(self._end, at), True
        names = [name for _, name in self._marks]
        self._marks.clear()
        return names

    def next_mark(self) -> float | None:
        """When the next mark will be due; None when none is waiting."""
        return self._marks[0][0] / RATE if self._marks else None

    def queued(self, now: float) -> float:
        """Seconds of sound that were not played yet."""
        return max(0, self._end - _samples(now)) / RATE

    @property
    def ends(self) -> float:
        """When what is queued will have been played."""
        return self._end / RATE

    def played(self, now: float) -> list[Played]:
        """Take out what was played by now, in order."""
        at, done = _samples(now), []
        while self._chunks and self._chunks[0].start < at:
            first = self._chunks.popleft()
            heard = at - first.start
            done.append(Played(first.start, first.audio[:heard]))
            if heard < len(first.audio):
                self._chunks.appendleft(Played(at, first.audio[heard:]))
                break
        return done


def _samples(seconds: float) -> int:
    return round(seconds * RATE)
