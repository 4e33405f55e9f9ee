"""Which provider is asked when. Pure: time comes in as `now`, in seconds.

A request is late when it takes longer than nine in ten of its provider's last ones. Then another
one goes out beside it, to the next provider or to the same, and the first good answer wins: the
slow tail of a service is mostly bad luck, and a second draw is seldom as bad. A provider that
failed rests for a while, so that the next turn does not pay for finding out again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.errors import SpeechError, SpeechMissing, SpeechRefused, SpeechUnreachable

FIRST_PATIENCE, LEAST_PATIENCE, MOST_PATIENCE = 0.5, 0.25, 1.0
"""Until a request counts as late: before anything is known of its provider, and the bounds."""
REMEMBERED = 20
ENOUGH = 5
"""Answers from which a ninth tenth means something."""
FIRST_REST, LONGEST_REST = 2.0, 60.0
"""After a failure: doubling with each that follows."""
REFUSED_REST = 300.0
"""After a refusal that only the operator can lift."""
SAME_AGAIN = 2
"""So often a provider is asked for the same turn, when there is no other."""


@dataclass(slots=True)
class Standing:
    """What is known of a provider."""

    name: str
    last_resort: bool = False
    rests_until: float = float("-inf")
    _failures: int = 0
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def answered(self, seconds: float) -> None:
        """It answered, well."""
        self._seconds.append(seconds)
        self._failures = 0
        self.rests_until = float("-inf")

    def outrun(self, seconds: float) -> None:
        """Another was faster; so long it had not answered."""
        self._seconds.append(seconds)

    def failed(self, error: SpeechError, now: float) -> None:
        """It did not answer well."""
        if isinstance(error, SpeechRefused) and not error.lasting:
            return  # It will not have this sound; it may well have the next.
        rest = min(FIRST_REST * 2**self._failures, LONGEST_REST)
        if now >= self.rests_until:  # Turns that were under way together fail together.
            self._failures = min(self._failures + 1, 10)
        if isinstance(error, SpeechRefused | SpeechMissing):
            rest = REFUSED_REST
        elif isinstance(error, SpeechUnreachable) and error.retry_after is not None:
            rest = max(rest, min(error.retry_after, REFUSED_REST))
        self.rests_until = max(self.rests_until, now + rest)

    @property
    def patience(self) -> float:
        """After how many seconds its answer is late."""
        if len(self._seconds) < ENOUGH:
            return FIRST_PATIENCE
        ordered = sorted(self._seconds)
        ninth = ordered[(len(ordered) * 9) // 10 - 1]
        return min(max(ninth, LEAST_PATIENCE), MOST_PATIENCE)


@dataclass(slots=True)
class Race:
    """The requests for one turn."""

    runners: Sequence[Standing]
    """In the order in which they are asked."""
    asked: list[str] = field(default_factory=list)
    _running: list[str] = field(default_factory=list)
    _out: set[str] = field(default_factory=set)
    _hedge_at: float | None = None
    _hedged: bool = False

    def next(self, now: float) -> str | None:
        """Whom to ask now, if anybody. It is under way from then on."""
        hedging = bool(self._running)
        if hedging and (self._hedge_at is None or now < self._hedge_at):
            return None
        chosen = self._candidate(hedging=hedging)
        self._hedge_at = None
        if chosen is None:
            return None
        self._hedged = self._hedged or hedging
        self.asked.append(chosen.name)
        self._running.append(chosen.name)
        if not self._hedged and not chosen.last_resort:
            self._hedge_at = now + chosen.patience
        return chosen.name

    def failed(self, name: str, *, fatal: bool) -> None:
        """A request came back without words; a fatal failure is not tried again."""
        self._running.remove(name)
        if fatal:
            self._out.add(name)
        if self._running:  # That one is late already.
            self._hedge_at = float("-inf")

    @property
    def due(self) -> float | None:
        """When the running request will be late; None when that changes nothing."""
        return self._hedge_at

    @property
    def lost(self) -> bool:
        """Whether nobody is left to wait for or to ask."""
        return not self._running and self._candidate(hedging=False) is None

    def _candidate(self, *, hedging: bool) -> Standing | None:
        able = [one for one in self.runners if one.name not in self._out]
        if hedging:
            able = [one for one in able if not one.last_resort]
        fresh = [one for one in able if one.name not in self.asked]
        if fresh:
            return fresh[0]
        # Nobody else: then the same again, whose next answer may be better.
        again = [one for one in able if not one.last_resort]
        return next((one for one in again if self.asked.count(one.name) < SAME_AGAIN), None)


def line_up(standings: Iterable[Standing], now: float) -> Race:
    """A race for a turn that begins now: who rests comes last, but better them than nobody."""
    return Race(sorted(standings, key=lambda one: max(one.rests_until - now, 0.0)))
