"""Figures that are sent, as the collector gets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from structlog.testing import capture_logs

from gateway.server import pushing as module
from gateway.server.pushing import Sender, pushing, request
from gateway.telemetry import REGISTRY
from tests.kill.house import house
from tests.ops.api import Api

pytestmark = pytest.mark.anyio


async def nothing_to_measure() -> None:
    pass


def sent(registry: CollectorRegistry) -> dict[str, Any]:
    """Each metric by name, of a request that was taken at two seconds and began at one."""
    asked = request(registry.collect(), "voice", began=1_000_000_000, now=2_000_000_000)
    (resource,) = asked["resourceMetrics"]
    return {metric["name"]: metric for metric in resource["scopeMetrics"][0]["metrics"]}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_counter_is_a_sum_that_only_grows(registry: CollectorRegistry) -> None:
    calls = Counter("calls_total", "Calls.", ("channel",), registry=registry)
    calls.labels("phone").inc(3)
    shape = sent(registry)["calls_total"]["sum"]
    assert shape["isMonotonic"]
    assert shape["dataPoints"] == [
        {
            "timeUnixNano": "2000000000",
            "startTimeUnixNano": "1000000000",
            "asDouble": 3.0,
            "attributes": [{"key": "channel", "value": {"stringValue": "phone"}}],
        }
    ]


def test_a_gauge_and_an_info_are_gauges(registry: CollectorRegistry) -> None:
    Gauge("depth", "Depth.", registry=registry).set(7)
    Info("build", "Build.", registry=registry).info({"version": "1"})
    told = sent(registry)
    assert told["depth"]["gauge"]["dataPoints"][0]["asDouble"] == 7.0
    assert told["build_info"]["gauge"]["dataPoints"][0]["attributes"][0]["key"] == "version"


def test_each_bucket_has_what_is_in_it_alone(registry: CollectorRegistry) -> None:
    seconds = Histogram("seconds", "Time.", ("route",), buckets=(1, 2), registry=registry)
    for value in (0.5, 0.6, 1.5, 9.0):
        seconds.labels("/a").observe(value)
    seconds.labels("/b").observe(1.1)
    first, second = sent(registry)["seconds"]["histogram"]["dataPoints"]
    assert first["explicitBounds"] == [1.0, 2.0]
    assert first["bucketCounts"] == ["2", "1", "1"]
    assert (first["count"], first["sum"]) == ("4", 11.6)
    assert second["bucketCounts"] == ["0", "1", "0"]


def test_a_histogram_of_labels_that_nobody_used_is_not_sent(registry: CollectorRegistry) -> None:
    Histogram("seconds", "Time.", ("route",), registry=registry)
    assert sent(registry) == {}


def test_all_figures_are_sent_but_those_of_the_garbage() -> None:
    asked = request(REGISTRY.collect(), "web", began=0, now=1)
    (resource,) = asked["resourceMetrics"]
    who = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
    assert who["service.name"] == "web"
    assert ":" in who["service.instance.id"]
    names = {metric["name"] for metric in resource["scopeMetrics"][0]["metrics"]}
    assert "process_start_time_seconds" in names
    assert "frontdoor_event_loop_lag_seconds" in names
    assert not [name for name in names if name.startswith("python_gc")]


@pytest.fixture
def collector() -> Iterator[tuple[Api, list[int]]]:
    """One that answers with the statuses in a list, and then well."""
    statuses: list[int] = []
    with Api(lambda *_: statuses.pop(0) if statuses else {}) as api:
        yield api, statuses


async def test_figures_are_sent_each_minute_and_at_the_end(
    collector: tuple[Api, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, _ = collector
    monkeypatch.setattr(module, "PERIOD_SECONDS", 0.01)
    measured = anyio.Event()
    times = 0

    async def measure() -> None:
        nonlocal times
        times += 1
        if times == 2:
            measured.set()

    headers = "X-Auth-Token=a%20key, other=1"
    with anyio.fail_after(10):
        async with pushing(f"{api.url}/otlp/v1/metrics", headers, "web", measure):
            await measured.wait()
            before = len(api.asked)
    assert before >= 1
    assert len(api.asked) > before
    method, path, body, key = api.asked[0]
    assert (method, path, key) == ("POST", "/otlp/v1/metrics", "a key")
    assert body["resourceMetrics"]


async def test_nothing_is_sent_where_there_is_nowhere_to() -> None:
    async def measure() -> None:
        raise AssertionError

    async with pushing("", "", "web", measure):
        pass


async def test_a_collector_that_is_away_is_told_of_once(
    collector: tuple[Api, list[int]],
) -> None:
    api, statuses = collector
    statuses += [503, 503, 200, 503]
    with capture_logs() as lines:
        async with httpx.AsyncClient() as client:
            sender = Sender(client, api.url, "web", nothing_to_measure)
            for _ in range(4):
                await sender.send()
    assert [line["event"] for line in lines] == ["figures_not_sent", "figures_not_sent"]
    assert len(api.asked) == 4


async def test_a_front_door_sends_what_it_has_when_it_leaves(
    collector: tuple[Api, list[int]], tmp_path: Path
) -> None:
    api, _ = collector
    to = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{api.url}/v1/metrics", "OTEL_SERVICE_NAME": "x"}
    async with house(tmp_path, to) as door:
        assert door.stop() == 0
    _, path, body, _ = api.asked[-1]
    assert path == "/v1/metrics"
    (resource,) = body["resourceMetrics"]
    names = {metric["name"] for metric in resource["scopeMetrics"][0]["metrics"]}
    assert {"frontdoor_build_info", "frontdoor_database_up", "frontdoor_queue_depth"} <= names
