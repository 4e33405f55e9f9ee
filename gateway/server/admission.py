"""How much is served at the same time: beyond that, a polite no instead of a slow yes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from channels.http import host_of
from gateway.telemetry import REFUSED

ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Served however much there is to do: who looks after us must see it."""

AGAIN_SECONDS = 1
"""When whoever was refused may come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one process serves at the same time."""

    requests: int = 2000
    sockets: int = 10_000
    sockets_per_host: int = 5000


@dataclass(slots=True)
class Admission:
    """Middleware that lets in what there is room for."""

    app: ASGIApp
    limits: Limits
    leaving: Callable[[], bool]
    """Whether we are about to stop: whoever has asked is to ask somebody else next time."""
    _requests: int = 0
    _sockets: int = 0
    _by_host: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] not in ALWAYS:
            await self._request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._requests >= self.limits.requests:
            await self._refusal("requests")(scope, receive, send)
            return
        self._requests += 1
        try:
            await self.app(scope, receive, self._parting(send) if self.leaving() else send)
        finally:
            self._requests -= 1

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = host_of(HTTPConnection(scope))
        full = ""
        if self.leaving():
            full = "leaving"
        elif self._sockets >= self.limits.sockets:
            full = "sockets"
        elif self._by_host[host] >= self.limits.sockets_per_host:
            full = "sockets_per_address"
        if full:
            await WebSocket(scope, receive, send).send_denial_response(self._refusal(full))
            return
        self._sockets += 1
        self._by_host[host] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._sockets -= 1
            self._by_host[host] -= 1
            if not self._by_host[host]:
                del self._by_host[host]

    @staticmethod
    def _refusal(full: str) -> PlainTextResponse:
        REFUSED.labels(full).inc()
        return PlainTextResponse(
            "There is too much to do here just now; try again in a moment.\n",
            503,
            {"Retry-After": str(AGAIN_SECONDS)},
        )

    @staticmethod
    def _parting(send: Send) -> Send:
        """Have the connection closed after the answer, so that the next one goes elsewhere."""

        async def parting(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {
                    **message,
                    "headers": [*message.get("headers", ()), (b"connection", b"close")],
                }
            await send(message)

        return parting
