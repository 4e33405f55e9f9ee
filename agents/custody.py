"""What replicas that share a database owe each other: to renew, to heed and to take up.

Three rhythms, all slow beside a database: a glance at the tasks we own or somebody follows here,
only while there are such; the renewal of our leases; a sweep for what nobody has any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import anyio
import structlog
from a2a.types import Task
from anyio.abc import TaskGroup

from agents.ledger import Ledger
from agents.records.leases import Leases

log = structlog.get_logger()

GLANCE_SECONDS = 0.15
"""Between two looks at what other replicas did to our tasks, or to those followed here."""
RENEWALS = 4
"""How often a lease is renewed while it lasts; one may fail."""
SWEEPS = 6
"""How often orphans are looked for while a lease lasts."""
PROMISE_SWEEPS = 4
"""Of so many sweeps one looks for ends that were not told, too."""
AT_ONCE = 50
"""Orphans to take in one sweep; the other replicas take theirs."""


class Hands(Protocol):
    """Who does what has to be done."""

    async def take_over(self, task: str) -> None:
        """Go on with a task that nobody has."""

    async def take_in(self, task: str) -> None:
        """Answer what another replica left in a task of ours."""

    async def stop(self, task: str) -> None:
        """Cancel a task of ours."""

    def lose(self, task: str) -> None:
        """Stop what is done for a task, for it is another's now."""

    def promise_due(self, task: str) -> None:
        """Tell what has ended under a task."""

    def push_end(self, task: Task) -> None:
        """Push the end of a task."""


class Custody:
    """Watches over the leases of this replica; `run` it."""

    def __init__(self, leases: Leases, ledger: Ledger, hands: Hands) -> None:
        self._leases = leases
        self._ledger = ledger
        self._hands = hands
        self._revisions: dict[str, int] = {}
        self._at_work: set[tuple[str, str]] = set()
        self._poked = anyio.Event()

    def poke(self) -> None:
        """Sweep at once: something was just given back in which messages wait."""
        self._poked.set()

    async def run(self, group: TaskGroup) -> None:
        """Start the three rhythms, after a first sweep."""
        await self._sweep(group, promises=True)
        group.start_soon(self._glances, group)
        group.start_soon(self._renewals)
        group.start_soon(self._sweeps, group)

    async def _glances(self, group: TaskGroup) -> None:
        while True:
            await anyio.sleep(GLANCE_SECONDS)
            try:
                await self._glance(group)
            except Exception:
                log.exception("glance_failed")

    async def _glance(self, group: TaskGroup) -> None:
        owned, followed = self._ledger.owned(), self._ledger.followed()
        if not owned and not followed:
            self._revisions.clear()
            return
        seen = await self._leases.look([*owned, *followed])
        for id in followed:
            revision = seen.revisions.get(id)
            if revision is not None and self._revisions.get(id) != revision:
                await self._ledger.refresh(id)
        self._revisions = {id: seen.revisions[id] for id in followed if id in seen.revisions}
        for id, live in owned.items():
            if id in seen.canceled:
                self._begin(group, "stop", id, self._hands.stop)
            known = {message.message_id for message in live.task.history}
            if seen.open.get(id, set()) - known:
                self._begin(group, "take_in", id, self._hands.take_in)

    async def _renewals(self) -> None:
        while True:
            await anyio.sleep(self._leases.seconds / RENEWALS)
            try:
                held = self._ledger.owned()
                ours = await self._leases.renew(held)
                for id, live in held.items():
                    if id not in ours and live.owned and not live.over:
                        log.warning("lease_lost", task=id)
                        live.owned = False
                        self._hands.lose(id)
            except Exception:
                log.exception("renewal_failed")

    async def _sweeps(self, group: TaskGroup) -> None:
        count = 0
        while True:
            self._poked = poked = anyio.Event()
            with anyio.move_on_after(self._leases.seconds / SWEEPS):
                await poked.wait()
            count += 1
            try:
                await self._sweep(group, promises=count % PROMISE_SWEEPS == 0)
            except Exception:
                log.exception("sweep_failed")

    async def _sweep(self, group: TaskGroup, *, promises: bool) -> None:
        for id in await self._leases.orphans(AT_ONCE):
            self._begin(group, "take_over", id, self._hands.take_over)
        for task in await self._leases.claim_owed(AT_ONCE):
            self._hands.push_end(task)
        if promises:
            for id in await self._leases.due(AT_ONCE):
                self._hands.promise_due(id)

    def _begin(
        self, group: TaskGroup, what: str, id: str, work: Callable[[str], Awaitable[None]]
    ) -> None:
        """Do it beside the rhythm, unless it is being done."""
        if (what, id) not in self._at_work:
            self._at_work.add((what, id))
            group.start_soon(partial(self._do, what, id, work))

    async def _do(self, what: str, id: str, work: Callable[[str], Awaitable[None]]) -> None:
        try:
            await work(id)
        except Exception:
            log.exception("custody_stumbled", what=what, task=id)
        finally:
            self._at_work.discard((what, id))
