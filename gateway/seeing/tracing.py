"""The way of a message as one OpenTelemetry trace, from its webhook to its delivery.

Off, and nothing of OpenTelemetry imported, unless `start` is called. A message's trace and the
span it begins with are made of its id, so whoever plays its turn or sends its answer, later and
on another replica, adds to the same trace without being handed anything: what the store keeps
anyway is enough.

Spans hold ids, channels, counts and outcomes; never what was said, who said it, a token or a
query string. Where a `traceparent` comes from somebody we do not know, it becomes a link and
never a parent: strangers must not choose our trace ids or what is sampled
(<https://www.w3.org/TR/trace-context/#security-considerations>).
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int | float | bool]

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C Trace Context, 3.2."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span, as whoever adds to its trace has to know it."""

    trace: int
    span: int
    sampled: bool | None = None
    """Whether its trace is kept; None lets the sampler decide by the trace id alone, which comes
    out the same for everybody."""

    @classmethod
    def of_message(cls, id: str) -> Mark:
        """The span with which the trace of a message begins, by the message's id.

        Hashed, because samplers take a trace id for random bits, which those of a UUID are not.
        """
        digest = hashlib.blake2b(id.encode(), digest_size=24, person=b"frontdoor").digest()
        return cls(int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:]) or 1)

    @classmethod
    def read(cls, traceparent: str) -> Mark | None:
        """The span that a `traceparent` header names; None for none."""
        found = _TRACEPARENT.fullmatch(traceparent.strip())
        if not found:
            return None
        trace, span = int(found[1], 16), int(found[2], 16)
        return cls(trace, span, bool(int(found[3], 16) & 1)) if trace and span else None

    @property
    def trace_id(self) -> str:
        return f"{self.trace:032x}"

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace:032x}-{self.span:016x}-{int(self.sampled is not False):02x}"


class Span(Protocol):
    """A span under way."""

    mark: Mark | None
    """None while tracing is off."""

    def note(self, **attributes: str | float | bool) -> None:
        """Add attributes, which are found under `frontdoor.`."""

    def fail(self, error: str) -> None:
        """Say that what it stands for went wrong, in a word."""

    def end(self) -> None: ...


class Tracer(Protocol):
    """Where spans go."""

    def begin(
        self,
        name: str,
        *,
        mark: Mark | None,
        parent: Mark | None,
        links: Iterable[Mark],
        kind: Kind,
        start: int | None,
        attributes: Attributes,
    ) -> Span:
        """Begin a span: `mark` says which it must be, or it is a new one; `start` in ns."""

    def close(self) -> None:
        """Send what is still to be sent; blocks for some seconds at most."""


class _NoSpan:
    mark: Mark | None = None

    def note(self, **attributes: str | float | bool) -> None: ...

    def fail(self, error: str) -> None: ...

    def end(self) -> None: ...


_NONE = _NoSpan()
_tracer: Tracer | None = None
_current: ContextVar[Mark | None] = ContextVar("span", default=None)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The request that is being answered, for the span of the message that it brings."""

    at: int
    """Nanoseconds since the epoch."""
    scope: Scope
    """As ASGI has it: its route is known once it was found."""


arrival: ContextVar[Arrival | None] = ContextVar("arrival", default=None)


@contextmanager
def exporting(endpoint: str, headers: str = "", service: str = "frontdoor") -> Iterator[None]:
    """Send traces to the OTLP/HTTP collector at `endpoint` while the block runs; none if empty.

    `headers` as OTEL_EXPORTER_OTLP_HEADERS has them: `key=value,key=value`.
    """
    global _tracer  # noqa: PLW0603 - one process has one tracer, as it has one log
    if not endpoint:
        yield
        return
    # Some 100 ms, for who asked for it.
    otlp = importlib.import_module("gateway.seeing.otlp")
    _tracer = otlp.OtlpTracer(endpoint, headers, service)
    try:
        yield
    finally:
        tracer, _tracer = _tracer, None
        if tracer:
            tracer.close()


@contextmanager
def using(tracer: Tracer) -> Iterator[None]:
    """Hand spans to `tracer` while the block runs."""
    global _tracer  # noqa: PLW0603 - see `exporting`
    before, _tracer = _tracer, tracer
    try:
        yield
    finally:
        _tracer = before


def on() -> bool:
    return _tracer is not None


def headers() -> dict[str, str]:
    """What tells the next service which span asks it; nothing while tracing is off."""
    mark = _current.get()
    return {"traceparent": mark.traceparent} if mark and _tracer else {}


@contextmanager
def span(
    name: str,
    parent: Mark | None = None,
    *,
    links: Iterable[Mark] = (),
    kind: Kind = "internal",
    **attributes: str | float | bool,
) -> Iterator[Span]:
    """A span while the block runs, below `parent` or else below the span around it.

    An exception marks it as failed, by its type only: its words may quote a person.
    """
    if _tracer is None:
        yield _NONE
        return
    begun = _tracer.begin(
        name,
        mark=None,
        parent=parent or _current.get(),
        links=links,
        kind=kind,
        start=None,
        attributes=attributes,
    )
    token = _current.set(begun.mark)
    try:
        yield begun
    except BaseException as error:
        begun.fail(type(error).__name__)
        raise
    finally:
        _current.reset(token)
        begun.end()


def received(message: str, began: int, **attributes: str | float | bool) -> None:
    """The first span of a stored message's trace: from its request, or `began` (ns), till now."""
    if _tracer is None:
        return
    request = arrival.get()
    link = None
    if request:
        link = Mark.read(_header(request.scope, b"traceparent"))
        # Never the path itself, nor its query: tokens travel there.
        route = getattr(request.scope.get("route"), "path", "")
        attributes |= {"http.request.method": request.scope["method"], "http.route": route}
    begun = _tracer.begin(
        "message.receive",
        mark=Mark.of_message(message),
        parent=None,
        links=[link] if link else (),
        kind="server",
        start=request.at if request else began,
        attributes={**attributes, "message": message},
    )
    begun.end()


@contextmanager
def arriving(scope: Scope) -> Iterator[None]:
    """Remember the request that is answered in the block, for `received`."""
    if _tracer is None:
        yield
        return
    token = arrival.set(Arrival(time.time_ns(), scope))
    try:
        yield
    finally:
        arrival.reset(token)


class Joined:
    """An application whose work belongs to the trace of whoever asks it, if that is one of us.

    `token` is the bearer token that tells them from strangers; empty where none can reach it.
    """

    def __init__(self, app: ASGIApp, name: str, token: str) -> None:
        self._app = app
        self._name = name
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked_by = None
        if _tracer is not None and scope["type"] == "http" and scope["method"] == "POST":
            asked_by = Mark.read(_header(scope, b"traceparent"))
        if asked_by is None or not self._knows(scope):
            await self._app(scope, receive, send)
            return
        with span(self._name, asked_by, kind="server"):
            await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        expected = f"Bearer {self._token}".encode()
        given = _header(scope, b"authorization").encode("latin-1")
        return not self._token or hmac.compare_digest(given, expected)


def _header(scope: Scope, name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in scope.get("headers", ()) if k == name), "")
