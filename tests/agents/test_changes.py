"""What is told to those who only see how a task stands, now and then."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from a2a.types import Message, Part, Task, TaskState

from agents.base import Document, Wish
from agents.changes import changes
from agents.folds import (
    Update,
    file_update,
    fold,
    new_task,
    reply_text,
    reply_update,
    status_update,
    wish_update,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TASK = new_task("t", Message(message_id="m", context_id="c", parts=[Part(text="hi")]), NOW)
WORKING, COMPLETED = TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_COMPLETED

STORY: list[Update] = [
    status_update(TASK, WORKING, NOW),
    reply_update(TASK, "one ", first=True, last=False),
    reply_update(TASK, "two", first=False, last=False),
    file_update(TASK, Document("a.txt", "text/plain", b"a"), "f"),
    status_update(TASK, WORKING, NOW, [Part(text="first")], notice=True),
    wish_update(TASK, Wish("hang_up"), NOW),
    reply_update(TASK, "", first=False, last=True),
    reply_update(TASK, "anew", first=True, last=True),
    status_update(TASK, COMPLETED, NOW, [Part(text="done")]),
]


def after(events: list[Update]) -> Task:
    task = Task()
    task.CopyFrom(TASK)
    for event in events:
        fold(task, event)
    return task


@pytest.mark.parametrize(
    ("since", "until"), [(m, n) for n in range(len(STORY) + 1) for m in range(n + 1)]
)
def test_who_folds_the_changes_in_stands_where_the_task_does(since: int, until: int) -> None:
    before, now = after(STORY[:since]), after(STORY[:until])
    for event in changes(before, now):
        fold(before, event)
    assert before == now


def test_where_nothing_happened_nothing_is_told() -> None:
    assert changes(after(STORY), after(STORY)) == []


def test_a_reply_that_grew_is_told_by_what_it_grew() -> None:
    (event,) = changes(after(STORY[:2]), after(STORY[:3]))
    assert event == reply_update(TASK, "two", first=False, last=False)


def test_a_reply_shorter_than_what_was_heard_is_told_anew() -> None:
    heard, stored = after(STORY[:3]), after(STORY[:2])
    (event,) = changes(heard, stored)
    fold(heard, event)
    assert reply_text(heard) == "one "


def test_each_notice_between_two_looks_is_told() -> None:
    told = [e for e in changes(after(STORY[:4]), after(STORY)) if e in (STORY[4], STORY[5])]
    assert told == [STORY[4], STORY[5]]
