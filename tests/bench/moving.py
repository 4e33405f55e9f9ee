"""Five thousand idle widgets at two replicas, one of which is killed.

Each comes back as the widget does: after pauses that grow, with some chance, at whichever door
answers. Told is when the last of them has what it missed, one message each; and what a return
costs whom, for all share this machine's cores.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import httpx

from tests.bench.many import replicas
from tests.bench.measure import quantile, resident
from tests.bench.scale import processor_seconds

SOCKETS = 5000
AT_ONCE = 100
PAUSE, LONGEST_PAUSE, ANSWER = 0.5, 30.0, 10.0
"""Seconds, as in the widget: before it tries again, and until it believes nobody answers."""

TEXT, PING, PONG = 0x81, 0x89, 0x8A
UPGRADE = (
    "GET /web/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: {address}\r\n\r\n"
)


class Socket(asyncio.Protocol):
    """A web socket as cheap as can be, so that we measure the server and not ourselves."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._unread = b""
        self._upgraded = False
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own is not registered as one.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(UPGRADE.format(address=self._person.address).encode())

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._upgraded:
            head, end, rest = self._unread.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.transport.abort()
                return
            self._upgraded, self._unread = True, rest
            self.send({"type": "hello", "token": self._person.token, "after": 0})
        for kind, content in self._frames():
            if kind == PING:
                self.transport.write(_frame(PONG, content))
            elif kind == TEXT:
                self._person.hear(json.loads(content), self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def send(self, told: dict[str, Any]) -> None:
        self.transport.write(_frame(TEXT, json.dumps(told).encode()))

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        while len(self._unread) >= 2:
            size, start = self._unread[1], 2
            if size == 126:
                if len(self._unread) < 4:
                    return
                (size,), start = struct.unpack_from("!H", self._unread, 2), 4
            if len(self._unread) < start + size:
                return
            kind, content = self._unread[0], self._unread[start : start + size]
            self._unread = self._unread[start + size :]
            yield kind, content


def _frame(kind: int, data: bytes) -> bytes:
    """A client's frame (RFC 6455, 5.2), under a mask that changes nothing."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
    return bytes([kind]) + size + bytes(4) + data


@dataclass
class Person:
    """One widget."""

    address: str
    """As behind a proxy: each has an allowance of their own."""
    token: str
    ports: list[int]
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once what it will miss is stored."""
    back: float = 0.0
    """When it had what it missed; 0 while it never lost its door."""
    _lost: bool = False
    _newest: int | None = None
    """The seq it was welcomed with; None before that."""

    async def stay(self) -> None:
        """Be there, at one door or the other."""
        loop = asyncio.get_running_loop()
        tries = 0
        while True:
            self._newest = None
            try:
                _, socket = await loop.create_connection(
                    lambda: Socket(self), "127.0.0.1", self.ports[0]
                )
                late = loop.call_later(ANSWER, self._give_up, socket)
                await socket.closed.wait()
                late.cancel()
            except OSError:
                pass
            if self._welcomed():
                tries = 0
            self._lost = self.ready.is_set()
            self.ports.reverse()
            dice = random.random()  # noqa: S311 - no secret
            await asyncio.sleep(dice * min(LONGEST_PAUSE, PAUSE * 2**tries))
            tries += 1

    def hear(self, told: dict[str, Any], socket: Socket) -> None:
        match told["type"]:
            case "welcome":
                self._newest = told["seq"]
                if not self._lost:
                    id = "00000000-0000-4000-8000-000000000000"
                    socket.send({"type": "message", "id": id, "text": "something to be missed"})
            case "ack":
                self.ready.set()
            case "message" if self._lost and told["seq"] == self._newest:
                self.back = self.back or time.monotonic()

    def _welcomed(self) -> bool:
        return self._newest is not None

    def _give_up(self, socket: Socket) -> None:
        if not self._welcomed():
            socket.transport.abort()


async def run() -> None:
    limits = {"MAX_SOCKETS": str(2 * SOCKETS), "DEBOUNCE_SECONDS": "3600"}
    async with (
        replicas(2, limits) as (stays, dies),
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        anyio.create_task_group() as tasks,
    ):
        gate = asyncio.Semaphore(AT_ONCE)
        people: list[Person] = []

        async def come(number: int) -> None:
            async with gate:
                address = f"10.0.{number // 250}.{number % 250}"
                visitor = {"X-Forwarded-For": address}
                answer = await client.post(f"{stays.url}/web/sessions", json={}, headers=visitor)
                ports = [stays.port, dies.port] if number % 2 else [dies.port, stays.port]
                person = Person(address, answer.json()["token"], ports)
                people.append(person)
                tasks.start_soon(person.stay)
                await person.ready.wait()

        began = time.monotonic()
        await asyncio.gather(*(come(number) for number in range(SOCKETS)))
        print(
            f"{SOCKETS} sockets open after {time.monotonic() - began:.1f} s; "
            f"{resident(stays.pid):.0f} + {resident(dies.pid):.0f} MB",
            flush=True,
        )
        moved = [person for person in people if person.ports[0] == dies.port]
        dies.kill()
        killed, before = time.monotonic(), processor_seconds()
        with anyio.move_on_after(60):
            while not all(person.back for person in moved):  # noqa: ASYNC110 - of many, the last
                await anyio.sleep(0.05)
        used = processor_seconds()
        waits = [person.back - killed for person in moved if person.back]
        costs = ", ".join(
            f"{who} {(used[who] - before[who]) / len(moved) * 1e3:.2f}" for who in sorted(used)
        )
        print(
            f"{len(moved)} lost their replica: {len(waits)} are back, p50 "
            f"{quantile(waits, 0.5):.2f} s, p95 {quantile(waits, 0.95):.2f} s, "
            f"all after {max(waits):.2f} s; {resident(stays.pid):.0f} MB; CPU ms each: {costs}",
            flush=True,
        )
        tasks.cancel_scope.cancel()
