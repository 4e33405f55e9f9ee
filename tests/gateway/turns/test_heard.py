"""What is told of what an agent says, and what was told already."""

from __future__ import annotations

import pytest

from channels.events import Choice
from gateway.agent.base import (
    AgentEvent,
    Attachment,
    End,
    Ended,
    Notice,
    Produced,
    Progress,
    ReplyText,
    Started,
)
from gateway.store.base import Given, TurnStage
from gateway.turns.heard import Heard, Verdict, detached, judge


def heard(*events: AgentEvent, given: Given | None = None) -> Heard:
    told = Heard(given or Given())
    for event in events:
        told.receive(event)
    return told


def verdict(*events: AgentEvent, given: Given | None = None) -> Verdict:
    return judge(heard(*events, given=given), "en")


NOTE = Attachment("note.md", "text/markdown", b"milk", id="a1")


def test_growing_text_is_handed_on_piece_by_piece() -> None:
    told = Heard()
    assert told.receive(ReplyText("Hel")) == "Hel"
    assert told.receive(ReplyText("Hello")) == "lo"
    assert told.receive(ReplyText("Hello")) == ""


def test_a_reply_is_told_with_its_files() -> None:
    ruling = verdict(Started("t"), ReplyText("Here."), Produced(NOTE), Ended(End.COMPLETED))
    assert (ruling.text, ruling.files, ruling.stage) == ("Here.", (NOTE,), TurnStage.DONE)


def test_closing_words_follow_the_reply() -> None:
    assert verdict(ReplyText("A."), Ended(End.COMPLETED, "B.")).text == "A.\n\nB."


def test_closing_words_that_the_reply_has_are_not_repeated() -> None:
    assert verdict(ReplyText("All is well."), Ended(End.COMPLETED, "All is well.")).text == (
        "All is well."
    )


@pytest.mark.parametrize("end", list(End))
def test_every_end_says_something(end: End) -> None:
    assert verdict(Started("t"), Ended(end)).text


@pytest.mark.parametrize(
    ("end", "stage"),
    [
        (End.COMPLETED, TurnStage.DONE),
        (End.INPUT_REQUIRED, TurnStage.DONE),
        (End.AUTH_REQUIRED, TurnStage.DONE),
        (End.FAILED, TurnStage.FAILED),
        (End.REJECTED, TurnStage.FAILED),
        (End.CANCELED, TurnStage.CANCELED),
    ],
)
def test_ends_become_stages(end: End, stage: TurnStage) -> None:
    assert verdict(Ended(end)).stage is stage


def test_a_question_names_the_task_that_waits_for_its_answer() -> None:
    options = (Choice("Red", "r"),)
    ruling = verdict(Started("t7"), Ended(End.INPUT_REQUIRED, "Which?", options))
    assert (ruling.text, ruling.choices, ruling.asking_task) == ("Which?", options, "t7")


def test_a_whole_reply_leaves_its_task_in_the_background() -> None:
    assert verdict(ReplyText("Will do.", complete=True)).stage is TurnStage.BACKGROUND


def test_what_was_given_is_not_told_again() -> None:
    given = Given("Will do.", ("a1",))
    ruling = verdict(
        ReplyText("Will do. It is done.", complete=True),
        Produced(NOTE),
        Ended(End.COMPLETED, "Bye."),
        given=given,
    )
    assert (ruling.text, ruling.files) == ("It is done.\n\nBye.", ())


def test_the_quiet_end_of_something_answered_is_quiet() -> None:
    given = Given("Will do.")
    for end in (End.COMPLETED, End.CANCELED):
        assert verdict(ReplyText("Will do."), Ended(end), given=given).text == ""


def test_a_notice_is_told_once_though_the_task_goes_on() -> None:
    first = heard(ReplyText("Ok.", complete=True), Notice("n1", "Tea!"), given=Given("Ok."))
    assert judge(first, "en").text == "Tea!"
    later = heard(
        ReplyText("Ok.", complete=True),
        Notice("n1", "Tea!"),
        Notice("n2", "Cake!"),
        given=first.now_given(),
    )
    assert judge(later, "en").text == "Cake!"


def test_who_waits_too_long_is_told_what_there_is() -> None:
    ruling = detached(heard(Started("t"), ReplyText("First part."), Progress("busy")), "en")
    assert ruling.text == "First part.\n\nI'm on it, I'll tell you when it is done."
    assert ruling.stage is TurnStage.DETACHED
