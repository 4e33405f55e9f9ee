"""The socket to Cartesia's voice that all calls of the process share.

Utterances are told apart by their `context_id`. Cartesia closes a socket that was not used for
five minutes, and any socket may break: then all its utterances end in `Lost`, and the next one
has a new socket. Loaded with the first call, for `websockets` and `msgspec` take a while.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from gateway.errors import SpeechError, SpeechUnreachable
from gateway.speech.remote import failure

log = structlog.get_logger()

OPEN_SECONDS = 2.0
PARTING_SECONDS = 0.5
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Lost(SpeechUnreachable):
    """The socket broke while somebody was speaking."""


UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What reading raises for what is no event."""


class Event(msgspec.Struct):
    """What Cartesia sends; what else is in it is passed over."""

    type: str
    context_id: str = ""
    data: bytes = b""
    done: bool = False
    status_code: int = 0


class _Utterance:
    """What came for one context and was not yet taken."""

    def __init__(self) -> None:
        self._events: deque[Event | None] = deque()
        self._changed = anyio.Event()

    def put(self, event: Event | None) -> None:
        self._events.append(event)
        self._changed.set()

    async def take(self) -> Event:
        """Raises Lost."""
        while not self._events:
            self._changed = anyio.Event()
            await self._changed.wait()
        event = self._events.popleft()
        if event is None:
            raise Lost("cartesia's socket broke")
        return event


class CartesiaSocket:
    """One open socket. Everything happens on the event loop that opened it."""

    def __init__(self, ws: ClientConnection) -> None:
        self._ws = ws
        self._utterances: dict[str, _Utterance] = {}
        self._decode = msgspec.json.Decoder(Event).decode
        self._encode = msgspec.json.Encoder().encode
        self.up = True
        self.fresh = True
        """Whether nothing was ever heard on it."""
        self._received = 0
        # It belongs to the process, not to whichever call happened to open it.
        self._reading = asyncio.create_task(self._read(), name="cartesia voice")

    async def utter(
        self, order: Mapping[str, Any], first_seconds: float, next_seconds: float
    ) -> AsyncGenerator[bytes]:
        """The sound of one context, which is told everything in one order.

        Raises SpeechError, after `first_seconds` without sound and `next_seconds` without more.
        Closing it early tells Cartesia to stop.
        """
        id = order["context_id"]
        utterance = self._utterances[id] = _Utterance()
        received, over = self._received, False
        try:
            await self._send(order)
            patience = first_seconds
            due = anyio.current_time() + patience
            while not over:
                event = await self._next(utterance, patience, due, received)
                over = event.done
                if event.type == "error":
                    raise failure("cartesia", event.status_code or 500)
                if event.data:
                    yield event.data
                    patience = next_seconds
                    # What has no sound in it does not count.
                    due = anyio.current_time() + patience
        finally:
            del self._utterances[id]
            if not over and self.up:
                with anyio.move_on_after(PARTING_SECONDS, shield=True), suppress(Lost):
                    await self._send({"context_id": id, "cancel": True})

    async def close(self) -> None:
        self.up = False
        self._reading.cancel()
        await self._part()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def _next(
        self, utterance: _Utterance, seconds: float, due: float, received: int
    ) -> Event:
        with anyio.CancelScope(deadline=due):
            return await utterance.take()
        if self._received == received:
            # Not slow but dead: nothing at all came since we spoke. The next one connects anew.
            self.up = False
            self._reading.cancel()
        raise SpeechUnreachable(f"cartesia was silent for {seconds:g} s")

    async def _send(self, order: Mapping[str, Any]) -> None:
        try:
            await self._ws.send(self._encode(order).decode())
        except ConnectionClosed as error:
            self.up = False
            raise Lost("cartesia's socket is closed") from error

    async def _read(self) -> None:
        try:
            async for message in self._ws:
                self._received += 1
                self.fresh = False
                event = self._decode(message)
                if utterance := self._utterances.get(event.context_id):
                    utterance.put(event)
        except ConnectionClosed:
            pass
        except UNREADABLE:
            log.warning("cartesia sent what is no event")
        finally:
            self.up = False
            for utterance in self._utterances.values():
                utterance.put(None)
            await self._part()

    async def _part(self) -> None:
        with anyio.move_on_after(PARTING_SECONDS, shield=True):
            await self._ws.close()
        # Whoever does not close their end would have us keep ours.
        self._ws.transport.abort()


async def dial(base_url: str, headers: Mapping[str, str]) -> CartesiaSocket:
    """Open a socket. Raises SpeechError."""
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    # Certificates take tens of milliseconds to load, in which no call would be served.
    context = await anyio.to_thread.run_sync(ssl.create_default_context) if secure else None
    # A proxy of the environment does not lead to this machine.
    proxy: Literal[True] | None = None if parts.hostname in _LOOPBACK else True
    url = f"{'wss' if secure else 'ws'}://{parts.netloc}{parts.path.rstrip('/')}/tts/websocket"
    try:
        ws = await connect(
            url,
            additional_headers=dict(headers),
            compression=None,  # sound does not compress
            open_timeout=OPEN_SECONDS,
            ssl=context,
            proxy=proxy,
        )
    except InvalidStatus as error:
        raise _told(error) from error
    # A redirect may lead to what is no URL: a ValueError.
    except (OSError, TimeoutError, WebSocketException, ValueError) as error:
        problem = type(error).__name__
        raise SpeechUnreachable(f"cartesia could not be reached: {problem}") from error
    return CartesiaSocket(ws)


def _told(error: InvalidStatus) -> SpeechError:
    return failure("cartesia", error.response.status_code)
