"""What the task API must not forget: its tasks, the messages it took, promises, push targets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from a2a.server.tasks.push_notification_config_store import normalize_push_notification_config
from a2a.types import (
    ListTasksRequest,
    ListTasksResponse,
    Message,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.constants import DEFAULT_LIST_TASKS_PAGE_SIZE
from a2a.utils.errors import InvalidParamsError
from a2a.utils.task import ListTasksCursor, decode_list_tasks_cursor, encode_list_tasks_cursor
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from agents.records import tables as t
from agents.records.engine import Database
from agents.records.leases import ENDED, RUNNING, LeaseLost, Leases, leave, unanswered
from agents.records.rows import HIGHEST


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A task that had not come to rest when its process ended."""

    task: Task
    touched: bool
    """Whether something was said or done for the oldest of `messages`."""
    messages: tuple[Message, ...]
    """Taken and not answered, oldest first."""


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """That a record's end is to be told under a task."""

    record: str
    told: bool


class SqlTaskStore:
    """A2A tasks in a database, shared by all callers.

    With `leases` a task is changed by its owner only.
    """

    def __init__(self, database: Database, leases: Leases | None = None) -> None:
        self._database = database
        self._leases = leases

    def unit(self) -> AbstractAsyncContextManager[None]:
        """Make one transaction of a block; see Database.unit."""
        return self._database.unit()

    async def put(
        self, task: Task, *, touched: bool | None = None, answered: str = "", told: str = ""
    ) -> bool:
        """Save a known task, owing its push targets the end if this is it.

        `touched` is changed unless None; `answered` is the id of the message this settles,
        `told` of the promised record whose end it tells. False, and nothing is changed, if the
        task would be completed while messages wait in it that came by another replica. Raises
        LeaseLost.
        """
        values = _values(task)
        if answered:
            # Nothing was said or done yet for the message after it.
            values["touched"] = False
        elif touched is not None:
            values["touched"] = touched
        if task.status.state in ENDED:
            owed = exists().where(t.a2a_push.c.task == task.id)
            values["owed"] = owed
            if self._leases:
                values |= self._leases.ended(owed)
        completed = task.status.state == TaskState.TASK_STATE_COMPLETED

        def work(c: Connection) -> bool:
            if completed and self._leases and unanswered(c, task.id, besides=answered):
                return False
            self._put(c, task, values)
            if answered:
                mine = and_(t.a2a_messages.c.task == task.id, t.a2a_messages.c.id == answered)
                c.execute(update(t.a2a_messages).where(mine).values(answered=True))
            if told:
                mine = t.a2a_promises.c.record == told
                c.execute(update(t.a2a_promises).where(mine).values(told=True))
            return True

        return await self._database.write(work)

    async def take(self, task: Task, message: Message, *, touched: bool | None = None) -> str:
        """Store a message and the task as it stands with it, in one transaction.

        `touched` is changed unless None.

        Returns the id of the task the message belongs to: `task`, or the one that the same
        message id started in this context before, and then nothing was changed. Raises LeaseLost.
        """
        values = _values(task) | {"draft_until": 0.0}
        if touched is not None:
            values["touched"] = touched

        def work(c: Connection) -> str:
            known = c.scalar(_started(message.context_id, message.message_id))
            if known:
                return str(known)
            _insert(c, message, task.id)
            self._put(c, task, values)
            return task.id

        try:
            return await self._database.write(work)
        except IntegrityError:  # another process was quicker
            return await self._database.write(work)

    async def leave(self, message: Message) -> tuple[Task, str] | None:
        """Store a message for the replica that has its task.

        The task as it stands, and the id of the task the message belongs to; None if nobody has
        the task. Nothing is stored unless the task goes on, is of the message's context and is
        the one it belongs to.
        """

        def work(c: Connection) -> tuple[Task, str] | None:
            found = leave(c, message.task_id)
            if found is None:
                return None
            task, free = found
            known = c.scalar(_started(task.context_id, message.message_id))
            if known or task.status.state in ENDED or message.context_id != task.context_id:
                return task, str(known or task.id)
            if free:
                return None
            _insert(c, message, task.id)
            dropped = update(t.a2a_tasks).where(t.a2a_tasks.c.id == task.id)
            c.execute(dropped.values(draft_until=0.0))
            return task, task.id

        return await self._database.write(work)

    async def started(self, context: str, message: str) -> str | None:
        """The task that a message id started or continued in a context."""
        return await self._database.read(lambda c: c.scalar(_started(context, message)))

    async def get(self, task: str) -> Task | None:
        chosen = select(t.a2a_tasks.c.body).where(t.a2a_tasks.c.id == task)
        body = await self._database.read(lambda c: c.scalar(chosen))
        return None if body is None else Task.FromString(body)

    async def list(self, params: ListTasksRequest) -> ListTasksResponse:
        """Newest change first. Raises InvalidParamsError for a page token that is not ours."""
        table = t.a2a_tasks.c
        wanted: list[ColumnElement[bool]] = []
        if params.context_id:
            wanted.append(table.context == params.context_id)
        if params.status:
            wanted.append(table.state == params.status)
        if params.HasField("status_timestamp_after"):
            after = params.status_timestamp_after.ToNanoseconds()
            wanted.append(table.updated_ns >= max(0, min(after, HIGHEST)))
        size = params.page_size or DEFAULT_LIST_TASKS_PAGE_SIZE
        chosen = select(t.a2a_tasks).where(*wanted)
        if params.page_token:
            at = decode_list_tasks_cursor(params.page_token)
            if at is None or at.timestamp_ns is None or not 0 <= at.timestamp_ns <= HIGHEST:
                raise InvalidParamsError("pageToken is not one that a page of ours ended with")
            same = and_(table.updated_ns == at.timestamp_ns, table.id < at.task_id)
            chosen = chosen.where(or_(table.updated_ns < at.timestamp_ns, same))
        chosen = chosen.order_by(table.updated_ns.desc(), table.id.desc()).limit(size + 1)
        count = select(func.count()).select_from(t.a2a_tasks).where(*wanted)

        def work(c: Connection) -> tuple[Sequence[Any], int]:
            return c.execute(chosen).all(), c.scalar(count) or 0

        rows, total = await self._database.read(work)
        shown, token = rows[:size], ""
        if len(rows) > size:
            last = ListTasksCursor(timestamp_ns=shown[-1].updated_ns, task_id=shown[-1].id)
            token = encode_list_tasks_cursor(last)
        return ListTasksResponse(
            tasks=[Task.FromString(row.body) for row in shown],
            next_page_token=token,
            page_size=size,
            total_size=total,
        )

    async def earlier(self, context: str, task: str, limit: int) -> Sequence[Task]:
        """The context's tasks that began before `task`, oldest first, at most the last `limit`.

        All tasks began before one that is not stored yet.
        """
        table = t.a2a_tasks.c
        before = select(table.seq).where(table.id == task).scalar_subquery()
        chosen = (
            select(table.body)
            .where(table.context == context, table.seq < func.coalesce(before, HIGHEST))
            .order_by(table.seq.desc())
            .limit(limit)
        )
        bodies = await self._database.read(lambda c: c.scalars(chosen).all())
        return [Task.FromString(body) for body in reversed(bodies)]

    async def unfinished(self, task: str = "") -> Sequence[Unfinished]:
        """What a process that was killed left behind, oldest first; of one task or of all."""
        table = t.a2a_tasks.c
        messages = t.a2a_messages.c
        open_message = exists().where(messages.task == table.id, messages.answered.is_(False))
        asked = and_(table.state == TaskState.TASK_STATE_INPUT_REQUIRED, open_message)
        chosen = select(t.a2a_tasks).where(or_(table.state.in_(RUNNING), asked)).order_by(table.seq)
        if task:
            chosen = chosen.where(table.id == task)

        def work(c: Connection) -> Sequence[Unfinished]:
            found = []
            for row in c.execute(chosen).all():
                unanswered = (
                    select(messages.body)
                    .where(messages.task == row.id, messages.answered.is_(False))
                    .order_by(messages.seq)
                )
                bodies = c.scalars(unanswered).all()
                parsed = tuple(Message.FromString(body) for body in bodies)
                found.append(Unfinished(Task.FromString(row.body), row.touched, parsed))
            return found

        return await self._database.read(work)

    async def promise(self, task: str, record: str) -> None:
        """Note that the end of a record is to be told under a task."""

        def work(c: Connection) -> None:
            mine = t.a2a_promises.c.record == record
            if not c.scalar(select(exists().where(mine))):
                c.execute(insert(t.a2a_promises).values(task=task, record=record, told=False))

        await self._database.write(work)

    async def promises(self, task: str) -> Sequence[PromiseRow]:
        table = t.a2a_promises.c
        chosen = select(table.record, table.told).where(table.task == task).order_by(table.seq)
        rows = await self._database.read(lambda c: c.execute(chosen).all())
        return [PromiseRow(row.record, row.told) for row in rows]

    async def owed(self) -> Sequence[Task]:
        """Tasks whose end was not pushed yet."""
        chosen = select(t.a2a_tasks.c.body).where(t.a2a_tasks.c.owed).order_by(t.a2a_tasks.c.seq)
        bodies = await self._database.read(lambda c: c.scalars(chosen).all())
        return [Task.FromString(body) for body in bodies]

    async def settle_push(self, task: str) -> None:
        """Note that a task's end was pushed, or given up on."""
        paid = update(t.a2a_tasks).where(t.a2a_tasks.c.id == task).values(owed=False)
        await self._database.write(lambda c: c.execute(paid))

    def _put(self, c: Connection, task: Task, values: dict[str, Any]) -> None:
        mine = t.a2a_tasks.c.id == task.id
        saved = update(t.a2a_tasks).where(mine)
        if self._leases:
            saved = saved.where(self._leases.mine())
        if c.execute(saved.values(**values, revision=t.a2a_tasks.c.revision + 1)).rowcount:
            return
        fresh = {"touched": False, "owed": False, **values}
        if self._leases:
            if c.scalar(select(exists().where(mine))):
                raise LeaseLost
            fresh |= self._leases.granted()
        c.execute(insert(t.a2a_tasks).values(id=task.id, context=task.context_id, **fresh))


