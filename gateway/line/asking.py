"""What a caller asks of the agent, and takes back: stored in order, whatever becomes of the line.

Neither a hang-up nor our being told to stop may undo what was said. So this goes on beside a
call's own tasks, and after them, until nothing is left to do.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import anyio
import structlog

from channels.base import Inbox, RateLimited
from channels.events import Call, Message, Transcript
from gateway.errors import FrontDoorError

log = structlog.get_logger()

WAITING = 100
"""Errands that wait for the store; one that is slower than that loses some."""


class Asking:
    """The errands of one call, done one after the other."""

    def __init__(
        self,
        inbox: Inbox,
        call: Call,
        conversation: str,
        *,
        wall_clock: Callable[[], float],
        on_failed: Callable[[int], None],
    ) -> None:
        """`on_failed` hears of the turns that could not be asked."""
        self._inbox = inbox
        self._call = call
        self._conversation = conversation
        self._wall_clock = wall_clock
        self._on_failed = on_failed
        # A line that takes the call up again counts from 1, too.
        self._line = uuid.uuid4().hex[:8]
        self._events = 0
        self._errands, self._to_do = anyio.create_memory_object_stream[
            Callable[[], Awaitable[None]]
        ](WAITING)

    def event(self) -> str:
        """A name for the next message; no two of a call have the same."""
        self._events += 1
        return f"{self._call.id}:{self._line}:{self._events}"

    def ask(self, turn: int, event: str, words: Transcript, *, heard: str | None) -> None:
        """Put a turn of the caller into the inbox.

        `heard` is what they had heard of the reply before, if they cut it short.
        """
        message = Message(
            event=event,
            sender=self._call.sender,
            route=self._call.route,
            parts=(words,),
            at=datetime.fromtimestamp(self._wall_clock(), UTC),
            heard=heard,
        )
        self._put(lambda: self._accept(turn, message))

    def stop(self) -> None:
        """Stop the turn that is played; what the person typed meanwhile waits on."""
        self._put(self._cancel)

    async def run(self) -> None:
        """Do what is asked for, until closed and nothing is left."""
        with anyio.CancelScope(shield=True), self._to_do:
            async for errand in self._to_do:
                try:
                    await errand()
                except Exception:
                    log.exception("call_errand_failed")

    def close(self) -> None:
        """Nothing more will be asked for."""
        self._errands.close()

    def _put(self, errand: Callable[[], Awaitable[None]]) -> None:
        try:
            self._errands.send_nowait(errand)
        except anyio.WouldBlock:
            log.warning("call_errands_full", call=self._call.id)

    async def _accept(self, turn: int, message: Message) -> None:
        try:
            await self._inbox.accept(message)
        except (RateLimited, FrontDoorError) as error:
            log.warning("turn_not_taken", error=str(error))
            self._on_failed(turn)
        except Exception:
            log.exception("turn_not_taken")
            self._on_failed(turn)

    async def _cancel(self) -> None:
        await self._inbox.cancel(self._conversation, waiting=False)
