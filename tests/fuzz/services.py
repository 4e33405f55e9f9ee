"""A service of speech that answers whatever it is told to, on a real socket."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream

from tests.fuzz import doors
from tests.fuzz.speech import DEEP

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""
DRIP_SECONDS = 0.02
"""Between two pieces of an answer without end."""


@dataclass
class Service:
    """Every connection is told `before`, then `again` for as long as it is there."""

    before: bytes = b""
    again: bytes = b""
    """Empty: the connection is closed instead."""
    upgrades: bool = False
    """Whether it shakes hands for a web socket first, and says the rest once it was spoken to."""
    url: str = field(default="", init=False)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Service]:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no database
        self.url = f"http://127.0.0.1:{port}"
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, self._serve)
            yield self
            tasks.cancel_scope.cancel()

    async def _serve(self, peer: SocketStream) -> None:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
            async with peer:
                head = await _head(peer)
                if self.upgrades:
                    await peer.send(_accepted(head))
                    await peer.receive()
                async with anyio.create_task_group() as tasks:
                    # What they send is read, or they would not come to an end with it.
                    tasks.start_soon(_read_all, peer)
                    await self._say(peer)
                    with anyio.CancelScope(shield=True), anyio.move_on_after(0.05):
                        with suppress(anyio.BrokenResourceError, OSError):
                            await peer.send_eof()
                        await anyio.sleep_forever()
                    tasks.cancel_scope.cancel()

    async def _say(self, peer: SocketStream) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await peer.send(self.before)
            while self.again:
                await anyio.sleep(DRIP_SECONDS)
                await peer.send(self.again)


async def _head(peer: SocketStream) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        head += await peer.receive()
    return head


async def _read_all(peer: SocketStream) -> None:
    with suppress(anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
        while True:
            await peer.receive()


def _accepted(head: bytes) -> bytes:
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
    key = next(value for name, value in lines.items() if name.lower() == b"sec-websocket-key")
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - as the RFC has it
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def http(content: bytes, status: str = "200 OK", headers: str = "", length: int = -1) -> bytes:
    size = len(content) if length < 0 else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + content


def frame(event: object) -> bytes:
    """An event as a server sends it."""
    text = event if isinstance(event, str) else json.dumps(event)
    return doors.frame(1, text.encode(), masked=False)


ANSWERS: dict[str, Service] = {
    "nothing": Service(),
    "what is no HTTP": Service(b"\0\xff\r\n\r\n"),
    "half a head": Service(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half a body": Service(http(b'{"text":"a', length=100)),
    "no JSON": Service(http(b"{")),
    "no UTF-8": Service(http(b'{"text":"\xff\xc3"}')),
    "JSON of another kind": Service(http(b"[null]")),
    "a text that is none": Service(http(b'{"text":null}')),
    "JSON without a bottom": Service(http(DEEP.encode() * 20)),
    "a gzip that is none": Service(http(b"nope", headers="Content-Encoding: gzip\r\n")),
    "a gzip that swells": Service(
        http(gzip.compress(bytes(50_000_000)), headers="Content-Encoding: gzip\r\n")
    ),
    "a redirect to nowhere": Service(http(b"", "302 Found", "Location: http://[\r\n")),
    "a status that is none": Service(http(b"", "999 ?")),
    "a chunk that is none": Service(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "an upgrade to nothing": Service(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    "headers without end": Service(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "a body without end": Service(http(b'{"text":"', length=10**9), b" "),
    "a body of great length": Service(http(b'{"text":"', length=10**9), b"x" * 400_000),
}
"""To a request for words; none has any."""

HANDSHAKES: dict[str, Service] = {
    name: ANSWERS[name]
    for name in ("nothing", "what is no HTTP", "half a head", "no JSON", "a redirect to nowhere")
} | {
    "a redirect to what is no port": Service(
        http(b"", "301 Moved", "Location: http://localhost:x/\r\n")
    ),
    "a refusal": Service(http(b"no", "402 Payment Required")),
    "a key that is none": Service(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: nonsense\r\n\r\n"
    ),
    "an extension that nobody asked for": Service(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Extensions: nonsense; x=1\r\n\r\n"
    ),
}  # fmt: skip
"""When a web socket is asked for."""

SOCKETS: dict[str, Service] = {
    "it is closed at once": Service(upgrades=True),
    "what is no event": Service(frame("{"), upgrades=True),
    "events without a bottom": Service(frame(DEEP) * 2, upgrades=True),
    "bytes": Service(doors.frame(2, b'{"type":"\xff"}', masked=False), upgrades=True),
    "types that are none": Service(frame({"type": {"a": 1}, "data": [1]}), upgrades=True),
    "sound that is none": Service(frame({"type": "chunk", "data": "A==A"}), upgrades=True),
    "kinds that are new": Service(b"", frame({"type": "applause"}), upgrades=True),
    "a frame that is none": Service(b"\x83\x00", upgrades=True),
    "a frame too large": Service(
        doors.frame(1, b'"' + b"x" * 2_000_000 + b'"', masked=False), upgrades=True
    ),
    "half a frame": Service(frame({"type": "done"})[:-3], upgrades=True),
    "a close that is none": Service(doors.frame(8, b"\x00", masked=False), upgrades=True),
}
"""Once one is up."""
