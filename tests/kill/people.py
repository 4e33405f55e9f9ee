"""People who write while the house is being killed, and count what comes back."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
from anyio.abc import TaskGroup
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

PING_SECONDS, DEAD_SECONDS = 2.0, 5.0
"""How often to ask whether the house is there, and how long it may be silent. As the widget
does, only sooner."""


@dataclass
class Visitor:
    """A widget, as the wire describes one: an outbox, replay from the last seq, no memory else.

    Like the widget it sends one message after the other, each until it is acknowledged.
    """

    url: str
    token: str = ""
    log: dict[int, dict[str, Any]] = field(default_factory=dict)
    outbox: dict[str, dict[str, Any]] = field(default_factory=dict)
    doubles: int = 0
    """Log entries that came twice with different content."""
    reconnects: int = -1
    codes: list[int] = field(default_factory=list)
    """What sockets were closed with, oldest first."""
    _socket: ClientConnection | None = None
    _in_flight: str = ""

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with suppress(OSError, WebSocketException, httpx.HTTPError, TimeoutError):
                await self._session()
            self._socket, self._in_flight = None, ""
            await anyio.sleep(0.05)

    async def say(self, text: str) -> None:
        id = str(uuid.uuid4())
        self.outbox[id] = {"type": "message", "id": id, "text": text, "files": []}
        await self._flush()

    async def _session(self) -> None:
        if not self.token:
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(f"{self.url}/web/sessions", json={})
                self.token = answer.raise_for_status().json()["token"]
        address = self.url.replace("http", "ws", 1) + "/web/socket"
        async with connect(address, proxy=None, open_timeout=3, close_timeout=1) as socket:
            hello = {"type": "hello", "token": self.token, "after": max(self.log, default=0)}
            await socket.send(json.dumps(hello))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._ping, socket)
                while True:
                    try:
                        with anyio.fail_after(DEAD_SECONDS):
                            frame = json.loads(await socket.recv())
                    except ConnectionClosed as closed:
                        if closed.rcvd:
                            self.codes.append(closed.rcvd.code)
                        tasks.cancel_scope.cancel()
                        return
                    except TimeoutError:
                        tasks.cancel_scope.cancel()
                        return
                    await self._take(frame, socket, tasks)

    async def _take(
        self, frame: dict[str, Any], socket: ClientConnection, tasks: TaskGroup
    ) -> None:
        match frame:
            case {"type": "welcome"}:
                self._socket = socket
                self.reconnects += 1
                await self._flush()
            case {"type": "ack", "id": id}:
                self.outbox.pop(id, None)
                await self._settle(id)
            case {"type": "error", "id": id, "retry_after": wait}:
                tasks.start_soon(self._again, id, float(wait))
            case {"type": "message", "seq": seq}:
                known = self.log.setdefault(seq, frame)
                self.doubles += known["parts"] != frame["parts"]

    async def _ping(self, socket: ClientConnection) -> None:
        while True:
            await anyio.sleep(PING_SECONDS)
            with suppress(WebSocketException):
                await socket.send(json.dumps({"type": "ping"}))

    async def _again(self, id: str, wait: float) -> None:
        await anyio.sleep(wait)
        await self._settle(id)

    async def _settle(self, id: str) -> None:
        if id == self._in_flight:
            self._in_flight = ""
        await self._flush()

    async def _flush(self) -> None:
        """Send the oldest message that is not acknowledged, unless one is under way."""
        if self._socket and self.outbox and not self._in_flight:
            self._in_flight = next(iter(self.outbox))
            with suppress(WebSocketException):
                await self._socket.send(json.dumps(self.outbox[self._in_flight]))

    def texts(self, role: str) -> list[str]:
        return [
            part["text"]
            for seq in sorted(self.log)
            if self.log[seq]["role"] == role
            for part in self.log[seq]["parts"]
            if part["kind"] == "text"
        ]
