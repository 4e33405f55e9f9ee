"""What `/v1` takes and gives, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from fastapi import Query as Parameter
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from agents.records import base
from agents.records.base import TaskKind, TaskState

T = TypeVar("T")


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not hold half a surrogate pair") from None
    if "\0" in text:  # PostgreSQL stores none
        raise ValueError("must not hold a NUL character")
    return text


def _tellable(moment: datetime) -> datetime:
    # The last years of the calendar have no time in some zones.
    if not 1 < moment.year < 9999:  # noqa: PLR2004 - as datetime has it
        raise ValueError("must lie between the years 2 and 9998")
    return moment.astimezone(UTC)


Words = Annotated[str, AfterValidator(_storable)]
Name = Annotated[Words, Field(min_length=1, max_length=255)]
Title = Annotated[Words, Field(min_length=1, max_length=1000)]
Prose = Annotated[Words, Field(max_length=100_000)]
Key = Annotated[Words, Field(max_length=64)]
"""An id or the name of a zone; empty for none."""
Moment = Annotated[AwareDatetime, AfterValidator(_tellable)]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Project(_Out):
    id: str
    person: str
    name: str
    created_at: datetime
    updated_at: datetime


class Task(_Out):
    id: str
    person: str
    number: int
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
    created_at: datetime
    updated_at: datetime


class Update(_Out):
    id: str
    task: str
    text: str
    state: TaskState
    at: datetime


class Event(_Out):
    seq: int
    type: str
    subject: str
    person: str
    data: Mapping[str, Any]
    at: datetime


class Agent(_Out):
    id: str
    name: str
    description: str
    version: str
    url: str
    seen_at: datetime


class Artifact(_Out):
    id: str
    person: str
    name: str
    media_type: str
    size: int
    task: str
    context: str
    a2a_task: str
    created_at: datetime


class Page(BaseModel, Generic[T]):
    """A piece of a list; `next_cursor` is empty on the last."""

    items: list[T]
    next_cursor: str

    @classmethod
    def of(cls, page: base.Page[Any], make: Callable[[Any], T]) -> Self:
        return cls(items=[make(item) for item in page.items], next_cursor=page.next_cursor)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewProject(_In):
    person: Name
    name: Name


class NewTask(_In):
    person: Name
    title: Title
    kind: TaskKind = TaskKind.TODO
    detail: Prose = ""
    project: Key = ""
    due_at: Moment | None = None
    zone: Key = "UTC"
    locale: Annotated[Words, Field(max_length=35)] = "en"


class TaskPatch(_In):
    """What is left out stays; `done`, `canceled` and `failed` end the task."""

    title: Title | None = None
    detail: Prose | None = None
    project: Key | None = None
    due_at: Moment | None = None
    zone: Key | None = None
    state: TaskState | None = None
    outcome: Prose = ""


class NewUpdate(_In):
    text: Annotated[Prose, Field(min_length=1)]


class Complaint(BaseModel):
    code: str
    message: str


class Error(BaseModel):
    """What every refusal looks like."""

    error: Complaint


class Paging(BaseModel):
    """Where a list starts, and how much of it is shown."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Parameter(ge=1, le=200)] = 50
    cursor: Annotated[Words, Parameter(max_length=64)] = ""
    person: Annotated[Words, Parameter(max_length=255)] = ""
    since: Moment | None = None


class TaskFilters(Paging):
    project: Annotated[Words, Parameter(max_length=64)] = ""
    state: Annotated[list[TaskState], Parameter()] = []
    kind: TaskKind | None = None


class TaskBound(Paging):
    task: Annotated[Words, Parameter(max_length=64)] = ""
