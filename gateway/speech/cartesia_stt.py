"""Cartesia's Ink: listens along while the caller speaks, so that the words are there at once.

Of its two sockets this uses `/stt/websocket`, where we say when a turn is over: who holds the
floor is decided in `gateway/call`, for all recognisers alike. `finalize` is answered by what was
not yet told, as `transcript` events, and by `flush_done`.
https://docs.cartesia.ai/api-reference/stt/websocket; files go to `POST /stt`.

Cartesia bills the sound it is sent, silence included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.events import AudioFormat
from gateway.speech import openai_wire, prices
from gateway.speech.base import Dictation, Speech, SpeechToText, Transcription
from gateway.speech.remote import ANSWER_SECONDS, Remote

if TYPE_CHECKING:
    from gateway.speech.cartesia_dictation import CartesiaDictation

VERSION = "2026-08-14"

_STREAMING = "ink-2"
_STREAMING_LANGUAGES = ("", "en")
"""What `ink-2` understands; the older model takes the others."""
_WHISPER = "ink-whisper"


@dataclass(frozen=True, slots=True)
class CartesiaRecogniserConfig:
    """How to reach it."""

    api_key: str = field(repr=False)
    base_url: str = "https://api.cartesia.ai"


class CartesiaRecogniser(SpeechToText):
    """Recognises files and whole turns in one request, and calls while they are spoken."""

    name = "cartesia"

    def __init__(self, config: CartesiaRecogniserConfig) -> None:
        self._base_url = config.base_url.rstrip("/")
        self._headers = {
            "authorization": f"Bearer {config.api_key}",
            "cartesia-version": VERSION,
        }
        self._remote = Remote(self.name, config.base_url, self._headers)

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        if openai_wire.wordless(speech):
            return Transcription("", provider=self.name)
        language = _language(locale) or "en"
        answer = await self._remote.post(
            "/stt",
            {"model": _WHISPER, "language": language},
            openai_wire.upload_of(speech),
            seconds=ANSWER_SECONDS if speech.format else openai_wire.FILE_SECONDS,
        )
        seconds = speech.seconds or openai_wire.seconds_of(answer)
        return Transcription(
            text=answer["text"].strip(),
            language=openai_wire.language_of(answer) or language,
            provider=self.name,
            cost=prices.recognition(f"{_WHISPER}/batch", seconds),
        )

    def dictate(
        self, *, format: AudioFormat, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Dictation:
        """Listen along; call it on the event loop, and close what it gives."""
        return self._dictation(format, locale, vocabulary)

    def _dictation(
        self, format: AudioFormat, locale: str, vocabulary: tuple[str, ...]
    ) -> CartesiaDictation:
        from gateway.speech.cartesia_dictation import (  # noqa: PLC0415 - loads websockets
            CartesiaDictation,
            Terms,
        )

        language = _language(locale)
        model = _STREAMING if language in _STREAMING_LANGUAGES else _WHISPER
        terms = Terms(model, language or "en", format, vocabulary)
        return CartesiaDictation(self._base_url, self._headers, terms)

    async def warm(self) -> None:
        await self._remote.warm()

    async def close(self) -> None:
        await self._remote.close()


def _language(locale: str) -> str:
    return locale.split("-", maxsplit=1)[0].lower()
