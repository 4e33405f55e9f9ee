"""Where tools work: one message of one person, and what comes out beside the words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from agents.base import Ask, Caller, Document, Produced, Promise, Question, Wish, certain
from agents.records.base import Records
from prompts import sentence

BOOK = "concierge"
"""The book of sentences that tools and concierge speak from."""


class ToolError(Exception):
    """It cannot be done, and nothing was changed; says why in any of our languages."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(sentence(BOOK, key, "en", **values))
        self.key = key
        self.values = values

    def told(self, locale: str) -> str:
        """The reason in the person's language."""
        return sentence(BOOK, self.key, locale, **self.values)


@dataclass(frozen=True, slots=True)
class Job:
    """One message being worked on."""

    records: Records
    caller: Caller
    context: str
    a2a_task: str
    now: datetime
    """When the message came; aware."""
    out: list[Produced | Promise | Question | Wish] = field(default_factory=list)
    """What the tools made for the person, in order."""
    final: Callable[[], Awaitable[None]] = certain
    """To be awaited before anything is done; see `Ask.final`."""

    @classmethod
    def of(cls, ask: Ask, records: Records, now: datetime) -> Job:
        return cls(records, ask.caller, ask.context, ask.task, now, final=ask.final)

    @property
    def question(self) -> Question | None:
        """What a tool asked of the person; the work stops there."""
        return next((one for one in self.out if isinstance(one, Question)), None)

    @property
    def produced(self) -> tuple[Document, ...]:
        return tuple(one.document for one in self.out if isinstance(one, Produced))
