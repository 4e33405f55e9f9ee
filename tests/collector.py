"""An OpenTelemetry collector of our own: takes traces over OTLP/HTTP and keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.loopback import serving


@dataclass
class Collector:
    """What was exported, span by span."""

    spans: list[Span] = field(default_factory=list)
    raw: bytes = b""
    headers: list[str] = field(default_factory=list)
    """The authorization of each request."""

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def names(self) -> list[str]:
        return sorted(span.name for span in self.spans)

    def traces(self) -> set[str]:
        return {span.trace_id.hex() for span in self.spans}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on this machine; yields what OTEL_EXPORTER_OTLP_ENDPOINT is to be."""
        app = Starlette(routes=[Route("/v1/traces", self._take, methods=["POST"])])
        async with serving(app) as url:
            yield url

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        self.raw += body
        self.headers.append(request.headers.get("authorization", ""))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, media_type="application/x-protobuf")


def told(span: Span) -> dict[str, object]:
    """A span's attributes."""
    return {a.key: getattr(a.value, a.value.WhichOneof("value") or "") for a in span.attributes}
