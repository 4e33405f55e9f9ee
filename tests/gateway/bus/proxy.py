"""A wire to a server that can be cut, or made to stall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import ByteStream, SocketStream, TaskGroup


@dataclass
class Proxy:
    """Passes bytes on, both ways, while it `flows`."""

    target: int
    port: int = 0
    flows: anyio.Event = field(default_factory=anyio.Event)
    _open: set[SocketStream] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.flows.set()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def stall(self) -> None:
        """Take what comes, and pass nothing on."""
        self.flows = anyio.Event()

    def flow(self) -> None:
        self.flows.set()

    async def cut(self) -> None:
        """Break all connections; new ones are taken."""
        streams, self._open = self._open, set()
        for stream in streams:
            await stream.aclose()

    async def serve(self, client: SocketStream) -> None:
        async with client, await anyio.connect_tcp("127.0.0.1", self.target) as server:
            self._open.add(client)
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._pump, client, server, client, tasks)
                    tasks.start_soon(self._pump, server, client, client, tasks)
            finally:
                self._open.discard(client)

    async def _pump(
        self, source: ByteStream, sink: ByteStream, client: SocketStream, tasks: TaskGroup
    ) -> None:
        try:
            async for chunk in source:
                await self.flows.wait()
                if client not in self._open:
                    break
                await sink.send(chunk)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port: int = listener.listeners[0].extra(  # noqa: S610 - not Django's
        anyio.abc.SocketAttribute.local_port
    )
    wire = Proxy(target, port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, wire.serve)
        yield wire
        tasks.cancel_scope.cancel()
