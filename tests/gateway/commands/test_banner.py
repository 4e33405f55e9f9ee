"""What the operator is told is on and off."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.commands import banner
from gateway.settings import Settings


def told(**settings: Any) -> dict[str, banner.Part]:
    return {part.name: part for part in banner.parts(Settings(**settings))}


def test_with_nothing_set_it_says_that_few_words_are_understood_and_how_to_change_that() -> None:
    parts = told()
    assert parts["Speech"].on
    assert "English phrases only" in parts["Speech"].text
    assert "GROQ_API_KEY" in parts["Speech"].text
    assert not parts["Phone"].on
    assert "frontdoor call" in parts["Phone"].text


def test_with_keys_it_says_who_hears_and_who_speaks() -> None:
    parts = told(groq_api_key="g", cartesia_api_key="c")
    assert parts["Speech"].text == (
        "hears by Groq then Cartesia; speaks by Cartesia then eSpeak NG"
    )


def test_a_number_without_an_address_of_ours_says_what_is_missing() -> None:
    number = {"twilio_auth_token": "t", "twilio_phone_number": "+15005550006"}
    assert "PUBLIC_URL" in told(**number)["Phone"].text
    assert told(**number, public_url="https://a.example")["Phone"].text == "+15005550006"


def test_without_ears_there_is_no_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banner, "recogniser_names", lambda _: ())
    parts = told(twilio_auth_token="t")
    assert not parts["Speech"].on
    assert not parts["Phone"].on
    assert "frontdoor[offline]" in parts["Speech"].text
