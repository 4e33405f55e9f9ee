"""uvicorn's protocols with bounds: how long a peer keeps us waiting, and what we hold for it.

uvicorn itself waits for ever for the rest of a request, keeps heads of any size, and answers
pings of a peer that never reads the answers.
"""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

HEAD_BYTES = 64 * 1024
"""Of a request without its body: request line, headers, trailers, what surrounds chunks."""
HEAD_SECONDS = 10.0
"""From the connection, or the first byte of a request, to the end of its headers."""
BODY_SECONDS = 30.0
"""Silence within a body."""
SLOWEST = 1000
"""Bytes a second of a body, in the long run."""
UNREAD_SECONDS = 60.0
"""With our answer not being read."""
TICK_SECONDS = 5.0
"""Between looks at the clock."""
FRAGMENTS = 1000
"""Frames of one socket message."""


class Http(HttpToolsProtocol):
    """HTTP/1.1 with a peer that we do not wait for longer than is reasonable."""

    _head = 0
    _due: float | None = None
    """When the peer must have sent more; None while it is our turn."""
    _unread_since: float | None = None
    _tick: TimerHandle

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # it takes what asyncio gives
        self._due = self.loop.time() + HEAD_SECONDS
        self._tick = self.loop.call_later(TICK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tick.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_BYTES:
            self._refuse(431, f"The head of a request has at most {HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._due = self.loop.time() + HEAD_SECONDS

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head = 0
        self._due = self.loop.time() + BODY_SECONDS

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._head = 0
        if self._due is not None:
            latest = self.loop.time() + BODY_SECONDS
            self._due = min(self._due + len(body) / SLOWEST, latest)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head = 0
        self._due = None

    def handle_websocket_upgrade(self) -> None:
        self._tick.cancel()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_since = None

    def _look(self) -> None:
        now = self.loop.time()
        self._tick = self.loop.call_later(TICK_SECONDS, self._look)
        if self._unread_since is not None and now > self._unread_since + UNREAD_SECONDS:
            self.transport.abort()
        elif self._due is not None and self.flow.read_paused:
            # It is we who do not read.
            self._due = now + BODY_SECONDS
        elif self._due is not None and now > self._due:
            self._refuse(408, "The rest of the request did not come in time.")

    def _refuse(self, status: int, words: str) -> None:
        if self.transport.is_closing():
            return
        asked = self.cycle is not None and not self.cycle.response_complete
        # Who never asked for anything is told nothing, and an answer is not interrupted.
        if not self.cycle.response_started if asked else self._head:
            body = f"{words}\n".encode()
            head = (
                "content-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.close()


class Socket(WebSocketsSansIOProtocol):
    """A web socket whose peer cannot fill our memory."""

    _stalled: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._read_again()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read_again()

    def handle_ping(self) -> None:
        # RFC 6455, 5.5.3: a pong may be left out when a later ping is answered.
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < FRAGMENTS:
            super().handle_cont(event)
            return
        self.conn.fail(CloseCode.MESSAGE_TOO_BIG, f"at most {FRAGMENTS} fragments")
        self.handle_parser_exception()

    def _read_again(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None
