"""The inbox that channels put messages into: stored first, then looked at."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from channels.base import RateLimited
from channels.events import Address, Entry, File, Live, Message, Receipt, Route, Sender, Trust
from gateway.bus.base import Bus
from gateway.errors import StoreBusy, StoreUnavailable
from gateway.seeing.tracing import Mark, received
from gateway.store import inbox as transactions
from gateway.store import returning
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.store.inbox import Arrival
from gateway.store.together import Together
from gateway.telemetry import MESSAGES

T = TypeVar("T")
R = TypeVar("R")

log = structlog.get_logger()

AT_ONCE = 128
"""Messages stored in one transaction, at most: others wait for what it locks."""

PAGES_AT_ONCE = 32
"""Pages of history read in one go: some are long, and others wait for them."""


class StoringInbox:
    """Implements `channels.base.Inbox` over the store and the bus."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        files: FileStore,
        *,
        debounce: float,
        per_minute: int,
        on_due: Callable[[float], None],
        on_cancel: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`on_due` hears when (epoch seconds) to look for work, `on_cancel` what is to stop."""
        self._database = database
        self._bus = bus
        self._files = files
        self._debounce = debounce
        self._per_minute = per_minute
        self._on_due = on_due
        self._on_cancel = on_cancel
        self._clock = clock
        self._store = Together(self._store_all, most=AT_ONCE, divisible=_divisible)
        self._known = self._looking(returning.known_direct)
        self._newest = self._looking(returning.newest)
        self._page = self._looking(returning.pages, PAGES_AT_ONCE)

    async def accept(self, message: Message) -> Receipt:
        began = time.time_ns()
        address = message.sender.address
        wait = await self._wait(message)
        now = self._clock()
        # Who speaks is done when the line says so, and waits for the answer.
        due_at = now + (wait or (0.0 if message.spoken else self._debounce))
        receipt = await self._store(Arrival(message, now, due_at, late=bool(wait)))
        MESSAGES.labels(address.channel, "stored" if receipt.fresh else "repeated").inc()
        log.info(
            "message_accepted",
            message=receipt.id,
            conversation=receipt.conversation,
            trace=Mark.of_message(receipt.id).trace_id,
            seq=receipt.seq,
            channel=address.channel,
            fresh=receipt.fresh,
            pii_from=str(address),
        )
        if receipt.fresh:
            received(receipt.id, began, conversation=receipt.conversation, channel=address.channel)
        return receipt

    async def _store_all(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Store messages, and tell of them; who brought one may have left meanwhile."""
        outcomes = await self._database.write(transactions.accept_all, arrivals)
        for accepted in outcomes:
            conversation = accepted.receipt.conversation
            if accepted.news:
                self._bus.publish(conversation, accepted.news)
            if accepted.cancels:
                self._on_cancel(conversation)
        self._on_due(min(arrival.due_at for arrival in arrivals))
        return [accepted.receipt for accepted in outcomes]

    def _looking(
        self, look: Callable[[Connection, Sequence[T]], list[R]], most: int = AT_ONCE
    ) -> Together[T, R]:
        """One look at the database for all who ask the same of it."""

        async def look_for_all(items: Sequence[T]) -> list[R]:
            return await self._database.read(look, items)

        return Together(look_for_all, most=most, divisible=_divisible)

    async def _wait(self, message: Message) -> float:
        """Seconds by which a message over its sender's allowance may wait; 0 for all others.

        A platform that delivers in order holds everybody up behind a message that we refuse,
        so what it vouches for is kept, and read together in its conversation's next turn.
        Beyond ten allowances, and from whoever keeps unsent messages, it is refused.
        Raises RateLimited.
        """
        sender = message.sender
        interval, burst = 60 / self._per_minute, self._per_minute
        key = f"messages/{sender.address}"
        wait = await self._bus.take(key, interval=interval, burst=burst)
        if wait and sender.trust is Trust.PLATFORM:
            refused = await self._bus.take(f"{key}/late", interval=interval / 9, burst=burst * 9)
        else:
            refused = wait
        if refused:
            MESSAGES.labels(sender.address.channel, "limited").inc()
            raise RateLimited(refused)
        return wait

    async def set_reachable(self, address: Address, *, reachable: bool) -> None:
        await self._database.write(transactions.set_reachable, address, reachable=reachable)
        log.info("reachability_changed", channel=address.channel, reachable=reachable)

    async def open(self, sender: Sender, route: Route) -> str:
        if known := await self._known(sender):
            return known
        return await self._database.write(transactions.open_direct, sender, now=self._clock())

    async def cancel(self, conversation: str, *, waiting: bool = True) -> bool:
        now = self._clock()
        running = await self._database.write(
            transactions.ask_to_stop, conversation, now=now, waiting=waiting
        )
        if running:
            self._on_cancel(conversation)
            self._on_due(now)
        return running

    async def history(self, conversation: str, after: int, limit: int) -> list[Entry]:
        return await self._page((conversation, after, limit))

    async def last_seq(self, conversation: str) -> int:
        return await self._newest(conversation)

    def follow(self, conversation: str) -> AbstractAsyncContextManager[AsyncIterator[Live]]:
        return self._bus.follow(conversation)

    async def put_file(self, owner: Address, file: File, chunks: AsyncIterator[bytes]) -> File:
        return await self._files.put(owner, file, chunks, now=self._clock())

    async def find_file(self, id: str) -> File | None:
        return await self._files.find(id)

    async def link_file(self, id: str) -> str | None:
        return await self._files.link(id)

    async def get_file(self, id: str) -> tuple[File, AsyncIterator[bytes]] | None:
        return await self._files.get(id)


def _divisible(error: Exception) -> bool:
    """Whether it may be for one message that several could not be stored."""
    return isinstance(error, StoreBusy) or not isinstance(error, StoreUnavailable)
