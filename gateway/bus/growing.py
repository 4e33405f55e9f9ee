"""Replies that are being written in this process, so that who comes late misses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from channels.events import Delta, Live, Status, TurnState


@dataclass(slots=True)
class Growing:
    """A reply that is being written."""

    status: Status
    run: float = 0.0
    """When this attempt at the turn began, epoch seconds: tells it from others. 0 is unknown."""
    text: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, text: str) -> None:
        self.text.append(text)
        self.length += len(text)

    def update(self, status: Status) -> None:
        # Only the first says what the turn answers.
        answered = status.messages or self.status.messages
        self.status = replace(status, messages=answered)

    def whole(self) -> str:
        if len(self.text) > 1:
            self.text = ["".join(self.text)]
        return self.text[0] if self.text else ""

    def so_far(self) -> list[Live]:
        text = self.whole()
        return [self.status, Delta(self.status.turn, text)] if text else [self.status]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A live event, and where it belongs in the attempt at its turn."""

    event: Live
    run: float = 0.0
    """Of the attempt; 0 when it belongs to none we know."""
    offset: int = 0
    """Of a delta: characters of the reply before it."""


class Replies:
    """Every reply that grows here."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._growing: dict[str, Growing] = {}

    def get(self, conversation: str) -> Growing | None:
        return self._growing.get(conversation)

    def keep(self, conversation: str, event: Live) -> Numbered:
        """Keep what a follower who comes in the middle of a turn has missed of it."""
        growing = self._growing.get(conversation)
        match event:
            case Status(state=TurnState.WORKING):
                if growing and growing.status.turn == event.turn:
                    growing.update(event)
                else:
                    growing = self._growing[conversation] = Growing(event, self._clock())
                return Numbered(event, growing.run)
            case Status():
                self.let_go(conversation)
            case Delta() if growing and growing.status.turn == event.turn:
                numbered = Numbered(event, growing.run, growing.length)
                growing.add(event.text)
                return numbered
            case _:
                pass
        return Numbered(event)

    def let_go(self, conversation: str) -> None:
        self._growing.pop(conversation, None)
