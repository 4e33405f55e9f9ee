"""OpenAI's recognisers, or any server that speaks as it does: one on your own machine, say."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.speech import openai_wire
from gateway.speech.base import Speech, SpeechToText, Transcription
from gateway.speech.remote import Remote


@dataclass(frozen=True, slots=True)
class OpenAIRecogniserConfig:
    """How to reach it."""

    api_key: str = field(default="", repr=False)
    """May be empty for a server of one's own."""
    base_url: str = "https://api.openai.com/v1"
    model: str = "gpt-4o-mini-transcribe"


class OpenAIRecogniser(SpeechToText):
    """Recognises whole turns at a time."""

    name = "openai"

    def __init__(self, config: OpenAIRecogniserConfig) -> None:
        self._model = config.model
        headers = {"authorization": f"Bearer {config.api_key}"} if config.api_key else {}
        self._remote = Remote(self.name, config.base_url, headers)

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        return await openai_wire.transcribe(
            self._remote,
            "/audio/transcriptions",
            speech,
            provider=self.name,
            model=self._model,
            locale=locale,
            vocabulary=vocabulary,
            # Only Whisper tells how sure it was; its successors refuse to be asked.
            verbose=self._model == "whisper-1",
        )

    async def warm(self) -> None:
        await self._remote.warm()

    async def close(self) -> None:
        await self._remote.close()
