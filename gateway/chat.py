"""The conductor of written conversation: whose turn it is, and which worker plays it.

A conversation is due when something in it waits. A worker leases it, plays turns until
nothing waits, and gives it back; a worker that dies loses its lease and another goes on.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.base import Channel
from gateway.bus.base import Bus, Cancel, Due
from gateway.seeing.tracing import Mark, span
from gateway.store import leases, turns
from gateway.store.base import CommandWork, LeaseLost, Turn
from gateway.store.engine import Database
from gateway.telemetry import LEASES_CLAIMED, LEASES_LOST
from gateway.turns.following import Following
from gateway.turns.hold import Hold
from gateway.turns.saying import saying
from gateway.turns.turn import TurnPlayer
from prompts import sentence

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
"""How often to look for work that nobody told us of: after a crash, or from a replica."""

BREATH_SECONDS = 0.02
"""Least time between two looks, so that a crowd arriving at once is claimed in one."""

LEAVING_SECONDS = 5.0
"""How long we try to hand over what we hold: without the database our leases just run out."""

REST_SECONDS = 30.0
"""How long a conversation rests after it failed in a way nobody foresaw."""


@dataclass(slots=True)
class Chat:
    """Claims conversations that are due and plays their turns."""

    worker: str
    """Our name on leases; another for each process."""
    database: Database
    bus: Bus
    channels: Mapping[str, Channel]
    player: TurnPlayer
    following: Following
    lease_seconds: float
    on_delivery: Callable[[], None]
    """Hears that there is something to send."""
    at_once: int = 500
    """Conversations played at the same time."""
    clock: Callable[[], float] = time.time
    _holds: dict[str, Hold] = field(default_factory=dict)
    _let_go: anyio.Event = field(default_factory=anyio.Event)
    _kept: Callable[[], Collection[str]] | None = None
    """Once we leave: the conversations that we still go on with."""
    _wake: anyio.Event = field(default_factory=anyio.Event)
    _due_at: float = math.inf

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Play until the block is left; then whoever claims next goes on with what is open."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._claim, tasks)
                tasks.start_soon(self._renew)
                tasks.start_soon(self.following.run)
                try:
                    yield
                finally:
                    tasks.cancel_scope.cancel()
        finally:
            # We are mostly left by being cancelled.
            with anyio.move_on_after(LEAVING_SECONDS, shield=True):
                await self.database.write(leases.yield_up, self.worker, now=self.clock())
                self.bus.signal(Due(self.clock()))

    def due(self, at: float) -> None:
        """Something will want looking at, at `at` (epoch seconds); by others if not by us."""
        if self._kept is not None or len(self._holds) >= self.at_once:
            self.bus.signal(Due(at))
        self.wake(at)

    def wake(self, at: float) -> None:
        """As `due`, but for us alone."""
        if at < self._due_at:
            self._due_at = at
            self._wake.set()

    def cancel(self, conversation: str) -> None:
        """The person wants the turn under way to stop, wherever it is played."""
        if not self.stop(conversation):
            self.bus.signal(Cancel(conversation))
        self.following.look()

    def stop(self, conversation: str) -> bool:
        """Stop the turn under way if it is played here; whether it is."""
        hold = self._holds.get(conversation)
        if hold:
            hold.cancel()
        return hold is not None

    def leave(self, kept: Callable[[], Collection[str]]) -> int:
        """Begin no more turns, but in the conversations `kept` names; how many are under way."""
        self._kept = kept
        return len(self._holds)

    @property
    def held(self) -> int:
        """Conversations leased by us now."""
        return len(self._holds)

    async def emptied(self) -> None:
        """Wait until no turn is under way."""
        while self._holds:
            self._let_go = anyio.Event()
            await self._let_go.wait()

    # -- claiming and leases ---------------------------------------------------------

    async def _claim(self, tasks: TaskGroup) -> None:
        while True:
            now = self.clock()
            # What becomes due from here on may be too late for this look.
            self._due_at = math.inf
            claimed, next_due = await self._take(now)
            self.wake(next_due)
            LEASES_CLAIMED.labels("conversation").inc(len(claimed))
            for conversation in claimed:
                self._holds[conversation] = hold = Hold()
                tasks.start_soon(self._converse, conversation, hold)
            await anyio.sleep(BREATH_SECONDS)
            await self._until_due()

    async def _take(self, now: float) -> tuple[list[str], float]:
        """Lease what is due; also when the next will be."""
        until, held = now + self.lease_seconds, list(self._holds)
        write = self.database.write
        if self._kept is not None:
            kept = [id for id in self._kept() if id not in self._holds]
            return await write(
                leases.claim_among, self.worker, kept, now=now, until=until
            ), math.inf
        return await write(
            leases.claim,
            self.worker,
            now=now,
            until=until,
            limit=self.at_once - len(held),
            held=held,
        )

    async def _until_due(self) -> None:
        sweep_at = self.clock() + SWEEP_SECONDS
        while (left := min(self._due_at, sweep_at) - self.clock()) > 0:
            self._wake = anyio.Event()
            with anyio.move_on_after(left):
                await self._wake.wait()

    async def _renew(self) -> None:
        while True:
            await anyio.sleep(self.lease_seconds / 3)
            held = dict(self._holds)
            if not held:
                continue
            still = await self.database.write(
                leases.renew, self.worker, list(held), until=self.clock() + self.lease_seconds
            )
            for conversation, hold in held.items():
                if self._holds.get(conversation) is not hold:
                    continue
                if conversation not in still:
                    LEASES_LOST.labels("conversation").inc()
                    log.warning("lease_lost", conversation=conversation)
                    hold.lose()
                elif still[conversation]:
                    hold.cancel()

    # -- one conversation ------------------------------------------------------------

    async def _converse(self, conversation: str, hold: Hold) -> None:
        with structlog.contextvars.bound_contextvars(conversation=conversation):
            try:
                with hold.lease:
                    await self._play(conversation, hold)
            except LeaseLost:
                LEASES_LOST.labels("conversation").inc()
                log.warning("lease_lost")
            except Exception:
                # One conversation that cannot be played must not silence all the others.
                log.exception("conversation_failed")
                await self.database.write(
                    leases.rest, self.worker, conversation, until=self.clock() + REST_SECONDS
                )
            finally:
                del self._holds[conversation]
                self._let_go.set()
            # Not when we are told to stop: who reads along keeps what there is until it goes on.
            self.bus.let_go(conversation)

    async def _play(self, conversation: str, hold: Hold) -> None:
        while True:
            now = self.clock()
            if self._kept is not None and conversation not in self._kept():
                # Whoever takes it up finds for himself what there is to do.
                await self.database.write(leases.rest, self.worker, conversation, until=now)
                self.bus.signal(Due(now))
                return
            work = await self.database.write(turns.next_work, self.worker, conversation, now=now)
            match work:
                case None:
                    again_at = await self.database.write(leases.release, self.worker, conversation)
                case CommandWork():
                    await self._answer(conversation, work)
                    continue
                case Turn():
                    with traced(work):
                        again_at = await self.player.play(work, hold)
                    if again_at is None:
                        continue
            if again_at is not None:
                self.due(again_at)
            return

    async def _answer(self, conversation: str, work: CommandWork) -> None:
        key = "nothing_to_cancel" if work.command == "cancel" else work.command
        said = saying(
            self.channels.get(work.route.channel),
            work.route,
            sentence("gateway", key, work.sender.locale),
            locale=work.sender.locale,
        )
        entry = await self.database.write(
            turns.answer_command,
            self.worker,
            conversation,
            work,
            said,
            now=self.clock(),
            fresh_context=work.command == "new",
        )
        self.bus.publish(conversation, entry)
        self.on_delivery()
        log.info("command_answered", command=work.command)


@contextmanager
def traced(turn: Turn) -> Iterator[None]:
    """One attempt at a turn, as logs and traces name it."""
    first, *others = (Mark.of_message(message.id) for message in turn.messages)
    with (
        structlog.contextvars.bound_contextvars(turn=turn.id, trace=first.trace_id),
        span(
            "turn.play",
            first,
            links=others,
            kind="consumer",
            conversation=turn.conversation,
            turn=turn.id,
            channel=turn.route.channel,
            attempt=turn.attempts,
        ),
    ):
        yield
