"""Where the time and the money of a call went."""

from __future__ import annotations

import pytest

from gateway.call import events as e
from gateway.line.figures import Figures


def asked(figures: Figures, number: int = 1, *, at: float = 10.0) -> None:
    """A turn whose last word was heard at `at`, committed 0.6 s later."""
    figures.fact(e.SpeechStarted(at - 2.0), at - 1.9)
    figures.fact(e.SpeechPaused(at), at + 0.1)
    figures.fact(e.SpeechEnded(at), at + 0.15)
    figures.fact(e.Transcript(number, 1, "how many"), at + 0.35)
    figures.order(e.AskAgent(number, "how many"), at + 0.6)


def test_each_step_is_counted_from_the_last_word() -> None:
    figures = Figures()
    asked(figures)
    figures.fact(e.AgentText(1, "Two."), 10.9)
    figures.order(e.Say(1, 5, "Two."), 10.9)
    figures.fact(e.AudioSent(5, 0.1), 11.0)
    figures.fact(e.AudioSent(5, 0.1), 11.1)
    assert figures.turns[1].steps() == {
        "transcript": 0.35,
        "commit": 0.6,
        "text": 0.9,
        "audio": 1.0,
    }
    assert (figures.turns[1].asked, figures.turns[1].said) == ("how many", ["Two."])


def test_a_step_that_was_not_reached_is_left_out() -> None:
    figures = Figures()
    asked(figures)
    assert figures.turns[1].steps().keys() == {"transcript", "commit"}


def test_a_draft_can_answer_before_the_turn_is_over() -> None:
    figures = Figures()
    figures.fact(e.SpeechPaused(10.0), 10.1)
    figures.fact(e.AgentText(1, "Two."), 10.4)
    figures.order(e.AskAgent(1, "how many"), 10.6)
    assert figures.turns[1].steps()["text"] == 0.4


def test_a_draft_that_was_dropped_answered_nothing() -> None:
    figures = Figures()
    figures.fact(e.AgentText(1, "Two."), 9.0)
    figures.order(e.DropDraft(1), 9.5)
    asked(figures)
    figures.fact(e.AgentText(1, "Three."), 10.9)
    assert figures.turns[1].steps()["text"] == 0.9


def test_our_own_sentences_are_no_answer() -> None:
    figures = Figures()
    asked(figures)
    figures.order(e.Fill(4, e.Filler.MOMENT), 11.6)
    figures.fact(e.AudioSent(4, 0.1), 11.7)
    assert "audio" not in figures.turns[1].steps()


def test_keys_are_over_with_the_last_one() -> None:
    figures = Figures()
    figures.fact(e.Digit("4"), 9.0)
    figures.fact(e.Digit("2"), 10.0)
    figures.order(e.AskAgent(1, "42"), 12.0)
    assert figures.turns[1].steps() == {"commit": 2.0}


def test_falling_silent_is_counted_from_the_first_sound_of_who_interrupts() -> None:
    figures = Figures()
    asked(figures)
    figures.fact(e.SpeechStarted(20.0), 20.1)
    figures.order(e.Pause(clear=True), 20.12)
    assert figures.turns[1].steps()["reaction"] == pytest.approx(0.12)


def test_an_interrupted_greeting_belongs_to_no_turn() -> None:
    figures = Figures()
    figures.fact(e.SpeechStarted(1.0), 1.1)
    figures.order(e.Pause(clear=True), 1.1)
    assert figures.turns == {}


def test_what_was_heard_of_a_reply_that_was_cut_short_is_kept() -> None:
    figures = Figures()
    asked(figures)
    assert figures.turns[1].heard is None
    figures.order(e.DropTurn(1, "Once upon"), 12.0)
    assert figures.turns[1].heard == "Once upon"


def test_money_belongs_to_the_turn_it_was_spent_for_and_to_the_call() -> None:
    figures = Figures()
    figures.spent(0.001, 1)
    figures.spent(0.002, 1)
    asked(figures)
    figures.spent(0.004, 1)
    figures.spent(0.01)
    assert figures.turns[1].steps()["cost"] == pytest.approx(0.007)
    assert figures.cost == pytest.approx(0.017)


def test_a_gap_counts_for_the_turn_being_answered_and_for_the_call() -> None:
    figures = Figures()
    figures.ran_dry()
    asked(figures, 1)
    asked(figures, 2, at=30.0)
    figures.ran_dry()
    assert figures.underruns == 2
    assert "underruns" not in figures.turns[1].steps()
    assert figures.turns[2].steps()["underruns"] == 1
