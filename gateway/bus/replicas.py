"""Which other replicas there are, and what is present at each: what they say when they beat."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

EXPIRY_SECONDS = 4.0
"""Without a beat, after which a replica and all that was present there are gone."""

MOST = 1000
"""Replicas remembered."""


@dataclass(slots=True)
class _Other:
    keys: frozenset[str]
    heard_at: float


class Replicas:
    """Ours and the others'."""

    def __init__(
        self,
        on_change: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_change` hears that others should be told what is present here."""
        self._on_change = on_change
        self._clock = clock
        self._here: Counter[str] = Counter()
        self._others: dict[str, _Other] = {}

    @contextmanager
    def present(self, key: str) -> Iterator[None]:
        self._here[key] += 1
        if self._here[key] == 1:
            self._on_change()
        try:
            yield
        finally:
            self._here[key] -= 1
            if not self._here[key]:
                del self._here[key]
                self._on_change()

    def is_present(self, key: str) -> bool:
        return self._here[key] > 0 or any(key in other.keys for other in self._living())

    def here(self) -> list[str]:
        return list(self._here)

    def others(self) -> int:
        """How many there are beside us."""
        return len(self._living())

    def heard(self, worker: str, keys: Iterable[str]) -> bool:
        """A replica told what is present there; whether it is new to us."""
        new = worker not in self._others
        if new:
            self._others = {
                name: other
                for name, other in self._others.items()
                if other.heard_at > self._clock() - EXPIRY_SECONDS
            }
        if not new or len(self._others) < MOST:
            self._others[worker] = _Other(frozenset(keys), self._clock())
        return new

    def gone(self, worker: str) -> None:
        self._others.pop(worker, None)

    def _living(self) -> list[_Other]:
        oldest = self._clock() - EXPIRY_SECONDS
        return [other for other in self._others.values() if other.heard_at > oldest]
