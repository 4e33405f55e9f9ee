"""What an answer of the Bot API means, and what its absence does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import ChannelError, MaybeSent, NotSent, Refused, Unreachable
from channels.telegram import failures
from channels.telegram.failures import failure


def refusal(code: int, description: str = "", **parameters: Any) -> bytes:
    answer = {"ok": False, "error_code": code, "description": description}
    return json.dumps({**answer, "parameters": parameters}).encode()


def test_success_is_no_failure() -> None:
    assert failure(200, b'{"ok": true, "result": {}}') is None


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, refusal(403, "Forbidden: bot was blocked by the user"), Unreachable),
        (400, refusal(400, "Bad Request: chat not found"), Unreachable),
        (409, refusal(409, "Conflict: terminated by other getUpdates"), failures.Conflict),
        (401, refusal(401, "Unauthorized"), failures.WrongToken),
        (404, b"not JSON at all", failures.WrongToken),
        (400, refusal(400, "Bad Request: can't parse entities"), failures.Unparsable),
        (400, refusal(400, "Bad Request: message is not modified"), failures.Unchanged),
        (400, refusal(400, "Bad Request: message to edit not found"), failures.Gone),
        (400, refusal(400, "Bad Request: IMAGE_PROCESS_FAILED"), failures.NotAPhoto),
        (413, refusal(413, "Request Entity Too Large"), failures.TooBig),
        (400, refusal(400, "Bad Request: nobody knows this one"), Refused),
        (429, refusal(429, "Too Many Requests", retry_after=3), NotSent),
        (500, refusal(500, "Internal Server Error"), MaybeSent),
        (502, b"<html>", MaybeSent),
        # It says that it did it, and not what: an answer that went wrong on its way.
        (200, b'{"ok": true}', MaybeSent),
        (200, b"", MaybeSent),
        (200, refusal(400, "Bad Request: chat not found"), Unreachable),
    ],
)
def test_every_answer_has_a_meaning(status: int, body: bytes, error: type[ChannelError]) -> None:
    assert type(failure(status, body)) is error


def test_a_group_that_moved_says_where() -> None:
    moved = failure(400, refusal(400, "Bad Request: group upgraded", migrate_to_chat_id=-1005))
    assert isinstance(moved, failures.Moved)
    assert moved.chat == "-1005"


@pytest.mark.parametrize(("asked", "waited"), [(3, 3.0), (None, 1.0), (-1, 1.0), ("soon", 1.0)])
def test_a_flood_is_waited_out(asked: object, waited: float) -> None:
    flood = failure(429, refusal(429, "Too Many Requests", retry_after=asked))
    assert isinstance(flood, NotSent)
    assert flood.retry_after == waited


@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_answer_is_read_without_a_fault(status: int, body: bytes) -> None:
    failure(status, body)
