"""What the house tells of itself: structured logs and Prometheus metrics.

A log line is a static event name with ids; a secret in it is struck out, and message texts
and phone numbers never get there.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

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


def exposition(accept: str) -> tuple[bytes, str]:
    """The metrics as text in the format the scraper accepts, and its media type."""
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415 - first scrape pays

    encode, media_type = choose_encoder(accept)
    return encode(REGISTRY), media_type


def configure_logging(level: str, form: str, hidden: Iterable[str] = ()) -> None:
    """Send logs to standard error: lines for people on a terminal, JSON elsewhere.

    `form` is "json", "text" or "" for whichever fits; `hidden` are secrets to strike out.
    """
    for_people = form == "text" or (not form and sys.stderr.isatty())
    stamp = structlog.processors.TimeStamper
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        stamp(fmt="%H:%M:%S", utc=False) if for_people else stamp(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]
    # Nicer tracebacks show local variables, and those are what people wrote.
    lines = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    end: list[Any] = (
        [_shortened, lines]
        if for_people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    end.append(_Striker(hidden))
    structlog.configure(
        processors=[*shared, *end],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library; theirs come out in the same form.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


_ID = re.compile(r"([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _shortened(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Ids as short as they can be told apart by eye."""
    for key, value in event.items():
        if isinstance(value, str) and key != "event":
            event[key] = _ID.sub(r"\1", value)
    return event


class _Striker:
    """The last processor: strikes secrets out of the line that is about to be written."""

    def __init__(self, hidden: Iterable[str]) -> None:
        plain = {secret for secret in hidden if secret}
        quoted = plain | {repr(secret)[1:-1] for secret in plain}
        self._hidden = quoted | {json.dumps(secret)[1:-1] for secret in quoted}

    def __call__(self, _logger: Any, _method: str, line: str) -> str:
        for secret in self._hidden:
            line = line.replace(secret, "•••")
        return line
