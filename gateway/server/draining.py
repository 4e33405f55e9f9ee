"""Leaving in order when we are told to stop, so that nobody notices who need not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import structlog

log = structlog.get_logger()


@dataclass(slots=True)
class Drain:
    """How far we are with leaving."""

    grace: float = 0.0
    """Seconds between readiness turning red and anybody being turned away."""
    limit: float = 0.0
    """Seconds that what is under way may take to end."""
    told: bool = False
    """Whether we are about to stop: readiness is red."""
    leaving: bool = False
    """Whether nobody new is let in any more."""
    _hurry: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    async def run(
        self, leave: Callable[[], dict[str, int]], *emptied: Callable[[], Awaitable[None]]
    ) -> None:
        """Leave; what is not over when this returns is for others to go on with.

        `leave` sends away who can go elsewhere and counts what is under way, by kind; each of
        `emptied`, in this order, waits for some of that to end.
        """
        self.told = True
        with self._hurry:
            await anyio.sleep(self.grace)
            self.leaving = True
            log.info("draining", **leave(), seconds=self.limit)
            with anyio.move_on_after(self.limit) as scope:
                for ended in emptied:
                    await ended()
            log.info("drained", in_time=not scope.cancelled_caught)

    def hurry(self) -> None:
        """Somebody does not want to wait."""
        self._hurry.cancel()
