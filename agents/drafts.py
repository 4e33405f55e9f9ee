"""Messages whose words may yet change. They are kept in memory only: most never come to be."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
from a2a.types import Message

from agents.base import DRAFT_EXTENSION


@dataclass(eq=False)
class Draft:
    """A message that was not final when it came, and the task it starts or would continue."""

    message: Message
    task: str
    held: bool
    """Whether nothing is done before it is final, for it answers a question: what was asked
    stands, should it be taken back."""
    over: anyio.Event = field(default_factory=anyio.Event)
    """Set when it is no draft any more: final, or gone."""
    real: bool = False

    def says(self, message: Message) -> bool:
        """Whether `message` has the same words, to the same task."""
        target = self.task if self.held else ""
        return target == message.task_id and list(self.message.parts) == list(message.parts)

    def end(self, *, real: bool) -> None:
        self.real = real
        self.over.set()

    async def final(self) -> None:
        """Wait until it is final; who waits for one that is taken back is cancelled."""
        await self.over.wait()


class Drafts:
    """The drafts of this process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Draft] = {}

    def add(self, draft: Draft) -> None:
        self._known[_key(draft.message)] = draft

    def of(self, message: Message) -> Draft | None:
        """The draft of the same id in the same context."""
        return self._known.get(_key(message))

    def to(self, task: str) -> Draft | None:
        """The newest draft that starts or would continue a task."""
        mine = (draft for draft in reversed(self._known.values()) if draft.task == task)
        return next(mine, None)

    def take(self, draft: Draft) -> bool:
        """Decide over a draft; False when somebody else was quicker."""
        known = self._known.get(_key(draft.message)) is draft
        if known:
            del self._known[_key(draft.message)]
        return known


def unmarked(message: Message) -> bool:
    """Take the mark of a draft off a message; whether there was one."""
    if DRAFT_EXTENSION not in message.metadata:
        return False
    mark = message.metadata.fields.pop(DRAFT_EXTENSION)
    return bool(mark.bool_value)


def _key(message: Message) -> tuple[str, str]:
    return message.context_id, message.message_id
