"""How long a silence ends a turn, and what is mere assent."""

from __future__ import annotations

import pytest

from gateway.call.policy import Policy
from gateway.call.turns import end_of_turn, is_assent, same

POLICY = Policy(end_of_turn=0.6, complete_factor=0.75, incomplete_factor=2.0)


@pytest.mark.parametrize("text", ["what time is it?", "no", "Thank you."])
def test_plainly_whole_words_end_sooner(text: str) -> None:
    assert end_of_turn(text, POLICY) == pytest.approx(0.45)


@pytest.mark.parametrize(
    "text",
    ["remind me to", "milk, eggs and", "so, um", "well...", "my number is 4 4 7", "and then,"],
)
def test_words_that_ask_for_more_are_given_more_time(text: str) -> None:
    assert end_of_turn(text, POLICY) == pytest.approx(1.2)


@pytest.mark.parametrize("text", ["tell me what is on my list", "room 12", "", "...?!"])
def test_other_words_are_given_the_usual_time(text: str) -> None:
    assert end_of_turn(text.strip("?"), POLICY) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("text", "locale"),
    [("und dann", "de"), ("j'aimerais et", "fr"), ("quiero y", "es"), ("ich brauche ein", "de-AT")],
)
def test_each_language_has_its_own_words_that_ask_for_more(text: str, locale: str) -> None:
    policy = Policy(end_of_turn=0.6, locale=locale)
    assert end_of_turn(text, policy) > 0.6


def test_a_whole_telephone_number_is_not_waited_for() -> None:
    assert end_of_turn("four four seven nine one one two three four five", POLICY) == 0.6


@pytest.mark.parametrize("text", ["mhm", "Yeah.", "okay, right", "uh huh", "Yes, yes, mhm"])
def test_who_only_shows_that_they_listen_takes_no_floor(text: str) -> None:
    assert is_assent(text, "en")


@pytest.mark.parametrize("text", ["", "no", "yeah but", "stop", "okay okay okay okay okay"])
def test_who_says_anything_else_does(text: str) -> None:
    assert not is_assent(text, "en")


def test_assent_is_known_in_the_callers_language_and_in_english() -> None:
    assert is_assent("genau, okay", "de")
    assert not is_assent("genau", "en")


def test_spelling_does_not_make_other_words() -> None:
    assert same("What time is it?", "what time is it")
    assert not same("what time is it", "what time was it")
