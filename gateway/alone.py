"""What only one replica may do at a time, by a lease in the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import anyio
import structlog

from gateway.store import duties
from gateway.store.engine import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Leased:
    """Implements `channels.base.Alone`."""

    worker: str
    database: Database
    lease_seconds: float
    clock: Callable[[], float] = time.time

    async def __call__(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            if await self._take(what):
                log.info("duty_taken", duty=what)
                try:
                    await self._while_ours(what, work)
                finally:
                    with anyio.move_on_after(self.lease_seconds, shield=True):
                        await self.database.write(duties.give_back, what, self.worker)
            await anyio.sleep(self.lease_seconds / 3)

    async def _while_ours(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            while True:
                # By our own clock, should the database not answer: then nobody prolongs it.
                with anyio.move_on_after(self.lease_seconds * 2 / 3) as late:
                    await anyio.sleep(self.lease_seconds / 3)
                    if await self._take(what):
                        continue
                log.warning("duty_lost", duty=what, late=late.cancelled_caught)
                tasks.cancel_scope.cancel()
                return

    async def _take(self, what: str) -> bool:
        try:
            now = self.clock()
            return await self.database.write(
                duties.take, what, self.worker, now=now, until=now + self.lease_seconds
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the duty is not surely ours
            log.warning("duty_not_taken", duty=what, error=type(error).__name__)
            return False
