"""Traces: made of a message's id, joined by those we know, and telling nobody's words."""

from __future__ import annotations

import subprocess
import sys
import uuid

import anyio
import anyio.to_thread
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.app import Face, create_app
from gateway.seeing import tracing
from gateway.seeing.otlp import OtlpTracer
from gateway.seeing.tracing import Joined, Mark, received, span
from tests.collector import Collector, told

pytestmark = pytest.mark.anyio

ASKED_BY = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def _nothing_between_us_and_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


async def exported(tracer: OtlpTracer) -> None:
    await anyio.to_thread.run_sync(tracer.close)


def test_a_message_has_the_same_trace_for_everybody() -> None:
    id = str(uuid.uuid4())
    assert Mark.of_message(id) == Mark.of_message(id)
    assert Mark.of_message(id).trace != Mark.of_message(str(uuid.uuid4())).trace


def test_trace_ids_are_random_to_a_sampler() -> None:
    # It keeps those whose low 64 bits are below a bound; of a UUID's two are always the same.
    low = [Mark.of_message(str(uuid.uuid4())).trace & (2**64 - 1) for _ in range(2000)]
    assert 800 < sum(bits < 2**63 for bits in low) < 1200
    assert 100 < sum(bits < 2**64 // 10 for bits in low) < 300


@pytest.mark.parametrize(
    "header",
    ["", "00", ASKED_BY[:-1], ASKED_BY.replace("00-", "ff-", 1), ASKED_BY.upper(),
     f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01"],
)  # fmt: skip
def test_what_is_no_traceparent_names_no_span(header: str) -> None:
    assert Mark.read(header) is None


def test_a_traceparent_is_read_as_it_is_written() -> None:
    mark = Mark.read(ASKED_BY)
    assert mark is not None
    assert mark.traceparent == ASKED_BY


def test_nothing_is_traced_while_it_is_off() -> None:
    with span("turn.play") as off:
        off.note(attempt=1)
        assert off.mark is None
        assert tracing.headers() == {}
    received("m", 0)


async def test_who_is_asked_within_a_span_is_told_of_it() -> None:
    collector = Collector()
    async with collector.serving() as url:
        tracer = OtlpTracer(url, "authorization=Bearer%20tok", "frontdoor")
        with tracing.using(tracer), span("turn.play", Mark.of_message("m")):
            with span("agent.ask", kind="client") as asking:
                assert asking.mark is not None
                assert tracing.headers() == {"traceparent": asking.mark.traceparent}
            assert tracing.headers()["traceparent"] != asking.mark.traceparent
        assert tracing.headers() == {}
        await exported(tracer)
    (turn,), (ask,) = collector.named("turn.play"), collector.named("agent.ask")
    first = Mark.of_message("m")
    assert (turn.trace_id.hex(), turn.parent_span_id.hex()) == (
        first.trace_id,
        f"{first.span:016x}",
    )
    assert ask.parent_span_id == turn.span_id
    assert collector.headers == ["Bearer tok"]


async def test_a_failure_is_told_by_its_kind_and_never_in_its_words() -> None:
    collector = Collector()
    async with collector.serving() as url:
        tracer = OtlpTracer(url, "", "frontdoor")
        with (
            tracing.using(tracer),
            pytest.raises(RuntimeError),
            span("turn.play", Mark.of_message("m")),
        ):
            raise RuntimeError("dear diary")
        await exported(tracer)
    (turn,) = collector.spans
    assert turn.status.message == "RuntimeError"
    assert not turn.events
    assert b"diary" not in collector.raw


async def test_a_stranger_chooses_neither_our_trace_nor_what_is_told_of_their_request() -> None:
    collector = Collector()

    async def accept(_: Request) -> Response:
        received("m", 0, channel="telegram")
        return PlainTextResponse("ok")

    async with collector.serving() as url:
        tracer = OtlpTracer(url, "", "frontdoor")
        face = Face(_fine, _ignored, "n", "", frozenset({"localhost"}))
        app = create_app(face, [Route("/hook/{name}", accept, methods=["POST"])], [])
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            with tracing.using(tracer):
                headers = {"traceparent": ASKED_BY}
                await client.post("/hook/sesame?token=hush", headers=headers)
                await client.get("/healthz", headers=headers)
        await exported(tracer)
    (receive,) = collector.spans
    first = Mark.of_message("m")
    assert (receive.trace_id.hex(), receive.span_id.hex()) == (first.trace_id, f"{first.span:016x}")
    assert receive.parent_span_id == b""
    assert [link.trace_id.hex() for link in receive.links] == [ASKED_BY[3:35]]
    assert told(receive) == {
        "frontdoor.message": "m",
        "frontdoor.channel": "telegram",
        "http.request.method": "POST",
        "http.route": "/hook/{name}",
    }
    assert b"hush" not in collector.raw
    assert b"sesame" not in collector.raw


@pytest.mark.parametrize(
    ("token", "given", "joins"),
    [("tok", "Bearer tok", True), ("tok", "Bearer no", False), ("tok", "", False), ("", "", True)],
)
async def test_only_who_has_the_token_is_joined(token: str, given: str, *, joins: bool) -> None:
    collector = Collector()
    async with collector.serving() as url:
        tracer = OtlpTracer(url, "", "frontdoor")
        app = Joined(PlainTextResponse("ok"), "agent.serve", token)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            with tracing.using(tracer):
                headers = {"traceparent": ASKED_BY, "authorization": given}
                assert (await client.post("/a2a", headers=headers)).status_code == 200
        await exported(tracer)
    assert collector.traces() == ({ASKED_BY[3:35]} if joins else set())


async def test_a_trace_is_kept_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    collector = Collector()
    async with collector.serving() as url:
        tracer = OtlpTracer(url, "", "frontdoor")
        with tracing.using(tracer):
            for n in range(40):
                received(f"m{n}", 0)
                with span("turn.play", Mark.of_message(f"m{n}")):
                    pass
        await exported(tracer)
    roots = {s.trace_id for s in collector.named("message.receive")}
    assert roots == {s.trace_id for s in collector.named("turn.play")}
    assert 5 < len(roots) < 35


def test_a_house_without_a_collector_does_not_load_opentelemetry() -> None:
    look = "import sys, gateway.main; print([m for m in sys.modules if 'opentelemetry' in m])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def _fine() -> dict[str, str]:
    return {}


async def _ignored(_: str) -> None:
    return None
