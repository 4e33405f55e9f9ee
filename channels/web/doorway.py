"""Letting in a crowd: first come, first served, and who is served is served at once.

When a replica dies, thousands come to the others in the same second. If each got a little of our
time, all would wait for as long as the last.
"""

from __future__ import annotations

import asyncio

import anyio

AT_ONCE = 128
"""Sockets being let in. Between two words of a client far away there is time for others."""
LASTING = 1.0
"""Seconds somebody has for it at most: nobody keeps others out by being slow."""


class Entrant:
    """Somebody being let in."""

    def __init__(self, room: anyio.Semaphore, lasting: float) -> None:
        self._room = room
        self._over = False
        self._timer = asyncio.get_running_loop().call_later(lasting, self.end)

    def end(self) -> None:
        """They are in, or gone: the next may come. Safe to call twice."""
        if not self._over:
            self._over = True
            self._timer.cancel()
            self._room.release()


class Doorway:
    """So many at a time, in the order in which they came."""

    def __init__(self, most: int = AT_ONCE, lasting: float = LASTING) -> None:
        self._room = anyio.Semaphore(most, fast_acquire=True)
        self._lasting = lasting

    async def enter(self) -> Entrant:
        """Wait until there is room; whoever got it says when it ends."""
        await self._room.acquire()
        return Entrant(self._room, self._lasting)
