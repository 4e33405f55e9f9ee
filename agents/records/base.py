"""What the agent keeps: projects, tasks, their updates, artifacts, events and agents.

Times are aware datetimes in UTC; ids are opaque strings.

    RecordsError
    ├── NotFound     there is no such record
    ├── TaskEnded    the task came to rest already; nothing was changed
    └── BadCursor    not a cursor we gave out
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypedDict, TypeVar, Unpack

Clock = Callable[[], datetime]
"""Tells the time: an aware datetime in UTC."""


class RecordsError(Exception):
    """What was asked cannot be done; nothing was changed."""


class NotFound(RecordsError):
    """There is no such record."""


class TaskEnded(RecordsError):
    """The task came to rest already."""


class BadCursor(RecordsError):
    """Not a cursor we gave out."""


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    WORKING = "working"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in ENDED


ENDED = (TaskState.DONE, TaskState.CANCELED, TaskState.FAILED)
UNENDED = (TaskState.OPEN, TaskState.WORKING)


class TaskKind(StrEnum):
    """What sort of thing it is: something for the person, or a time to call out."""

    TODO = "todo"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Project:
    """A name under which a person's tasks are kept together."""

    id: str
    person: str
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to create."""

    person: str
    title: str
    kind: TaskKind = TaskKind.TODO
    detail: str = ""
    project: str = ""
    """Id of the project; empty for none."""
    due_at: datetime | None = None
    """When a to-do is due, or a reminder fires; a reminder must have it."""
    zone: str = "UTC"
    """IANA zone in which the person reads `due_at`."""
    locale: str = "en"
    """In which what we say of it later is worded."""
    context: str = ""
    """A2A context it was made in."""
    a2a_task: str = ""
    """A2A task it was made in, always given by tools: what a killed turn has done is told by it."""


@dataclass(frozen=True, slots=True)
class Task:
    """A to-do, a reminder or a longer piece of work."""

    id: str
    person: str
    number: int
    """What the person calls it by: the smallest not in use on their list when it was made.

    Unique among the person's tasks that have not ended, stable until it ends.
    """
    title: str
    kind: TaskKind
    state: TaskState
    detail: str
    project: str
    due_at: datetime | None
    zone: str
    locale: str
    context: str
    a2a_task: str
    outcome: str
    """Closing words; empty until it ended, and when there is nothing to say."""
    created_at: datetime
    updated_at: datetime


class TaskChanges(TypedDict, total=False):
    """What of a task may be changed; what is left out stays."""

    title: str
    detail: str
    project: str
    due_at: datetime | None
    zone: str
    state: TaskState
    """`OPEN` or `WORKING`; a task is ended by `end_task`."""


@dataclass(frozen=True, slots=True)
class TaskUpdate:
    """A note on how a task got on."""

    id: str
    task: str
    text: str
    state: TaskState
    """The task's state from then on."""
    at: datetime


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """A file to keep."""

    person: str
    name: str
    media_type: str
    data: bytes
    task: str = ""
    """Id of the task record it belongs to; empty for none."""
    context: str = ""
    a2a_task: str = ""
    """A2A task it was made in, always given by tools."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file we keep: its description; the bytes are read by `artifact_data`."""

    id: str
    person: str
    name: str
    media_type: str
    size: int
    """Bytes."""
    task: str
    context: str
    a2a_task: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in the order it did."""

    seq: int
    """Rises; may leave gaps."""
    type: str
    """`task.created`, `task.updated`, `task.ended`, `artifact.created`, `project.created`, …"""
    subject: str
    """Id of the record it happened to."""
    person: str
    data: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """An agent that works here."""

    id: str
    name: str
    description: str
    version: str
    url: str
    seen_at: datetime
    """When it last came up."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to list; empty fields do not filter. Newest first, but events oldest first."""

    person: str = ""
    project: str = ""
    task: str = ""
    states: tuple[TaskState, ...] = ()
    kind: TaskKind | None = None
    a2a_task: str = ""
    since: datetime | None = None
    """Changed (a task) or made (anything else) at or after this time."""
    cursor: str = ""
    """`Page.next_cursor` of the page before; empty starts."""
    limit: int = 50


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list."""

    items: tuple[T, ...] = field(default=())
    next_cursor: str = ""
    """Empty on the last page."""


class Records(ABC):
    """The agent's memory. Each method is one transaction; all may raise RecordsError."""

    @abstractmethod
    async def create_project(self, person: str, name: str) -> Project:
        """The person's project of that name, made if there is none; case does not matter."""

    @abstractmethod
    async def projects(self, query: Query) -> Page[Project]: ...

    @abstractmethod
    async def create_task(self, new: NewTask) -> Task: ...

    @abstractmethod
    async def task(self, id: str) -> Task:
        """Raises NotFound."""

    @abstractmethod
    async def tasks(self, query: Query) -> Page[Task]: ...

    @abstractmethod
    async def open_tasks(self, person: str) -> tuple[Task, ...]:
        """What is on the person's list: all that has not ended, by number."""

    @abstractmethod
    async def update_task(self, id: str, **changes: Unpack[TaskChanges]) -> Task:
        """Raises NotFound and TaskEnded."""

    @abstractmethod
    async def end_task(self, id: str, state: TaskState, outcome: str = "") -> Task:
        """Bring a task to rest: done, canceled or failed. Raises NotFound and TaskEnded."""

    @abstractmethod
    async def add_update(self, task: str, text: str) -> TaskUpdate:
        """Note how a task is getting on. Raises NotFound."""

    @abstractmethod
    async def updates(self, query: Query) -> Page[TaskUpdate]:
        """The updates of `query.task`, newest first. Raises NotFound."""

    @abstractmethod
    async def create_artifact(self, new: NewArtifact) -> Artifact: ...

    @abstractmethod
    async def artifact(self, id: str) -> Artifact:
        """Raises NotFound."""

    @abstractmethod
    async def artifact_data(self, id: str) -> bytes:
        """Raises NotFound."""

    @abstractmethod
    async def artifacts(self, query: Query) -> Page[Artifact]: ...

    @abstractmethod
    async def events(self, query: Query) -> Page[Event]: ...

    @abstractmethod
    async def agents(self, query: Query) -> Page[AgentRecord]: ...
