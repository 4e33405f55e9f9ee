"""Folding the wire into what was heard; pure."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from a2a.types import (
    Artifact,
    Message,
    Part,
    Role,
    StreamResponse,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from hypothesis import given
from hypothesis import strategies as st

from channels.events import Choice
from gateway.agent.base import (
    AgentEvent,
    Attachment,
    End,
    Ended,
    Produced,
    Progress,
    ReplyText,
    Started,
    Wished,
)
from gateway.agent.hearing import CALL_EXTENSION, CHOICES_MEDIA_TYPE, COMPLETE, Hearing
from gateway.errors import AgentBroken

WORKING = TaskState.TASK_STATE_WORKING
COMPLETED = TaskState.TASK_STATE_COMPLETED


def message(*parts: Part | str) -> Message:
    return Message(
        message_id="a1",
        role=Role.ROLE_AGENT,
        parts=[Part(text=part) if isinstance(part, str) else part for part in parts],
    )


def task(
    *artifacts: Artifact, state: TaskState = WORKING, said: Message | None = None
) -> StreamResponse:
    status = TaskStatus(state=state, message=said)
    return StreamResponse(task=Task(id="t", context_id="c", artifacts=artifacts, status=status))


def status(state: TaskState, *parts: Part | str) -> StreamResponse:
    said = message(*parts) if parts else None
    return StreamResponse(
        status_update=TaskStatusUpdateEvent(
            task_id="t", context_id="c", status=TaskStatus(state=state, message=said)
        )
    )


def artifact(id: str, *parts: Part | str, name: str = "", complete: bool = False) -> Artifact:
    made = Artifact(
        artifact_id=id,
        name=name,
        parts=[Part(text=part) if isinstance(part, str) else part for part in parts],
    )
    if complete:
        made.metadata.update({COMPLETE: True})
    return made


def chunk(made: Artifact, *, append: bool = False, last: bool = False) -> StreamResponse:
    return StreamResponse(
        artifact_update=TaskArtifactUpdateEvent(
            task_id="t", context_id="c", artifact=made, append=append, last_chunk=last
        )
    )


def heard(responses: Iterable[StreamResponse], past: Task | None = None) -> list[AgentEvent]:
    hearing = Hearing(past)
    return [event for response in responses for event in hearing.hear(response)]


def test_data_that_is_not_json_is_no_answer() -> None:
    part = Part()
    part.data.number_value = float("nan")
    with pytest.raises(AgentBroken, match="number"):
        heard([StreamResponse(message=message(part))])


def test_the_states_are_the_protocols_own() -> None:
    names = {TaskState.Name(number): number for number in TaskState.values()}
    ends = {
        end: names[f"TASK_STATE_{end.name}"]
        for end in End
        if isinstance(heard([task(), status(TaskState.Value(f"TASK_STATE_{end.name}"))])[-1], Ended)
    }
    assert set(ends) == set(End)
    for end, state in ends.items():
        assert heard([task(), status(state)])[-1] == Ended(end)


def test_chunks_of_the_reply_are_joined_as_they_are() -> None:
    assert heard(
        [
            task(),
            chunk(artifact("r", "Hel", name="reply")),
            chunk(artifact("r", "lo"), append=True),
            chunk(artifact("r"), append=True, last=True),
        ]
    ) == [
        Started("t"),
        Progress(""),
        ReplyText("Hel"),
        ReplyText("Hello"),
        ReplyText("Hello", complete=True),
    ]


def test_the_tasks_rest_completes_the_reply() -> None:
    events = heard([chunk(artifact("r", "Hi", name="reply")), status(COMPLETED)])
    assert events[-2:] == [ReplyText("Hi", complete=True), Ended(End.COMPLETED)]


def test_closing_words_that_repeat_the_reply_are_left_out() -> None:
    reply = chunk(artifact("r", "Hi.", name="reply"), last=True)
    assert heard([reply, status(COMPLETED, "Hi. ")])[-1] == Ended(End.COMPLETED)
    assert heard([reply, status(COMPLETED, "Bye.")])[-1] == Ended(End.COMPLETED, "Bye.")


def test_words_while_working_are_progress_told_once() -> None:
    events = heard([task(), status(WORKING, "Looking"), status(WORKING, "Looking")])
    assert events == [Started("t"), Progress(""), Progress("Looking")]


def test_a_file_is_handed_over_once_when_its_last_chunk_came() -> None:
    first = Part(raw=b"ab", filename="a.bin", media_type="application/x-a")
    events = heard(
        [
            chunk(artifact("f", first)),
            chunk(artifact("f", Part(raw=b"cd", filename="a.bin")), append=True, last=True),
            status(COMPLETED),
        ]
    )
    assert [e for e in events if isinstance(e, Produced)] == [
        Produced(Attachment("a.bin", "application/x-a", b"abcd", id="f"))
    ]


def test_an_unfinished_file_waits_for_the_tasks_rest() -> None:
    made = artifact("f", Part(url="http://files/a.pdf"), name="report")
    events = heard([task(made), status(COMPLETED)])
    file = Attachment("report.pdf", "application/pdf", url="http://files/a.pdf", id="f")
    assert events[-2:] == [Produced(file), Ended(End.COMPLETED)]
    assert Produced(file) not in events[:-2]


def test_several_files_of_one_artifact_stay_apart() -> None:
    parts = Part(raw=b"a", filename="a.txt"), Part(raw=b"b", filename="b.txt")
    events = heard([chunk(artifact("f", *parts), last=True)])
    produced = [event.file for event in events if isinstance(event, Produced)]
    assert [(file.name, file.data) for file in produced] == [("a.txt", b"a"), ("b.txt", b"b")]


def test_text_with_a_file_name_is_a_file() -> None:
    note = Part(text="# Milk", filename="note.md", media_type="text/markdown")
    events = heard([chunk(artifact("n", note), last=True), status(COMPLETED)])
    assert Produced(Attachment("note.md", "text/markdown", b"# Milk", id="n")) in events
    assert not [event for event in events if isinstance(event, ReplyText)]


def test_without_a_reply_artifact_all_artifact_text_is_the_reply() -> None:
    events = heard(
        [
            chunk(artifact("one", "First.", name="answer"), last=True),
            chunk(artifact("two", "Second.")),
            status(COMPLETED),
        ]
    )
    said = [event for event in events if isinstance(event, ReplyText)]
    assert said[0] == ReplyText("First.")
    assert said[-1] == ReplyText("First.\n\nSecond.", complete=True)


def test_beside_a_reply_other_text_is_a_file() -> None:
    events = heard(
        [
            chunk(artifact("r", "See the report.", name="reply"), last=True),
            chunk(artifact("x", "Findings", name="report"), last=True),
        ]
    )
    assert events[-1] == Produced(Attachment("report.txt", "text/plain", b"Findings", id="x"))


def test_data_is_a_json_file() -> None:
    data = Part()
    data.data.struct_value.update({"a": "é"})
    events = heard([chunk(artifact("d", data, name="table"), last=True)])
    (file,) = [event.file for event in events if isinstance(event, Produced)]
    assert (file.name, file.media_type) == ("table.json", "application/json")
    assert file.data.decode() == '{\n  "a": "é"\n}'


def test_a_question_brings_its_choices() -> None:
    choices = Part(media_type=CHOICES_MEDIA_TYPE)
    choices.data.struct_value.update(
        {"choices": [{"label": "Red", "value": "r"}, {"label": "Blue"}, {"value": "lost"}, "odd"]}
    )
    events = heard([task(), status(TaskState.TASK_STATE_INPUT_REQUIRED, "Which?", choices)])
    offered = (Choice("Red", "r"), Choice("Blue", "Blue"))
    assert events[-1] == Ended(End.INPUT_REQUIRED, "Which?", offered)


def test_a_bare_message_is_a_whole_turn() -> None:
    attached = Part(raw=b"x", filename="x.txt", media_type="text/plain")
    events = heard([StreamResponse(message=message("Hello.", attached))])
    assert events == [
        ReplyText("Hello.", complete=True),
        Produced(Attachment("x.txt", "text/plain", b"x", id="a1")),
        Ended(End.COMPLETED),
    ]


def test_nothing_is_heard_after_the_end() -> None:
    assert heard([task(), status(COMPLETED), status(COMPLETED), status(WORKING, "?")])[2:] == [
        Ended(End.COMPLETED)
    ]


def test_an_older_snapshot_takes_nothing_back() -> None:
    events = heard(
        [
            chunk(artifact("r", "Hello there", name="reply")),
            task(artifact("r", "Hello", name="reply")),
            chunk(artifact("r", " there."), append=True),
        ]
    )
    assert [e.text for e in events if isinstance(e, ReplyText)] == ["Hello there", "Hello there."]


def test_a_snapshot_may_say_that_the_reply_is_complete() -> None:
    events = heard([task(artifact("r", "Later.", name="reply", complete=True))])
    assert ReplyText("Later.", complete=True) in events


def test_a_revised_reply_is_told() -> None:
    events = heard(
        [
            chunk(artifact("r", "Two plus two is five", name="reply")),
            chunk(artifact("r", "Two plus two is four", name="reply"), last=True),
        ]
    )
    assert events[-1] == ReplyText("Two plus two is four", complete=True)


def test_what_was_there_before_our_message_is_not_heard_again() -> None:
    question = TaskState.TASK_STATE_INPUT_REQUIRED
    past = task(artifact("r1", "Hm.", name="reply"), state=question, said=message("Which?")).task
    same_again = StreamResponse(task=past)
    events = heard(
        [same_again, status(WORKING), chunk(artifact("r2", "Blue.", name="reply"))], past
    )
    assert events == [Started("t"), Progress(""), ReplyText("Blue.")]
    appended = artifact("r1", "Hm.", "Blue.", name="reply")
    assert heard([task(appended)], past)[-1] == Progress("")
    assert ReplyText("Blue.") in heard([task(appended)], past)


@pytest.mark.parametrize(
    "odd",
    [
        StreamResponse(),
        StreamResponse(task=Task()),
        StreamResponse(task=Task(id="t")),
        StreamResponse(status_update=TaskStatusUpdateEvent(task_id="t")),
        StreamResponse(status_update=TaskStatusUpdateEvent()),
        StreamResponse(artifact_update=TaskArtifactUpdateEvent()),
    ],
)
def test_what_is_no_event_of_the_protocol_is_broken(odd: StreamResponse) -> None:
    with pytest.raises(AgentBroken):
        heard([odd])


WORDS = st.lists(st.text(max_size=5), min_size=1, max_size=12)


@given(words=WORDS, pieces=WORDS, data=st.data())
def test_however_the_stream_breaks_the_same_is_heard(
    words: list[str], pieces: list[str], data: st.DataObject
) -> None:
    """A server's log, heard with snapshots of any later moment in place of what they cover."""
    server = Task(id="t", context_id="c", status=TaskStatus(state=WORKING))
    log: list[tuple[StreamResponse, Task]] = []

    def tell(id: str, part: Part, name: str, *, append: bool, last: bool) -> None:
        made = Artifact(artifact_id=id, name=name, parts=[part])
        known = next((a for a in server.artifacts if a.artifact_id == id), None)
        if known is None:
            server.artifacts.append(made)
        else:
            known.parts.append(part)
        state = Task()
        state.CopyFrom(server)
        log.append((chunk(made, append=append, last=last), state))

    order = data.draw(st.permutations(["r"] * len(words) + ["f"] * len(pieces)))
    told = {"r": 0, "f": 0}
    for id in order:
        at = told[id]
        told[id] += 1
        if id == "r":
            tell("r", Part(text=words[at]), "reply", append=at > 0, last=at == len(words) - 1)
        else:
            part = Part(raw=pieces[at].encode(), filename="f.txt", media_type="text/plain")
            tell("f", part, "f.txt", append=at > 0, last=at == len(pieces) - 1)

    hearing = Hearing()
    events: list[AgentEvent] = []
    at = 0
    while at < len(log):
        if data.draw(st.booleans()):
            events += hearing.hear(log[at][0])
            at += 1
        else:
            at = data.draw(st.integers(at, len(log) - 1))
            events += hearing.hear_task(log[at][1])
            at += 1
    final = Task()
    final.CopyFrom(server)
    final.status.state = COMPLETED
    events += hearing.hear(
        data.draw(st.sampled_from([StreamResponse(task=final), status(COMPLETED)]))
    )

    said = [event for event in events if isinstance(event, ReplyText)]
    text = "".join(words)
    assert (said[-1] if said else ReplyText("", complete=True)) == ReplyText(text, complete=True)
    assert [len(e.text) for e in said] == sorted(len(e.text) for e in said)
    files = [event.file for event in events if isinstance(event, Produced)]
    assert [file.data for file in files] == ["".join(pieces).encode()]
    assert events[-1] == Ended(End.COMPLETED)
    assert sum(isinstance(event, Started) for event in events) == 1


