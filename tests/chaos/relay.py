"""A network that can be cut: TCP connections passed on to where somebody listens.

One in front of the replicas is a load balancer: round robin over those whose `/readyz` is green,
over all when none is. One before PostgreSQL, Redis, Telegram or the agent is the wire to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

import anyio
import httpx

PIECE = 64 * 1024
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 2.0

Place = tuple[str, int]
"""Host and port."""


def place_of(url: str) -> Place:
    """Where a URL leads."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


@dataclass
class Relay:
    """Passes connections on to the first of `targets` that takes them."""

    targets: Callable[[], Sequence[Place]]
    port: int = 0
    cuts: int = 0
    """Connections that were broken."""
    _pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            self.cut()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self, share: float = 1.0, dice: Random | None = None) -> None:
        """Break connections, of both sides, without a word."""
        for pair in list(self._pairs):
            if dice is None or dice.random() < share:
                self.cuts += 1
                for side in pair:
                    side.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for host, port in self.targets():
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    there, back = await asyncio.open_connection(host, port)
                break
        else:
            writer.transport.abort()
            return
        pair = (writer, back)
        self._pairs.add(pair)
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            self._pairs.discard(pair)
            for side in pair:
                side.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, and its end."""
    try:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        if not writer.is_closing():
            writer.write_eof()
    except (OSError, RuntimeError):
        # uvloop says RuntimeError of a transport that was aborted meanwhile.
        writer.transport.abort()


class Balancer(Relay):
    """In front of the replicas."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(self._next)
        self.all = [("127.0.0.1", port) for port in ports]
        self.ready: list[Place] = []
        self._turn = 0

    def _next(self) -> list[Place]:
        """Whose turn it is, and who is asked when nobody answers there."""
        self._turn += 1
        green = self.ready or self.all
        first = self._turn % len(green)
        return [*green[first:], *green[:first], *(p for p in self.all if p not in green)]

    async def watch(self) -> None:
        """Ask the replicas how they are, until cancelled."""
        async with (
            httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as http,
            anyio.create_task_group() as tasks,
        ):
            for place in self.all:
                tasks.start_soon(self._watch, http, place)

    async def _watch(self, http: httpx.AsyncClient, place: Place) -> None:
        while True:
            green = False
            with suppress(httpx.HTTPError):
                answer = await http.get(f"http://{place[0]}:{place[1]}/readyz")
                green = answer.status_code == httpx.codes.OK
            if green and place not in self.ready:
                self.ready.append(place)
            elif not green and place in self.ready:
                self.ready.remove(place)
            await anyio.sleep(LOOK_SECONDS)
