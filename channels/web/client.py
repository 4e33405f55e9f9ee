"""The client's half of the wire: a conversation over the web socket that outlives the socket.

What is said waits in an outbox until it is acknowledged and is sent again under the same
id after every reconnect; the log is replayed from the last seq that was seen.
"""

from __future__ import annotations

import json
import math
import uuid
from contextlib import suppress
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

import anyio
from anyio.abc import TaskGroup
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from channels.web.wire import Frame

_TRY_AGAIN = {"rate_limited", "busy", "unavailable"}
_BAD_TOKEN = 4401
_SHORTEST_WAIT, _LONGEST_WAIT = 0.25, 15.0
"""Seconds between attempts to connect again."""
_LARGEST_FRAME = 16 * 1024 * 1024
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class LetDown(Exception):
    """We cannot talk there: nothing answers, or it will not have us (`why`)."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why or "nothing answers")
        self.why = why
        """What the server said; empty when there was none."""


class Client:
    """One conversation. `run` keeps it going while the others talk."""

    def __init__(self, url: str, *, locale: str = "", zone: str = "") -> None:
        self.url = url.rstrip("/")
        self._about = {"locale": locale, "zone": zone}
        # A proxy for the world cannot reach a server on this machine.
        self._local = urlsplit(self.url).hostname in _LOOPBACK
        self._token = ""
        self._seq = 0
        self._outbox: dict[str, Frame] = {}
        self._emptied = anyio.Event()
        self._socket: ClientConnection | None = None
        self._tasks: TaskGroup
        self._events, self.events = anyio.create_memory_object_stream[Frame](math.inf)

    async def run(self) -> None:
        """Stay connected until cancelled. Raises LetDown, once connected only when refused."""
        import httpx  # noqa: PLC0415 - who does not chat does without

        wait, met = _SHORTEST_WAIT, False
        with self._events:
            while True:
                try:
                    async with anyio.create_task_group() as self._tasks:
                        await self._talk()
                        self._tasks.cancel_scope.cancel()
                except* (OSError, InvalidHandshake, httpx.HTTPError):
                    if not met and not self._token:
                        raise LetDown from None
                if self._socket:
                    self._socket, met, wait = None, True, _SHORTEST_WAIT
                    self._events.send_nowait({"type": "lost"})
                await anyio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    def say(self, text: str) -> str:
        """Say something, now or when connected again; returns its id."""
        return self._queue({"type": "message", "text": text})

    def choose(self, message: str, value: str) -> str:
        """Pick an answer that `message` offered; returns the choice's id."""
        return self._queue({"type": "choice", "message": message, "value": value})

    async def cancel(self) -> None:
        """Ask the agent to stop what it is doing."""
        await self._send({"type": "cancel"})

    async def flushed(self) -> None:
        """Wait until everything said is stored at the other end."""
        while self._outbox:
            self._emptied = anyio.Event()
            await self._emptied.wait()

    def _queue(self, frame: Frame) -> str:
        id = str(uuid.uuid4())
        self._outbox[id] = {**frame, "id": id}
        if self._socket:
            self._tasks.start_soon(self._send, self._outbox[id])
        return id

    async def _talk(self) -> None:
        if not self._token:
            await self._open_session()
        scheme, _, rest = self.url.partition("://")
        address = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/web/socket"
        proxy: Literal[True] | None = None if self._local else True
        async with connect(address, proxy=proxy, max_size=_LARGEST_FRAME) as socket:
            hello = {"type": "hello", "token": self._token, "after": self._seq}
            with suppress(ConnectionClosed):
                await socket.send(json.dumps(hello))
                async for text in socket:
                    await self._take(json.loads(text), socket)
            if socket.close_code == _BAD_TOKEN:
                self._token, self._seq = "", 0

    async def _open_session(self) -> None:
        import httpx  # noqa: PLC0415 - as above

        async with httpx.AsyncClient(trust_env=not self._local, timeout=10) as http:
            answer = await http.post(f"{self.url}/web/sessions", json=self._about)
        if answer.is_client_error and answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            raise LetDown(_plain(answer.text) or f"HTTP {answer.status_code}")
        self._token = answer.raise_for_status().json()["token"]

    async def _take(self, frame: Frame, socket: ClientConnection) -> None:
        match frame:
            case {"type": "welcome"}:
                self._socket = socket
                for waiting in list(self._outbox.values()):
                    await self._send(waiting)
            case {"type": "message", "seq": int(seq)}:
                if seq <= self._seq:
                    return
                self._seq = seq
            case {"type": "ack", "id": str(id)}:
                self._settle(id)
            case {"type": "error", "id": str(id), "code": code}:
                if code in _TRY_AGAIN:
                    self._tasks.start_soon(self._again, id, float(frame.get("retry_after", 1)))
                    return
                self._settle(id)
        self._events.send_nowait(frame)

    def _settle(self, id: str) -> None:
        self._outbox.pop(id, None)
        if not self._outbox:
            self._emptied.set()

    async def _again(self, id: str, wait: float) -> None:
        await anyio.sleep(wait)
        if id in self._outbox:
            await self._send(self._outbox[id])

    async def _send(self, frame: Frame) -> None:
        if self._socket:
            # A closed socket is noticed by who reads it, and the outbox keeps the frame.
            with suppress(ConnectionClosed):
                await self._socket.send(json.dumps(frame))


def _plain(body: str) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, LookupError, TypeError):
        return ""
