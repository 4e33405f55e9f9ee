"""Allowances by the generic cell rate algorithm (GCRA), kept in this process."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDING = 1e-6
"""Seconds that adding intervals up may be off, and nobody waits for."""

KEYS = 100_000
"""Allowances remembered; the full ones among them are forgotten first."""


class Allowances:
    """What each key may still take; see `channels.base.Budget`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Theoretical arrival times, as GCRA calls them: when a key's allowance is whole again.
        self._full_at: dict[str, float] = {}
        self._paused_until: dict[str, float] = {}

    def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        now = self._clock()
        self._forget(now)
        full_at = max(self._full_at.get(key, now), now) + interval
        wait = max(full_at - (burst - reserve) * interval - now, self.paused(key))
        if wait > ROUNDING:
            return wait
        self._full_at[key] = full_at
        return 0.0

    def pause(self, key: str, seconds: float) -> None:
        until = self._clock() + seconds
        self._paused_until[key] = max(self._paused_until.get(key, until), until)

    def paused(self, key: str) -> float:
        """Seconds until the key's pause is over; 0 when there is none."""
        now = self._clock()
        return max(0.0, self._paused_until.get(key, now) - now)

    def _forget(self, now: float) -> None:
        if len(self._full_at) > KEYS:
            self._full_at = _kept(self._full_at, now)
        if len(self._paused_until) > KEYS:
            self._paused_until = _kept(self._paused_until, now)


def _kept(until: dict[str, float], now: float) -> dict[str, float]:
    """What still counts, and of that no more than half as many as there may be.

    So a crowd of strangers neither fills our memory nor has us look through it with each request.
    """
    left = sorted((at, key) for key, at in until.items() if at > now)
    return {key: at for at, key in left[-(KEYS // 2) :]}
