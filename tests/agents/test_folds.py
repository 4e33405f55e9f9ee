"""Tasks as data."""

from __future__ import annotations

from datetime import UTC, datetime

from a2a.types import Message, Part, Role, Task, TaskState
from hypothesis import given
from hypothesis import strategies as st

from agents.base import Said
from agents.folds import (
    HISTORY_CHARACTERS,
    HISTORY_LINES,
    fold,
    history_of,
    new_task,
    reply_text,
    reply_update,
    resume,
    status_update,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def said(text: str, id: str = "m") -> Message:
    return Message(message_id=id, context_id="c", role=Role.ROLE_USER, parts=[Part(text=text)])


def task_of(text: str, reply: str = "") -> Task:
    task = new_task("t", said(text), NOW)
    if reply:
        fold(task, reply_update(task, reply, first=True, last=True))
    return task


@given(st.lists(st.text(max_size=5), min_size=1))
def test_however_a_reply_is_cut_a_snapshot_holds_it_whole(pieces: list[str]) -> None:
    task = task_of("x")
    for n, piece in enumerate(pieces):
        fold(task, reply_update(task, piece, first=n == 0, last=False))
    assert reply_text(task) == "".join(pieces)
    assert len(task.artifacts[0].parts) == 1


@given(st.lists(st.tuples(st.text(max_size=2000), st.text(max_size=2000)), max_size=60))
def test_history_is_bounded_in_order_and_ends_before_the_message(
    turns: list[tuple[str, str]],
) -> None:
    earlier = [task_of(asked, answered) for asked, answered in turns]
    lines = history_of(earlier, task_of("now"), "m")
    assert len(lines) <= HISTORY_LINES
    assert sum(len(line.text) for line in lines) <= HISTORY_CHARACTERS
    every = [
        line
        for asked, answered in turns
        for line in (Said("user", asked), Said("agent", answered))
        if line.text
    ]
    assert lines == every[len(every) - len(lines) :]


def test_going_on_moves_what_was_said_into_the_history() -> None:
    task = task_of("one", "Well.")
    question = status_update(task, TaskState.TASK_STATE_INPUT_REQUIRED, NOW, [Part(text="Sure?")])
    fold(task, question)
    further = resume(task, said("yes", "m2"), NOW)
    assert [m.parts[0].text for m in further.history] == ["one", "Well.", "Sure?", "yes"]
    assert not further.artifacts
    assert not further.status.HasField("message")
    assert reply_text(task) == "Well.", "the task it was made from is as it was"
