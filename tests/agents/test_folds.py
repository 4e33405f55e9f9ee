"""Tasks as data."""

from __future__ import annotations

from datetime import UTC, datetime

from a2a.types import Message, Part, Role, Task, TaskState
from hypothesis import given
from hypothesis import strategies as st

from agents.base import CALL_EXTENSION, HEARD_EXTENSION, Said, Wish
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
    wish_update,
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


def test_of_a_reply_that_was_cut_short_later_turns_know_what_was_heard() -> None:
    task = new_task("t", said("my list"), NOW)
    fold(task, reply_update(task, "Milk, bread and tea.", first=True, last=True))
    cutting = said("wait", "m2")
    cutting.metadata.update({HEARD_EXTENSION: "Milk,"})
    second = new_task("t2", cutting, NOW)
    third = new_task("t3", said("and?", "m3"), NOW)
    told = history_of([task, second], third, "m3")
    assert told == [Said("user", "my list"), Said("agent", "Milk,"), Said("user", "wait")]
    # To the message that cut it short, the whole reply is known: it may be asked to go on.
    assert history_of([task], second, "m2")[-1] == Said("agent", "Milk, bread and tea.")


def test_of_a_reply_that_was_not_heard_at_all_nothing_remains() -> None:
    task = new_task("t", said("hi"), NOW)
    fold(task, reply_update(task, "Hello!", first=True, last=True))
    cutting = said("no", "m2")
    cutting.metadata.update({HEARD_EXTENSION: ""})
    third = new_task("t3", said("and?", "m3"), NOW)
    told = history_of([task, new_task("t2", cutting, NOW)], third, "m3")
    assert told == [Said("user", "hi"), Said("user", "no")]


def test_a_wish_for_the_call_is_kept_in_the_history_and_says_nothing() -> None:
    task = new_task("t", said("bye"), NOW)
    fold(task, wish_update(task, Wish("transfer", "", "an invoice"), NOW))
    fold(task, status_update(task, TaskState.TASK_STATE_COMPLETED, NOW))
    wished = task.history[-1].metadata[CALL_EXTENSION]
    assert dict(wished) == {"action": "transfer", "to": "", "summary": "an invoice"}
    third = new_task("t3", said("hello", "m3"), NOW)
    assert history_of([task], third, "m3") == [Said("user", "bye")]
