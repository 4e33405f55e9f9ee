"""What the conductors may ask of an agent, and what they hear back.

Every event tells the state so far, not a difference, so that hearing one twice (after a
broken stream) does no harm.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from channels.events import Choice


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to or from the agent: its bytes, or where they are."""

    name: str
    media_type: str
    data: bytes = b""
    url: str = ""
    id: str = ""
    """The agent's id of the artifact it came in, shared by the files of one artifact; empty for
    the person's files."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What the agent is told of who asks, under the caller extension (docs/agents.md)."""

    person: str
    channel: str
    modality: Literal["text", "voice"] = "text"
    locale: str = ""
    zone: str = ""
    trust: str = "anonymous"
    name: str = ""
    doubtful: bool = False
    """Whether their words are a guess that would destroy something: the agent is to ask first."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One turn's question. Sending it twice with the same `id` starts one task."""

    id: str
    """A2A messageId, derived from our message id."""
    context: str
    """A2A contextId, our conversation."""
    text: str
    caller: Caller
    files: tuple[Attachment, ...] = ()
    task: str = ""
    """The task whose question this answers; empty starts a new one."""
    draft: bool = False
    """Whether the words may yet change: the agent may think and talk, but must not act. The same
    message without this makes it real, a cancel unsays it. Only for agents that know drafts."""
    heard: str | None = None
    """What the caller heard of the reply before, when they cut it short; None when they did not."""


class End(StrEnum):
    """How a task came to rest."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    INPUT_REQUIRED = "input_required"
    AUTH_REQUIRED = "auth_required"


@dataclass(frozen=True, slots=True)
class Started:
    """The agent took the message; from now on the task can be asked for."""

    task: str


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The reply so far."""

    text: str
    """All of it, Markdown."""
    complete: bool = False
    """Whether nothing more of it will come, though the task may go on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The agent works; `text` is for people and may be empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the person now, although the task goes on."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Wished:
    """The agent wants something done with the call it answers."""

    action: Literal["hang_up", "transfer"]
    to: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Produced:
    """A finished file for the person.

    Told once by each `start`, `resume` or `look`; who hears a task twice knows it by its id.
    """

    file: Attachment


@dataclass(frozen=True, slots=True)
class Ended:
    """The task came to rest. Always the last event."""

    end: End
    text: str = ""
    """The agent's closing or asking words; empty when the reply said it all."""
    choices: tuple[Choice, ...] = ()
    """Answers offered with a question."""


AgentEvent = Started | ReplyText | Progress | Notice | Wished | Produced | Ended


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task stands when asked: what was heard of it so far, in order."""

    events: tuple[AgentEvent, ...]

    @property
    def ended(self) -> Ended | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Ended) else None


@dataclass(frozen=True, slots=True)
class About:
    """Who the agent says it is."""

    name: str
    version: str
    streaming: bool
    notifications: bool
    drafts: bool = False
    """Whether it knows drafts (docs/agents.md)."""


class Agent(ABC):
    """A task-API client. All methods raise AgentError and obey cancellation."""

    @abstractmethod
    def start(self, ask: Ask) -> AsyncGenerator[AgentEvent, None]:
        """Hand a message over and hear the task through to its rest.

        A stream that breaks is taken up again by itself; what is raised, is final for now.
        That of a draft is not: without an end it may stop. Its `Ended` says that it was dropped,
        or comes from an agent that knows no drafts; others end with the message that makes it
        real, whose events begin anew with all that was said so far.
        """

    @abstractmethod
    def resume(self, task: str) -> AsyncGenerator[AgentEvent, None]:
        """Hear a known task through from where it stands. Raises TaskUnknown."""

    @abstractmethod
    async def find(self, context: str, id: str) -> str | None:
        """The task that message `id` started in `context`, if the agent can tell."""

    @abstractmethod
    async def look(self, task: str) -> Standing:
        """How a task stands now. Raises TaskUnknown."""

    @abstractmethod
    async def cancel(self, task: str) -> None:
        """Cancel a task; one that has ended already is left alone."""

    @abstractmethod
    async def about(self) -> About:
        """Read the agent card afresh."""

    async def close(self) -> None:  # noqa: B027 - most doubles own nothing
        """Let go of connections."""