class SqlPushConfigs:
    """Push targets in a database, shared by all callers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, task: str, target: TaskPushNotificationConfig
    ) -> TaskPushNotificationConfig:
        """Store a target under its id, or under the task's own where it has none."""
        config = normalize_push_notification_config(task, target)
        body = config.SerializeToString()

        def work(c: Connection) -> None:
            mine = and_(t.a2a_push.c.task == task, t.a2a_push.c.id == config.id)
            if not c.execute(update(t.a2a_push).where(mine).values(body=body)).rowcount:
                c.execute(insert(t.a2a_push).values(task=task, id=config.id, body=body))

        await self._database.write(work)
        return config

    async def of(self, task: str) -> list[TaskPushNotificationConfig]:
        table = t.a2a_push.c
        chosen = select(table.body).where(table.task == task).order_by(table.seq)
        bodies = await self._database.read(lambda c: c.scalars(chosen).all())
        return [TaskPushNotificationConfig.FromString(body) for body in bodies]

    async def remove(self, task: str, id: str) -> None:
        gone = delete(t.a2a_push).where(t.a2a_push.c.task == task, t.a2a_push.c.id == id)
        await self._database.write(lambda c: c.execute(gone))


def _started(context: str, message: str) -> Any:
    table = t.a2a_messages.c
    return select(table.task).where(table.context == context, table.id == message)


def _values(task: Task) -> dict[str, Any]:
    return {
        "state": int(task.status.state),
        "updated_ns": task.status.timestamp.ToNanoseconds(),
        "body": task.SerializeToString(),
    }


def _insert(c: Connection, message: Message, task: str) -> None:
    c.execute(
        insert(t.a2a_messages).values(
            context=message.context_id,
            id=message.message_id,
            task=task,
            body=message.SerializeToString(),
            answered=False,
        )
    )
