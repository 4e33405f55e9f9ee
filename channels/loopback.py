"""An ASGI application on a port of this machine for as long as a block lasts, for doubles."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp

_GRACE_SECONDS = 1.0
_TICK_SECONDS = 0.005


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__(uvicorn.Config(app, log_level="critical", ws="websockets-sansio"))
        self.enough = anyio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the program."""
        yield

    async def main_loop(self) -> None:
        """Serve until told; uvicorn's own looks ten times a second."""
        while not self.enough.is_set():
            await self.on_tick(0)  # sets the date that answers carry
            with anyio.move_on_after(1):
                await self.enough.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close as soon as the last request is answered; uvicorn's own pauses first."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with anyio.move_on_after(_GRACE_SECONDS):
            while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                await anyio.sleep(_TICK_SECONDS)
        await self.lifespan.shutdown()


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve `app`; yields its URL. Port 0 takes a free one."""
    # Named as TCP, or asyncio would not switch Nagle's delay off and each first word of a
    # stream would wait some 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        server = _Server(app)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield f"http://{host}:{listener.getsockname()[1]}"
            finally:
                server.enough.set()
