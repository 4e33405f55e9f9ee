"""The browser's microphone as a line, and the voice side of one socket.

The browser marks nothing: `PlayOut` reckons what it has played. Audio goes out in a lane of
its own, so that a long replay in text does not make speech stutter.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import AsyncIterator, Callable

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.base import Budget, Calls, Refused
from channels.events import (
    BROWSER,
    AudioIn,
    AudioOut,
    Call,
    Caption,
    Clear,
    HungUp,
    LineEvent,
    LineOrder,
    Mark,
)
from channels.web import wire
from channels.web.outbox import Full, Outbox
from channels.web.playout import PlayOut
from channels.web.sessions import Session

log = structlog.get_logger()

MAX_AUDIO = 65_536
"""Bytes of one binary frame."""
AUDIO_PACE = 2.0
"""Audio may come so many times as fast as it is spoken; after a stall it does."""
AUDIO_BURST = 5.0
"""Seconds of audio that may come at once."""
_SMALLEST = 320
"""Bytes; smaller frames cost as much as these, 10 ms."""
_UNREAD = 500
"""Events that wait for the house; audio over that is dropped, being too old to matter."""
CALLS_INTERVAL = 2.0
CALLS_BURST = 20
"""Calls of a session: one in so many seconds, and so many at once."""


def audio_cost(size: int) -> float:
    """Seconds of the client's allowance that a binary frame uses up. Pure.

    What is too big to be taken costs no more than the biggest: it is not heard, and the
    socket is not to be deaf for so long.
    """
    return min(max(size, _SMALLEST), MAX_AUDIO) / BROWSER.bytes_per_second / AUDIO_PACE


class MicrophoneLine:
    """A `Line` over the web socket: PCM16 at 16 kHz both ways, and captions."""

    def __init__(self, session: Session, outbox: Outbox, on_full: Callable[[], None]) -> None:
        id = f"web-{uuid.uuid4()}"
        self.call = Call(id, session.sender, session.route, BROWSER)
        self._outbox = outbox
        self._on_full = on_full
        self._events, self._unread = anyio.create_memory_object_stream[LineEvent](math.inf)
        self._playout = PlayOut(BROWSER.bytes_per_second)
        self._changed = anyio.Event()
        self._over = False

    # -- for the house -----------------------------------------------------------------

    async def receive(self) -> AsyncIterator[LineEvent]:
        async for event in self._unread:
            yield event

    def send(self, order: LineOrder) -> None:
        if self._over:
            return
        try:
            self._carry_out(order, anyio.current_time())
        except Full:
            self.end(lost=True)
            self._on_full()

    async def hang_up(self) -> None:
        while not self._over:
            left = self._playout.left(anyio.current_time())
            if not left:
                self.end()
                return
            with anyio.move_on_after(left):
                await self._change()

    async def transfer(self, to: str, summary: str) -> None:
        raise Refused("a browser's microphone cannot be handed on to a telephone")

    # -- for the socket ----------------------------------------------------------------

    def hear(self, audio: bytes) -> None:
        """Sound came from the browser."""
        if not self._over and self._events.statistics().current_buffer_used < _UNREAD:
            self._events.send_nowait(AudioIn(audio))

    def end(self, *, lost: bool = False) -> None:
        """The line is gone; every mark is settled first. Safe to call twice."""
        if self._over:
            return
        self._playout.clear(anyio.current_time())
        self._settle()
        self._over = True
        self._events.send_nowait(HungUp(lost=lost))
        self._events.close()
        self._wake()

    def close(self) -> None:
        """Nobody reads the line any more."""
        self.end()
        self._unread.close()

    async def keep_time(self) -> None:
        """Answer marks when they are due, until the line is gone."""
        while not self._over:
            at = self._playout.get_timer()
            with anyio.move_on_at(math.inf if at is None else at):
                await self._change()
            self._settle()

    def _carry_out(self, order: LineOrder, now: float) -> None:
        match order:
            case AudioOut(audio):
                self._outbox.play(audio)
                self._playout.sent(len(audio), now)
            case Mark(name):
                self._playout.mark(name)
                self._wake()
            case Clear():
                self._outbox.hush()
                self._outbox.play(wire.clear())
                self._playout.clear(now)
                self._settle()
                self._wake()
            case Caption():
                self._outbox.put(wire.caption(order))

    def _settle(self) -> None:
        if self._over:
            return
        for name in self._playout.due(anyio.current_time()):
            self._events.send_nowait(Mark(name))

    def _wake(self) -> None:
        self._changed.set()

    async def _change(self) -> None:
        self._changed = anyio.Event() if self._changed.is_set() else self._changed
        await self._changed.wait()


class Voice:
    """The voice side of one socket: at most one line at a time."""

    def __init__(
        self,
        *,
        calls: Calls | None,
        budget: Budget,
        session: Session,
        outbox: Outbox,
        tasks: TaskGroup,
        complain: Callable[[str, float], None],
        on_full: Callable[[], None],
        on_over: Callable[[], None],
    ) -> None:
        self._calls = calls
        self._budget = budget
        self._session = session
        self._outbox = outbox
        self._tasks = tasks
        self._complain = complain
        self._on_full = on_full
        self._on_over = on_over
        self._line: MicrophoneLine | None = None
        self._wanted = False
        """What the client asked for last. While it does not know yet that the house hung up,
        what it still sends is no mistake of its."""

    @property
    def on(self) -> bool:
        """Whether somebody talks here."""
        return self._line is not None

    def turn(self, *, on: bool) -> None:
        """The person tapped the microphone on, or off."""
        if on and self._calls is None:
            self._complain("voice_unavailable", 0)
            return
        self._wanted = on
        if on and self._line is None and self._calls:
            self._line = MicrophoneLine(self._session, self._outbox, self._on_full)
            self._tasks.start_soon(self._converse, self._calls, self._line)
        elif not on:
            self._drop(lost=False)

    def hear(self, audio: bytes) -> None:
        """Sound came. Raises BadFrame."""
        if not self._wanted:
            raise wire.BadFrame("binary_unexpected")
        if len(audio) > MAX_AUDIO:
            raise wire.BadFrame("bad_frame", f"a binary frame holds at most {MAX_AUDIO} bytes")
        if len(audio) % 2:
            raise wire.BadFrame("bad_frame", "PCM16 has two bytes a sample")
        if self._line and audio:
            self._line.hear(audio)

    def lose(self) -> None:
        """The socket is gone."""
        self._drop(lost=True)

    def _drop(self, *, lost: bool) -> None:
        line, self._line = self._line, None
        if line:
            self._outbox.hush()
            line.end(lost=lost)

    async def _converse(self, calls: Calls, line: MicrophoneLine) -> None:
        try:
            if await self._admitted(calls):
                if self._line is line:
                    self._outbox.play(wire.voice(on=True))
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(line.keep_time)
                    await calls.answer(line)
                    tasks.cancel_scope.cancel()
        except Exception:
            # A call that breaks must not take the conversation in text with it.
            log.exception("web_call_failed", call=line.call.id)
            self._complain("voice_broken", 0)
        finally:
            line.close()
            if self._line is line:
                self._line = None
                self._outbox.play(wire.voice(on=False))
            if self._line is None:
                self._on_over()

    async def _admitted(self, calls: Calls) -> bool:
        key = f"web:calls:{self._session.id}"
        wait = await self._budget.take(key, interval=CALLS_INTERVAL, burst=CALLS_BURST)
        if wait:
            self._complain("too_many_calls", wait)
        elif not calls.room():
            self._complain("lines_busy", 0)
        else:
            return True
        return False
