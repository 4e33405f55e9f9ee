"""What the simulated Telegram knows: chats, and the messages a person sees in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def first_id() -> int:
    """Where ids begin: beyond those of an earlier simulator, which somebody may remember."""
    return int(time.time() * 10) % 2**30


@dataclass(frozen=True, slots=True)
class Call:
    """One request the bot made."""

    method: str
    fields: Json
    at: float
    """Seconds of the event loop's clock."""


@dataclass(slots=True)
class Shown:
    """A message of the bot as a person sees it now."""

    id: int
    text: str
    html: str = ""
    """As the bot sent it; the same as `text` without a parse mode."""
    buttons: list[list[Json]] = field(default_factory=list)
    file: tuple[str, bytes] | None = None
    """Name and content."""
    kind: str = "text"
    reply_to: int = 0
    thread: int = 0
    edits: int = 0


@dataclass(slots=True)
class Chat:
    """A private chat or a group."""

    id: int
    title: str
    shown: list[Shown] = field(default_factory=list)
    draft: str = ""
    action: str = ""
    """The last chat action; gone with the next message."""
    blocked: bool = False
    moved: int = 0
    """The id of the supergroup it became."""

    @property
    def private(self) -> bool:
        return self.id > 0

    @property
    def wire(self) -> Json:
        if self.private:
            return {"id": self.id, "type": "private", "first_name": self.title}
        return {"id": self.id, "type": "supergroup", "title": self.title}
