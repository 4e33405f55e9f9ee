"""Where the agent double stands: its traits and card, its port, and lines that can be cut."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import uvicorn
from a2a.server.context import ServerCallContext
from a2a.server.routes import DefaultServerCallContextBuilder
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.agent.asking import CALLER_EXTENSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What kind of agent it is."""

    name: str = "Scripted agent"
    streaming: bool = True
    notifications: bool = True
    subscribable: bool = True
    """Whether SubscribeToTask is answered."""
    listing: bool = True
    """Whether ListTasks is answered."""
    idempotent: bool = True
    """Whether a message of known id starts nothing."""
    knows_caller: bool = True
    """Whether the card lists the caller extension."""
    protocol: str = "1.0"
    """`0.3` makes it an old agent."""
    bindings: tuple[str, ...] = ("JSONRPC", "HTTP+JSON")
    token: str = ""
    """Bearer token that requests must carry; empty asks for none."""
    keep: bool = False
    """Whether tasks outlive a restart of the server, and are played on then."""


def card(traits: Traits, base: str) -> dict[str, Any]:
    """The agent card of an agent served at `base`, which ends with a slash."""
    urls = {"JSONRPC": f"{base}a2a", "HTTP+JSON": f"{base}rest"}
    described: dict[str, Any] = {
        "name": traits.name,
        "description": "Plays scripts.",
        "version": "1",
        "capabilities": {
            "streaming": traits.streaming,
            "pushNotifications": traits.notifications,
            "extensions": [{"uri": CALLER_EXTENSION}] if traits.knows_caller else [],
        },
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [],
    }
    if traits.protocol == "0.3":
        described |= {"protocolVersion": "0.3.0", "url": urls["JSONRPC"]}
    else:
        described["supportedInterfaces"] = [
            {"url": urls[b], "protocolBinding": b, "protocolVersion": traits.protocol}
            for b in traits.bindings
        ]
    return described


class Lines(DefaultServerCallContextBuilder):
    """Hands each request handler the line it answers on, so that a script can cut it."""

    def build(self, request: Request) -> ServerCallContext:
        context = super().build(request)
        context.state["line"] = request.scope["line"]
        return context


class Wire:
    """The app behind lines that can be cut."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.lines: set[anyio.CancelScope] = set()
        """One for each request being answered."""
        self._app = app
        self._token = token

    def hang_up(self) -> None:
        """Cut every line."""
        for line in self.lines:
            line.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        credentials = (b"authorization", f"Bearer {self._token}".encode())
        if self._token and credentials not in scope["headers"]:
            await Response(status_code=401)(scope, receive, send)
            return
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        with anyio.CancelScope() as line:
            self.lines.add(line)
            try:
                await self._app({**scope, "line": line}, receive, note)
            finally:
                self.lines.discard(line)
        if line.cancelled_caught and not started:
            # Whoever returns without a response makes the server send one for it. Begun and not
            # ended, it is dropped with the connection.
            headers = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})


class _Server(uvicorn.Server):
    """A server that leaves signals to its program, and leaves at once when told."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(uvicorn.Config(app, log_level="critical", ws="none"))
        self.leaving = anyio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self.lifespan.shutdown()


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, port: int, host: str) -> AsyncIterator[str]:
    """Serve an app on a port, a free one for 0, for as long as the block lasts; gives its URL."""
    # asyncio sends small writes at once (TCP_NODELAY) only where the protocol is named; else the
    # first token waits 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        server = _Server(app)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            while not server.started:  # noqa: ASYNC110 - uvicorn tells in no other way
                await anyio.sleep(0.002)
            try:
                yield f"http://{host}:{listener.getsockname()[1]}"
            finally:
                server.leaving.set()
