"""Cartesia's voice over its WebSocket, in the line's own format, so that nothing is transcoded.

One socket serves all calls. Each clause is a context of its own, told in one order and ended by
`done`. A context that went on over the clauses of a reply would carry its melody over, but it
counts against the plan's concurrency while the agent thinks (2 on the free plan), it expires on
its own a moment after its last sound, and only `flush_id`s that begin again then tell which sound
belongs to which clause. Clauses are whole sentences after the first, where melody starts afresh.

https://docs.cartesia.ai/api-reference/tts/websocket
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio

from channels.events import AudioFormat
from gateway.speech import prices
from gateway.speech.base import TextToSpeech

if TYPE_CHECKING:
    from gateway.speech.cartesia_socket import CartesiaSocket

VERSION = "2026-08-14"
_ENCODINGS = {"mulaw": "pcm_mulaw", "pcm16": "pcm_s16le"}


@dataclass(frozen=True, slots=True)
class CartesiaVoiceConfig:
    """Whose voice, and how patient we are; times in seconds."""

    api_key: str = field(repr=False)
    voice: str
    base_url: str = "https://api.cartesia.ai"
    model: str = "sonic-3.5"
    first_audio: float = 2.0
    """Until a clause begins to sound."""
    next_audio: float = 2.0
    """Between two pieces of it."""


class CartesiaVoice(TextToSpeech):
    """Speaks any number of clauses at once, on one event loop."""

    name = "cartesia"

    def __init__(self, config: CartesiaVoiceConfig) -> None:
        self._config = config
        self._headers = {
            "authorization": f"Bearer {config.api_key}",
            "cartesia-version": VERSION,
        }
        self._socket: CartesiaSocket | None = None
        self._opening: anyio.Lock | None = None

    async def warm(self) -> None:
        await self._linked()

    async def close(self) -> None:
        if self._socket:
            await self._socket.close()
            self._socket = None

    def cost(self, text: str) -> float:
        return prices.synthesis(self._config.model, text)

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes]:
        if not text.strip():
            return
        from gateway.speech.cartesia_socket import Lost  # noqa: PLC0415 - slow, see there

        sounded = False
        for last in (False, True):
            socket = await self._linked()
            fresh = socket.fresh
            try:
                async with aclosing(self._utter(socket, text, format, locale)) as pieces:
                    async for piece in pieces:
                        sounded = True
                        yield piece
            except Lost:
                # An old socket may have been closed while nobody looked; a new one may not.
                if sounded or fresh or last:
                    raise
            else:
                return

    def _utter(
        self, socket: CartesiaSocket, text: str, format: AudioFormat, locale: str
    ) -> AsyncGenerator[bytes]:
        order: dict[str, Any] = {
            "context_id": uuid4().hex,
            "model_id": self._config.model,
            "transcript": text,
            "voice": self._config.voice,
            "output_format": {
                "container": "raw",
                "encoding": _ENCODINGS[format.encoding],
                "sample_rate": format.rate,
            },
            "continue": False,
            "max_buffer_delay_ms": 0,
        }
        if language := locale.replace("_", "-").split("-")[0].lower():
            order["language"] = language
        return socket.utter(order, self._config.first_audio, self._config.next_audio)

    async def _linked(self) -> CartesiaSocket:
        from gateway.speech.cartesia_socket import dial  # noqa: PLC0415 - slow, see there

        self._opening = self._opening or anyio.Lock()
        async with self._opening:
            if self._socket is None or not self._socket.up:
                self._socket = None
                self._socket = await dial(self._config.base_url, self._headers)
            return self._socket
