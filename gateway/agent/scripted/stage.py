"""Where the agent double stands: its traits and card, and lines that can be cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
from a2a.server.context import ServerCallContext
from a2a.server.routes import DefaultServerCallContextBuilder
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.agent.asking import CALLER_EXTENSION, DRAFT_EXTENSION


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
    drafts: bool = True
    """Whether it knows drafts, and its card says so."""
    first_delay: float = 0.0
    """Seconds until the first words of an answer."""
    token_delay: float = 0.0
    """Seconds between words; without it, they come as the script has them."""
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
    known = [CALLER_EXTENSION] if traits.knows_caller else []
    known += [DRAFT_EXTENSION] if traits.drafts else []
    described: dict[str, Any] = {
        "name": traits.name,
        "description": "Plays scripts.",
        "version": "1",
        "capabilities": {
            "streaming": traits.streaming,
            "pushNotifications": traits.notifications,
            "extensions": [{"uri": uri} for uri in known],
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
