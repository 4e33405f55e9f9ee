"""The shipped agent in our own process: served at once, loaded behind the first request.

Loading it takes longer than everything else together, so the front door opens first and
requests for the agent wait for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from anyio import to_thread
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

Running = AbstractAsyncContextManager[None]
Load = Callable[[], tuple[ASGIApp, Callable[[], Running]]]
"""Imports and builds the agent: its application, and what runs it."""

PATIENCE_SECONDS = 30.0
"""How long a request waits for the agent to be loaded."""


class EmbeddedAgent:
    """An ASGI application that comes to life while it is being served."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._app: ASGIApp | None = None
        self._ready = anyio.Event()

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the agent off the event loop, and run it until the block is left."""
        app, running = await to_thread.run_sync(self._load)
        async with running():
            self._app = app
            self._ready.set()
            yield

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/.well-known/agent-card.json", self),
            Mount("/a2a", self),
            Route("/a2a", self, methods=["POST"]),
            Mount("/v1", self),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.move_on_after(PATIENCE_SECONDS):
            await self._ready.wait()
        if self._app is None:
            answer = PlainTextResponse("The agent is not up yet; try again shortly.\n", 503)
            await answer(scope, receive, send)
            return
        # A mount moves the path it matched into root_path; the agent routes whole paths.
        await self._app({**scope, "root_path": "", "app_root_path": ""}, receive, send)
