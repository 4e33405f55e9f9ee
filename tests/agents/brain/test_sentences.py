"""The concierge's books agree with each other and with what it understands."""

from __future__ import annotations

import re
import string
import tomllib
from importlib.resources import files

import pytest

from agents.brain.intents import understand
from agents.tools.wording import say
from prompts import prompt

BOOKS = {
    language: tomllib.loads((files("prompts") / language / "concierge.toml").read_text("utf-8"))
    for language in ("en", "de", "fr", "es")
}


def _fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_every_language_has_every_sentence_with_its_blanks(language: str) -> None:
    assert BOOKS[language].keys() == BOOKS["en"].keys()
    for key, english in BOOKS["en"].items():
        assert _fields(BOOKS[language][key]) <= _fields(english) | {"year"}, key


@pytest.mark.parametrize("language", sorted(BOOKS))
def test_every_example_in_the_help_is_understood(language: str) -> None:
    examples = re.findall(r"[\"„«]\s?([^\"“»]+?)\s?[\"“»]", BOOKS[language]["help"])
    assert len(examples) >= 10
    for example in examples:
        told = understand(example.replace("…", "x"), language)
        assert told.kind != "unknown", example
        assert told.locale == language, example


@pytest.mark.parametrize("language", sorted(BOOKS))
@pytest.mark.parametrize(
    ("key", "kind", "which", "text"),
    [
        ("value_done", "finish", "3", ""),
        ("value_cancel", "cancel", "3", ""),
        ("value_rename", "rename", "3", "x y"),
        ("value_move", "move", "3", "x y"),
        ("value_yes_clear", "confirm_clear", "", ""),
        ("value_no", "no", "", ""),
    ],
)
def test_what_a_choice_says_is_understood(
    language: str, key: str, kind: str, which: str, text: str
) -> None:
    told = understand(say(key, language, number=3, text="x y"), language)
    assert (told.kind, told.which, told.text, told.locale) == (kind, which, text, language)


@pytest.mark.parametrize("language", sorted(BOOKS))
def test_a_delay_in_a_choice_is_understood(language: str) -> None:
    spans = {"en": "2 days", "de": "2 Tage", "fr": "2 jours", "es": "2 días"}
    told = understand(say("value_move_by", language, number=3, text=spans[language]), language)
    assert (told.kind, told.which, told.by) == ("move", "3", True)


@pytest.mark.parametrize("language", sorted(BOOKS))
def test_the_prompt_has_its_blanks(language: str) -> None:
    wanted = {"now", "zone", "language", "channel", "modality", "name"}
    assert _fields(prompt("chief_of_staff", language)) == wanted
