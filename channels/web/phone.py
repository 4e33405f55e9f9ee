"""The demo page's telephone: a socket that carries a phone's sound to whoever places the call.

    client  hello {token}, then binary mu-law at 8 kHz, and digit {digit}
    server  phone {state: ringing | answered | told | ended}, binary mu-law at 8 kHz, error

Closing the socket puts the phone down. The browser speaks mu-law itself, so nothing is
transcoded on the way, and what is heard is what a telephone would carry.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from channels.base import Budget
from channels.events import PHONE
from channels.web import wire
from channels.web.connection import ABUSE, BAD_TOKEN, BROKEN, TOO_SLOW, Pace, Patience
from channels.web.sessions import BadToken, Session
from channels.web.voice import AUDIO_BURST, AUDIO_PACE, CALLS_BURST, CALLS_INTERVAL
from prompts import sentence

log = structlog.get_logger()

FRAME = PHONE.bytes_per_second // 50
"""Bytes of 20 ms."""
_MAX_AUDIO = 16_384
_WAITING = 500
"""Frames that wait, each way; more are dropped, as on any telephone line."""
_KEYS = frozenset("0123456789*#")


class Handset(Protocol):
    """What whoever holds the phone says, presses and hears."""

    def said(self) -> AsyncIterator[bytes | str]:
        """Sound, in frames of 20 ms of mu-law at 8 kHz, and keys, as text.

        As it is spoken; ends when the phone is put down.
        """

    def answered(self) -> None:
        """The other side took the call."""

    def told(self, text: str) -> None:
        """Show words that the telephone network speaks, not the house: all lines are busy."""

    def play(self, audio: bytes) -> None:
        """Let mu-law sound be heard, at the pace it is to be heard at."""


PlacePhoneCall = Callable[[Handset], Awaitable[None]]
"""Places a call for a handset; returns when it is over."""


class PhoneSocket:
    """One call of the demo page; `admit` reads a token and raises BadToken."""

    def __init__(
        self,
        socket: WebSocket,
        place: PlacePhoneCall,
        budget: Budget,
        admit: Callable[[str], Session],
        *,
        locale: str,
        patience: Patience,
    ) -> None:
        self._socket = socket
        self._place = place
        self._budget = budget
        self._admit = admit
        self._locale = locale
        self._patience = patience
        self._said: MemoryObjectReceiveStream[bytes | str]
        self._out: MemoryObjectSendStream[bytes | wire.Frame]

    # -- the handset -------------------------------------------------------------------

    async def said(self) -> AsyncIterator[bytes | str]:
        async for item in self._said:
            yield item

    def answered(self) -> None:
        self._put(_state("answered"))

    def told(self, text: str) -> None:
        self._put({"type": "phone", "state": "told", "text": text})

    def play(self, audio: bytes) -> None:
        self._put(audio)

    # -- the socket --------------------------------------------------------------------

    async def serve(self) -> None:
        """Accept, call, and close. Raises nothing but cancellation."""
        closing: tuple[int, str] | None = None
        try:
            await self._socket.accept()
            closing = await self._greeting() or await self._call()
        except (WebSocketDisconnect, WebSocketDisconnected):
            return
        except Exception:
            log.exception("web_phone_failed")
            closing = (BROKEN, "voice_broken")
        with (
            suppress(WebSocketDisconnect, WebSocketDisconnected),
            anyio.CancelScope(shield=True),
            anyio.move_on_after(self._patience.close),
        ):
            code, why = closing
            words = sentence("web", why, self._locale) if why else ""
            await self._socket.send_json(wire.error(why, words) if why else _state("ended"))
            await self._socket.close(code, why)

    async def _greeting(self) -> tuple[int, str] | None:
        """Why it may not call; None when it may."""
        with anyio.move_on_after(self._patience.hello):
            event = await self._next()
            fact = _fact(event)
            if not isinstance(fact.get("token"), str) or fact.get("type") != "hello":
                return ABUSE, "hello_expected"
            try:
                session = self._admit(fact["token"])
            except BadToken:
                return BAD_TOKEN, "bad_token"
            self._locale = session.locale or self._locale
            key = f"web:calls:{session.id}"
            if await self._budget.take(key, interval=CALLS_INTERVAL, burst=CALLS_BURST):
                return ABUSE, "too_many_calls"
            return None
        return TOO_SLOW, "hello_timeout"

    async def _call(self) -> tuple[int, str]:
        said, self._said = anyio.create_memory_object_stream[bytes | str](_WAITING)
        self._out, out = anyio.create_memory_object_stream[bytes | wire.Frame](_WAITING)
        with said, self._said, self._out, out:
            async with anyio.create_task_group() as around:
                async with anyio.create_task_group() as tasks:
                    around.start_soon(self._write, out)
                    tasks.start_soon(self._read, said)
                    self._put(_state("ringing"))
                    await self._place(self)
                    tasks.cancel_scope.cancel()
                # What was said last is still to be written.
                self._out.close()
        return 1000, ""

    async def _read(self, said: MemoryObjectSendStream[bytes | str]) -> None:
        pace, rest = Pace(), b""
        with said:
            while True:
                try:
                    event = await self._next()
                except WebSocketDisconnect:
                    return
                sound = event.get("bytes") or b""
                cost = max(len(sound), FRAME) / PHONE.bytes_per_second / AUDIO_PACE
                await pace.spend(cost, AUDIO_BURST)
                key = _fact(event).get("digit")
                with suppress(anyio.WouldBlock, anyio.BrokenResourceError):
                    if isinstance(key, str) and key in _KEYS:
                        said.send_nowait(key)
                    rest += sound[:_MAX_AUDIO]
                    while len(rest) >= FRAME:
                        frame, rest = rest[:FRAME], rest[FRAME:]
                        said.send_nowait(frame)

    async def _write(self, out: MemoryObjectReceiveStream[bytes | wire.Frame]) -> None:
        with suppress(WebSocketDisconnect, WebSocketDisconnected, TimeoutError):
            async for item in out:
                with anyio.fail_after(self._patience.send):
                    if isinstance(item, bytes):
                        await self._socket.send_bytes(item)
                    else:
                        await self._socket.send_json(item)

    def _put(self, item: bytes | wire.Frame) -> None:
        with suppress(anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._out.send_nowait(item)

    async def _next(self) -> Any:
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        return event


def _state(state: str) -> wire.Frame:
    return {"type": "phone", "state": state}


def _fact(event: Any) -> dict[str, Any]:
    """A text frame's object; empty for what is none."""
    text = event.get("text")
    if not text or len(text) > wire.MAX_FRAME:
        return {}
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
