"""The web channel under a real server, and a client that speaks frames."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from channels.base import Calls
from channels.events import Entry, Part, Text
from channels.web.adapter import WebChannel, WebConfig
from channels.web.phone import PlacePhoneCall
from channels.web.wire import Frame
from tests.channels.doubles import FreeBudget, InMemoryInbox
from tests.waiting import PATIENCE

SECRET = "a secret for tests, long enough for HS256"


@dataclass
class Web:
    """A running web channel and what it was handed."""

    url: str
    config: WebConfig
    inbox: InMemoryInbox
    budget: FreeBudget
    server: uvicorn.Server
    http: httpx.AsyncClient
    channel: WebChannel
    doors: dict[str, str] = field(default_factory=dict)

    async def session(self, body: Any = None, **headers: str) -> dict[str, Any]:
        answer = await self.http.post("/web/sessions", json=body or {}, headers=headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    @asynccontextmanager
    async def socket(
        self, origin: str | None = None, path: str = "/web/socket"
    ) -> AsyncIterator[Socket]:
        address = self.url.replace("http", "ws", 1) + path
        headers = {"Origin": origin} if origin else {}
        async with connect(address, proxy=None, additional_headers=headers) as raw:
            yield Socket(raw)

    @asynccontextmanager
    async def greeted(self, session: dict[str, Any], after: int = 0) -> AsyncIterator[Socket]:
        async with self.socket() as it:
            await it.send(type="hello", token=session["token"], after=after)
            await it.expect("welcome")
            yield it

    def agent_says(self, conversation: str, *parts: Part | str) -> Entry:
        return agent_says(self.inbox, conversation, *parts)


class Socket:
    """A client that says exactly what the test says."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw
        self.heard = b""

    async def send(self, **frame: Any) -> None:
        await self.raw.send(json.dumps(frame))

    async def say(self, text: str, **more: Any) -> str:
        id = str(uuid.uuid4())
        await self.send(type="message", id=id, text=text, **more)
        return id

    async def next(self) -> Frame:
        """The next text frame; sound before it is kept in `heard`."""
        with anyio.fail_after(PATIENCE):
            while isinstance(data := await self.raw.recv(), bytes):
                self.heard += data
            frame: Frame = json.loads(data)
            return frame

    async def hear(self, size: int) -> bytes:
        """The next so many bytes of sound, when nothing else comes."""
        with anyio.fail_after(PATIENCE):
            while len(self.heard) < size:
                data = await self.raw.recv()
                assert isinstance(data, bytes), data
                self.heard += data
        taken, self.heard = self.heard[:size], self.heard[size:]
        return taken

    async def expect(self, type: str) -> Frame:
        """The next frame, which must be of that type."""
        frame = await self.next()
        assert frame["type"] == type, frame
        return frame

    async def until(self, type: str) -> Frame:
        """The next frame of that type, past others."""
        while True:
            frame = await self.next()
            if frame["type"] == type:
                return frame

    async def closed(self) -> tuple[int | None, str | None, list[Frame]]:
        """How the server ends it: code, reason, and what it said before."""
        said: list[Frame] = []
        with anyio.fail_after(PATIENCE):
            try:
                while True:
                    data = await self.raw.recv()
                    if isinstance(data, str):
                        said.append(json.loads(data))
            except ConnectionClosed:
                return self.raw.close_code, self.raw.close_reason, said


def agent_says(inbox: InMemoryInbox, conversation: str, *parts: Part | str) -> Entry:
    """A new entry of the agent's, kept and shown."""
    shown = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    seq = len(inbox.log.get(conversation, [])) + 1
    entry = Entry(seq, f"agent{seq}", "agent", shown, datetime.now(UTC))
    inbox.publish(conversation, entry)
    return entry


@asynccontextmanager
async def running(
    config: WebConfig | None = None,
    inbox: InMemoryInbox | None = None,
    port: int = 0,
    calls: Calls | None = None,
    phone: PlacePhoneCall | None = None,
) -> AsyncIterator[Web]:
    """Serve a web channel on loopback while the block runs."""
    config = config or WebConfig(secret=SECRET)
    inbox = inbox or InMemoryInbox()
    budget, doors = FreeBudget(), dict[str, str]()
    channel = WebChannel(config, inbox, budget, lambda: doors, calls, phone=phone)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=list(channel.routes())),
            lifespan="off",
            log_config=None,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
    )
    async with (
        anyio.create_task_group() as tasks,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        tasks.start_soon(server.serve, [listener])
        try:
            with anyio.fail_after(PATIENCE):
                while not server.started:  # noqa: ASYNC110 - uvicorn sets a flag
                    await anyio.sleep(0.005)
            yield Web(url, config, inbox, budget, server, http, channel, doors)
        finally:
            server.should_exit = True
    listener.close()
