"""What a browser has played of what it was sent, reckoned. Pure; the time comes in as `now`.

A browser plays what it gets in real time and tells nothing back, so what was played when
follows from what was sent when.
"""

from __future__ import annotations

from collections import deque

CLIENT_BUFFER = 0.1
"""Seconds a browser holds back before it begins to play, so that late frames leave no gap."""


class PlayOut:
    """The clock of one listener. A mark is due once all audio before it must have been played."""

    def __init__(self, bytes_per_second: int, buffer: float = CLIENT_BUFFER) -> None:
        self._rate = bytes_per_second
        self._buffer = buffer
        self._ends = 0.0
        self._marks: deque[tuple[float, str]] = deque()

    def sent(self, size: int, now: float) -> None:
        """So many bytes of audio went out."""
        if self._ends <= now:
            self._ends = now + self._buffer
        self._ends += size / self._rate

    def mark(self, name: str) -> None:
        """A point after all audio so far."""
        self._marks.append((self._ends, name))

    def clear(self, now: float) -> None:
        """The audio not yet played was dropped: every mark is due."""
        self._ends = min(self._ends, now)
        self._marks = deque((now, name) for _, name in self._marks)

    def due(self, now: float) -> list[str]:
        """Take the marks that were reached, in order."""
        reached: list[str] = []
        while self._marks and self._marks[0][0] <= now:
            reached.append(self._marks.popleft()[1])
        return reached

    def left(self, now: float) -> float:
        """Seconds until all audio is played; 0 when it is."""
        return max(0.0, self._ends - now)

    def get_timer(self) -> float | None:
        """When the next mark is due; None without one."""
        return self._marks[0][0] if self._marks else None
