"""What a model is told."""

from __future__ import annotations

from dataclasses import replace

from agents.base import Ask, Caller, Document, Said
from agents.brain.briefing import READABLE, history, message, system_prompt
from tests.agents.brain.stage import NOW

ANN = Caller("ann", channel="telegram", locale="de-AT", zone="Europe/Vienna", name="Ann")


def test_the_system_prompt_tells_hour_zone_language_and_way() -> None:
    told = system_prompt(ANN, NOW)
    for fact in ("Monday 2026-11-23 15:30", "Europe/Vienna", "de-AT", "telegram", "text", "Ann"):
        assert fact in told
    assert "{" not in told


def test_braces_in_a_name_do_no_harm() -> None:
    assert "{now}" in system_prompt(replace(ANN, name="{now}"), NOW)


def test_history_begins_with_the_person_and_takes_turns() -> None:
    said = [Said("agent", "a"), Said("user", "b"), Said("user", "c"), Said("agent", "d")]
    assert history(said) == [
        {"role": "user", "content": [{"text": "b"}, {"text": "c"}]},
        {"role": "assistant", "content": [{"text": "d"}]},
    ]
    assert history([]) == []


def test_text_files_are_shown_and_others_named() -> None:
    files = (
        Document("a.md", "text/markdown", b"x" * (READABLE + 10)),
        Document("b.png", "image/png", b"png"),
        Document("c.png", "image/png", url="https://x.example/c"),
    )
    told = message(Ask("look", "c", "t", ANN, files=files))
    assert told.startswith("look\n\n[file a.md: kept for the person]\nxxx")
    assert "x" * (READABLE + 1) not in told
    assert "[file b.png: image/png, kept for the person, you cannot see into it]" in told
    assert "[file c.png: image/png, not received" in told


def test_an_empty_message_is_still_a_message() -> None:
    assert message(Ask(" ", "c", "t", ANN)) == "(an empty message)"
