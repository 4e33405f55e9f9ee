"""A chat-completions server on loopback that speaks the streaming wire of OpenAI and Groq.

It plays what it is given, one scene a request, and records the requests.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream


@dataclass(frozen=True)
class Say:
    """Words, in pieces; `thought` comes before them, apart or within the words."""

    pieces: tuple[str, ...]
    thought: str = ""
    then: str = "stop"
    """`stop`, `drop` the connection, `end` without a reason, or `hang` until it is closed."""


@dataclass(frozen=True)
class Call:
    """Tools to use, each in one chunk, perhaps after some words."""

    calls: tuple[tuple[str, dict[str, Any]], ...]
    words: str = ""


@dataclass(frozen=True)
class Fail:
    """An error status."""

    status: int
    retry_after: str = ""


Scene = Say | Call | Fail


@dataclass
class ChatServer:
    """What it will play, and what it was asked."""

    port: int = 0
    scenes: deque[Scene] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hung_up: anyio.Event = field(default_factory=anyio.Event)
    """Set when the client left a scene that hangs."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def plays(self, *scenes: Scene) -> None:
        self.scenes.extend(scenes)

    def told(self, request: int = -1) -> list[dict[str, Any]]:
        """The messages of a request."""
        messages: list[dict[str, Any]] = self.requests[request]["messages"]
        return messages

    async def serve(self, stream: SocketStream) -> None:
        async with stream:
            with suppress(
                anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, _DroppedError
            ):
                reader = BufferedByteReceiveStream(stream)
                while True:
                    await self._one(stream, reader)

    async def _one(self, stream: SocketStream, reader: BufferedByteReceiveStream) -> None:
        head = (await reader.receive_until(b"\r\n\r\n", 65536)).decode()
        lines = head.split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        body = await reader.receive_exactly(int(headers["content-length"]))
        self.paths.append(lines[0].split(" ")[1])
        self.keys.append(headers.get("authorization", "").removeprefix("Bearer "))
        self.requests.append(json.loads(body))
        match self.scenes.popleft() if self.scenes else Fail(500):
            case Fail(status, retry_after):
                await _fail(stream, status, retry_after)
            case Say() as say:
                await self._say(stream, say)
            case Call() as call:
                await _open(stream)
                if call.words:
                    await _chunk(stream, {"content": call.words})
                for index, (name, arguments) in enumerate(call.calls):
                    function = {"name": name, "arguments": json.dumps(arguments)}
                    use = {"index": index, "id": f"call-{index}", "type": "function"}
                    await _chunk(stream, {"tool_calls": [{**use, "function": function}]})
                await _close(stream, "tool_calls")

    async def _say(self, stream: SocketStream, say: Say) -> None:
        await _open(stream)
        if say.thought:
            await _chunk(stream, {"reasoning": say.thought})
        for piece in say.pieces:
            await _chunk(stream, {"content": piece})
        match say.then:
            case "drop":
                raise _DroppedError
            case "end":
                await stream.send(b"0\r\n\r\n")
            case "hang":
                with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                    await stream.receive()
                self.hung_up.set()
                raise _DroppedError
            case reason:
                await _close(stream, reason)


class _DroppedError(Exception):
    """The connection is cut."""


async def _fail(stream: SocketStream, status: int, retry_after: str) -> None:
    body = json.dumps({"error": {"message": "no", "type": "test", "code": None}}).encode()
    extra = f"retry-after: {retry_after}\r\n" if retry_after else ""
    await stream.send(
        f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{extra}"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
    )


async def _open(stream: SocketStream) -> None:
    await stream.send(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    await _chunk(stream, {"role": "assistant", "content": ""})


async def _chunk(stream: SocketStream, delta: dict[str, Any], reason: str | None = None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    told = {
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [choice],
    }  # fmt: skip
    if reason:
        told["x_groq"] = {"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    await _event(stream, json.dumps(told))


async def _close(stream: SocketStream, reason: str) -> None:
    await _chunk(stream, {}, reason)
    await _event(stream, "[DONE]")
    await stream.send(b"0\r\n\r\n")


async def _event(stream: SocketStream, data: str) -> None:
    event = f"data: {data}\n\n".encode()
    await stream.send(f"{len(event):x}\r\n".encode() + event + b"\r\n")


@asynccontextmanager
async def chat_server() -> AsyncIterator[ChatServer]:
    """A server on a free port of loopback."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no database here
    server = ChatServer(port=port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server.serve)
        yield server
        group.cancel_scope.cancel()
