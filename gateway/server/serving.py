"""Running the house under uvicorn: open the door first, work behind it, stop in order."""

from __future__ import annotations

import gc
import logging
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType

import anyio
import uvicorn
from starlette.types import ASGIApp

from gateway.errors import FrontDoorError
from gateway.server.protocols import Http, Socket

GRACE_SECONDS = 5
"""How long open requests may take to finish when we stop."""

PARTING_SECONDS = 2.0
"""How long we answer after the last sockets were closed: those who lost one ask what next."""

LARGEST_FRAME = 256 * 1024
"""Bytes of one socket message."""

OPEN_FILES = 65536
"""Files and sockets we may hold open, where the system lets us; many start with 1,024."""


SWEEPS = (1000, 20, 50)
"""Objects more than before at which the youngest are looked at; every which time the older are,
and all: after a million at the earliest."""


class Server(uvicorn.Server):
    """A uvicorn server that says when it listens, and lets us stop what is behind it first."""

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, on_hurry: Callable[[], None] = lambda: None
    ) -> None:
        """`on_hurry` hears a second signal: nothing is to be waited for any more."""
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                http=Http,
                ws=Socket,
                ws_max_size=LARGEST_FRAME,
                # Frames are small, and audio does not compress.
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._on_hurry = on_hurry
        self.listening = anyio.Event()
        self.asked_to_stop = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @property
    def under_way(self) -> int:
        """Requests that are being answered."""
        return len(self.server_state.tasks)

    async def emptied(self) -> None:
        """Wait until no request is being answered."""
        while self.server_state.tasks:  # noqa: ASYNC110 - uvicorn keeps a set and tells nobody
            await anyio.sleep(0.05)

    async def part(self) -> None:
        """Close the sockets that are left, and answer requests a little longer.

        Twilio asks for the document that comes after a broken stream at once, and may ask us.
        """
        sockets = [one for one in self.server_state.connections if isinstance(one, Socket)]
        for each in sockets:
            each.shutdown()
        if sockets and not self.force_exit:
            await anyio.sleep(PARTING_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.asked_to_stop.is_set():
            self.force_exit = True
            self._on_hurry()
        self.asked_to_stop.set()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[None]:
    """Serve while the block runs; the block waits for `server.asked_to_stop` and cleans up."""
    config = server.config
    # It tells of every malformed request that a stranger sends, some with a traceback.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    _allow_many_files()
    door = listener(config.host, config.port)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [door])
        try:
            await server.listening.wait()
            yield
        finally:
            server.should_exit = True


def sweep_seldom() -> None:
    """Have Python look for garbage among all it has only now and then; once all is loaded.

    A socket is some 300 objects, and while those of 5,000 are looked at nobody is served.
    What counts references frees nearly all we leave behind.
    """
    gc.freeze()
    gc.set_threshold(*SWEEPS)


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listener(host: str, port: int, setting: str = "PORT") -> socket.socket:
    """A socket bound there. Raises FrontDoorError, with the setting to change, when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio would not switch Nagle's delay off and each first word of a
    # stream would wait some 40 ms.
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError as error:
        door.close()
        raise FrontDoorError(
            f"Cannot listen on {host}:{port} ({error.strerror}). "
            f"Stop what is listening there, or set {setting} to another number."
        ) from error
    return door
