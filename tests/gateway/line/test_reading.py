"""From what happens in a conversation to what the caller is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.events import (
    Choice,
    Choices,
    Delta,
    Entry,
    File,
    Live,
    Part,
    Status,
    Text,
    TurnState,
    Wish,
)
from gateway.call.events import AgentDone, AgentNotice, AgentStatus, AgentText, AgentWish, Fact
from gateway.line.reading import Reading


class Call:
    """A reading, what it told, and how often it found a turn that nobody wants."""

    def __init__(self) -> None:
        self.unwanted = 0
        self.reading = Reading("en", on_unwanted=self._count)

    def _count(self) -> None:
        self.unwanted += 1

    def hear(self, *events: Live) -> list[Fact]:
        return [fact for event in events for fact in self.reading.hear(event)]

    def asked(self, turn: int, number: int | None = None) -> list[Fact]:
        """A turn of the call is asked, and becomes that turn of the conversation."""
        self.reading.asked(turn, f"m{turn}")
        return self.hear(begun(number or turn, f"m{turn}"))


def begun(number: int, *messages: str) -> Status:
    return Status(number, TurnState.WORKING, messages=messages)


def done(number: int, state: TurnState = TurnState.DONE) -> Status:
    return Status(number, state)


def entry(*parts: Part | str) -> Entry:
    whole = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    return Entry(1, "id", "agent", whole, datetime(2026, 1, 1, tzinfo=UTC))


def texts(facts: list[Fact], turn: int = 1) -> list[str]:
    return [fact.text for fact in facts if isinstance(fact, AgentText) and fact.turn == turn]


def test_a_reply_is_told_clause_by_clause_as_it_grows() -> None:
    call = Call()
    call.asked(1, 7)
    assert call.hear(Delta(7, "There are two things. The fir")) == [
        AgentText(1, "There are two things.")
    ]
    facts = call.hear(Delta(7, "st is milk."), entry("There are two things. The first is milk."))
    assert texts(facts) == ["The first is milk."]
    assert call.hear(done(7)) == [AgentDone(1)]


def test_what_a_reply_ends_with_for_now_is_told_if_it_is_a_sentence() -> None:
    call = Call()
    call.asked(1)
    assert call.hear(Delta(1, "I will look.")) == []
    assert texts(call.reading.settle()) == ["I will look."]
    assert call.reading.settle() == []
    assert texts(call.hear(Delta(1, " It costs 3."), Delta(1, "5 euros. "), done(1)))[:1] == [
        "It costs three point five euros."
    ]
    call.asked(2)
    call.hear(Delta(2, "Ask Dr."))
    assert call.reading.settle() == []
    call.reading.drop(2)
    call.hear(Delta(2, " Who."))
    assert call.reading.settle() == []


def test_who_may_have_ended_a_sentence_is_waited_for() -> None:
    ends: list[None] = []
    reading = Reading("en", on_unwanted=lambda: None, on_point=lambda: ends.append(None))
    reading.asked(1, "m1")
    for event, count in (
        (begun(1, "m1"), 0),
        (Delta(1, "It is"), 0),
        (Delta(1, " **open.**"), 1),
        (Delta(1, " And"), 1),
    ):
        reading.hear(event)
        assert len(ends) == count


def test_a_reply_that_comes_only_as_an_entry_is_told_once() -> None:
    call = Call()
    call.asked(1)
    assert call.hear(entry("Yes."), done(1)) == [AgentText(1, "Yes."), AgentDone(1)]


def test_a_reply_that_never_becomes_an_entry_is_told_to_its_end() -> None:
    call = Call()
    call.asked(1)
    assert texts(call.hear(Delta(1, "Nearly the"), done(1))) == ["Nearly the."]


@pytest.mark.parametrize("state", [TurnState.DONE, TurnState.FAILED, TurnState.CANCELED])
def test_a_turn_is_done_however_it_ends(state: TurnState) -> None:
    call = Call()
    call.asked(1)
    assert call.hear(done(1, state)) == [AgentDone(1)]


def test_the_agents_word_on_its_progress_is_passed_on() -> None:
    call = Call()
    assert call.asked(1) == []
    told = call.hear(Status(1, TurnState.WORKING, "Looking it up"))
    assert told == [AgentStatus(1, "Looking it up")]


def test_a_reply_that_begins_anew_is_told_anew() -> None:
    call = Call()
    call.asked(1)
    assert texts(call.hear(Delta(1, "The answer is four. So")))
    call.hear(Status(1, TurnState.RETRYING), begun(1, "m1"))
    assert texts(call.hear(Delta(1, "The answer is five. "), done(1))) == ["The answer is five."]


def test_what_answers_nothing_of_the_call_is_a_notice() -> None:
    call = Call()
    events = (begun(3, "typed"), Delta(3, "Noted. "), entry("Noted."), done(3))
    assert call.hear(*events) == [AgentNotice("Noted.")]


def test_what_the_caller_typed_themselves_is_not_read_to_them() -> None:
    call = Call()
    theirs = Entry(1, "id", "user", (Text("hello"),), datetime(2026, 1, 1, tzinfo=UTC))
    assert call.hear(theirs) == []


def test_a_notice_amid_a_reply_is_not_taken_for_it() -> None:
    call = Call()
    call.asked(1)
    call.hear(Delta(1, "There are two things. M"))
    assert call.hear(entry("The oven is hot.")) == [AgentNotice("The oven is hot.")]
    facts = call.hear(Delta(1, "ilk and bread."), entry("There are two things. Milk and bread."))
    assert texts(facts) == ["Milk and bread."]


def test_the_agents_wish_belongs_to_the_turn_of_the_call() -> None:
    call = Call()
    call.asked(4, 9)
    assert call.hear(Wish(9, "transfer", "sales", "A quote.")) == [
        AgentWish(4, "transfer", "sales", "A quote.")
    ]
    assert call.hear(Wish(8, "hang_up")) == []


def test_of_a_dropped_turn_nothing_is_told_any_more() -> None:
    call = Call()
    call.asked(1)
    assert texts(call.hear(Delta(1, "There are two things. The")))
    call.reading.drop(1)
    events = (Delta(1, " first is milk. The"), entry("There are two things. Stopped."), done(1))
    assert call.hear(*events) == []
    assert call.unwanted == 0


def test_a_turn_that_was_dropped_before_it_began_is_found_when_it_does() -> None:
    call = Call()
    call.reading.asked(1, "m1")
    call.reading.drop(1)
    assert not call.reading.is_under_way(1)
    assert call.hear(begun(1, "m1")) == []
    assert call.reading.is_under_way(1)
    assert call.unwanted == 1


def test_words_that_are_answered_together_with_dropped_ones_are_wanted() -> None:
    call = Call()
    call.reading.asked(1, "m1")
    call.reading.drop(1)
    call.reading.asked(2, "m2")
    call.hear(begun(5, "m1", "m2"))
    assert call.unwanted == 0
    assert texts(call.hear(entry("Both.")), 2) == ["Both."]


def test_an_answer_nobody_waits_for_comes_whole_as_a_notice() -> None:
    call = Call()
    call.asked(1)
    call.hear(Delta(1, "I have found it. "))
    call.reading.let_go(1)
    assert call.hear(Delta(1, "It is at nine. ")) == []
    facts = call.hear(entry("I have found it. It is at nine."), done(1))
    assert facts == [AgentNotice("I have found it."), AgentNotice("It is at nine.")]


def test_what_a_draft_said_is_not_said_again_by_the_turn_that_made_it_real() -> None:
    call = Call()
    assert texts(call.reading.draft(1, "There are two things. The")) == ["There are two things."]
    call.asked(1)
    assert call.hear(Delta(1, "There are two ")) == []
    facts = call.hear(Delta(1, "things. The first is milk. "), done(1))
    assert texts(facts) == ["The first is milk."]


def test_a_draft_may_be_ahead_of_the_turn_it_became() -> None:
    call = Call()
    call.asked(1)
    call.hear(Delta(1, "There are "))
    assert texts(call.reading.draft(1, "There are two things. The first")) == [
        "There are two things."
    ]
    assert call.hear(Delta(1, "two things. ")) == []


def test_a_draft_that_was_dropped_leaves_nothing_to_the_turn() -> None:
    call = Call()
    assert texts(call.reading.draft(1, "There are two things. And"))
    call.reading.drop_draft(1)
    call.asked(1)
    assert texts(call.hear(Delta(1, "There are two things. And "))) == ["There are two things."]


def test_a_draft_that_is_heard_after_its_turn_ended_says_nothing_twice() -> None:
    call = Call()
    call.asked(1)
    call.hear(Delta(1, "Yes."), entry("Yes."), done(1))
    assert call.reading.draft(1, "Yes. There is more. And") == []


def test_a_file_is_announced_and_choices_are_read_out() -> None:
    call = Call()
    call.asked(1)
    choices = Choices((Choice("Red", "r"), Choice("Blue", "b")))
    facts = call.hear(entry("Which one?", File("plan.pdf", "application/pdf"), choices))
    first, file, options = texts(facts)
    assert first == "Which one?"
    assert "plan.pdf" in file
    assert "Red, Blue" in options