def wish(wanted: dict[str, object], id: str = "w1") -> Message:
    made = Message(message_id=id, role=Role.ROLE_AGENT, parts=[Part(text="")])
    made.metadata.update({CALL_EXTENSION: wanted})
    return made


def told(said: Message, state: TaskState = WORKING) -> StreamResponse:
    update = TaskStatusUpdateEvent(task_id="t", status=TaskStatus(state=state, message=said))
    return StreamResponse(status_update=update)


def test_a_wish_is_heard_once_and_is_no_progress() -> None:
    wanted = wish({"action": "transfer", "to": "+431", "summary": "Invoice"})
    kept = Task(id="t", history=[wanted], status=TaskStatus(state=COMPLETED))
    assert heard([task(), told(wanted), told(wanted), StreamResponse(task=kept)])[2:] == [
        Wished("transfer", "+431", "Invoice"),
        Ended(End.COMPLETED),
    ]


def test_a_wish_may_come_with_the_end() -> None:
    events = heard([task(), told(wish({"action": "hang_up"}), COMPLETED)])
    assert events[-2:] == [Wished("hang_up"), Ended(End.COMPLETED)]


@pytest.mark.parametrize("wanted", [{}, {"action": "sing"}, {"action": 1}, {"to": "+431"}])
def test_what_nobody_can_do_is_no_wish(wanted: dict[str, object]) -> None:
    assert not any(isinstance(e, Wished) for e in heard([task(), told(wish(wanted))]))


def test_a_wish_from_before_our_message_is_not_heard_again() -> None:
    old, new = wish({"action": "transfer"}), wish({"action": "hang_up"}, "w2")
    past = Task(id="t", history=[old], status=TaskStatus(state=WORKING))
    now = Task(id="t", history=[old, new], status=TaskStatus(state=COMPLETED))
    events = heard([StreamResponse(task=now)], past)
    assert [e for e in events if isinstance(e, Wished)] == [Wished("hang_up")]
