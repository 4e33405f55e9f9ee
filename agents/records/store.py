"""The records in a database."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar, Unpack

from sqlalchemy import Connection, Select, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from agents.records import tables as t
from agents.records.base import (
    ENDED,
    UNENDED,
    AgentRecord,
    Artifact,
    Clock,
    Event,
    NewArtifact,
    NewTask,
    NotFound,
    Page,
    Project,
    Query,
    Records,
    Task,
    TaskChanges,
    TaskEnded,
    TaskKind,
    TaskState,
    TaskUpdate,
)
from agents.records.engine import Database
from agents.records.rows import (
    agent_of,
    artifact_of,
    event_of,
    project_of,
    read_cursor,
    task_of,
    update_of,
    write_cursor,
)

R = TypeVar("R")


class SqlRecords(Records):
    """Records over a `Database` whose schema is at head."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._watchers: list[Callable[[Task], None]] = []

    def watch(self, tell: Callable[[Task], None]) -> None:
        """Have `tell` called, on the event loop, with every task this process made or changed."""
        self._watchers.append(tell)

    async def create_project(self, person: str, name: str) -> Project:
        now, name = self._clock(), " ".join(name.split())

        def work(c: Connection) -> Project:
            key = name.casefold()
            found = c.execute(
                select(t.projects).where(t.projects.c.person == person, t.projects.c.key == key)
            ).first()
            if found:
                return project_of(found)
            project = Project(_new_id(), person, name, created_at=now, updated_at=now)
            values = {k: getattr(project, k) for k in Project.__slots__}
            c.execute(insert(t.projects).values(key=key, **values))
            _note(c, "project.created", project.id, person=person, data={"name": name}, now=now)
            return project

        try:
            return await self._database.write(work)
        except IntegrityError:  # another process was quicker
            return await self._database.write(work)

    async def projects(self, query: Query) -> Page[Project]:
        chosen = select(t.projects)
        if query.person:
            chosen = chosen.where(t.projects.c.person == query.person)
        if query.since:
            chosen = chosen.where(t.projects.c.created_at >= query.since)
        return await self._page(t.projects, chosen, query, project_of)

    async def create_task(self, new: NewTask) -> Task:
        if new.kind is TaskKind.REMINDER and new.due_at is None:
            raise ValueError("a reminder needs the time at which it is due")
        now, id = self._clock(), _new_id()

        def work(c: Connection) -> Task:
            # An attempt before may have gone through, and only its answer been lost.
            if known := c.execute(select(t.tasks).where(t.tasks.c.id == id)).first():
                return task_of(known)
            task = Task(
                id=id,
                person=new.person,
                number=_free_number(c, new.person),
                title=new.title,
                kind=new.kind,
                state=TaskState.OPEN,
                detail=new.detail,
                project=new.project,
                due_at=new.due_at and new.due_at.astimezone(UTC),
                zone=new.zone,
                locale=new.locale,
                context=new.context,
                a2a_task=new.a2a_task,
                outcome="",
                created_at=now,
                updated_at=now,
            )
            c.execute(insert(t.tasks).values({k: getattr(task, k) for k in Task.__slots__}))
            _note_task(c, "task.created", task, now)
            return task

        try:
            task = await self._database.write(work)
        except IntegrityError:  # another process took the number
            task = await self._database.write(work)
        return self._tell(task)

    async def task(self, id: str) -> Task:
        return await self._database.read(lambda c: task_of(_one(c, t.tasks, id)))

    async def tasks(self, query: Query) -> Page[Task]:
        chosen = select(t.tasks)
        for column, value in (
            (t.tasks.c.person, query.person),
            (t.tasks.c.project, query.project),
            (t.tasks.c.kind, query.kind),
            (t.tasks.c.a2a_task, query.a2a_task),
        ):
            if value:
                chosen = chosen.where(column == value)
        if query.states:
            chosen = chosen.where(t.tasks.c.state.in_(query.states))
        if query.since:
            chosen = chosen.where(t.tasks.c.updated_at >= query.since)
        return await self._page(t.tasks, chosen, query, task_of)

    async def open_tasks(self, person: str) -> tuple[Task, ...]:
        chosen = (
            select(t.tasks)
            .where(t.tasks.c.person == person, t.tasks.c.state.in_(UNENDED))
            .order_by(t.tasks.c.number)
        )
        return await self._database.read(lambda c: tuple(task_of(r) for r in c.execute(chosen)))

    async def due(self) -> Task | None:
        """The reminder that fires next, if there is one."""
        chosen = (
            select(t.tasks)
            .where(t.tasks.c.kind == TaskKind.REMINDER, t.tasks.c.state.in_(UNENDED))
            .order_by(t.tasks.c.due_at)
            .limit(1)
        )
        row = await self._database.read(lambda c: c.execute(chosen).first())
        return task_of(row) if row else None

    async def update_task(self, id: str, **changes: Unpack[TaskChanges]) -> Task:
        if changes.get("state") in ENDED:
            raise ValueError("a task is ended by end_task")
        now = self._clock()

        def work(c: Connection) -> Task:
            task = _change(c, id, {**changes, "updated_at": now})
            _note_task(c, "task.updated", task, now)
            return task

        return self._tell(await self._database.write(work))

    async def end_task(self, id: str, state: TaskState, outcome: str = "") -> Task:
        if not state.ended:
            raise ValueError(f"{state} does not end a task")
        now, tried = self._clock(), False

        def work(c: Connection) -> Task:
            nonlocal tried
            again, tried = tried, True
            try:
                task = _change(c, id, {"state": state, "outcome": outcome, "updated_at": now})
            except TaskEnded:
                task = task_of(_one(c, t.tasks, id))
                ours = (state, outcome, now) == (task.state, task.outcome, task.updated_at)
                # The attempt before may have gone through, and only its answer been lost.
                if not (again and ours):
                    raise
                return task
            _note_task(c, "task.ended", task, now)
            return task

        return self._tell(await self._database.write(work))

    async def add_update(self, task: str, text: str) -> TaskUpdate:
        now = self._clock()

        def work(c: Connection) -> TaskUpdate:
            row = _one(c, t.tasks, task)
            entry = TaskUpdate(_new_id(), task, text, TaskState(row.state), now)
            values = {k: getattr(entry, k) for k in TaskUpdate.__slots__}
            c.execute(insert(t.task_updates).values(values))
            c.execute(update(t.tasks).where(t.tasks.c.id == task).values(updated_at=now))
            _note(c, "task.noted", task, person=row.person, data={"update": entry.id}, now=now)
            return entry

        return await self._database.write(work)

    async def updates(self, query: Query) -> Page[TaskUpdate]:
        await self.task(query.task)
        chosen = select(t.task_updates).where(t.task_updates.c.task == query.task)
        if query.since:
            chosen = chosen.where(t.task_updates.c.at >= query.since)
        return await self._page(t.task_updates, chosen, query, update_of)

    async def create_artifact(self, new: NewArtifact) -> Artifact:
        artifact = Artifact(
            id=_new_id(),
            person=new.person,
            name=new.name,
            media_type=new.media_type,
            size=len(new.data),
            task=new.task,
            context=new.context,
            a2a_task=new.a2a_task,
            created_at=self._clock(),
        )

        def work(c: Connection) -> Artifact:
            values = {k: getattr(artifact, k) for k in Artifact.__slots__}
            c.execute(insert(t.artifacts).values(data=new.data, **values))
            about = {"name": new.name, "media_type": new.media_type, "size": artifact.size}
            now = artifact.created_at
            _note(c, "artifact.created", artifact.id, person=new.person, data=about, now=now)
            return artifact

        return await self._database.write(work)

    async def artifact(self, id: str) -> Artifact:
        row = await self._database.read(lambda c: _one(c, t.artifacts, id, _DESCRIPTION))
        return artifact_of(row)

    async def artifact_data(self, id: str) -> bytes:
        row = await self._database.read(lambda c: _one(c, t.artifacts, id, [t.artifacts.c.data]))
        return bytes(row.data)

    async def artifacts(self, query: Query) -> Page[Artifact]:
        chosen = select(*_DESCRIPTION)
        for column, value in (
            (t.artifacts.c.person, query.person),
            (t.artifacts.c.task, query.task),
            (t.artifacts.c.a2a_task, query.a2a_task),
        ):
            if value:
                chosen = chosen.where(column == value)
        if query.since:
            chosen = chosen.where(t.artifacts.c.created_at >= query.since)
        return await self._page(t.artifacts, chosen, query, artifact_of)

    async def events(self, query: Query) -> Page[Event]:
        chosen = select(t.events)
        if query.person:
            chosen = chosen.where(t.events.c.person == query.person)
        if query.task:
            chosen = chosen.where(t.events.c.subject == query.task)
        if query.since:
            chosen = chosen.where(t.events.c.at >= query.since)
        return await self._page(t.events, chosen, query, event_of, oldest_first=True)

    async def agents(self, query: Query) -> Page[AgentRecord]:
        return await self._page(t.agents, select(t.agents), query, agent_of)

    async def register(self, agent: AgentRecord) -> None:
        """Note that an agent came up; one known by its id is brought up to date."""

        def work(c: Connection) -> None:
            values = {k: getattr(agent, k) for k in AgentRecord.__slots__}
            known = c.execute(update(t.agents).where(t.agents.c.id == agent.id).values(values))
            if not known.rowcount:
                c.execute(insert(t.agents).values(values))
            about = {"version": agent.version}
            _note(c, "agent.started", agent.id, person="", data=about, now=agent.seen_at)

        await self._database.write(work)

    def _tell(self, task: Task) -> Task:
        for tell in self._watchers:
            self._database.once_written(partial(tell, task))
        return task

    async def _page(
        self,
        table: Table,
        chosen: Select[Any],
        query: Query,
        make: Callable[[Any], R],
        *,
        oldest_first: bool = False,
    ) -> Page[R]:
        if query.cursor:
            at = read_cursor(query.cursor)
            chosen = chosen.where(table.c.seq > at if oldest_first else table.c.seq < at)
        order = table.c.seq.asc() if oldest_first else table.c.seq.desc()
        # One more than asked for tells whether there is a next page.
        chosen = chosen.order_by(order).limit(query.limit + 1)
        rows = await self._database.read(lambda c: c.execute(chosen).all())
        shown = rows[: query.limit]
        more = len(rows) > query.limit
        return Page(tuple(make(row) for row in shown), write_cursor(shown[-1].seq) if more else "")


