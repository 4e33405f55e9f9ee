"""Which replica plays which task, where several share one database.

Who plays a task holds a lease on it and alone may change it. Leases are told by the database's
clock, so the replicas' own may differ. On SQLite there is one process, and nothing of this.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from a2a.types import Task, TaskState
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    and_,
    case,
    cast,
    exists,
    extract,
    func,
    not_,
    or_,
    select,
    update,
)

from agents.records import tables as t
from agents.records.base import UNENDED
from agents.records.engine import Database

RUNNING = (TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING)
ENDED = (
    TaskState.TASK_STATE_COMPLETED,
    TaskState.TASK_STATE_FAILED,
    TaskState.TASK_STATE_CANCELED,
    TaskState.TASK_STATE_REJECTED,
)

_task, _message = t.a2a_tasks.c, t.a2a_messages.c


class LeaseLost(Exception):
    """Another replica has the task: what was to be stored was not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How tasks stand, at a glance."""

    revisions: dict[str, int]
    """Rises with each change."""
    canceled: frozenset[str]
    """Those that somebody at another replica wants stopped."""
    open: dict[str, set[str]]
    """Ids of the messages that are not answered yet."""


class Leases:
    """The leases of one replica, called `owner`, which last so many seconds unless renewed."""

    def __init__(self, database: Database, owner: str, seconds: float) -> None:
        self._database = database
        self.owner = owner
        self.seconds = seconds

    def granted(self) -> dict[str, Any]:
        """Columns of a task that is ours from now on."""
        return {"owner": self.owner, "until": _now() + self.seconds}

    def ended(self, owed: ColumnElement[bool]) -> dict[str, Any]:
        """Columns of a task that has ended: ours only as long as its end is `owed`."""
        return {"owner": case((owed, self.owner), else_="")}

    def mine(self) -> ColumnElement[bool]:
        return _task.owner == self.owner

    async def claim(self, task: str) -> Task | None:
        """Take a task that has not ended; None if it has, or is another's."""
        free = or_(_free(self.seconds), self.mine())
        chosen = _locked(and_(_task.id == task, _task.state.not_in(ENDED), free), 1)
        claimed = (
            update(t.a2a_tasks)
            .where(_task.id.in_(chosen))
            .values(**self.granted(), cancel=False)
            .returning(_task.body)
        )
        body = await self._database.write(lambda c: c.scalar(claimed))
        return None if body is None else Task.FromString(body)

    async def release(self, task: str) -> bool:
        """Give a task back; true if messages wait in it, which another replica may have left."""
        given = update(t.a2a_tasks).where(_task.id == task, self.mine(), _task.state.not_in(ENDED))

        def work(c: Connection) -> bool:
            c.execute(given.values(owner="", until=0.0))
            return bool(c.scalar(select(_open_message(task))))

        return await self._database.write(work)

    async def renew(self, held: Collection[str]) -> frozenset[str]:
        """Prolong the leases of those held, and of ends we owe; returns those still ours."""
        renewed = (
            update(t.a2a_tasks)
            .where(self.mine(), or_(_task.id.in_(held), _task.owed))
            .values(until=_now() + self.seconds)
            .returning(_task.id)
        )
        return frozenset(await self._database.write(lambda c: c.scalars(renewed).all()))

    async def give_up_all(self) -> None:
        """Give back everything, for others to go on with at once."""
        given = update(t.a2a_tasks).where(self.mine()).values(owner="", until=0.0)
        await self._database.write(lambda c: c.execute(given))

    async def look(self, tasks: Collection[str]) -> Seen:
        standing = select(_task.id, _task.revision, _task.cancel).where(_task.id.in_(tasks))
        waiting = select(_message.task, _message.id).where(
            _message.task.in_(tasks), _message.answered.is_(False)
        )

        def work(c: Connection) -> Seen:
            rows = c.execute(standing).all()
            open: dict[str, set[str]] = {}
            for row in c.execute(waiting):
                open.setdefault(row.task, set()).add(row.id)
            canceled = frozenset(row.id for row in rows if row.cancel)
            return Seen({row.id: row.revision for row in rows}, canceled, open)

        return await self._database.read(work)

    async def waiting(self, task: str) -> bool:
        """Whether a message waits to be answered in a task that has not ended."""
        open = exists().where(_task.id == task, _task.state.not_in(ENDED), _open_message(_task.id))
        return bool(await self._database.read(lambda c: c.scalar(select(open))))

    async def mark_canceled(self, task: str) -> None:
        """Ask whoever holds a task to stop it."""
        marked = update(t.a2a_tasks).where(_task.id == task, _task.until > _now())
        await self._database.write(lambda c: c.execute(marked.values(cancel=True)))

    async def keep_for_draft(self, task: str, seconds: float) -> None:
        """Note that somebody's draft would continue a task."""
        kept = update(t.a2a_tasks).where(_task.id == task).values(draft_until=_now() + seconds)
        await self._database.write(lambda c: c.execute(kept))

    async def drop_draft(self, task: str) -> bool:
        """Undo `keep_for_draft`; whether there was such a draft."""
        kept = update(t.a2a_tasks).where(_task.id == task, _task.draft_until > _now())
        dropped = await self._database.write(lambda c: c.execute(kept.values(draft_until=0.0)))
        return bool(dropped.rowcount)

    async def orphans(self, limit: int) -> list[str]:
        """Tasks with messages to be answered and nobody who does."""
        chosen = (
            select(_task.id)
            .join(t.a2a_messages, _message.task == _task.id)
            .where(_message.answered.is_(False), _task.state.not_in(ENDED), _free(self.seconds))
            .group_by(_task.id, _task.seq)
            .order_by(_task.seq)
            .limit(limit)
        )
        return list(await self._database.read(lambda c: c.scalars(chosen).all()))

    async def due(self, limit: int) -> list[str]:
        """Tasks that nobody plays of which something promised has ended and is not told."""
        promise, record = t.a2a_promises.c, t.tasks.c
        mine = promise.task == _task.id
        untold = and_(mine, promise.told.is_(False))
        ended = exists().where(untold, record.id == promise.record, record.state.not_in(UNENDED))
        chosen = (
            select(_task.id)
            .where(
                _task.state.in_(RUNNING),
                _free(self.seconds),
                exists().where(mine),
                or_(ended, not_(exists().where(untold))),
                not_(_open_message(_task.id)),
            )
            .limit(limit)
        )
        return list(await self._database.read(lambda c: c.scalars(chosen).all()))

    async def claim_owed(self, limit: int) -> list[Task]:
        """Take ended tasks whose end is to be pushed, and nobody does."""
        chosen = _locked(and_(_task.owed, _task.state.in_(ENDED), _free(self.seconds)), limit)
        claimed = update(t.a2a_tasks).where(_task.id.in_(chosen)).values(**self.granted())
        bodies = await self._database.write(
            lambda c: c.scalars(claimed.returning(_task.body)).all()
        )
        return [Task.FromString(body) for body in bodies]


