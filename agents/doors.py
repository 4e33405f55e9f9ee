"""What every request passes before the agent hears of it. Plain ASGI.

With a token: who does not bear it is refused. Without one, only this machine is served, and
a web page somewhere else cannot pretend to be it (DNS rebinding, cross-site requests).
"""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from a2a.utils.error_handlers import build_rest_error_payload
from a2a.utils.errors import InvalidRequestError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = ("localhost", "127.0.0.1", "::1")

LARGEST_RECORD = 1024 * 1024
"""Bytes of a request that is not for the task API."""

_CANONICAL = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
"""What google.rpc.Status calls our refusals; the others are an INVALID_ARGUMENT."""


class Doors:
    """Checks token, host, origin and size; the paths in `public` need no token.

    `max_body` is in bytes, of a request for the task API.
    """

    def __init__(
        self, app: ASGIApp, *, base_url: str, token: str, max_body: int, public: Iterable[str]
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset({*LOCAL, urlsplit(base_url).hostname or ""})
        self._max_body = max_body
        self._public = frozenset(public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None and scope["method"] in ("POST", "PUT", "PATCH"):
            most = self._max_body if scope["path"].startswith("/a2a") else LARGEST_RECORD
            body = await _read(scope, receive, most)
            if isinstance(body, Response):
                refusal = body
            else:
                refusal = _unreadable(scope, body)
                receive = _replay(body, receive)
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if self._token:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            good = scheme.lower() == "bearer" and hmac.compare_digest(
                token.strip().encode(), self._token
            )
            if good or path in self._public:
                return None
            message = "Send the agent's token: Authorization: Bearer …"
            return _refuse(path, 401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})
        if _host(f"//{headers.get('host', '')}") not in self._hosts:
            message = "This server does not answer to that host name."
            return _refuse(path, 421, "unknown_host", message)
        if "origin" in headers and _host(headers["origin"]) not in self._hosts:
            message = "Pages of other sites may not call this server."
            return _refuse(path, 403, "unknown_origin", message)
        return None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | Response:
    """The whole body, or the refusal of one that is larger than `limit` bytes or breaks off."""
    message = f"The body is larger than {limit // 1024 // 1024} MiB."
    too_large = _refuse(scope["path"], 413, "too_large", message)
    length = Headers(scope=scope).get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        return too_large
    pieces: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return _refuse(scope["path"], 400, "incomplete", "The body did not arrive whole.")
        pieces.append(event.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            return too_large
        if not event.get("more_body"):
            return b"".join(pieces)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _unreadable(scope: Scope, body: bytes) -> Response | None:
    """The refusal of a body for the task API that is not JSON.

    The SDK answers some of these as if the fault were ours.
    """
    path = scope["path"]
    if scope["method"] != "POST" or not path.startswith("/a2a") or not (body or path == "/a2a"):
        return None
    message = "The body is not valid JSON."
    try:
        read = json.loads(body, parse_constant=_finite, parse_float=_finite)
        if b"\\u" in body:
            # Also what JSON can write and protobuf cannot: half a surrogate pair.
            json.dumps(read, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        if path == "/a2a":
            error = {"code": -32700, "message": message}
            return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error})
        return JSONResponse(build_rest_error_payload(InvalidRequestError(message)), 400)
    return None


def _finite(digits: str) -> float:
    """A number that can be written as JSON again.

    A task that held another could never be shown, nor any list that it is in.
    """
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError
    return number


async def not_served(request: Request, error: Exception) -> Response:
    """Starlette's handler for paths and methods that lead nowhere."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as it is registered
    code = "not_found" if error.status_code == 404 else "refused"  # noqa: PLR2004 - HTTP's own number
    return _refuse(request.url.path, error.status_code, code, error.detail, error.headers)


def _refuse(
    path: str, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A refusal in the words of the API it comes from: A2A 1.0 (11.6), or ours."""
    error: dict[str, str | int] = {"code": code, "message": message}
    if path.startswith("/a2a"):
        canonical = _CANONICAL.get(status, "INVALID_ARGUMENT")
        error = {"code": status, "status": canonical, "message": message}
    return JSONResponse({"error": error}, status, headers)
