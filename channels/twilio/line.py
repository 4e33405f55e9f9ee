"""One call's socket as a line.

Whoever iterates `receive` is the socket's only reader and reads it directly, so a frame of the
caller's takes no way round; `write` is the only writer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import anyio
import structlog
from starlette.types import Message, Receive, Send

from channels.events import (
    AudioIn,
    AudioOut,
    Call,
    Caption,
    Clear,
    Digit,
    HungUp,
    LineEvent,
    LineOrder,
    Mark,
)
from channels.twilio import wire
from channels.twilio.config import PhoneConfig
from channels.twilio.endings import Ending, Handed, Put

log = structlog.get_logger()

OUTBOX_CHARACTERS = 256 * 1024
"""Of what waits to be sent: some 24 s of speech. A peer that far behind reads no more."""
MAX_MALFORMED = 20
SLACK_SECONDS = 1.0
"""How much later than by our reckoning the last of our speech may be heard."""

_LAST = "front-door:last"
"""Our mark behind everything that was said."""

_DIGITS = frozenset("0123456789*#")


class PhoneLine:
    """A `Line` over a socket of Media Streams that was accepted and told its call."""

    def __init__(
        self, call: Call, stream: str, receive: Receive, send: Send, config: PhoneConfig
    ) -> None:
        self.call = call
        self.ending: Ending | None = None
        """What the house wants done with the call; None while it goes on, and when it broke."""
        self.malformed = 0
        self._receive = receive
        self._send = send
        self._config = config
        self._writer = wire.Writer(stream)
        self._outbox: deque[str] = deque()
        self._queued = 0
        self._filled = anyio.Event()
        self._reader: asyncio.Task[Any] | None = None
        self._waits = self._woken = False
        self._over = False
        self._lost = False
        self._said_last = anyio.Event()
        self._heard_at = 0.0
        """When everything sent will have been heard, by `time.monotonic`."""

    # -- in --------------------------------------------------------------------------------

    async def receive(self) -> AsyncIterator[LineEvent]:
        self._reader = asyncio.current_task()
        while not self._is_over():
            event = await self._next()
            if event is None or self._is_over():
                break
            text = event.get("text")
            if text is None and event["type"] == "websocket.disconnect":
                self._end(lost=True)
                break
            try:
                message = wire.read(text or event.get("bytes") or "")
            except wire.Malformed as error:
                self._complain(error)
                continue
            if type(message) is wire.Media:
                if message.media.track == "inbound":
                    yield AudioIn(message.media.payload)
            elif heard := self._heard(message):
                yield heard
        yield HungUp(lost=self._lost)

    async def _next(self) -> Message | None:
        """The next message; None when the wait for it was broken off by our own end.

        A cancel scope for each of 50 frames a second would be a sixth of all that a call costs.
        """
        self._waits = True
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not (self._woken and self._reader):
                raise
            self._reader.uncancel()
            return None
        finally:
            self._waits = False

    def _heard(self, message: wire.Message | None) -> LineEvent | None:
        match message:
            case wire.Mark():
                if message.mark.name != _LAST:
                    return Mark(message.mark.name)
                self._said_last.set()
            case wire.Dtmf() if message.dtmf.digit in _DIGITS:
                return Digit(message.dtmf.digit)
            case wire.Stop():
                self._end(lost=False)
        return None

    def _complain(self, error: wire.Malformed) -> None:
        self.malformed += 1
        log.debug("twilio_message_malformed", why=str(error))
        if self.malformed >= MAX_MALFORMED:
            log.warning("twilio_stream_malformed", call=self.call.id)
            self._end(lost=True)

    def _is_over(self) -> bool:
        return self._over

    def _end(self, *, lost: bool) -> None:
        """Let the reader have its HungUp, whatever it waits for."""
        if not self._over:
            self._over, self._lost = True, lost
            if self._waits and self._reader:
                self._woken = self._reader.cancel()
            self._said_last.set()

    # -- out -------------------------------------------------------------------------------

    def send(self, order: LineOrder) -> None:
        if self._over:
            return
        match order:
            case AudioOut(audio):
                if audio:
                    now = time.monotonic()
                    seconds = len(audio) / self.call.format.bytes_per_second
                    self._heard_at = max(self._heard_at, now) + seconds
                    self._put(self._writer.media(audio))
            case Mark(name):
                self._put(self._writer.mark(name))
            case Clear():
                self._heard_at = 0.0
                # Its marks come back as those of what was sent already will.
                marks = [kept for kept in self._outbox if self._writer.is_mark(kept)]
                self._outbox.clear()
                self._queued = 0
                for message in (self._writer.clear(), *marks):
                    self._put(message)
            case Caption():
                pass

    def _put(self, message: str) -> None:
        self._outbox.append(message)
        self._queued += len(message)
        self._filled.set()
        if self._queued > OUTBOX_CHARACTERS:
            log.warning("twilio_stream_unread", call=self.call.id)
            self._end(lost=True)

    async def write(self) -> None:
        """Send what is queued, until cancelled or until nobody is there."""
        try:
            while True:
                while self._outbox:
                    message = self._outbox.popleft()
                    self._queued -= len(message)
                    await self._send({"type": "websocket.send", "text": message})
                self._filled = anyio.Event()
                await self._filled.wait()
        except (OSError, RuntimeError):
            # The peer is gone: what it sent before is still to be read, and then its leaving.
            self._outbox.clear()

    # -- leaving ---------------------------------------------------------------------------

    async def hang_up(self) -> None:
        self.ending = self.ending or Put()
        await self._leave()

    async def transfer(self, to: str, summary: str) -> None:
        person = self._config.person(to)
        self.ending = Handed(person, summary)
        await self._leave()

    async def _leave(self) -> None:
        """Wait until all was heard, then end."""
        if self._over:
            return
        self._put(self._writer.mark(_LAST))
        patience = max(0.0, self._heard_at - time.monotonic()) + SLACK_SECONDS
        with anyio.move_on_after(patience):
            await self._said_last.wait()
        self._end(lost=False)
