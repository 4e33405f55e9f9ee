"""The bus of a single process."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from channels.events import Delta, Live, Status, TurnState
from gateway.bus.base import Bus

BACKLOG = 1024
"""Events a follower may be behind before it is let go."""

ROUNDING = 1e-6
"""Seconds that adding intervals up may be off, and nobody waits for."""

KEYS = 100_000
"""Allowances remembered; the full ones among them are forgotten first."""


class MemoryBus(Bus):
    """Queues and allowances in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._followers: dict[str, set[MemoryObjectSendStream[Live]]] = {}
        self._growing: dict[str, Growing] = {}
        # Theoretical arrival times, as GCRA calls them: when a key's allowance is whole again.
        self._full_at: dict[str, float] = {}
        self._paused_until: dict[str, float] = {}

    def publish(self, conversation: str, event: Live) -> None:
        self._keep(conversation, event)
        for follower in tuple(self._followers.get(conversation, ())):
            try:
                follower.send_nowait(event)
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                follower.close()
                self._followers[conversation].discard(follower)

    @asynccontextmanager
    async def follow(self, conversation: str) -> AsyncIterator[AsyncIterator[Live]]:
        send, receive = anyio.create_memory_object_stream[Live](BACKLOG)
        followers = self._followers.setdefault(conversation, set())
        followers.add(send)
        try:
            with send, receive:
                if growing := self._growing.get(conversation):
                    for event in growing.so_far():
                        send.send_nowait(event)
                yield receive
        finally:
            followers.discard(send)
            if not followers:
                self._followers.pop(conversation, None)

    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        now = self._clock()
        self._forget(now)
        full_at = max(self._full_at.get(key, now), now) + interval
        wait = max(
            full_at - (burst - reserve) * interval - now, self._paused_until.get(key, now) - now
        )
        if wait > ROUNDING:
            return wait
        self._full_at[key] = full_at
        return 0.0

    async def pause(self, key: str, seconds: float) -> None:
        until = self._clock() + seconds
        self._paused_until[key] = max(self._paused_until.get(key, until), until)

    def _keep(self, conversation: str, event: Live) -> None:
        """Keep what a follower who comes in the middle of a turn has missed of it."""
        match event:
            case Status(state=TurnState.WORKING):
                growing = self._growing.get(conversation)
                if growing and growing.status.turn == event.turn:
                    # Only the first says what the turn answers.
                    answered = event.messages or growing.status.messages
                    growing.status = replace(event, messages=answered)
                else:
                    self._growing[conversation] = Growing(event)
            case Status():
                self._growing.pop(conversation, None)
            case Delta() if growing := self._growing.get(conversation):
                growing.text.append(event.text)

    def _forget(self, now: float) -> None:
        if len(self._full_at) > KEYS:
            self._full_at = {k: at for k, at in self._full_at.items() if at > now}
        if len(self._paused_until) > KEYS:
            self._paused_until = {k: at for k, at in self._paused_until.items() if at > now}


@dataclass(slots=True)
class Growing:
    """A reply that is being written."""

    status: Status
    text: list[str] = field(default_factory=list)

    def so_far(self) -> list[Live]:
        text = "".join(self.text)
        return [self.status, Delta(self.status.turn, text)] if text else [self.status]
