"""How long things are kept: what was said, files and recordings by their settings.

A file that broke off is kept for a day.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import structlog

from channels.base import FilesAway
from gateway.store import retention, shelf
from gateway.store.engine import Database
from gateway.store.files import FileStore

log = structlog.get_logger()

DAY_SECONDS = 86_400.0
SWEEP_SECONDS = 3600.0
"""Between two sweeps."""
BATCH = 200
"""Files deleted at once; a bucket takes a thousand in one request."""
BATCHES = 50
"""Of one kind in one sweep, so that none goes on and on; the next one goes on."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Deletes files whose time is over. Replicas need not agree: deleting twice is as good."""

    files: FileStore
    retention_days: float
    """Days that files and what was said are kept; 0 for ever."""
    recording_days: float
    """Days recordings are kept; 0 means as all files."""
    clock: Callable[[], float] = time.time
    database: Database | None = None
    """Where what was said is kept."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep while the block lasts."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run)
            yield
            tasks.cancel_scope.cancel()

    async def sweep(self) -> int:
        """Delete what is due; how many files it were. Raises FilesAway."""
        now = self.clock()
        due = [(shelf.unfinished, 1.0)]
        if days := self.recording_days or self.retention_days:
            due.append((shelf.old_recordings, days))
        if self.retention_days:
            due.append((shelf.old_files, self.retention_days))
        gone = 0
        for which, days in due:
            for _ in range(BATCHES):
                swept = await self.files.sweep(which, before=now - days * DAY_SECONDS, limit=BATCH)
                gone += swept
                if swept < BATCH:
                    break
        return gone

    async def forget(self) -> int:
        """Delete what was said too long ago; how many messages and calls it were."""
        if not (self.database and self.retention_days):
            return 0
        before = self.clock() - self.retention_days * DAY_SECONDS
        gone = 0
        for forget in (retention.forget_messages, retention.forget_calls):
            for _ in range(BATCHES):
                forgotten = await self.database.write(forget, before=before, limit=BATCH)
                gone += forgotten
                if forgotten < BATCH:
                    break
        return gone

    async def _run(self) -> None:
        while True:
            try:
                if forgotten := await self.forget():
                    log.info("forgotten", records=forgotten)
            except Exception:
                # Nobody waits for this, and the next sweep finds the same.
                log.exception("not_forgotten")
            try:
                if gone := await self.sweep():
                    log.info("files_swept", files=gone)
            except FilesAway as away:
                log.warning("files_not_swept", error=str(away))
            except Exception:
                # Nobody waits for this, and the next sweep finds the same.
                log.exception("files_not_swept")
            await anyio.sleep(SWEEP_SECONDS)
