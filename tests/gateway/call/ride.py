"""A call played to the machine by hand: facts with a clock that only the test moves."""

from __future__ import annotations

from typing import TypeVar

from gateway.call import events as e
from gateway.call.machine import Machine
from gateway.call.policy import Policy

T = TypeVar("T")

PAUSE = 0.1
"""Quiet after which the endpointer tells a pause, seconds."""


class Ride:
    """One call. `orders` has all orders so far, `fresh` those of the last fact or wait."""

    def __init__(self, **policy: object) -> None:
        self.machine = Machine(Policy(**policy))  # type: ignore[arg-type]  # checked by Policy
        self.now = 100.0
        self.orders: list[e.Order] = []
        self.fresh: list[e.Order] = []
        self._marks = 0
        self._quiet_since = 0.0

    def tell(self, *facts: e.Fact) -> list[e.Order]:
        self.fresh = []
        for fact in facts:
            self._take(self.machine.receive(fact, self.now))
        return self.fresh

    def wait(self, seconds: float) -> list[e.Order]:
        """Let time pass, with every timer at its time."""
        self.fresh = []
        until = self.now + seconds
        while (at := self.machine.get_timer()) is not None and at <= until:
            self.now = max(self.now, at)
            self._take(self.machine.handle_timer(self.now))
        self.now = until
        return self.fresh

    def _take(self, orders: list[e.Order]) -> None:
        self.fresh += orders
        self.orders += orders

    # -- the caller ------------------------------------------------------------------------

    def start(self) -> list[e.Order]:
        """They have been speaking for a tenth of a second."""
        return self.tell(e.SpeechStarted(self.now - 0.1))

    def pause(self) -> list[e.Order]:
        """They fell silent a tenth of a second ago."""
        self._quiet_since = self.now - PAUSE
        return self.tell(e.SpeechPaused(self._quiet_since))

    def ended(self) -> list[e.Order]:
        return self.tell(e.SpeechEnded(self._quiet_since))

    def hear(self, text: str, *, failed: bool = False) -> list[e.Order]:
        """The newest recognition is answered."""
        asked = self.last(e.Transcribe)
        return self.tell(e.Transcript(asked.turn, asked.take, text, failed))

    def says(self, text: str, *, seconds: float = 1.0) -> int:
        """They say it whole, and it is over; returns the turn."""
        self.start()
        self.wait(seconds)
        self.pause()
        self.ended()
        self.hear(text)
        self.wait(self.machine.policy.end_of_turn * 2)
        return self.last(e.AskAgent).turn

    # -- the house -------------------------------------------------------------------------

    def answered(self) -> Ride:
        """The line is up, and the greeting was heard."""
        self.tell(e.Answered())
        self.play(self.last(e.Fill).clause)
        return self

    def replies(self, turn: int, *clauses: str, done: bool = True) -> list[e.Order]:
        facts: list[e.Fact] = [e.AgentText(turn, clause) for clause in clauses]
        return self.tell(*facts, *([e.AgentDone(turn)] if done else []))

    def sound(self, clause: int, seconds: float = 1.0, *, last: bool = True) -> str:
        """A clause's sound goes out; returns the mark behind it."""
        self._marks += 1
        mark = f"m{self._marks}"
        self.tell(e.AudioSent(clause, seconds, mark, last))
        return mark

    def play(self, clause: int, seconds: float = 1.0) -> None:
        """A clause's sound goes out and is heard."""
        mark = self.sound(clause, seconds)
        self.wait(seconds)
        self.tell(e.Played(mark))

    # -- what was ordered ------------------------------------------------------------------

    def all(self, kind: type[T]) -> list[T]:
        return [order for order in self.orders if isinstance(order, kind)]

    def last(self, kind: type[T]) -> T:
        return self.all(kind)[-1]

    def new(self, kind: type[T]) -> list[T]:
        return [order for order in self.fresh if isinstance(order, kind)]
