"""The web channel: its settings, its sessions and its routes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from channels.base import Budget, Calls, Channel, Inbox, Outgoing, Refused
from channels.events import Reply
from channels.events import Route as ReplyRoute
from channels.http import body_of, host_of
from channels.web import sessions, wire
from channels.web.connection import Connection, Patience
from channels.web.door import Door, Problem, locale_of, spend
from channels.web.doorway import Doorway
from channels.web.files import Files
from channels.web.origins import Origins
from channels.web.pages import Pages
from channels.web.phone import PhoneSocket, PlacePhoneCall

_MAX_BODY = 16 * 1024

_SOCKETS_INTERVAL = 0.02
_SOCKETS_BURST = 5000
"""Sockets one host may open: one in so many seconds, and so many at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """What the operator decides about the web."""

    secret: str
    """Signs session tokens; at least 32 bytes."""
    public_url: str = ""
    """Our origin as the world sees it."""
    origins: tuple[str, ...] = ()
    """Further origins whose pages may embed the widget."""
    identity_key: str = ""
    """HS256 secret or PEM public key of the site that vouches for its visitors."""
    identity_audience: str = ""
    """The `aud` its tokens must carry; empty takes any."""
    identity_issuer: str = ""
    """The `iss` its tokens must carry; empty takes any."""
    max_upload_bytes: int = 20_000_000
    files_origin: str = ""
    """Where files are had directly, as a page's policy names it; empty for nowhere."""
    sessions_interval: float = 0.5
    """Seconds in which one host earns one more session."""
    sessions_burst: int = 300
    """Sessions one host may open at once; many people share an address."""
    patience: Patience = field(default_factory=Patience)


class WebChannel(Channel):
    """Carries the widget. The log is the delivery: clients read it, live and again.

    `doors` tells the demo page which channels are on, as links by name (`telegram`). Without
    `calls` nobody can talk here, only write. With `phone` the page has a telephone; whoever can
    open the page can then call, so it is for machines that only their owner reaches.
    """

    name: ClassVar[str] = sessions.CHANNEL

    def __init__(
        self,
        config: WebConfig,
        inbox: Inbox,
        budget: Budget,
        doors: Callable[[], Mapping[str, str]] = dict,
        calls: Calls | None = None,
        *,
        phone: PlacePhoneCall | None = None,
    ) -> None:
        self._config = config
        self._inbox = inbox
        self._budget = budget
        self._calls = calls
        self._door = Door(config.secret, Origins((config.public_url, *config.origins)))
        self._identity = (
            sessions.Identity(
                config.identity_key,
                audience=config.identity_audience,
                issuer=config.identity_issuer,
            )
            if config.identity_key
            else None
        )
        self._files = Files(inbox, budget, self._door, config.max_upload_bytes)
        self._phone = phone
        self._open: set[Connection] = set()
        self._doorway = Doorway()
        self._pages = Pages(
            config.public_url, doors, phone=phone is not None, images=config.files_origin
        )

    def routes(self) -> Sequence[BaseRoute]:
        opening = self._door.guarded(self._open_session)
        return (
            Route("/web/sessions", opening, methods=["POST", "OPTIONS"]),
            WebSocketRoute("/web/socket", self._socket),
            *((WebSocketRoute("/web/phone", self._telephone),) if self._phone else ()),
            *self._files.routes(),
            *self._pages.routes(),
        )

    def leave(self) -> None:
        for connection in tuple(self._open):
            connection.leave()

    def render(self, route: ReplyRoute, reply: Reply) -> list[Outgoing]:
        """Nothing: a stored reply is in the log, and every client reads that from its seq."""
        del route, reply
        return []

    def repeated(self, outgoing: Outgoing) -> Outgoing:
        return outgoing

    async def send(self, outgoing: Outgoing, ref: str) -> str:
        raise Refused("the web sends nothing: its readers replay the log")

    async def _open_session(self, request: Request) -> Response:
        told = await _introduction(request)
        await spend(
            self._budget,
            f"web:sessions:{host_of(request)}",
            "too_many_sessions",
            interval=self._config.sessions_interval,
            burst=self._config.sessions_burst,
        )
        session = self._session(request, told)
        conversation = await self._inbox.open(session.sender, session.route)
        answer = {
            "token": sessions.sign(session, self._config.secret),
            "conversation": conversation,
            "expires_at": wire.moment(datetime.fromtimestamp(session.expires, UTC)),
            "max_upload_bytes": self._config.max_upload_bytes,
        }
        return JSONResponse(answer)

    def _session(self, request: Request, told: Mapping[str, str]) -> sessions.Session:
        now = time.time()
        old = self._door.bearer(request)
        locale = sessions.language_tag(told.get("locale", "")) or locale_of(request)
        zone = sessions.time_zone(told.get("zone", ""))
        origin = self._door.origin(request)
        if identity := told.get("identity"):
            if self._identity is None:
                raise Problem(400, "identity_off")
            try:
                return self._identity.session(identity, now, origin, locale, zone)
            except sessions.BadIdentity as problem:
                raise Problem(401, "bad_identity", why=problem) from None
        if old:
            return sessions.renewed(old, now, locale=locale, zone=zone)
        return sessions.anonymous(now, origin, locale, zone)

    async def _socket(self, socket: WebSocket) -> None:
        entrant = await self._doorway.enter()
        try:
            admit = await self._admission(socket)
            if admit is None:
                return
            connection = Connection(
                socket,
                self._inbox,
                self._budget,
                admit,
                on_caught_up=entrant.end,
                locale=locale_of(socket),
                patience=self._config.patience,
                calls=self._calls,
            )
            self._open.add(connection)
            try:
                await connection.serve()
            finally:
                self._open.discard(connection)
        finally:
            entrant.end()

    async def _telephone(self, socket: WebSocket) -> None:
        admit = await self._admission(socket)
        if admit is None or self._phone is None:
            return
        phone = PhoneSocket(
            socket,
            self._phone,
            self._budget,
            admit,
            locale=locale_of(socket),
            patience=self._config.patience,
        )
        await phone.serve()

    async def _admission(self, socket: WebSocket) -> Callable[[str], sessions.Session] | None:
        """How to read a token for this socket; None once it was turned down."""
        try:
            origin = self._door.origin(socket)
            await spend(
                self._budget,
                f"web:sockets:{host_of(socket)}",
                "too_many_sessions",
                interval=_SOCKETS_INTERVAL,
                burst=_SOCKETS_BURST,
            )
        except Problem as problem:
            await socket.send_denial_response(problem.response(locale_of(socket)))
            return None
        return lambda token: self._door.session(token, origin)


async def _introduction(request: Request) -> dict[str, str]:
    """What the client tells of itself: identity, locale, zone. Raises Problem."""
    try:
        body = await body_of(request, most=_MAX_BODY)
    except OverflowError:
        raise Problem(413, "body_too_large") from None
    if not body.strip():
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Problem(415, "json_needed")
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "not_json") from None
    if not isinstance(data, dict):
        raise Problem(400, "not_json")
    told = {name: data.get(name) or "" for name in ("identity", "locale", "zone")}
    try:
        "".join(told.values()).encode()
    except (TypeError, UnicodeEncodeError):
        raise Problem(400, "not_strings") from None
    return told
