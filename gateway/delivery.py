"""The conductor of deliveries: sends each once, or says that it may be a repeat.

What surely did not go out is tried again. What may have gone out is settled by editing
the message we know, and where we know none by a second sending that is labelled.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.base import Channel, ChannelError, MaybeSent, NotSent, Refused, Unreachable
from gateway.seeing.tracing import Mark, Span, span
from gateway.store import inbox, outbox
from gateway.store.base import Delivery, DeliveryState
from gateway.store.engine import Database
from gateway.telemetry import DELIVERIES, DELIVERY_SECONDS, LEASES_CLAIMED

log = structlog.get_logger()

AT_ONCE = 100
"""Deliveries under way at the same time; each is of another lane."""

SWEEP_SECONDS = 1.0

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
"""Between attempts: doubling from the first to the longest."""

GIVE_UP_SECONDS = 24 * 3600.0
DOUBTFUL_ATTEMPTS = 5
"""Labelled repeats that a person may have to see before we stop."""


@dataclass(slots=True)
class Deliveries:
    """Sends what the store has to send."""

    worker: str
    database: Database
    channels: Mapping[str, Channel]
    lease_seconds: float
    clock: Callable[[], float] = time.time
    _under_way: dict[int, anyio.CancelScope] = field(default_factory=dict)
    _wake: anyio.Event = field(default_factory=anyio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send until the block is left; a sending under way is finished first."""
        async with anyio.create_task_group() as sendings:
            try:
                async with anyio.create_task_group() as loops:
                    loops.start_soon(self._claim, sendings)
                    loops.start_soon(self._renew)
                    try:
                        yield
                    finally:
                        loops.cancel_scope.cancel()
            finally:
                # Nobody renews their leases any more.
                for sending in self._under_way.values():
                    sending.deadline = anyio.current_time() + self.lease_seconds / 2

    @property
    def held(self) -> int:
        """Deliveries leased by us now."""
        return len(self._under_way)

    def look(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def _claim(self, sendings: TaskGroup) -> None:
        while True:
            self._wake = anyio.Event()
            now = self.clock()
            claimed = await self.database.write(
                outbox.claim,
                self.worker,
                now=now,
                until=now + self.lease_seconds,
                limit=AT_ONCE - len(self._under_way),
                held=list(self._under_way),
            )
            LEASES_CLAIMED.labels("delivery").inc(len(claimed))
            for delivery in claimed:
                # Cut off when we are, it would have to be repeated.
                sending = anyio.CancelScope(shield=True)
                self._under_way[delivery.id] = sending
                sendings.start_soon(self._deliver, delivery, sending)
            with anyio.move_on_after(SWEEP_SECONDS):
                await self._wake.wait()

    async def _renew(self) -> None:
        while True:
            await anyio.sleep(self.lease_seconds / 3)
            if self._under_way:
                until = self.clock() + self.lease_seconds
                await self.database.write(
                    outbox.renew, self.worker, list(self._under_way), until=until
                )

    async def _deliver(self, delivery: Delivery, sending: anyio.CancelScope) -> None:
        with traced(delivery) as sent:
            try:
                with sending:
                    await self._send(delivery, sent)
            finally:
                del self._under_way[delivery.id]
                # The next of its lane may go now.
                self.look()

    async def _send(self, delivery: Delivery, traced: Span) -> None:
        channel = self.channels.get(delivery.channel)
        try:
            if channel is None:
                raise NotSent(f"the channel {delivery.channel} is not set up here")
            outgoing = delivery.outgoing
            if delivery.doubtful and not delivery.ref:
                outgoing = channel.repeated(outgoing)
            ref = await channel.send(outgoing, delivery.ref)
        except ChannelError as error:
            traced.fail(type(error).__name__)
            await self._settle(delivery, error)
        except Exception as error:
            # A defect of the channel: it may have come after the request went out.
            traced.fail(type(error).__name__)
            log.exception("delivery_crashed")
            await self._settle(delivery, MaybeSent(repr(error)))
        else:
            await self.database.write(outbox.sent, self.worker, delivery.id, ref)
            self._count(delivery, DeliveryState.SENT)
            DELIVERY_SECONDS.labels(delivery.channel).observe(self.clock() - delivery.created_at)
            log.info("delivered", attempts=delivery.attempts, labelled=delivery.doubtful)

    async def _settle(self, delivery: Delivery, error: ChannelError) -> None:
        state, wait = verdict(delivery, error, self.clock())
        self._count(delivery, state)
        log.warning("not_delivered", state=str(state), error=str(error), attempt=delivery.attempts)
        if state is DeliveryState.FAILED:
            await self.database.write(outbox.failed, self.worker, delivery.id, str(error))
        else:
            due_at = self.clock() + wait
            await self.database.write(
                outbox.again,
                self.worker,
                delivery.id,
                state=state,
                due_at=due_at,
                error=str(error),
            )
        if isinstance(error, Unreachable):
            await self.database.write(inbox.set_reachable, delivery.address, reachable=False)

    @staticmethod
    def _count(delivery: Delivery, state: DeliveryState) -> None:
        DELIVERIES.labels(delivery.channel, str(state)).inc()


@contextmanager
def traced(delivery: Delivery) -> Iterator[Span]:
    """One attempt at a delivery, as logs and traces name it."""
    turn, reply = delivery.turn, delivery.reply
    first = Mark.of_message(delivery.asked or delivery.reply)
    with (
        structlog.contextvars.bound_contextvars(
            delivery=delivery.id,
            channel=delivery.channel,
            trace=first.trace_id,
            turn=turn,
            reply=reply,
        ),
        span(
            "delivery.send",
            first,
            kind="producer",
            delivery=delivery.id,
            channel=delivery.channel,
            attempt=delivery.attempts,
            labelled=delivery.doubtful and not delivery.ref,
            turn=turn,
            reply=reply,
        ) as sent,
    ):
        yield sent


def verdict(delivery: Delivery, error: ChannelError, now: float) -> tuple[DeliveryState, float]:
    """What becomes of a delivery that did not plainly succeed, and the seconds to wait."""
    wait = min(FIRST_WAIT_SECONDS * 2 ** (delivery.attempts - 1), LONGEST_WAIT_SECONDS)
    match error:
        case Refused():
            return DeliveryState.FAILED, 0.0
        case NotSent(retry_after=asked):
            state, wait = DeliveryState.PENDING, wait if asked is None else asked
        case _:
            state = DeliveryState.UNKNOWN
            if delivery.doubtful and not delivery.ref and delivery.attempts >= DOUBTFUL_ATTEMPTS:
                return DeliveryState.FAILED, 0.0
    if now + wait - delivery.created_at > GIVE_UP_SECONDS:
        return DeliveryState.FAILED, 0.0
    return state, wait
