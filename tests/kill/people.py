"""People who write while the house is being killed, and count what comes back."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException


@dataclass
class Visitor:
    """A widget, as the wire describes one: an outbox, replay from the last seq, no memory else."""

    url: str
    token: str = ""
    log: dict[int, dict[str, Any]] = field(default_factory=dict)
    outbox: dict[str, dict[str, Any]] = field(default_factory=dict)
    doubles: int = 0
    """Log entries that came twice with different content."""
    reconnects: int = -1
    _socket: ClientConnection | None = None
    _changed: anyio.Event = field(default_factory=anyio.Event)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with suppress(OSError, WebSocketException, httpx.TransportError, TimeoutError):
                await self._session()
            self._socket = None
            await anyio.sleep(0.05)

    async def say(self, text: str) -> None:
        id = str(uuid.uuid4())
        self.outbox[id] = {"type": "message", "id": id, "text": text, "files": []}
        await self._flush(id)

    async def _session(self) -> None:
        if not self.token:
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(f"{self.url}/web/sessions", json={})
                self.token = answer.json()["token"]
        address = self.url.replace("http", "ws", 1) + "/web/socket"
        async with connect(address, proxy=None, open_timeout=3) as socket:
            await socket.send(
                json.dumps(
                    {"type": "hello", "token": self.token, "after": max(self.log, default=0)}
                )
            )
            async for frame in socket:
                event = json.loads(frame)
                match event["type"]:
                    case "welcome":
                        self._socket = socket
                        self.reconnects += 1
                        for id in tuple(self.outbox):
                            await self._flush(id)
                    case "ack":
                        self.outbox.pop(event["id"], None)
                    case "message":
                        known = self.log.setdefault(event["seq"], event)
                        self.doubles += known["parts"] != event["parts"]
                self._changed.set()
                self._changed = anyio.Event()

    async def _flush(self, id: str) -> None:
        if self._socket:
            with suppress(WebSocketException):
                await self._socket.send(json.dumps(self.outbox[id]))

    def texts(self, role: str) -> list[str]:
        return [
            part["text"]
            for seq in sorted(self.log)
            if self.log[seq]["role"] == role
            for part in self.log[seq]["parts"]
            if part["kind"] == "text"
        ]
