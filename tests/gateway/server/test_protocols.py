"""What a peer may make us wait for, and keep in memory."""

from __future__ import annotations

import itertools
import struct
from collections.abc import AsyncIterator, Iterable

import anyio
import pytest
from anyio.abc import SocketStream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.server import protocols
from gateway.server.serving import Server, serving
from tests.kill.house import free_port

pytestmark = pytest.mark.anyio

UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def endless(_: Request) -> Response:
    return StreamingResponse(itertools.repeat(b"x" * 65536))


async def listen(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(str(len(text)))


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server that is as strict as the real one and less patient."""
    for name, seconds in (("HEAD", 0.2), ("BODY", 0.4), ("UNREAD", 0.3), ("TICK", 0.05)):
        monkeypatch.setattr(protocols, f"{name}_SECONDS", seconds)
    app = Starlette(
        routes=[
            Route("/", echo, methods=["POST"]),
            Route("/endless", endless),
            WebSocketRoute("/socket", listen),
        ]
    )
    server = Server(app, "127.0.0.1", free_port())
    async with serving(server):
        yield server.config.port


async def sent(port: int, *pieces: bytes, every: float = 0) -> bytes:
    """All that comes back after sending these, until the server closes."""
    async with await anyio.connect_tcp("127.0.0.1", port) as peer:
        with anyio.fail_after(5):
            try:
                for piece in pieces:
                    await peer.send(piece)
                    await anyio.sleep(every)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass
            return await rest(peer)


async def rest(peer: SocketStream) -> bytes:
    got = b""
    try:
        while True:
            got += await peer.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return got


LINE = b"X-A: " + b"y" * 1000 + b"\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (POST, LINE),
        (POST + b"X: ", b"y" * 1000),
        (b"POST /", b"y" * 1000),
        (CHUNKED + b"0\r\n", LINE),
        (CHUNKED + b"1;", b"y" * 1000),
    ],
    ids=["headers", "header", "path", "trailers", "chunk extension"],
)
async def test_a_head_without_end_is_refused(port: int, start: bytes, more: bytes) -> None:
    answer = await sent(port, start, more * 60, more * 60)
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"PO"], b"408"),
        ([POST], b"408"),
        ([POST + b"Content-Length: 9\r\n\r\nabc"], b"408"),
        ([CHUNKED + b"1\r\na\r\n"], b"408"),
        ([], b""),
    ],
    ids=["method", "headers", "body", "chunks", "nothing"],
)
async def test_a_request_that_stops_halfway_is_given_up(
    port: int, pieces: Iterable[bytes], status: bytes
) -> None:
    answer = await sent(port, *pieces)
    assert answer[9:12] == status


async def test_a_body_that_trickles_is_given_up(port: int) -> None:
    trickle = itertools.repeat(b"x", 100)
    answer = await sent(port, POST + b"Content-Length: 100\r\n\r\n", *trickle, every=0.05)
    # Who sends on does not always see why it was closed.
    assert answer[9:12] in (b"408", b"")


async def test_a_body_that_keeps_coming_is_waited_for(port: int) -> None:
    pieces = itertools.repeat(b"x" * 1000, 8)
    head = POST + b"Connection: close\r\nContent-Length: 8000\r\n\r\n"
    answer = await sent(port, head, *pieces, every=0.1)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"8000")


async def test_a_connection_serves_many_requests(port: int) -> None:
    request = POST + b"Content-Length: 3\r\n\r\nabc"
    last = POST + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc"
    answer = await sent(port, request, request + request, last, every=0.05)
    assert answer.count(b"HTTP/1.1 200 ") == 4


async def test_an_answer_that_nobody_reads_is_given_up(port: int) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as peer:
        await peer.send(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        await anyio.sleep(0.6)
        with anyio.fail_after(5):
            got = await rest(peer)
    assert got.startswith(b"HTTP/1.1 200 ")


def frame(opcode: int, data: bytes, *, final: bool = True) -> bytes:
    length = (
        bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
    )
    return bytes([final << 7 | opcode]) + length + bytes(4) + data


async def test_a_message_in_too_many_fragments_is_refused(port: int) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as peer:
        await peer.send(UPGRADE)
        await peer.receive()
        await peer.send(frame(1, b"", final=False) + frame(0, b"", final=False) * 2000)
        with anyio.fail_after(5):
            got = await rest(peer)
    assert got[:4] == b"\x88\x18" + struct.pack(">H", 1009)


async def test_a_message_in_some_fragments_is_taken(port: int) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as peer:
        await peer.send(UPGRADE)
        await peer.receive()
        await peer.send(frame(1, b"a", final=False) + frame(0, b"b", final=False) + frame(0, b"c"))
        with anyio.fail_after(5):
            assert await peer.receive() == b"\x81\x013"


async def test_who_pings_and_reads_no_pong_is_let_go(port: int) -> None:
    async def ping_for_ever(peer: SocketStream) -> None:
        while True:
            await peer.send(frame(9, b"x" * 125) * 500)

    async with await anyio.connect_tcp("127.0.0.1", port) as peer:
        await peer.send(UPGRADE)
        await peer.receive()
        with anyio.fail_after(10), pytest.raises(anyio.BrokenResourceError):
            await ping_for_ever(peer)
