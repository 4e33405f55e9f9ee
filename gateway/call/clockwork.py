"""The frame of a machine that is told facts and the time, and answers with orders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from gateway.call.events import Fact, Order


class Clockwork(ABC):
    """Collects orders and keeps timers; what they mean is its heir's.

    The shell calls `receive` for each fact, carries the orders out in order, and calls
    `handle_timer` at the time that `get_timer` told last. Seconds are on the shell's clock.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._orders: list[Order] = []
        self._timers: dict[Callable[[], None], float] = {}
        """What is to be done, and when."""

    def receive(self, fact: Fact, now: float) -> list[Order]:
        """Take a fact in; returns what is to be done, in order. Raises IllegalMove."""
        self._now = now
        if not self._is_stale(fact):
            self._heed(fact)
            self._settle()
        return self._taken()

    def get_timer(self) -> float | None:
        """When to call `handle_timer`, if nothing happens before."""
        if self._is_over():
            return None
        return min([*self._timers.values(), *self._dues()], default=None)

    def handle_timer(self, now: float) -> list[Order]:
        """Do what is due by now."""
        self._now = now
        for action in sorted(self._timers, key=self._timers.__getitem__):
            # What went before may have put it off.
            if not self._is_over() and self._timers.get(action, now + 1) <= now:
                del self._timers[action]
                action()
        if not self._is_over():
            self._check_dues()
            self._settle()
        return self._taken()

    def _never(self, *actions: Callable[[], None]) -> None:
        for action in actions:
            self._timers.pop(action, None)

    def _taken(self) -> list[Order]:
        orders, self._orders = self._orders, []
        return orders

    @abstractmethod
    def _is_over(self) -> bool:
        """Whether nothing will ever be ordered again."""

    @abstractmethod
    def _is_stale(self, fact: Fact) -> bool:
        """Whether the fact belongs to what is over."""

    @abstractmethod
    def _heed(self, fact: Fact) -> None:
        """Act on a fact."""

    @abstractmethod
    def _settle(self) -> None:
        """What follows from how things stand, whatever brought it about."""

    @abstractmethod
    def _dues(self) -> Iterator[float]:
        """Times to be called at that no timer of ours keeps."""

    @abstractmethod
    def _check_dues(self) -> None:
        """Do what is due at those."""
