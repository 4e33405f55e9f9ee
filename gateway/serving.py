"""Running the house under uvicorn: open the door first, work behind it, stop in order."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import anyio
import uvicorn
from starlette.types import ASGIApp

from gateway.errors import FrontDoorError

GRACE_SECONDS = 5
"""How long open requests may take to finish when we stop."""

LARGEST_FRAME = 256 * 1024
"""Bytes of one socket message."""


class Server(uvicorn.Server):
    """A uvicorn server that says when it listens, and lets us stop what is behind it first."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                ws="websockets-sansio",
                ws_max_size=LARGEST_FRAME,
                # Frames are small, and audio does not compress.
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self.listening = anyio.Event()
        self.asked_to_stop = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.asked_to_stop.is_set():
            super().handle_exit(sig, frame)
        self.asked_to_stop.set()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[None]:
    """Serve while the block runs; the block waits for `server.asked_to_stop` and cleans up."""
    config = server.config
    listener = _bind(config.host, config.port)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        try:
            await server.listening.wait()
            yield
        finally:
            server.should_exit = True


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio would not switch Nagle's delay off and each first word of a
    # stream would wait some 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise FrontDoorError(
            f"Cannot listen on {host}:{port} ({error.strerror}). "
            "Stop what is listening there, or set PORT to another number."
        ) from error
    return listener
