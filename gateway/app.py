"""The HTTP face: health, metrics, the agent's notifications, and what channels serve."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anyio.lowlevel
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from channels.http import body_of
from gateway.errors import StoreUnavailable
from gateway.seeing.tracing import arriving
from gateway.server.admission import Admission, Limits
from gateway.server.draining import Drain
from gateway.telemetry import REQUEST_SECONDS, REQUESTS, SOCKETS, exposition

log = structlog.get_logger()

READY = ("ok", "starting", "degraded")
"""States of a part with which people can be served."""

LARGEST_NOTIFICATION = 32 * 1024 * 1024
"""Bytes; a notification may carry a whole artifact."""


@dataclass(frozen=True, slots=True)
class Face:
    """What the gateway's own routes need of the house."""

    checks: Callable[[], Awaitable[dict[str, str]]]
    """How each part stands: "ok", "starting", "degraded: …", or what is wrong with it."""
    notified: Callable[[str], Awaitable[None]]
    """Hears the id of a task to which something happened."""
    notification_token: str
    api_token: str
    """Bearer token of /metrics; empty leaves it open."""
    hosts: frozenset[str]
    """Names we may be called by where no token is asked for."""
    drain: Drain = field(default_factory=Drain)
    limits: Limits = field(default_factory=Limits)
    measure: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint
    """Brings figures up to date that are not counted as things happen."""
    roles: frozenset[str] = frozenset()
    """The doors that are open here, to tell whoever is at the wrong one."""


def create_app(
    face: Face,
    routes: Iterable[BaseRoute],
    agent: Sequence[BaseRoute],
    elsewhere: Iterable[BaseRoute] = (),
) -> ASGIApp:
    """The application: the gateway's routes, the channels' and the shipped agent's.

    Those in `elsewhere` belong to a role that other replicas have.
    """
    other = Elsewhere(face.roles)
    own = [
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/metrics", _metrics),
        Route("/agent/notifications", _notifications, methods=["POST"]),
    ]
    app = Starlette(
        routes=[*own, *routes, *agent, *(_not_here(route, other) for route in elsewhere)],
        exception_handlers={
            HTTPException: _refusal,
            StoreUnavailable: _not_now,
            Exception: _failure,
        },
    )
    # It would lead to whatever host the caller named.
    app.router.redirect_slashes = False
    app.state.face = face
    return Observed(Admission(app, face.limits, lambda: face.drain.leaving))


def _not_here(route: BaseRoute, answer: Elsewhere) -> BaseRoute:
    match route:
        case WebSocketRoute(path=path):
            return WebSocketRoute(path, answer)
        case Mount(path=path):
            return Mount(path, app=answer)
        case Route(path=path):
            return Route(path, answer)
    raise TypeError(route)


class Elsewhere:
    """Says that another replica serves this."""

    def __init__(self, roles: Iterable[str]) -> None:
        words = f"Another replica serves this; the role of this one: {', '.join(sorted(roles))}.\n"
        self._answer = PlainTextResponse(words, 404)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(self._answer)
        else:
            await self._answer(scope, receive, send)


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    face: Face = request.app.state.face
    parts = await face.checks()
    if face.drain.told:
        parts["serving"] = "stopping"
    ready = all(state.partition(":")[0] in READY for state in parts.values())
    if _shut(request, face):
        # Where the agent is to be found is nobody's business.
        parts = {part: state.partition(":")[0] for part, state in parts.items()}
    return JSONResponse({"ready": ready, **parts}, 200 if ready else 503)


async def _metrics(request: Request) -> Response:
    if refusal := _shut(request, request.app.state.face):
        raise refusal
    await request.app.state.face.measure()
    content, media_type = exposition(request.headers.get("accept", ""))
    return Response(content, media_type=media_type)


def _shut(request: Request, face: Face) -> HTTPException | None:
    """Why what only operators may see is not for this caller."""
    if face.api_token:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not _same(token.strip(), face.api_token):
            asking = {"WWW-Authenticate": "Bearer"}
            return HTTPException(401, "Send API_TOKEN as a bearer token.", asking)
    elif _host(request.headers.get("host", "")) not in face.hosts:
        return HTTPException(403, "This is for this machine only; set API_TOKEN to open it.")
    return None


async def _notifications(request: Request) -> Response:
    """A2A 1.0, push notifications: a StreamResponse, and the token we gave for it.

    It is only a hint to look; nothing it says is believed.
    """
    face: Face = request.app.state.face
    token = request.headers.get("x-a2a-notification-token", "")
    if not _same(token, face.notification_token):
        raise HTTPException(401, "The notification token is missing or wrong.")
    try:
        body = await body_of(request, most=LARGEST_NOTIFICATION)
    except OverflowError:
        raise HTTPException(413, f"At most {LARGEST_NOTIFICATION} bytes.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The notification did not arrive whole.") from None
    task = task_of(body)
    if task is None:
        raise HTTPException(400, "This is not an A2A 1.0 StreamResponse about a task.")
    await face.notified(task)
    return Response(status_code=204)


def task_of(body: bytes) -> str | None:
    """The id of the task that a StreamResponse is about; None when it is about none."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    for kind, key in (("task", "id"), ("statusUpdate", "taskId"), ("artifactUpdate", "taskId")):
        inner = event.get(kind)
        id = inner.get(key) if isinstance(inner, dict) else None
        # No database is asked for what it could not have stored.
        if isinstance(id, str) and id and id.isprintable():
            return id
    return None


def _host(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered above
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=error.headers)


async def _not_now(_: Request, error: Exception) -> Response:
    # Nothing was acknowledged that is not stored: whoever asked asks again.
    log.warning("request_refused", error=str(error))
    waiting = {"Retry-After": str(StoreUnavailable.retry_after)}
    return PlainTextResponse("The database is away; try again shortly.\n", 503, headers=waiting)


async def _failure(_: Request, __: Exception) -> Response:
    # The log has the traceback; the caller gets none of it.
    return PlainTextResponse("Something went wrong here. It is in the log.\n", 500)


class Observed:
    """Middleware that counts and times what is served, by route and never by address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with SOCKETS.track_inprogress():
                await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception:
            log.exception("socket_failed", route=_route(scope))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with arriving(scope):
                await self._app(scope, receive, observed)
        except Exception:
            # Starlette has answered 500 already; uvicorn would log it a second time.
            log.exception("request_failed", route=_route(scope))
        finally:
            route = _route(scope)
            REQUESTS.labels(scope["method"], route, status).inc()
            REQUEST_SECONDS.labels(route).observe(time.perf_counter() - started)


def _route(scope: Scope) -> str:
    route: Any = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
