"""What the house expects of its bus.

Everything on it is for the moment: who was not listening finds the truth in the store.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass

from channels.events import Entry, Live, Status


@dataclass(frozen=True, slots=True)
class Due:
    """A conversation wants a worker, at `at` (epoch seconds)."""

    at: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """The person wants the turn under way in this conversation to stop."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Say this on the line where they are."""

    address: str
    text: str


Signal = Due | Cancel | Tell
"""What one replica tells the others. Only a hint: each looks every second or so anyway."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a conversation stands in the store."""

    seq: int = 0
    """Of its newest entry."""
    entries: Sequence[Entry] = ()
    """Those after what was asked for, in order; the oldest of them when they are many."""
    turn: Status | None = None
    """Its newest turn and what became of that; with what it answers while it is open."""


class Bus(ABC):
    """Live events of conversations, signals between replicas, presence, and shared allowances."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own whatever connects this process to others."""
        yield

    @property
    @abstractmethod
    def state(self) -> str:
        """How it stands: "ok", or "degraded: " and why."""

    # -- conversations ---------------------------------------------------------------------

    @abstractmethod
    def publish(self, conversation: str, event: Live) -> None:
        """Tell whoever follows the conversation, here and elsewhere; never waits.

        Entries are published once they are stored.
        """

    @abstractmethod
    def follow(self, conversation: str) -> AbstractAsyncContextManager[AsyncIterator[Live]]:
        """What is published from now on, and what there is of a reply that is being written.

        No entry stored after the block is entered is missed, whatever becomes of the bus. Ends
        when the follower falls too far behind.
        """

    @abstractmethod
    def let_go(self, conversation: str) -> None:
        """Whatever turn we played there is not ours any more."""

    @abstractmethod
    async def followed(self, conversation: str) -> bool:
        """Whether anybody follows the conversation now, here or elsewhere."""

    # -- replicas --------------------------------------------------------------------------

    @abstractmethod
    def signal(self, signal: Signal) -> None:
        """Tell the other replicas; never waits, and may be lost."""

    @abstractmethod
    def on_signal(self, hear: Callable[[Signal], None]) -> None:
        """Have `hear` called with what other replicas signal; it must not wait or raise."""

    @abstractmethod
    def present(self, key: str) -> AbstractContextManager[None]:
        """`key` is here until the block is left, or this process dies."""

    @abstractmethod
    def is_present(self, key: str) -> bool:
        """Whether `key` is here or at another replica, as far as we have heard."""

    # -- allowances ------------------------------------------------------------------------

    @abstractmethod
    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        """See `channels.base.Budget`."""

    @abstractmethod
    async def pause(self, key: str, seconds: float) -> None:
        """See `channels.base.Budget`."""
