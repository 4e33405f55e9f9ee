"""Takes messages, has them answered, keeps promises, and picks up what a kill left behind."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf

import anyio
import structlog
from a2a.types import Message, Part, Task, TaskPushNotificationConfig, TaskState
from a2a.utils.errors import (
    InvalidParamsError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from anyio import CancelScope, create_memory_object_stream
from anyio.abc import TaskGroup

from agents import folds
from agents.base import Brain
from agents.drafts import Draft, Drafts, unmarked
from agents.executor import Executor, Final
from agents.ledger import Ledger, Live, TaskOver
from agents.records.base import UNENDED, Clock, Query, Records, RecordsError, TaskKind
from agents.records.base import Task as Record
from agents.records.base import TaskState as RecordState
from agents.records.protocol import SqlPushConfigs, SqlTaskStore, Unfinished

log = structlog.get_logger()

_END = {
    RecordState.DONE: TaskState.TASK_STATE_COMPLETED,
    RecordState.CANCELED: TaskState.TASK_STATE_CANCELED,
    RecordState.FAILED: TaskState.TASK_STATE_FAILED,
}


@dataclass(eq=False)
class _Run:
    """A task whose messages are being answered, one after the other."""

    waiting: deque[Message]
    final: Final | None = None
    """Set when the first of them is a draft."""
    scope: CancelScope = field(default_factory=CancelScope)
    finished: anyio.Event = field(default_factory=anyio.Event)


class Desk:
    """Where messages to the agent are taken and answered. Enter `running` before use."""

    def __init__(
        self,
        *,
        brain: Brain,
        ledger: Ledger,
        store: SqlTaskStore,
        targets: SqlPushConfigs,
        records: Records,
        clock: Clock,
        draft_life: float,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._targets = targets
        self._records = records
        self._clock = clock
        self._at_once = brain.at_once
        self._executor = Executor(brain, ledger, store, clock)
        self._drafts = Drafts()
        self._draft_life = draft_life
        self._runs: dict[str, _Run] = {}
        self._group: TaskGroup | None = None
        self._due, self._dues = create_memory_object_stream[str](inf)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own all work under way; first take up what an earlier process left."""
        async with self._due, self._dues, anyio.create_task_group() as group:
            self._group = group
            for left in await self._store.unfinished():
                await self._take_up(left)
            group.start_soon(self._keep_promises)
            try:
                yield
            finally:
                self._group = None
                group.cancel_scope.cancel()

    async def take(self, message: Message, target: TaskPushNotificationConfig | None) -> str:
        """Store a message and have it answered; returns the id of its task.

        A message id that was taken in this context before changes nothing. Updates of the
        task are pushed to `target`. A draft is not stored; the same message without its mark
        makes it real. Raises A2AError.
        """
        folds.check(message)
        if unmarked(message):
            return await self._take_draft(message)
        draft = self._drafts.of(message)
        if draft and self._drafts.take(draft):
            return await self._make_real(draft, message, target)
        return await self._take(message, target)

    async def _take(self, message: Message, target: TaskPushNotificationConfig | None) -> str:
        if message.task_id:
            return await self._take_further(message, target)
        message.context_id = message.context_id or str(uuid.uuid4())
        message.task_id = str(uuid.uuid4())
        task = folds.new_task(message.task_id, message, self._clock())
        id = await self._ledger.take(task, message)
        await self._begin(id, target, task if id == task.id else None, message)
        return id

    async def _take_draft(self, message: Message) -> str:
        """As `take`, for a message whose words may yet change."""
        message.context_id = message.context_id or str(uuid.uuid4())
        if message.task_id:
            await self._check_open(message)
        known = await self._store.started(message.context_id, message.message_id)
        if known:
            return known
        before = self._drafts.of(message)
        if before and before.says(message):
            return before.task
        draft = Draft(message, message.task_id or str(uuid.uuid4()), bool(message.task_id))
        self._drafts.add(draft)
        if not draft.held:
            message.task_id = draft.task
            task = folds.new_task(draft.task, message, self._clock())
            self._start(task, message, final=draft.final)
        if self._group is not None:
            self._group.start_soon(self._expire, draft)
        if before:
            await self._unsay(before)
        return draft.task

    async def _check_open(self, message: Message) -> None:
        async with self._ledger.hold(message.task_id) as live:
            if message.context_id != live.task.context_id:
                raise InvalidParamsError("contextId is not the one of the task")
            if folds.ended(live.task):
                raise UnsupportedOperationError("the task has ended; start a new one")

    async def _make_real(
        self, draft: Draft, message: Message, target: TaskPushNotificationConfig | None
    ) -> str:
        """Take a message that came before as a draft, which is ours to decide over."""
        if not draft.says(message) or draft.held:
            try:
                return await self._take(message, target)
            finally:
                if draft.held:
                    draft.end(real=draft.says(message))
                else:
                    await self._unsay(draft)
        message.task_id = draft.task
        try:
            async with self._ledger.hold(draft.task) as live:
                id = await self._ledger.make_real(live, message)
                if target:
                    await self._targets.add(id, target)
                    self._ledger.push(live.task)
        except BaseException:
            await self._unsay(draft)
            raise
        if id == draft.task:
            draft.end(real=True)
        else:
            await self._unsay(draft)
        return id

    def held(self, message: Message) -> Draft | None:
        """The draft that a message is, if nothing is done before it is final."""
        draft = self._drafts.of(message)
        return draft if draft and draft.held else None

    async def _expire(self, draft: Draft) -> None:
        with anyio.move_on_after(self._draft_life):
            await draft.over.wait()
        if self._drafts.take(draft):
            log.info("draft_expired", task=draft.task)
            await self._unsay(draft)

    async def _unsay(self, draft: Draft) -> None:
        """Let a draft never have been; whoever listens hears that it is cancelled."""
        self._drafts.take(draft)
        run = self._runs.get(draft.task)
        if run and not draft.held:
            with CancelScope(shield=True):
                # Kept beyond the end of its run, for those who listen.
                async with self._ledger.hold(draft.task) as live:
                    run.scope.cancel()
                    await run.finished.wait()
                    state = TaskState.TASK_STATE_CANCELED
                    gone = folds.status_update(live.task, state, self._clock())
                    await self._ledger.tell(live, gone)
        draft.end(real=False)

    async def answered(self, task: str) -> None:
        """Wait until nothing of a task is being answered."""
        run = self._runs.get(task)
        if run:
            await run.finished.wait()

    async def cancel(self, id: str) -> Task:
        """Stop what is done for a task, and all that it promised. Raises A2AError.

        While there is a draft for it, that is taken back, and nothing else.
        """
        draft = self._drafts.to(id)
        async with self._ledger.hold(id) as live:
            if folds.ended(live.task):
                raise TaskNotCancelableError
            if draft and self._drafts.take(draft):
                await self._unsay(draft)
                return live.task
            run = self._runs.get(id)
            if run:
                run.scope.cancel()
                await run.finished.wait()
            for promise in await self._store.promises(id):
                try:
                    await self._records.end_task(promise.record, RecordState.CANCELED)
                except RecordsError:
                    log.info("promise_over", task=id, record=promise.record)
            canceled = folds.status_update(live.task, TaskState.TASK_STATE_CANCELED, self._clock())
            try:
                await self._ledger.tell(live, canceled)
            except TaskOver:
                if live.task.status.state != TaskState.TASK_STATE_CANCELED:
                    raise TaskNotCancelableError from None
            return live.task

    def record_changed(self, record: Record) -> None:
        """Hear that a record was changed: its end may be one that was promised."""
        if record.state.ended and record.a2a_task:
            self._due.send_nowait(record.a2a_task)

    async def _take_further(
        self, message: Message, target: TaskPushNotificationConfig | None
    ) -> str:
        """As `take`, for a message that names its task."""
        async with self._ledger.hold(message.task_id) as live, live.lock:
            task = live.task
            if message.context_id and message.context_id != task.context_id:
                raise InvalidParamsError("contextId is not the one of the task")
            message.context_id = task.context_id
            known = await self._store.started(message.context_id, message.message_id)
            if known:
                await self._begin(known, target, None, message)
                return known
            if folds.ended(task):
                raise UnsupportedOperationError("the task has ended; start a new one")
            resumed = folds.resume(task, message, self._clock())
            await self._ledger.take_further(live, resumed, message)
            # Still under the lock, so that the task cannot end before it knows of the message.
            await self._begin(task.id, target, resumed, message)
            return task.id

    async def _begin(
        self,
        id: str,
        target: TaskPushNotificationConfig | None,
        task: Task | None,
        message: Message,
    ) -> None:
        """Have a stored message answered, if it is new: then `task` is how its task stands."""
        try:
            if target:
                await self._targets.add(id, target)
        finally:
            # It is stored: whatever happens, it is answered.
            if task:
                self._start(task, message)

    def _start(self, task: Task, *messages: Message, final: Final | None = None) -> None:
        run = self._runs.get(task.id)
        if run:
            run.waiting.extend(messages)
            return
        if self._group is None:
            raise RuntimeError("the desk is not running")
        run = self._runs[task.id] = _Run(deque(messages), final)
        self._ledger.keep(task, draft=final is not None)
        self._group.start_soon(self._run, task.id, run)

    async def _run(self, task: str, run: _Run) -> None:
        waits = False
        try:
            with run.scope:
                while run.waiting:
                    message = run.waiting.popleft()
                    waits = await self._executor.run(
                        task, message, more=lambda: bool(run.waiting), final=run.final
                    )
        except Exception:
            # Nothing could be saved, not even the failure; a restart takes it up.
            log.exception("turn_lost", task=task)
        finally:
            del self._runs[task]
            self._ledger.release(task)
            run.finished.set()
            if waits:
                self._due.send_nowait(task)

    async def _take_up(self, left: Unfinished) -> None:
        """Answer what a kill interrupted, if nothing came of it yet; else say so."""
        task = left.task.id
        if not left.messages:
            self._due.send_nowait(task)
        elif left.touched or (not self._at_once and await self._recorded(task)):
            log.warning("turn_interrupted", task=task)
            await self._adopt(task)
            await self._executor.give_up(task, left.messages[0])
            self._due.send_nowait(task)
        else:
            log.info("turn_restarted", task=task)
            self._start(left.task, *left.messages)

    async def _adopt(self, task: str) -> None:
        """Count the reminders that an interrupted turn set as promised: they will fire."""
        query = Query(a2a_task=task, kind=TaskKind.REMINDER, states=UNENDED, limit=100)
        for record in (await self._records.tasks(query)).items:
            await self._store.promise(task, record.id)

    async def _recorded(self, task: str) -> bool:
        made = Query(a2a_task=task, limit=1)
        tasks, artifacts = await self._records.tasks(made), await self._records.artifacts(made)
        return bool(tasks.items or artifacts.items)

    async def _keep_promises(self) -> None:
        # One at a time, so that no end is told twice.
        async for task in self._dues:
            try:
                await self._settle(task)
            except TaskNotFoundError:
                log.info("promise_without_task", task=task)
            except Exception:
                log.exception("settling_failed", task=task)

    async def _settle(self, id: str) -> None:
        """Tell the ends of what was promised under a task; with the last one it ends."""
        async with self._ledger.hold(id) as live:
            if id in self._runs or live.task.status.state in folds.RESTING:
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
                await self._tell_end(live, state, record.outcome, told=record.id)
            if not waiting and not untold:
                await self._tell_end(live, TaskState.TASK_STATE_COMPLETED, "", told="")

    async def _tell_end(self, live: Live, state: TaskState, outcome: str, *, told: str) -> None:
        parts = [Part(text=outcome)] if outcome else []
        notice = bool(parts) and state == TaskState.TASK_STATE_WORKING
        update = folds.status_update(live.task, state, self._clock(), parts, notice=notice)
        await self._ledger.tell(live, update, told=told)
