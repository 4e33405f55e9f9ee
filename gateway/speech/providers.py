"""Which recognisers and voices the settings ask for, in order."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from gateway.settings import Settings
from gateway.speech.base import SpeechToText, TextToSpeech


def recognisers(settings: Settings) -> list[SpeechToText]:
    """All of `recogniser_names`.

    What is asked for and cannot be had (a model, a library) says so when it is first used.
    """
    makers = _recogniser_makers(settings)
    return [makers[name]() for name in recogniser_names(settings)]


def voices(settings: Settings) -> list[TextToSpeech]:
    """All of `voice_names`."""
    makers = _voice_makers(settings)
    return [makers[name]() for name in voice_names(settings)]


def recogniser_names(settings: Settings) -> tuple[str, ...]:
    """Those named, else those with a key or an address of their own, then those on this machine."""
    if settings.speech_to_text:
        return settings.speech_to_text
    names = _with_key(settings, ("groq", "openai", "cartesia"))
    names += ("whisper",) if settings.whisper_model else ()
    return names or (("sphinx",) if find_spec("pocketsphinx") else ())


def voice_names(settings: Settings) -> tuple[str, ...]:
    """Those named, else those with a key, and last the one on this machine."""
    if settings.text_to_speech:
        return settings.text_to_speech
    names = _with_key(settings, ("cartesia", "openai"))
    return (*names, "espeak") if find_spec("espeakng_loader") else names


def _with_key(settings: Settings, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if getattr(settings, f"{name}_api_key"))


def _recogniser_makers(settings: Settings) -> dict[str, Callable[[], SpeechToText]]:
    def groq() -> SpeechToText:
        from gateway.speech.groq import GroqConfig, GroqRecogniser  # noqa: PLC0415 - if asked for

        return GroqRecogniser(
            GroqConfig(settings.groq_api_key, settings.groq_base_url, settings.groq_stt_model)
        )

    def openai() -> SpeechToText:
        from gateway.speech.openai_stt import (  # noqa: PLC0415 - if asked for
            OpenAIRecogniser,
            OpenAIRecogniserConfig,
        )

        return OpenAIRecogniser(
            OpenAIRecogniserConfig(
                settings.openai_api_key, settings.openai_base_url, settings.openai_stt_model
            )
        )

    def cartesia() -> SpeechToText:
        from gateway.speech.cartesia_stt import (  # noqa: PLC0415 - if asked for
            CartesiaRecogniser,
            CartesiaRecogniserConfig,
        )

        return CartesiaRecogniser(
            CartesiaRecogniserConfig(settings.cartesia_api_key, settings.cartesia_base_url)
        )

    def whisper() -> SpeechToText:
        from gateway.speech.whisper import WhisperRecogniser  # noqa: PLC0415 - if asked for

        return WhisperRecogniser(settings.whisper_model)

    def sphinx() -> SpeechToText:
        from gateway.speech.sphinx import SphinxRecogniser  # noqa: PLC0415 - if asked for

        return SphinxRecogniser()

    return {
        "groq": groq,
        "openai": openai,
        "cartesia": cartesia,
        "whisper": whisper,
        "sphinx": sphinx,
    }


def _voice_makers(settings: Settings) -> dict[str, Callable[[], TextToSpeech]]:
    def cartesia() -> TextToSpeech:
        from gateway.speech.cartesia import (  # noqa: PLC0415 - if asked for
            CartesiaVoice,
            CartesiaVoiceConfig,
        )

        return CartesiaVoice(
            CartesiaVoiceConfig(
                settings.cartesia_api_key,
                settings.cartesia_voice_id,
                settings.cartesia_base_url,
                settings.cartesia_model,
            )
        )

    def openai() -> TextToSpeech:
        from gateway.speech.openai_voice import (  # noqa: PLC0415 - if asked for
            OpenAIVoice,
            OpenAIVoiceConfig,
        )

        return OpenAIVoice(
            OpenAIVoiceConfig(
                settings.openai_api_key,
                settings.openai_base_url,
                settings.openai_tts_model,
                settings.openai_tts_voice,
            )
        )

    def espeak() -> TextToSpeech:
        from gateway.speech.espeak import EspeakVoice  # noqa: PLC0415 - if asked for

        return EspeakVoice()

    return {"cartesia": cartesia, "openai": openai, "espeak": espeak}