_DESCRIPTION = [column for column in t.artifacts.c if column.name != "data"]


def _new_id() -> str:
    return uuid.uuid4().hex


def _in_turn(c: Connection, what: str) -> None:
    """Let nobody else do `what` until this transaction has ended; SQLite has one writer anyway."""
    if c.dialect.name != "sqlite":
        c.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


def _free_number(c: Connection, person: str) -> int:
    _in_turn(c, f"number/{person}")
    taken = select(t.tasks.c.number).where(t.tasks.c.person == person, t.tasks.c.state.in_(UNENDED))
    numbers = set(c.scalars(taken))
    return next(n for n in range(1, len(numbers) + 2) if n not in numbers)


def _one(c: Connection, table: Table, id: str, columns: list[Any] | None = None) -> Any:
    # PostgreSQL would not even look for a NUL.
    chosen = select(*(columns or [table])).where(table.c.id == id)
    row = None if "\0" in id else c.execute(chosen).first()
    if row is None:
        raise NotFound(f"there is no {table.name.removeprefix('agents_').rstrip('s')} {id!r}")
    return row


def _change(c: Connection, id: str, values: dict[str, Any]) -> Task:
    changed = c.execute(
        update(t.tasks).where(t.tasks.c.id == id, t.tasks.c.state.in_(UNENDED)).values(values)
    )
    task = task_of(_one(c, t.tasks, id))
    if not changed.rowcount:
        raise TaskEnded(f"the task {id!r} is {task.state} already")
    return task


def _note_task(c: Connection, type: str, task: Task, now: datetime) -> None:
    about = {"title": task.title, "kind": task.kind, "state": task.state, "number": task.number}
    _note(c, type, task.id, person=task.person, data=about, now=now)


def _note(
    c: Connection, type: str, subject: str, *, person: str, data: dict[str, Any], now: datetime
) -> None:
    # Who reads on from the last event they know must not miss one that is still to be committed.
    _in_turn(c, "events")
    values = {"type": type, "subject": subject, "person": person, "data": data, "at": now}
    c.execute(insert(t.events).values(values))
