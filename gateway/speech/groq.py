"""Groq's Whisper: one request, one answer, usually in a few hundred milliseconds.

https://console.groq.com/docs/speech-to-text. Its own client would take 0.4 s to import and
repeat requests of its own accord, which on a call is for `recognisers` to decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.speech import openai_wire
from gateway.speech.base import Speech, SpeechToText, Transcription
from gateway.speech.remote import Remote


@dataclass(frozen=True, slots=True)
class GroqConfig:
    """How to reach it."""

    api_key: str = field(repr=False)
    base_url: str = "https://api.groq.com"
    """Without `/openai/v1`."""
    model: str = "whisper-large-v3-turbo"


class GroqRecogniser(SpeechToText):
    """Recognises in any language Whisper knows, whole turns at a time."""

    name = "groq"

    def __init__(self, config: GroqConfig) -> None:
        self._model = config.model
        self._remote = Remote(
            self.name, config.base_url, {"authorization": f"Bearer {config.api_key}"}
        )

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        return await openai_wire.transcribe(
            self._remote,
            "/openai/v1/audio/transcriptions",
            speech,
            provider=self.name,
            model=self._model,
            locale=locale,
            vocabulary=vocabulary,
            verbose=True,
        )

    async def warm(self) -> None:
        await self._remote.warm()

    async def close(self) -> None:
        await self._remote.close()
