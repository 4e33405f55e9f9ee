"""The conductor of written conversation: whose turn it is, and which worker plays it.

A conversation is due when something in it waits. A worker leases it, plays turns until
nothing waits, and gives it back; a worker that dies loses its lease and another goes on.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.base import Channel
from gateway.bus.base import Bus
from gateway.following import Following
from gateway.hold import Hold
from gateway.saying import saying
from gateway.store import leases, turns
from gateway.store.base import CommandWork, LeaseLost, Turn
from gateway.store.engine import Database
from gateway.turn import TurnPlayer
from prompts import sentence

log = structlog.get_logger()

AT_ONCE = 500
"""Conversations one worker plays at the same time."""

SWEEP_SECONDS = 1.0
"""How often to look for work that nobody told us of: after a crash, or from a replica."""

BREATH_SECONDS = 0.02
"""Least time between two looks, so that a crowd arriving at once is claimed in one."""

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
    clock: Callable[[], float] = time.time
    _holds: dict[str, Hold] = field(default_factory=dict)
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
            with anyio.CancelScope(shield=True):
                await self.database.write(leases.yield_up, self.worker, now=self.clock())

    def due(self, at: float) -> None:
        """Something will want looking at, at `at` (epoch seconds)."""
        if at < self._due_at:
            self._due_at = at
            self._wake.set()

    def cancel(self, conversation: str) -> None:
        """The person wants the turn under way to stop."""
        if hold := self._holds.get(conversation):
            hold.cancel()
        self.following.look()

    # -- claiming and leases ---------------------------------------------------------

    async def _claim(self, tasks: TaskGroup) -> None:
        while True:
            now = self.clock()
            # What becomes due from here on may be too late for this look.
            self._due_at = math.inf
            claimed, next_due = await self.database.write(
                leases.claim,
                self.worker,
                now=now,
                until=now + self.lease_seconds,
                limit=AT_ONCE - len(self._holds),
                held=list(self._holds),
            )
            self.due(next_due)
            for conversation in claimed:
                self._holds[conversation] = hold = Hold()
                tasks.start_soon(self._converse, conversation, hold)
            await anyio.sleep(BREATH_SECONDS)
            await self._until_due()

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
                log.warning("lease_lost")
            except Exception:
                # One conversation that cannot be played must not silence all the others.
                log.exception("conversation_failed")
                await self.database.write(
                    leases.rest, self.worker, conversation, until=self.clock() + REST_SECONDS
                )
            finally:
                del self._holds[conversation]

    async def _play(self, conversation: str, hold: Hold) -> None:
        while True:
            now = self.clock()
            work = await self.database.write(turns.next_work, self.worker, conversation, now=now)
            match work:
                case None:
                    again_at = await self.database.write(leases.release, self.worker, conversation)
                case CommandWork():
                    await self._answer(conversation, work)
                    continue
                case Turn():
                    with structlog.contextvars.bound_contextvars(turn=work.id):
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
