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
"""Seconds a turn lasts at most: nobody keeps others out by being slow."""


class Turn:
    """Somebody being let in."""

    def __init__(self, room: anyio.Semaphore, lasting: float) -> None:
        self._room = room
        self._over = False
        self._timer = asyncio.get_running_loop().call_later(lasting, self.end)

    def end(self) -> None:
        """They are in, or gone: it is somebody else's turn. Safe to call twice."""
        if not self._over:
            self._over = True
            self._timer.cancel()
            self._room.release()


class Turns:
    """So many at a time, in the order in which they came."""

    def __init__(self, most: int = AT_ONCE, lasting: float = LASTING) -> None:
        self._room = anyio.Semaphore(most, fast_acquire=True)
        self._lasting = lasting

    async def mine(self) -> Turn:
        """Wait for a turn; whoever gets it ends it."""
        await self._room.acquire()
        return Turn(self._room, self._lasting)
