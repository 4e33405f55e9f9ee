"""A store on paper, and replicas that share it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import anyio

from channels.events import Entry, Live, Status, Text
from gateway.bus.base import Standing
from gateway.bus.shared import SharedBus

WORKERS = count(1)


def entry(seq: int) -> Entry:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Entry(seq, f"m{seq}", "agent", (Text(f"entry {seq}"),), at)


@dataclass
class PaperStore:
    """What is stored of each conversation."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    turns: dict[str, Status] = field(default_factory=dict)
    away: bool = False
    asked: int = 0

    def add(self, conversation: str) -> Entry:
        log = self.entries.setdefault(conversation, [])
        log.append(entry(len(log) + 1))
        return log[-1]

    async def __call__(self, known: Mapping[str, int | None]) -> Mapping[str, Standing]:
        self.asked += 1
        if self.away:
            raise OSError("the store is away")
        return {
            conversation: Standing(
                len(log := self.entries.get(conversation, [])),
                log[seq:] if seq is not None else (),
                self.turns.get(conversation),
            )
            for conversation, seq in known.items()
        }


@asynccontextmanager
async def replica(
    store: PaperStore, url: str = "", prefix: str = "test"
) -> AsyncIterator[SharedBus]:
    """A bus that is connected, if there is something to connect to."""
    bus = SharedBus(f"w{next(WORKERS)}", store, url, prefix=prefix)
    async with bus.running():
        if url:
            await connected(bus)
        yield bus


async def connected(*buses: SharedBus, seconds: float = 15) -> None:
    with anyio.fail_after(seconds):
        while not all(bus.state == "ok" for bus in buses):  # noqa: ASYNC110 - as it happens
            await anyio.sleep(0.005)


async def away(*buses: SharedBus, seconds: float = 15) -> None:
    with anyio.fail_after(seconds):
        while any(bus.state == "ok" for bus in buses):  # noqa: ASYNC110 - as it happens
            await anyio.sleep(0.005)


async def heard(events: AsyncIterator[Live], number: int) -> list[Live]:
    with anyio.fail_after(10):
        return [await anext(events) for _ in range(number)]
