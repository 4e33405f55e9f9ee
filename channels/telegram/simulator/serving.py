"""An ASGI application on a free port of loopback, for as long as a block lasts."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.enough = anyio.Event()

    async def main_loop(self) -> None:
        """Serve until told; uvicorn's own looks ten times a second."""
        await self.enough.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the program."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve `app`; yields its URL. Port 0 takes a free one."""
    listener = socket.create_server((host, port))
    server = _Server(
        uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.enough.set()
