"""The figures the house tells of itself, for Prometheus; docs/observability.md lists them.

Names follow <https://prometheus.io/docs/practices/naming/>: base units, `_total` for counters.
Labels take few values: never an id, an address or a path that a stranger chose.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

BUILD = Info("frontdoor_build", "What runs here.", registry=REGISTRY)
LOOP_LAG = Gauge(
    "frontdoor_event_loop_lag_seconds",
    "By how much the event loop was late when last measured; everything waits so long.",
    registry=REGISTRY,
)

LOOP_TASKS = Gauge(
    "frontdoor_event_loop_tasks",
    "Tasks of the event loop; what grows for hours without more to do is a leak.",
    registry=REGISTRY,
)

REQUESTS = Counter(
    "frontdoor_http_requests_total",
    "HTTP requests answered.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "frontdoor_http_request_duration_seconds",
    "Time to answer an HTTP request.",
    ("route",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
SOCKETS = Gauge("frontdoor_web_sockets", "Open sockets.", registry=REGISTRY)
REFUSED = Counter(
    "frontdoor_refused_total",
    "Requests and sockets turned away, by what was full.",
    ("limit",),
    registry=REGISTRY,
)
MESSAGES = Counter(
    "frontdoor_messages_accepted_total",
    "Messages stored, by channel; repeats of an event count as repeated.",
    ("channel", "result"),
    registry=REGISTRY,
)
TURNS = Counter(
    "frontdoor_turns_total",
    "Turns that left the open stage, by the stage they went to.",
    ("channel", "stage"),
    registry=REGISTRY,
)
TURNS_OPEN = Gauge("frontdoor_turns_open", "Turns under way here.", registry=REGISTRY)
TURN_SECONDS = Histogram(
    "frontdoor_turn_duration_seconds",
    "From the start of a turn to its reply being stored.",
    ("channel",),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300),
    registry=REGISTRY,
)
FIRST_TEXT_SECONDS = Histogram(
    "frontdoor_agent_first_text_seconds",
    "From asking the agent to its first words.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20),
    registry=REGISTRY,
)
AGENT_ERRORS = Counter(
    "frontdoor_agent_errors_total", "Failed exchanges with the agent.", ("kind",), registry=REGISTRY
)
AGENT_CIRCUIT_OPEN = Gauge(
    "frontdoor_agent_circuit_open",
    "1 while the agent is down and only a probe now and then is let through to it.",
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "frontdoor_deliveries_total",
    "Attempts to send a delivery, by what came of them.",
    ("channel", "state"),
    registry=REGISTRY,
)
DELIVERY_SECONDS = Histogram(
    "frontdoor_delivery_delay_seconds",
    "From a delivery being stored to its being sent.",
    ("channel",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
    registry=REGISTRY,
)
LEASES_CLAIMED = Counter(
    "frontdoor_leases_claimed_total",
    "Work leased by this worker: conversations, deliveries, and looks after tasks.",
    ("kind",),
    registry=REGISTRY,
)
LEASES_LOST = Counter(
    "frontdoor_leases_lost_total",
    "Leases that another worker took over while this one still worked.",
    ("kind",),
    registry=REGISTRY,
)
LEASES_HELD = Gauge(
    "frontdoor_leases_held", "Leases this worker holds now.", ("kind",), registry=REGISTRY
)
QUEUE = Gauge(
    "frontdoor_queue_depth",
    "What waits in the database, of all replicas together: messages for their turn, turns under "
    "way, deliveries by state, and looks after tasks.",
    ("queue",),
    registry=REGISTRY,
)
QUEUE_AGE = Gauge(
    "frontdoor_queue_oldest_age_seconds",
    "How long the first in a queue has waited.",
    ("queue",),
    registry=REGISTRY,
)
DATABASE_UP = Gauge(
    "frontdoor_database_up", "1 if the database answered when it was last asked.", registry=REGISTRY
)
DATABASE_CONNECTIONS = Gauge(
    "frontdoor_database_connections",
    "Connections of this process to the database, by state; `most` is the pool's size.",
    ("state",),
    registry=REGISTRY,
)
REDIS_UP = Gauge(
    "frontdoor_redis_up",
    "1 while replicas reach each other through Redis; 0 also where there is none.",
    registry=REGISTRY,
)
REMOTE_SECONDS = Histogram(
    "frontdoor_remote_request_duration_seconds",
    "Time a service that we depend on took to answer, or we to give it up.",
    ("provider",),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
    registry=REGISTRY,
)
REMOTE_REQUESTS = Counter(
    "frontdoor_remote_requests_total",
    "Requests to services that we depend on, by what came of them.",
    ("provider", "result"),
    registry=REGISTRY,
)
CALLS = Counter(
    "frontdoor_calls_total",
    "Calls that were answered, by how they ended.",
    ("channel", "ended_by"),
    registry=REGISTRY,
)
CALLS_OPEN = Gauge("frontdoor_calls_open", "Calls under way here.", registry=REGISTRY)
CALLS_REFUSED = Counter(
    "frontdoor_calls_refused_total", "Calls turned away for want of room.", registry=REGISTRY
)
CALL_SECONDS = Histogram(
    "frontdoor_call_duration_seconds",
    "From a line being answered to its end.",
    ("channel",),
    buckets=(5, 15, 30, 60, 120, 300, 600, 1800, 3600),
    registry=REGISTRY,
)
CALL_TURNS = Counter(
    "frontdoor_call_turns_total",
    "Turns of callers put to the agent.",
    ("channel",),
    registry=REGISTRY,
)
CALL_STEP_SECONDS = Histogram(
    "frontdoor_call_turn_seconds",
    "From a caller's last word to: its transcript, the turn being over, the agent's first text, "
    "the first sound of the reply.",
    ("step",),
    buckets=(0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 1.1, 1.4, 2, 3, 5, 10),
    registry=REGISTRY,
)
CALL_REACTION_SECONDS = Histogram(
    "frontdoor_call_interruption_seconds",
    "From a caller speaking over us to our falling silent.",
    buckets=(0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1),
    registry=REGISTRY,
)
CALL_UNDERRUNS = Counter(
    "frontdoor_call_underruns_total", "Gaps heard in the middle of a clause.", registry=REGISTRY
)
CALL_COST = Counter(
    "frontdoor_call_cost_dollars_total",
    "Speech services in calls, by list price.",
    registry=REGISTRY,
)
STT_SECONDS = Histogram(
    "frontdoor_stt_seconds",
    "From sending speech to having its words.",
    ("provider",),
    buckets=(0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5),
    registry=REGISTRY,
)
STT_REQUESTS = Counter(
    "frontdoor_stt_total",
    "Requests to recognise speech: ok, outrun by another, unreachable, refused or missing.",
    ("provider", "result"),
    registry=REGISTRY,
)
STT_COST = Counter(
    "frontdoor_stt_cost_dollars_total",
    "What recognition cost, by list price.",
    ("provider",),
    registry=REGISTRY,
)
TTS_FIRST_AUDIO_SECONDS = Histogram(
    "frontdoor_tts_first_audio_seconds",
    "From a clause being handed to a voice to its first sound.",
    ("provider",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5),
    registry=REGISTRY,
)
TTS_REQUESTS = Counter(
    "frontdoor_tts_total",
    "Clauses handed to voices: ok, unreachable, refused, missing, outrun by another, or kept from "
    "an earlier time.",
    ("provider", "result"),
    registry=REGISTRY,
)
VOICE_NOTES = Counter(
    "frontdoor_voice_notes_total",
    "Recordings that people sent, by what came of listening to them.",
    ("result",),
    registry=REGISTRY,
)


def asked(provider: str, result: str, seconds: float) -> None:
    """Count a request to a service that we depend on."""
    REMOTE_REQUESTS.labels(provider, result).inc()
    REMOTE_SECONDS.labels(provider).observe(seconds)


@contextmanager
def asking(provider: str, failures: tuple[type[Exception], ...] = (Exception,)) -> Iterator[None]:
    """Time the request made in the block; one of `failures` makes it `failed`.

    Any other exception is an answer.
    """
    began, result = time.perf_counter(), "cut_off"
    try:
        yield
        result = "ok"
    except failures:
        result = "failed"
        raise
    except Exception:
        result = "ok"
        raise
    finally:
        asked(provider, result, time.perf_counter() - began)


def exposition(accept: str) -> tuple[bytes, str]:
    """The metrics as text in the format the scraper accepts, and its media type."""
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415 - first scrape pays

    encode, media_type = choose_encoder(accept)
    return encode(REGISTRY), media_type
