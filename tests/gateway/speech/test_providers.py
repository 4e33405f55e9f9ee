"""Which recognisers and voices settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.settings import Settings
from gateway.speech import providers

KEYS: dict[str, Any] = {
    "groq_api_key": "g",
    "openai_api_key": "o",
    "cartesia_api_key": "c",
}


def names(make: Callable[[Settings], Any], **settings: Any) -> list[str]:
    return [part.name for part in make(Settings(**settings))]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["sphinx"]),
        (KEYS, ["groq", "openai", "cartesia"]),
        ({"openai_api_key": "o"}, ["openai"]),
        ({"cartesia_api_key": "c"}, ["cartesia"]),
        ({"whisper_model": "tiny"}, ["whisper"]),
        ({**KEYS, "whisper_model": "tiny"}, ["groq", "openai", "cartesia", "whisper"]),
        ({**KEYS, "speech_to_text": ("cartesia", "groq")}, ["cartesia", "groq"]),
        ({"whisper_model": "tiny", "speech_to_text": ("sphinx",)}, ["sphinx"]),
    ],
)
def test_recognisers_come_in_the_order_asked_for(
    settings: dict[str, Any], expected: list[str]
) -> None:
    assert names(providers.recognisers, **settings) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["espeak"]),
        (KEYS, ["cartesia", "openai", "espeak"]),
        ({"groq_api_key": "g"}, ["espeak"]),
        ({**KEYS, "text_to_speech": ("openai",)}, ["openai"]),
        ({**KEYS, "text_to_speech": ("espeak", "cartesia")}, ["espeak", "cartesia"]),
    ],
)
def test_voices_come_in_the_order_asked_for(settings: dict[str, Any], expected: list[str]) -> None:
    assert names(providers.voices, **settings) == expected


def test_without_the_libraries_of_this_machine_nothing_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(providers, "find_spec", lambda _: None)
    assert names(providers.recognisers) == []
    assert names(providers.voices) == []
    assert names(providers.recognisers, **KEYS) == ["groq", "openai", "cartesia"]
    assert names(providers.voices, **KEYS) == ["cartesia", "openai"]


def test_each_is_handed_its_own_key_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    configs: list[Any] = []
    for name in (
        "groq.GroqRecogniser",
        "openai_stt.OpenAIRecogniser",
        "cartesia_stt.CartesiaRecogniser",
        "cartesia.CartesiaVoice",
        "openai_voice.OpenAIVoice",
    ):
        monkeypatch.setattr(f"gateway.speech.{name}", configs.append)
    settings = Settings(
        **KEYS,
        groq_base_url="http://groq",
        openai_base_url="http://openai",
        cartesia_base_url="http://cartesia",
        cartesia_voice_id="v",
    )
    providers.recognisers(settings)
    providers.voices(settings)
    # The last voice is that of this machine.
    handed = [(config.api_key, config.base_url) for config in configs]
    groq, openai, cartesia = ("g", "http://groq"), ("o", "http://openai"), ("c", "http://cartesia")
    assert handed == [groq, openai, cartesia, cartesia, openai]
    assert configs[3].voice == "v"