def unanswered(c: Connection, task: str, *, besides: str) -> bool:
    """Lock a task and tell whether a message other than `besides` waits in it."""
    # Who leaves a message for us locks the task as well: it is seen here, or told of the end.
    c.execute(select(_task.id).where(_task.id == task).with_for_update())
    return bool(c.scalar(select(_open_message(task, besides))))


def leave(c: Connection, task: str) -> tuple[Task, bool] | None:
    """Lock a task to leave a message in it: how it stands, and whether nobody has it."""
    chosen = select(_task.body, (_task.until <= _now()).label("free"))
    row = c.execute(chosen.where(_task.id == task).with_for_update()).first()
    return row and (Task.FromString(row.body), row.free)


def _open_message(task: Any, besides: str = "") -> ColumnElement[bool]:
    return exists().where(
        _message.task == task, _message.answered.is_(False), _message.id != besides
    )


def _locked(wanted: ColumnElement[bool], limit: int) -> Any:
    chosen = select(_task.id).where(wanted).limit(limit).with_for_update(skip_locked=True)
    # As a table of its own: looked up once, it locks `limit` rows and no more.
    return select(chosen.cte("chosen").c.id)


def _free(seconds: float) -> ColumnElement[bool]:
    # While the server was down nobody could renew; so first they get the time to.
    up = _now() - extract("epoch", func.pg_postmaster_start_time())
    return and_(_task.until <= _now(), up > seconds)


def _now() -> ColumnElement[float]:
    return cast(extract("epoch", func.clock_timestamp()), Double)
