"""What can be said to the house that has no key, and that the shipped concierge understands it."""

from __future__ import annotations

from pathlib import Path

import pytest

import gateway.speech
from agents.brain.intents import understand_all
from gateway.speech.phrases import PhraseBook

GRAMMAR = Path(gateway.speech.__file__).parent / "grammar" / "en.gram"

SMALL = """#JSGF V1.0;
grammar small; // one of each
<digit> = one | two;
<ask> = what is next | what do i have to do | what do i have to do today;
<destroy_task> = delete task <digit>;
<yes> = yes please;
public <said> = <ask> | <destroy_task> | <yes>;
"""


@pytest.fixture(scope="module")
def book() -> PhraseBook:
    return PhraseBook(GRAMMAR.read_text("utf-8"))


def meant(heard: str) -> str:
    phrase = PhraseBook(SMALL).meant(heard)
    return phrase.text if phrase else ""


def test_a_grammar_is_the_list_of_its_phrases() -> None:
    assert {phrase.text: phrase.rule for phrase in PhraseBook(SMALL)} == {
        "what is next": "ask",
        "what do i have to do": "ask",
        "what do i have to do today": "ask",
        "delete task one": "destroy_task",
        "delete task two": "destroy_task",
        "yes please": "yes",
    }


def test_a_whole_phrase_is_meant() -> None:
    assert meant("delete task two") == "delete task two"


def test_a_lost_end_is_found_again() -> None:
    assert meant("what do i have to") == "what do i have to do"
    assert meant("what is") == "what is next"


def test_a_lost_end_that_may_be_this_or_that_is_not() -> None:
    assert meant("delete task") == ""


def test_a_beginning_is_not_enough() -> None:
    assert meant("what") == ""


def test_a_wrong_word_in_many_is_overlooked() -> None:
    assert meant("what do i need to do today") == "what do i have to do today"


@pytest.mark.parametrize("heard", ["", "delete the house", "today", "yes no"])
def test_anything_else_is_not_understood(heard: str) -> None:
    assert meant(heard) == ""


def test_what_would_destroy_is_told_apart(book: PhraseBook) -> None:
    destructive = {phrase.text for phrase in book if phrase.destructive}
    assert {"delete task one", "delete everything", "clear my list"} <= destructive
    harmful = ("delete", "cancel", "clear", "remove")
    assert destructive == {p.text for p in book if p.text.startswith(harmful)}


def test_the_concierge_understands_every_phrase(book: PhraseBook) -> None:
    # "number two" answers a question, and means nothing by itself.
    strange = {
        phrase.text
        for phrase in book
        if phrase.rule != "answer"
        and any(intent.kind == "unknown" for intent in understand_all(phrase.text))
    }
    assert strange == set()
    assert len(book) > 500
