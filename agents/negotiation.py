"""What an A2A request says beside its body: the protocol version and the extensions it wants."""

from __future__ import annotations

from collections.abc import Collection

from a2a.extensions.common import HTTP_EXTENSION_HEADER, get_requested_extensions
from a2a.server.context import ServerCallContext
from a2a.server.routes.common import DefaultServerCallContextBuilder
from a2a.utils.constants import PROTOCOL_VERSION_1_0, VERSION_HEADER
from a2a.utils.errors import VersionNotSupportedError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Versioned(DefaultServerCallContextBuilder):
    """Reads the version from its header or, as a client may send it, from the query.

    The SDK knows only the header, and takes any version that begins with ours.
    """

    def build(self, request: Request) -> ServerCallContext:
        name = VERSION_HEADER.lower()
        asked = request.headers.get(name) or next(
            (value for key, value in request.query_params.items() if key.lower() == name), ""
        )
        if asked and ".".join(asked.split(".")[:2]) != PROTOCOL_VERSION_1_0:
            raise VersionNotSupportedError(f"This agent speaks A2A {PROTOCOL_VERSION_1_0}.")
        context = super().build(request)
        context.state["headers"][name] = asked
        return context


class Announcing:
    """Tells the caller which of the extensions it asked for are at work."""

    def __init__(self, app: ASGIApp, known: Collection[str]) -> None:
        self._app = app
        self._known = frozenset(known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope).getlist(HTTP_EXTENSION_HEADER)
        at_work = sorted(self._known & get_requested_extensions(asked))

        async def announced(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HTTP_EXTENSION_HEADER] = ", ".join(at_work)
            await send(message)

        await self._app(scope, receive, announced if at_work else send)
