"""When silence has lasted too long, and what to say then."""

from __future__ import annotations

from gateway.call.events import Filler
from gateway.call.policy import Policy


class Silence:
    """Two silences: the caller waits for the agent, and nobody says anything.

    The first is filled by a ladder of words that ends with the offer to send the answer later; the
    second by a question whether anybody is there, and by a goodbye.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._waiting: dict[Filler, float] = {}
        self._resting: dict[Filler, float] = {}
        self._quiet_since = 0.0
        self._reminded = False

    def wait(self, now: float, *, afresh: bool = True) -> None:
        """The caller waits for the agent; not `afresh` when part of the answer was heard."""
        self._waiting = {
            Filler.WORKING: now + self._policy.working,
            Filler.LATER: now + self._policy.later,
        }
        if afresh:
            self._waiting[Filler.MOMENT] = now + self._policy.moment
            self._waiting[Filler.WORKING] += self._policy.moment

    def answered(self) -> None:
        """Nobody waits any more."""
        self._waiting.clear()

    def spoke(self, now: float) -> None:
        """Something was said that counts, by whomever."""
        self._quiet_since, self._reminded = now, False

    def rest(self, *, quiet: bool) -> None:
        """Whether nobody says anything and nobody waits."""
        self._resting.clear()
        if quiet:
            self._resting[Filler.GOODBYE] = self._quiet_since + self._policy.goodbye
            if not self._reminded:
                self._resting[Filler.THERE] = self._quiet_since + self._policy.reminder

    @property
    def timer(self) -> float | None:
        return min([*self._waiting.values(), *self._resting.values()], default=None)

    def due(self, now: float) -> Filler | None:
        """What silence calls for by now, the longest overdue first."""
        timers = self._waiting | self._resting
        kind = min(timers, key=timers.__getitem__, default=None)
        if kind is None or timers[kind] > now:
            return None
        self._waiting.pop(kind, None)
        self._resting.pop(kind, None)
        if kind is Filler.WORKING:
            self._waiting[kind] = now + self._policy.working
        if kind is Filler.THERE:
            self._reminded = True
        return kind
