"""Traces over OTLP/HTTP, by OpenTelemetry's SDK. Slow to import: `tracing.py` does it when asked.

The SDK's provider is kept to ourselves: libraries that find a global one add spans of their own,
some of them with prompts and answers in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.util.re import parse_env_headers

from gateway.seeing.tracing import Attributes, Kind, Mark

PATIENCE_SECONDS = 5.0
"""For the collector to answer, and at the end for what is still to be sent."""

_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


class _Ids(RandomIdGenerator):
    """Random ids, but for a span that must be a certain one."""

    def __init__(self) -> None:
        self.wanted: Mark | None = None

    def generate_trace_id(self) -> int:
        return self.wanted.trace if self.wanted else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self.wanted.span if self.wanted else super().generate_span_id()


@dataclass(slots=True)
class OtlpSpan:
    """See `tracing.Span`."""

    otel: OtelSpan
    mark: Mark | None

    def note(self, **attributes: str | float | bool) -> None:
        self.otel.set_attributes(_named(attributes))

    def fail(self, error: str) -> None:
        self.otel.set_status(StatusCode.ERROR, error)

    def end(self) -> None:
        self.otel.end()


class OtlpTracer:
    """Batches spans in a queue of bounded length and sends them from a thread."""

    def __init__(self, endpoint: str, headers: str, service: str) -> None:
        """`endpoint` is the collector's base URL, as OTEL_EXPORTER_OTLP_ENDPOINT means it."""
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces",
            headers=parse_env_headers(headers, liberal=True),
            timeout=PATIENCE_SECONDS,
        )
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: service}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("frontdoor")

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
    ) -> OtlpSpan:
        # Never the context around us: nobody but us decides what a span belongs to.
        context = Context()
        if parent:
            context = set_span_in_context(NonRecordingSpan(self._context(parent)), context)
        self._ids.wanted = mark
        try:
            otel = self._tracer.start_span(
                name,
                context,
                _KINDS[kind],
                _named(attributes),
                [Link(self._context(link)) for link in links],
                start,
            )
        finally:
            self._ids.wanted = None
        made = otel.get_span_context()
        return OtlpSpan(otel, Mark(made.trace_id, made.span_id, made.trace_flags.sampled))

    def close(self) -> None:
        self._provider.force_flush(int(PATIENCE_SECONDS * 1000))
        self._provider.shutdown()

    def _context(self, mark: Mark) -> SpanContext:
        kept = mark.sampled
        if kept is None:
            sampler = self._provider.sampler
            decision = sampler.should_sample(None, mark.trace, "").decision
            kept = decision is not Decision.DROP
        flags = TraceFlags(TraceFlags.SAMPLED if kept else TraceFlags.DEFAULT)
        return SpanContext(mark.trace, mark.span, is_remote=True, trace_flags=flags)


def _named(attributes: Attributes) -> dict[str, str | int | float | bool]:
    """Ours below `frontdoor.`, beside those that OpenTelemetry's conventions name."""
    return {k if "." in k else f"frontdoor.{k}": v for k, v in attributes.items()}
