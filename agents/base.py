"""What a brain is asked and what it says; the words between the task API and the brains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

CALLER_EXTENSION = "urn:frontdoor:caller:1"
"""Key of the message metadata in which a front door describes who is asking.

Its value is a JSON object with any of: `person` (stable id), `channel`, `modality` ("text"
or "voice"), `locale` (BCP 47), `zone` (IANA), `trust`, `name`, `doubtful`.
"""

DRAFT_EXTENSION = "urn:frontdoor:draft:1"
"""Metadata key, value true, of a message whose words may yet change: think, but do not act."""

HEARD_EXTENSION = "urn:frontdoor:heard:1"
"""Metadata key of a message: what the caller heard of our last reply before they cut it short."""

CALL_EXTENSION = "urn:frontdoor:call:1"
"""Metadata key of a status message that wants something done with the call: an object with
`action` ("hang_up" or "transfer"), `to` and `summary`."""

CHOICES_MEDIA_TYPE = "application/vnd.frontdoor.choices+json"
"""Media type of a data part that offers answers: `{"choices": [{"label", "value"}]}`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, as far as the caller extension tells."""

    person: str
    """Whose lists and reminders these are; the context id when nobody told."""
    channel: str = ""
    modality: Literal["text", "voice"] = "text"
    locale: str = "en"
    zone: str = "UTC"
    trust: str = "anonymous"
    name: str = ""
    doubtful: bool = False
    """Whether a recogniser guessed words that would destroy something: ask before it is done."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file, from or for the person."""

    name: str
    media_type: str
    data: bytes = b""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier line of the conversation."""

    role: Literal["user", "agent"]
    text: str


async def certain() -> None:
    """Words that were final when they came."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One message to answer."""

    text: str
    context: str
    """A2A context id: the conversation."""
    task: str
    """A2A task id: this turn, or the one an answer to a question continues."""
    caller: Caller
    files: tuple[Document, ...] = ()
    history: tuple[Said, ...] = ()
    """Earlier lines of the context, oldest first, bounded."""
    continues: bool = False
    """Whether this answers a question that `task` asked."""
    heard: str | None = None
    """What the person heard of our last reply, when they cut it short."""
    draft: bool = False
    """Whether the words were not final when the work began."""
    final: Callable[[], Awaitable[None]] = certain
    """Waits until the words are final; to be awaited before anything is done that can be seen
    elsewhere. Never returns for words that are taken back, for the work is cancelled then."""


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the reply, Markdown; pieces are joined as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done, for somebody who waits."""

    text: str


@dataclass(frozen=True, slots=True)
class Produced:
    """A file the person receives."""

    document: Document
    artifact: str = ""
    """Id of the artifact record."""


@dataclass(frozen=True, slots=True)
class Question:
    """The task cannot go on without an answer; nothing may follow it."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()
    """Label and value of each."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Something of this task is still to come (a reminder): it ends later, not with the reply."""

    record: str
    """Id of the task record whose end ends the A2A task."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be done with the call that the person is on."""

    action: Literal["hang_up", "transfer"]
    to: str = ""
    """Whom to; empty leaves it to the front door."""
    summary: str = ""
    """For the person who takes the call over."""


Answer = Words | Progress | Produced | Question | Promise | Wish


class Brain(ABC):
    """Answers messages. One brain serves all conversations, concurrently."""

    at_once: ClassVar[bool] = False
    """Whether it answers without waiting for anybody. Then what it does and what it says is one
    transaction, so that no kill comes between, and an answer that was cut off begins anew."""

    def acts(self, ask: Ask) -> bool:
        """Whether the answer will do anything.

        Who is `at_once` is not asked before words that make it act are final; everybody else
        waits for `Ask.final` when it comes to that.
        """
        del ask
        return True

    @abstractmethod
    def answer(self, ask: Ask) -> AsyncIterator[Answer]:
        """Answer as a stream; cancelling it cancels the work. Raises BrainError."""

    async def aclose(self) -> None:  # noqa: B027 - most brains hold nothing open
        """Let go of what is held open; the brain is not asked again."""


class BrainError(Exception):
    """The brain could not answer; the message is for the operator."""
