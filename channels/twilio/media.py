"""The door of the media sockets: who may come in, which call it is, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import structlog
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from channels.base import Budget, Calls
from channels.events import PHONE, Address, Call, Route, Sender, Trust
from channels.twilio.config import CHANNEL, MEDIA_PATH, PhoneConfig
from channels.twilio.endings import Ending, Full
from channels.twilio.forms import is_withheld
from channels.twilio.signature import Signatures
from channels.twilio.tickets import TICKET_SECONDS, BadTicket, Ticket, Tickets

if TYPE_CHECKING:
    from channels.twilio.line import PhoneLine
    from channels.twilio.wire import Begin

log = structlog.get_logger()

SOCKETS_INTERVAL = 0.02
SOCKETS_BURST = 1000
"""Sockets one host may open: one in so many seconds, and so many at once."""

BEFORE_START = 20
"""Messages that may come before the call is named; theirs is one."""

CLOSE_SECONDS = 3.0
REASON_LENGTH = 120
"""Bytes; RFC 6455, 5.5 leaves 123 for it."""

DONE, UNREADABLE, ABUSE, BROKEN, LATER = 1000, 1003, 1008, 1011, 1013

TICKET, OPENING = "token", "opening"
"""Names of the stream's parameters; a long opening comes in pieces, `opening0`, `opening1`, …"""


class MediaDoor:
    """The ASGI application of the media sockets. `ended` is told how the house left a call."""

    def __init__(
        self,
        config: PhoneConfig,
        signatures: Signatures,
        tickets: Tickets,
        calls: Calls,
        budget: Budget,
        *,
        ended: Callable[[str, Ending | None], None],
    ) -> None:
        self._config = config
        self._signatures = signatures
        self._tickets = tickets
        self._calls = calls
        self._budget = budget
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if refusal := await self._refusal(socket):
            await socket.send_denial_response(refusal)
            return
        code, reason = BROKEN, "broken"
        try:
            await socket.accept()
            line = await self._admitted(await self._begun(socket), receive, send)
            await self._serve(line)
            code, reason = (ABUSE, "malformed") if line.malformed else (DONE, "done")
        except _Closing as closing:
            code, reason = closing.code, closing.reason
            log.warning("twilio_stream_refused", reason=reason)
        except (WebSocketDisconnect, WebSocketDisconnected):
            return
        except Exception:
            log.exception("twilio_stream_failed")
        finally:
            # Without a close frame the call would wait for a time-out.
            with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS):
                await _close(socket, code, reason)

    async def _refusal(self, socket: WebSocket) -> PlainTextResponse | None:
        if not self._signatures.socket(MEDIA_PATH, socket.headers):
            log.warning("twilio_socket_refused")
            return PlainTextResponse("The signature is missing or wrong.\n", 403)
        host = socket.client.host if socket.client else ""
        wait = await self._budget.take(
            f"phone:sockets:{host}", interval=SOCKETS_INTERVAL, burst=SOCKETS_BURST
        )
        if wait:
            headers = {"Retry-After": str(int(wait) + 1)}
            return PlainTextResponse("Too many sockets.\n", 429, headers)
        return None

    async def _begun(self, socket: WebSocket) -> Begin:
        """What Twilio says first. Raises _Closing."""
        from channels.twilio import wire  # noqa: PLC0415 - only calls pay for msgspec; see warm

        why = ""
        with anyio.move_on_after(self._config.start_seconds):
            for _ in range(BEFORE_START):
                event = await socket.receive()
                if event["type"] == "websocket.disconnect":
                    raise WebSocketDisconnect(event.get("code", 1005))
                try:
                    message = wire.read(event.get("text") or event.get("bytes") or "")
                except wire.Malformed as bad:
                    why = f"; {bad}"
                    continue
                if isinstance(message, wire.Start):
                    return message.start
        raise _Closing(ABUSE, f"start expected{why}")

    async def _admitted(self, begun: Begin, receive: Receive, send: Send) -> PhoneLine:
        """The line, once its ticket is proven. Raises _Closing."""
        from channels.twilio import line, wire  # noqa: PLC0415 - see `_begun`

        told = begun.custom_parameters
        try:
            ticket, nonce = self._tickets.read(told.get(TICKET, ""), time.time())
        except BadTicket as bad:
            raise _Closing(ABUSE, f"bad token: {bad}") from None
        if ticket.call != begun.call_sid:
            raise _Closing(ABUSE, "bad token: it is for another call")
        # Whichever replica it comes to, it is taken once.
        if await self._budget.take(f"phone:ticket:{nonce}", interval=2 * TICKET_SECONDS, burst=1):
            raise _Closing(ABUSE, "bad token: it was used already")
        media = begun.media_format
        if (media.encoding, media.sample_rate, media.channels) != ("audio/x-mulaw", 8000, 1):
            raise _Closing(UNREADABLE, f"unknown format {media.encoding} {media.sample_rate}"[:100])
        # Many may have been let come while one line was free.
        if not (ticket.resumed or self._calls.room()):
            self._ended(ticket.call, Full())
            raise _Closing(LATER, "all lines are busy")
        call = self._call(ticket, self._tickets.unseal(joined(told)))
        try:
            return line.PhoneLine(call, begun.stream_sid, receive, send, self._config)
        except wire.Malformed as bad:
            raise _Closing(ABUSE, str(bad)) from None

    def _call(self, ticket: Ticket, opening: str) -> Call:
        trust = Trust.ANONYMOUS if is_withheld(ticket.caller) else Trust.CLAIMED
        # They are greeted in the house's language, so the agent is to answer in it.
        locale = self._config.locale
        return Call(
            ticket.call,
            Sender(Address(CHANNEL, ticket.caller), ticket.name, locale, ticket.zone, trust),
            Route(CHANNEL, ticket.account, ticket.caller),
            PHONE,
            outbound=ticket.outbound,
            opening=opening,
            voicemail=ticket.voicemail,
            resumed=ticket.resumed,
        )

    async def _serve(self, line: PhoneLine) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(line.write)
            await self._calls.answer(line)
            tasks.cancel_scope.cancel()
        # Before the socket closes, for then Twilio asks what comes next.
        self._ended(line.call.id, line.ending)
        log.info(
            "call_left",
            call=line.call.id,
            ending=type(line.ending).__name__ if line.ending else "theirs",
        )


class _Closing(Exception):
    """The socket is to be closed, and why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def pieces(sealed: str, length: int) -> dict[str, str]:
    """Sealed words as parameters of a stream."""
    return {
        f"{OPENING}{i}": sealed[start : start + length]
        for i, start in enumerate(range(0, len(sealed), length))
    }


def joined(parameters: dict[str, str]) -> str:
    """What `pieces` cut."""
    parts: list[str] = []
    while (part := parameters.get(f"{OPENING}{len(parts)}")) is not None:
        parts.append(part)
    return "".join(parts)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with suppress(OSError, RuntimeError, WebSocketDisconnect):
        told = reason.encode("utf-8", "replace")[:REASON_LENGTH].decode("utf-8", "ignore")
        await socket.close(code, told)
