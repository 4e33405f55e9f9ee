"""OpenAI's voice, or that of any server that speaks its `POST /audio/speech`.

It knows no phone formats: raw samples at 24 kHz are filtered down to the line's rate as they come.
https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.events import AudioFormat
from gateway.errors import SpeechUnreachable
from gateway.speech import prices
from gateway.speech.audio import pcm16_to_mulaw
from gateway.speech.base import TextToSpeech
from gateway.speech.downsampling import Downsampler
from gateway.speech.remote import CONNECT_SECONDS, IDLE_SECONDS, failure, retry_after

if TYPE_CHECKING:
    import httpx

_RATE = 24000


@dataclass(frozen=True, slots=True)
class OpenAIVoiceConfig:
    """Whose voice, and how patient we are."""

    api_key: str = field(default="", repr=False)
    """Servers of one's own may need none."""
    base_url: str = "https://api.openai.com/v1"
    model: str = "gpt-4o-mini-tts"
    voice: str = "alloy"
    patience: float = 3.0
    """Seconds until a clause begins to sound, and between two pieces of it."""


class OpenAIVoice(TextToSpeech):
    """One request a clause, over connections that are kept."""

    name = "openai"

    def __init__(self, config: OpenAIVoiceConfig) -> None:
        self._config = config
        self._client: httpx.AsyncClient | None = None

    async def warm(self) -> None:
        import httpx  # noqa: PLC0415 - slow, and only who has a key needs it

        try:
            await self._connected().head("/", timeout=CONNECT_SECONDS)
        except httpx.HTTPError:
            return  # the first request will say

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    def cost(self, text: str) -> float:
        return prices.synthesis(self._config.model, text)

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes]:
        if not text.strip():
            return
        import httpx  # noqa: PLC0415 - slow, and only who has a key needs it

        order = {
            "model": self._config.model,
            "voice": self._config.voice,
            "input": text,
            "response_format": "pcm",
        }
        recoded = _Recoder(format)
        timeout = httpx.Timeout(self._config.patience, connect=CONNECT_SECONDS)
        try:
            async with self._connected().stream(
                "POST", "/audio/speech", json=order, timeout=timeout
            ) as answer:
                if not answer.is_success:
                    raise failure(self.name, answer.status_code, retry_after(answer.headers))
                async for piece in answer.aiter_bytes():
                    if audio := recoded.feed(piece):
                        yield audio
        except httpx.HTTPError as error:
            problem = type(error).__name__
            raise SpeechUnreachable(f"openai could not be reached: {problem}") from error
        if audio := recoded.rest():
            yield audio

    def _connected(self) -> httpx.AsyncClient:
        import httpx  # noqa: PLC0415 - slow, and only who has a key needs it

        if self._client is None:
            key = self._config.api_key
            self._client = httpx.AsyncClient(
                base_url=self._config.base_url,
                headers={"authorization": f"Bearer {key}"} if key else {},
                limits=httpx.Limits(max_keepalive_connections=32, keepalive_expiry=IDLE_SECONDS),
            )
        return self._client


class _Recoder:
    """From OpenAI's samples to the line's."""

    def __init__(self, format: AudioFormat) -> None:
        self._samples = Downsampler(_RATE, format.rate)
        self._mulaw = format.encoding == "mulaw"

    def feed(self, audio: bytes) -> bytes:
        return self._coded(self._samples.feed(audio))

    def rest(self) -> bytes:
        return self._coded(self._samples.rest())

    def _coded(self, samples: bytes) -> bytes:
        return pcm16_to_mulaw(samples) if self._mulaw else samples
