"""Takes messages, has them answered, keeps promises, and picks up what a kill left behind."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
import structlog
from a2a.types import Message, Task, TaskPushNotificationConfig, TaskState
from a2a.utils.errors import (
    InvalidParamsError,
    TaskNotCancelableError,
    UnsupportedOperationError,
)
from anyio import CancelScope
from sqlalchemy.exc import SQLAlchemyError

from agents import folds
from agents.base import Brain
from agents.custody import GLANCE_SECONDS, Custody
from agents.drafts import Draft, Drafts, unmarked
from agents.executor import Executor
from agents.ledger import Elsewhere, Ledger, Live, TaskOver
from agents.promises import Promises
from agents.records.base import Clock, Query, Records
from agents.records.base import Task as Record
from agents.records.leases import Leases
from agents.records.protocol import SqlPushConfigs, SqlTaskStore, Unfinished
from agents.runs import Runs

log = structlog.get_logger()


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
        leases: Leases | None = None,
        push_end: Callable[[Task], None] = lambda _: None,
    ) -> None:
        """With `leases` others work on the same tasks; `push_end` then does it for them."""
        self._ledger = ledger
        self._store = store
        self._targets = targets
        self._records = records
        self._clock = clock
        self._at_once = brain.at_once
        self._executor = Executor(brain, ledger, store, clock)
        self._drafts = Drafts()
        self._draft_life = draft_life
        self._runs = Runs(ledger, self._executor, promised=self.promise_due, left=self._left)
        self._promises = Promises(ledger, store, records, clock, busy=self._runs.__contains__)
        self._leases = leases
        self.push_end = push_end
        self._custody = Custody(leases, ledger, self) if leases else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own all work under way; first take up what an earlier process left."""
        try:
            async with anyio.create_task_group() as group:
                self._runs.group = group
                if self._custody:
                    await self._custody.run(group)
                else:
                    for left in await self._store.unfinished():
                        if left.messages:
                            async with self._ledger.own(left.task.id) as live:
                                await self._take_up(live, left)
                        else:
                            self.promise_due(left.task.id)
                group.start_soon(self._promises.run)
                try:
                    yield
                finally:
                    self._runs.group = None
                    group.cancel_scope.cancel()
        finally:
            if self._leases:
                with anyio.move_on_after(2, shield=True), suppress(SQLAlchemyError):
                    await self._leases.give_up_all()

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
        if draft.held and self._leases:
            await self._leases.keep_for_draft(draft.task, self._draft_life)
        if not draft.held:
            message.task_id = draft.task
            task = folds.new_task(draft.task, message, self._clock())
            self._runs.start(task, message, final=draft.final)
        if self._runs.group is not None:
            self._runs.group.start_soon(self._expire, draft)
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
        if draft.held and self._leases:
            await self._leases.drop_draft(draft.task)
        run = self._runs.of(draft.task)
        if run and not draft.held:
            with CancelScope(shield=True):
                # Kept beyond the end of its run, for those who listen.
                async with self._ledger.hold(draft.task) as live:
                    await run.stop()
                    state = TaskState.TASK_STATE_CANCELED
                    gone = folds.status_update(live.task, state, self._clock())
                    await self._ledger.tell(live, gone)
        draft.end(real=False)

    async def answered(self, task: str) -> None:
        """Wait until nothing of a task is being answered, here or elsewhere."""
        run = self._runs.of(task)
        if run:
            await run.finished.wait()
        while self._leases and await self._leases.waiting(task):  # noqa: ASYNC110 - it is another's
            await anyio.sleep(GLANCE_SECONDS)

    async def known(self, task: str, message: str) -> None:
        """Wait until a task knows of a message, which another replica may have to take in."""
        while self._leases:
            found = await self._ledger.look(task)
            if found is None or folds.ended(found) or folds.knows(found, message):
                return
            await anyio.sleep(GLANCE_SECONDS)

    async def cancel(self, id: str) -> Task:
        """Stop what is done for a task, and all that it promised. Raises A2AError.

        While there is a draft for it, that is taken back, and nothing else.
        """
        asked = False
        while True:
            try:
                return await self._cancel(id)
            except Elsewhere:
                if self._leases:
                    await self._leases.mark_canceled(id)
                asked = True
            except TaskNotCancelableError:
                found = await self._ledger.look(id) if asked else None
                if found and found.status.state == TaskState.TASK_STATE_CANCELED:
                    return found
                raise
            await anyio.sleep(GLANCE_SECONDS)

    async def _cancel(self, id: str) -> Task:
        draft = self._drafts.to(id)
        if draft and self._drafts.take(draft):
            async with self._ledger.hold(id) as live:
                if folds.ended(live.task):
                    raise TaskNotCancelableError
                await self._unsay(draft)
                return live.task
        async with self._ledger.own(id) as live:
            if folds.ended(live.task):
                raise TaskNotCancelableError
            if self._leases and await self._leases.drop_draft(id):
                return live.task
            run = self._runs.of(id)
            if run:
                await run.stop()
            await self._promises.cancel(id)
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
            self._promises.look_at(record.a2a_task)

    async def _take_further(
        self, message: Message, target: TaskPushNotificationConfig | None
    ) -> str:
        """As `take`, for a message that names its task."""
        while True:
            try:
                return await self._take_further_here(message, target)
            except Elsewhere:
                # Stored with the task locked: its owner takes it in, or finds it when it is done.
                left = await self._store.leave(message)
            if left is None:
                continue
            task, id = left
            if id == task.id and folds.ended(task):
                raise UnsupportedOperationError("the task has ended; start a new one")
            await self._begin(id, target, None, message)
            return id

    async def _take_further_here(
        self, message: Message, target: TaskPushNotificationConfig | None
    ) -> str:
        async with self._ledger.hold(message.task_id) as live:
            if message.context_id and message.context_id != live.task.context_id:
                raise InvalidParamsError("contextId is not the one of the task")
            message.context_id = live.task.context_id
        async with self._ledger.own(message.task_id) as live, live.lock:
            task = live.task
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
                self._runs.start(task, message)

    def _left(self) -> None:
        if self._custody:
            self._custody.poke()

    async def take_over(self, task: str) -> None:
        """Go on with a task that no replica has any more."""
        try:
            async with self._ledger.own(task) as live:
                for left in await self._store.unfinished(task):
                    if task not in self._runs:
                        await self._take_up(live, left)
        except Elsewhere:
            log.info("taken_by_another", task=task)

    async def take_in(self, task: str) -> None:
        """Answer what came for a task of ours by another replica."""
        try:
            async with self._ledger.own(task) as live:
                for left in await self._store.unfinished(task):
                    await self._know(live, left.messages)
        except (Elsewhere, TaskOver):
            log.info("taken_by_another", task=task)

    async def stop(self, task: str) -> None:
        """Cancel a task of ours, as somebody asked another replica to."""
        try:
            await self._cancel(task)
        except (Elsewhere, TaskNotCancelableError):
            log.info("cancelled_too_late", task=task)

    def lose(self, task: str) -> None:
        """Stop what is done for a task, for another replica has it."""
        if run := self._runs.of(task):
            run.scope.cancel()

    def promise_due(self, task: str) -> None:
        """Have it looked at whether something promised under a task has ended."""
        self._promises.look_at(task)

    async def _know(self, live: Live, messages: Sequence[Message]) -> None:
        """Let a task know of messages that came by other replicas, and answer them."""
        async with live.lock:
            for message in messages:
                if folds.knows(live.task, message.message_id):
                    continue
                resumed = folds.resume(live.task, message, self._clock())
                await self._ledger.take_in(live, resumed)
                self._runs.start(resumed, message)

    async def _take_up(self, live: Live, left: Unfinished) -> None:
        """Answer what a kill interrupted, if nothing came of it yet; else say so."""
        task = left.task.id
        known = [m for m in left.messages if folds.knows(left.task, m.message_id)]
        if not left.messages:
            self._promises.look_at(task)
        elif not known:
            await self._know(live, left.messages)
        elif left.touched or (not self._at_once and await self._recorded(task)):
            log.warning("turn_interrupted", task=task)
            await self._promises.adopt(task)
            await self._executor.give_up(task, known[0])
            self._promises.look_at(task)
        else:
            log.info("turn_restarted", task=task)
            self._runs.start(left.task, *known)
            await self._know(live, left.messages)

    async def _recorded(self, task: str) -> bool:
        made = Query(a2a_task=task, limit=1)
        tasks, artifacts = await self._records.tasks(made), await self._records.artifacts(made)
        return bool(tasks.items or artifacts.items)
