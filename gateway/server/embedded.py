"""The shipped agent in our own process: served at once, loaded behind the first request.

Loading it takes longer than everything else together, so the front door opens first and
requests for the agent wait for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.seeing.tracing import Joined

PATIENCE_SECONDS = 30.0
"""How long a request waits for the agent to be loaded."""


class EmbeddedAgent:
    """An ASGI application that comes to life while it is being served."""

    def __init__(
        self,
        agent: AbstractAsyncContextManager[ASGIApp],
        paths: tuple[str, ...],
        token: str = "",
    ) -> None:
        """`agent` is the application while it is entered; `paths` is what it answers.

        Who asks with `token`, its bearer token, is one of us and may join us to their trace.
        """
        self._token = token
        self._agent = agent
        self._paths = paths
        self._app: ASGIApp | None = None
        self._ready = anyio.Event()

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the agent until the block is left."""
        async with self._agent as app:
            self._app = Joined(app, "agent.serve", self._token)
            self._ready.set()
            try:
                yield
            finally:
                self._app = None

    def routes(self) -> list[BaseRoute]:
        """Each path itself, and what is below it."""
        return [
            route for path in self._paths for route in (Route(path, self), Mount(path, app=self))
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.move_on_after(PATIENCE_SECONDS):
            await self._ready.wait()
        if self._app is None:
            answer = PlainTextResponse("The agent is not up yet; try again shortly.\n", 503)
            await answer(scope, receive, send)
            return
        # A mount moves what it matched into root_path; the agent routes whole paths.
        await self._app({**scope, "root_path": ""}, receive, send)
