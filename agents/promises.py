"""Tells under a task how what was promised in it has ended; with the last end it ends itself."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import structlog
from a2a.types import Part, TaskState
from a2a.utils.errors import TaskNotFoundError
from anyio import create_memory_object_stream

from agents import folds
from agents.ledger import Elsewhere, Ledger, Live
from agents.records.base import UNENDED, Clock, Query, Records, RecordsError, TaskKind
from agents.records.base import TaskState as RecordState
from agents.records.protocol import SqlTaskStore

log = structlog.get_logger()

_END = {
    RecordState.DONE: TaskState.TASK_STATE_COMPLETED,
    RecordState.CANCELED: TaskState.TASK_STATE_CANCELED,
    RecordState.FAILED: TaskState.TASK_STATE_FAILED,
}


class Promises:
    """What was promised under tasks; `run` keeps it."""

    def __init__(
        self,
        ledger: Ledger,
        store: SqlTaskStore,
        records: Records,
        clock: Clock,
        busy: Callable[[str], bool],
    ) -> None:
        """`busy` tells whether something of a task is being answered: then ends wait."""
        self._ledger = ledger
        self._store = store
        self._records = records
        self._clock = clock
        self._busy = busy
        self._due, self._dues = create_memory_object_stream[str](inf)

    def look_at(self, task: str) -> None:
        """Have a task looked at: something of what it promised may have ended."""
        self._due.send_nowait(task)

    async def run(self) -> None:
        """Tell ends, one at a time, so that none is told twice."""
        async with self._due, self._dues:
            async for task in self._dues:
                try:
                    async with self._ledger.own(task) as live:
                        await self._settle(live)
                except TaskNotFoundError:
                    log.info("promise_without_task", task=task)
                except Elsewhere:
                    log.info("promise_elsewhere", task=task)
                except Exception:
                    log.exception("settling_failed", task=task)

    async def adopt(self, task: str) -> None:
        """Count the reminders that an interrupted turn set as promised: they will fire."""
        query = Query(a2a_task=task, kind=TaskKind.REMINDER, states=UNENDED, limit=100)
        for record in (await self._records.tasks(query)).items:
            await self._store.promise(task, record.id)

    async def cancel(self, task: str) -> None:
        """Cancel what was promised under a task."""
        for promise in await self._store.promises(task):
            try:
                await self._records.end_task(promise.record, RecordState.CANCELED)
            except RecordsError:
                log.info("promise_over", task=task, record=promise.record)

    async def _settle(self, live: Live) -> None:
        id = live.task.id
        if self._busy(id) or live.task.status.state in folds.RESTING:
            return
        promises = await self._store.promises(id)
        if not promises:
            return
        records = {p.record: await self._records.task(p.record) for p in promises}
        waiting = any(not record.state.ended for record in records.values())
        untold = [
            records[p.record] for p in promises if not p.told and records[p.record].state.ended
        ]
        for record in untold:
            ends = not waiting and record is untold[-1]
            state = _END[record.state] if ends else TaskState.TASK_STATE_WORKING
            if not await self._tell_end(live, state, record.outcome, told=record.id):
                # A message waits that came by another replica: its answer ends the task.
                state = TaskState.TASK_STATE_WORKING
                await self._tell_end(live, state, record.outcome, told=record.id)
        if not waiting and not untold:
            await self._tell_end(live, TaskState.TASK_STATE_COMPLETED, "", told="")

    async def _tell_end(self, live: Live, state: TaskState, outcome: str, *, told: str) -> bool:
        parts = [Part(text=outcome)] if outcome else []
        notice = bool(parts) and state == TaskState.TASK_STATE_WORKING
        update = folds.status_update(live.task, state, self._clock(), parts, notice=notice)
        return await self._ledger.tell(live, update, told=told)
