"""Figures that are taken when somebody asks for them, and the door of their own for who may."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib import metadata

import anyio
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.server.serving import listener
from gateway.store.backlog import backlog
from gateway.store.engine import Database
from gateway.telemetry import (
    BUILD,
    DATABASE_CONNECTIONS,
    DATABASE_UP,
    LEASES_HELD,
    LOOP_LAG,
    LOOP_TASKS,
    QUEUE,
    QUEUE_AGE,
    exposition,
)

log = structlog.get_logger()

REMEMBERED_SECONDS = 5.0
"""How long figures from the database hold, however often they are asked for."""

PATIENCE_SECONDS = 3.0
"""For the database; a scrape waits ten at most."""

BEAT_SECONDS = 1.0
"""Between two looks at how late the event loop is."""


@dataclass(slots=True)
class Meter:
    """Takes figures that nobody counts as they happen."""

    database: Database | None = None
    """None where there are no conversations."""
    held: Mapping[str, Callable[[], int]] = field(default_factory=dict)
    """Leases of each kind that are held now."""
    _taken_at: float = 0.0
    _taking: anyio.Lock = field(default_factory=anyio.Lock)

    async def measure(self) -> None:
        """Bring the figures up to date. Raises nothing: a database that is away is a figure."""
        LOOP_TASKS.set(len(asyncio.all_tasks()))
        for kind, count in self.held.items():
            LEASES_HELD.labels(kind).set(count())
        if self.database is None:
            return
        for state, connections in self.database.connections().items():
            DATABASE_CONNECTIONS.labels(state).set(connections)
        async with self._taking:
            if time.monotonic() - self._taken_at > REMEMBERED_SECONDS or not self._taken_at:
                await self._ask(self.database)
                self._taken_at = time.monotonic()

    async def _ask(self, database: Database) -> None:
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                depths = await database.read(backlog, now=database.clock())
        except Exception as error:  # noqa: BLE001 - whatever it is, the other figures count
            log.warning("backlog_not_counted", error=type(error).__name__)
            DATABASE_UP.set(0)
            # What was true before would look as if it were true now.
            QUEUE.clear()
            QUEUE_AGE.clear()
            return
        DATABASE_UP.set(1)
        for queue, (depth, age) in depths.items():
            QUEUE.labels(queue).set(depth)
            QUEUE_AGE.labels(queue).set(age)

    @asynccontextmanager
    async def running(self, host: str = "", port: int = 0) -> AsyncIterator[None]:
        """Measure while the block runs, and serve /metrics at a port of its own if there is one.

        Raises FrontDoorError when the port is taken.
        """
        BUILD.info({"version": metadata.version("frontdoor")})
        # Outside the group, which would wrap what it raises.
        door = listener(host, port, "METRICS_PORT") if port else None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_keep_time)
            try:
                async with self._serving(door) if door else nullcontext():
                    yield
            finally:
                tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def _serving(self, door: socket.socket) -> AsyncIterator[None]:
        server = _Quiet(
            uvicorn.Config(
                Starlette(routes=[Route("/metrics", self._serve)]),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [door])
            await server.listening.wait()
            try:
                yield
            finally:
                server.should_exit = True

    async def _serve(self, request: Request) -> Response:
        await self.measure()
        content, media_type = exposition(request.headers.get("accept", ""))
        return Response(content, media_type=media_type)


class _Quiet(uvicorn.Server):
    """A server beside another, which hears the signals."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _keep_time() -> None:
    while True:
        due = anyio.current_time() + BEAT_SECONDS
        await anyio.sleep(BEAT_SECONDS)
        LOOP_LAG.set(max(0.0, anyio.current_time() - due))
