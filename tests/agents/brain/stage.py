"""A person at a brain over real records, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agents.base import (
    Answer,
    Ask,
    Brain,
    Caller,
    Document,
    Produced,
    Progress,
    Promise,
    Question,
    Said,
    Wish,
    Words,
)
from agents.folds import cut_short
from agents.records.base import Records
from agents.records.engine import Database
from agents.records.schema import ensure
from agents.records.store import SqlRecords

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
"""A Monday."""


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(frozen=True)
class Heard:
    """All that came back for one message."""

    answers: tuple[Answer, ...]

    @property
    def text(self) -> str:
        return "".join(one.text for one in self.answers if isinstance(one, Words))

    @property
    def pieces(self) -> list[str]:
        return [one.text for one in self.answers if isinstance(one, Words)]

    @property
    def question(self) -> Question | None:
        last = self.answers[-1] if self.answers else None
        return last if isinstance(last, Question) else None

    @property
    def files(self) -> list[Document]:
        return [one.document for one in self.answers if isinstance(one, Produced)]

    @property
    def promises(self) -> list[str]:
        return [one.record for one in self.answers if isinstance(one, Promise)]

    @property
    def wishes(self) -> list[Wish]:
        return [one for one in self.answers if isinstance(one, Wish)]

    @property
    def progress(self) -> list[str]:
        return [one.text for one in self.answers if isinstance(one, Progress)]


@dataclass
class Person:
    """Says things to a brain and remembers what was said, as the executor does."""

    brain: Brain
    records: Records
    caller: Caller = field(default_factory=lambda: Caller("ann", locale="en-GB", zone="UTC"))
    history: list[Said] = field(default_factory=list)
    asked: bool = False

    async def says(self, text: str, *files: Document, heard: str | None = None) -> Heard:
        ask = Ask(
            text=text,
            context="ctx",
            task="turn",
            caller=self.caller,
            files=files,
            history=tuple(self.history),
            continues=self.asked,
            heard=heard,
        )
        back = Heard(tuple([answer async for answer in self.brain.answer(ask)]))
        if heard is not None:
            cut_short(self.history, heard)
        self.history.append(Said("user", text))
        told = back.text + (back.question.text if back.question else "")
        if told:
            self.history.append(Said("agent", told))
        self.asked = back.question is not None
        return back

    def speaking(self, locale: str) -> None:
        self.caller = replace(self.caller, locale=locale)

    async def titles(self) -> list[str]:
        return [task.title for task in await self.records.open_tasks(self.caller.person)]


@asynccontextmanager
async def temporary_records(folder: Path, clock: Clock) -> AsyncIterator[Records]:
    database = Database(f"sqlite:///{folder / 'records.db'}")
    try:
        ensure(database.engine)
        yield SqlRecords(database, clock)
    finally:
        database.close()
