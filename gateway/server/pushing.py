"""Our figures sent to an OpenTelemetry collector, for replicas that nobody can come and ask.

Behind a balancer a scraper reaches one replica of many, and never the same; so each sends its
own. OTLP over HTTP in its JSON form, <https://opentelemetry.io/docs/specs/otlp/#otlphttp>, which
needs no library. Names and labels are those of `/metrics`; service and instance become `job` and
`instance`
(<https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
import structlog
from prometheus_client import Metric

from gateway.telemetry import REGISTRY

log = structlog.get_logger()

PERIOD_SECONDS = 60.0
"""Between two times; what is stored is paid for by the figure."""

PATIENCE_SECONDS = 10.0
"""For the collector to answer."""

LAST_SECONDS = 2.0
"""For it to answer when we leave."""

UNSENT = ("python_gc_",)
"""What the figures that nobody draws begin with."""

_CUMULATIVE = 2
"""AGGREGATION_TEMPORALITY_CUMULATIVE: counted since the start."""


@dataclass(slots=True)
class Sender:
    """Sends what the registry has, as one replica of a service."""

    client: httpx.AsyncClient
    url: str
    service: str
    measure: Callable[[], Awaitable[None]]
    """Brings up to date what is not counted as it happens."""
    began: int = field(default_factory=time.time_ns)
    failing: bool = False

    async def run(self) -> None:
        """Send for ever, a while after the start for the first time."""
        while True:
            await anyio.sleep(PERIOD_SECONDS)
            await self.send()

    async def send(self) -> None:
        """Send once. Raises nothing: what did not arrive is in the next one, too."""
        await self.measure()
        content = request(REGISTRY.collect(), self.service, began=self.began, now=time.time_ns())
        try:
            answer = await self.client.post(self.url, json=content)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            if not self.failing:
                log.warning("figures_not_sent", error=type(error).__name__, url=self.url)
            self.failing = True
            return
        self.failing = False


@asynccontextmanager
async def pushing(
    url: str, headers: str, service: str, measure: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Send figures while the block runs and once at its end, if there is where to."""
    if not url:
        yield
        return
    async with (
        httpx.AsyncClient(headers=_headers(headers), timeout=PATIENCE_SECONDS) as client,
        anyio.create_task_group() as tasks,
    ):
        sender = Sender(client, url, service, measure)
        tasks.start_soon(sender.run)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()
            with anyio.move_on_after(LAST_SECONDS, shield=True):
                await sender.send()


def request(families: Iterable[Metric], service: str, *, began: int, now: int) -> dict[str, Any]:
    """An ExportMetricsServiceRequest. Times are in nanoseconds since 1970."""
    who = {"service.name": service, "service.instance.id": f"{socket.gethostname()}:{os.getpid()}"}
    told = [
        metric
        for family in families
        if not family.name.startswith(UNSENT)
        for metric in _metrics(family, {"timeUnixNano": str(now), "startTimeUnixNano": str(began)})
    ]
    scope = {"scope": {"name": "frontdoor"}, "metrics": told}
    return {
        "resourceMetrics": [{"resource": {"attributes": _attributes(who)}, "scopeMetrics": [scope]}]
    }


def _metrics(family: Metric, when: dict[str, str]) -> list[dict[str, Any]]:
    if family.type == "histogram":
        points = [{**when, **point} for point in _buckets(family)]
        shape = {"aggregationTemporality": _CUMULATIVE, "dataPoints": points}
        return [{"name": family.name, "histogram": shape}] if points else []
    by_name: dict[str, list[dict[str, Any]]] = {}
    for sample in family.samples:
        # When each was first seen is what `began` says.
        if not sample.name.endswith("_created"):
            point = {**when, "asDouble": sample.value, "attributes": _attributes(sample.labels)}
            by_name.setdefault(sample.name, []).append(point)
    if family.type == "counter":
        shape = {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
        return [{"name": n, "sum": {**shape, "dataPoints": p}} for n, p in by_name.items()]
    return [{"name": n, "gauge": {"dataPoints": p}} for n, p in by_name.items()]


def _buckets(family: Metric) -> list[dict[str, Any]]:
    """A point for each set of labels. Ours count all below a bound, OTLP's those since the last."""
    points: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        point = points.setdefault(
            tuple(sorted(labels.items())),
            {"attributes": _attributes(labels), "explicitBounds": [], "bucketCounts": [], "_": 0},
        )
        if sample.name.endswith("_bucket"):
            point["bucketCounts"].append(str(int(sample.value) - point["_"]))
            point["_"] = int(sample.value)
            if (bound := float(sample.labels["le"])) != float("inf"):
                point["explicitBounds"].append(bound)
        elif sample.name.endswith("_count"):
            point["count"] = str(int(sample.value))
        elif sample.name.endswith("_sum"):
            point["sum"] = sample.value
    for point in points.values():
        del point["_"]
    return list(points.values())


def _attributes(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in labels.items()]


def _headers(text: str) -> dict[str, str]:
    """As OTEL_EXPORTER_OTLP_HEADERS has them: key=value, comma separated, values percent-coded."""
    pairs = (part.partition("=") for part in text.split(","))
    return {key.strip(): unquote(value.strip()) for key, _, value in pairs if key.strip()}
