"""What the conductors read from the store: records, and the errors of losing a race."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from channels.base import Outgoing
from channels.events import Address, Command, Part, Route, Sender
from gateway.errors import StoreError


class LeaseLost(StoreError):
    """Another worker has this conversation now; whatever was under way must stop here."""


class TurnStage(StrEnum):
    """Where a turn stands, as the store keeps it."""

    OPEN = "open"
    """The conversation waits for it."""
    DETACHED = "detached"
    """It goes on alone and still owes its answer."""
    BACKGROUND = "background"
    """Its answer was given; something of its task is still to come."""
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    """It may have gone out."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the turn that answers it reads it."""

    id: str
    sender: Sender
    parts: tuple[Part, ...]
    command: Command | None = None
    edited: bool = False
    group: bool = False
    heard: str | None = None
    """What its speaker had heard of the reply that they cut short with it."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the next turn of a conversation would be asked with, were it to begin now."""

    context: str
    person: str
    """Empty in a group, where it depends on who speaks."""
    asking_task: str
    busy: bool
    """Whether something is being answered, or waits to be: then the next turn is a later one."""


@dataclass(frozen=True, slots=True)
class Given:
    """What of a task's outcome the person has been told already."""

    text: str = ""
    files: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One or more messages to the agent, one reply."""

    id: str
    conversation: str
    number: int
    stage: TurnStage
    context: str
    ask_id: str
    answers_task: str
    task: str
    person: str
    sender: Sender
    route: Route
    preview_ref: str
    attempts: int
    """How often it was taken up, this time included."""
    told: bool
    cancel: bool
    given: Given
    checks: int
    started_at: float
    messages: tuple[Stored, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandWork:
    """A command that we answer ourselves."""

    message: str
    command: Command
    sender: Sender
    route: Route


Work = Turn | CommandWork


@dataclass(frozen=True, slots=True)
class Saying:
    """Something the agent's side says: a log entry, and its deliveries where there are any."""

    id: str
    parts: tuple[Part, ...]
    outgoing: tuple[Outgoing, ...] = ()
    preview_ref: str = ""
    """A message of ours to edit into the first of `outgoing`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to send through one channel."""

    id: int
    channel: str
    address: Address
    outgoing: Outgoing
    ref: str
    doubtful: bool
    attempts: int
    created_at: float
    reply: str = ""
    """The log entry that it sends."""
    turn: str = ""
    asked: str = ""
    """The first message of the turn; empty for the answer to a command."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a turn leaves the stage it is in."""

    stage: TurnStage
    given: Given = field(default_factory=Given)
    asking_task: str = ""
    """The task whose question was asked; the next message answers it."""
    check_at: float | None = None
    """When to ask after the task, epoch seconds."""
