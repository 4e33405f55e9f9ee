"""What the house expects of its bus.

Everything on it is for the moment: who was not listening finds the truth in the store.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from channels.events import Live


class Bus(ABC):
    """Live events of conversations, nudges, and shared allowances."""

    @abstractmethod
    def publish(self, conversation: str, event: Live) -> None:
        """Tell whoever follows the conversation; never waits."""

    @abstractmethod
    def follow(self, conversation: str) -> AbstractAsyncContextManager[AsyncIterator[Live]]:
        """What is published from now on; ends when the follower falls too far behind."""

    @abstractmethod
    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        """See `channels.base.Budget`."""

    @abstractmethod
    async def pause(self, key: str, seconds: float) -> None:
        """See `channels.base.Budget`."""
