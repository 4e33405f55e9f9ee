"""The bus of a single process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from channels.events import Live
from gateway.bus.allowances import Allowances
from gateway.bus.base import Bus, Signal
from gateway.bus.growing import Replies

BACKLOG = 1024
"""Events a follower may be behind before it is let go."""


class MemoryBus(Bus):
    """Queues and allowances in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._followers: dict[str, set[MemoryObjectSendStream[Live]]] = {}
        self._replies = Replies()
        self._here: Counter[str] = Counter()
        self._allowances = Allowances(clock)

    @property
    def state(self) -> str:
        return "ok"

    def publish(self, conversation: str, event: Live) -> None:
        self._replies.keep(conversation, event)
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
                if growing := self._replies.get(conversation):
                    for event in growing.so_far():
                        send.send_nowait(event)
                yield receive
        finally:
            followers.discard(send)
            if not followers:
                self._followers.pop(conversation, None)

    def let_go(self, conversation: str) -> None:
        self._replies.let_go(conversation)

    async def followed(self, conversation: str) -> bool:
        return bool(self._followers.get(conversation))

    def signal(self, signal: Signal) -> None:
        """Nobody else is there."""

    def on_signal(self, hear: Callable[[Signal], None]) -> None:
        """Nobody else is there."""

    @contextmanager
    def present(self, key: str) -> Iterator[None]:
        self._here[key] += 1
        try:
            yield
        finally:
            self._here[key] -= 1
            if not self._here[key]:
                del self._here[key]

    def is_present(self, key: str) -> bool:
        return self._here[key] > 0

    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        return self._allowances.take(key, interval=interval, burst=burst, reserve=reserve)

    async def pause(self, key: str, seconds: float) -> None:
        self._allowances.pause(key, seconds)
