"""How the house tells what happens: one event a line, with the ids to follow it by.

An event is a static name with fields. What could tell of a person (an address, a telephone
number) stands only in fields named `pii_…`, which are dropped unless the operator keeps them;
message texts and transcripts stand in none. Secrets are struck out of whatever is written.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

LONG_SECRET = 8
"""Characters. A shorter one may be part of ordinary words and is struck out only where it stands
alone."""


def configure_logging(
    level: str, form: str, hidden: Iterable[str] = (), *, personal: bool = False
) -> None:
    """Send logs to standard error: lines for people on a terminal, JSON elsewhere.

    `form` is "json", "text" or "" for whichever fits; `hidden` are secrets to strike out;
    `personal` keeps fields named `pii_…`.
    """
    for_people = form == "text" or (not form and sys.stderr.isatty())
    stamp = structlog.processors.TimeStamper
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        stamp(fmt="%H:%M:%S", utc=False) if for_people else stamp(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]
    if not personal:
        shared.append(_impersonal)
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


def _impersonal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    for key in [key for key in event if key.startswith("pii_")]:
        del event[key]
    return event


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
        written = quoted | {json.dumps(secret)[1:-1] for secret in quoted}
        # Longest first: one may hold another.
        forms = [_form(s) for s in sorted(written, key=len, reverse=True) if not _plain_json(s)]
        self._secret = re.compile("|".join(forms)) if forms else None

    def __call__(self, _logger: Any, _method: str, line: str) -> str:
        return self._secret.sub("•••", line) if self._secret else line


def _form(secret: str) -> str:
    whole = re.escape(secret)
    return whole if len(secret) >= LONG_SECRET else rf"(?<!\w){whole}(?!\w)"


def _plain_json(secret: str) -> bool:
    """Whether it is short and may stand bare in a line of JSON, which it would spoil."""
    bare = secret.isdecimal() or secret in ("true", "false", "null")
    return bare and len(secret) < LONG_SECRET
