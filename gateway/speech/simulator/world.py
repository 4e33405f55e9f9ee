"""What the services of the simulator share: latencies, faults, ears, voice, and a record."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread

from channels.events import AudioFormat
from gateway.speech.simulator.faults import Faults
from gateway.speech.simulator.hearing import Hearing
from gateway.speech.simulator.sounds import Sounds

_RECORDED = 10_000
_SMALL = 64_000
"""Bytes that are recognised on the event loop; a thread would cost more."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds, as a vendor's page would state them."""

    stt_ms: float = 0.0
    """Upload or finalize to transcript."""
    stt_tail_ms: float = 0.0
    """The same for the unlucky ones."""
    stt_tail_share: float = 0.05
    """How many are unlucky, if `stt_tail_ms` is set."""
    tts_ms: float = 0.0
    """Text to first audio."""
    tts_speed: float = 20.0
    """Seconds of audio made in a second; 0 is at once."""
    first_token_ms: float = 0.0
    token_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A chat completion that calls a tool."""

    name: str
    arguments: str = "{}"


ChatReply = str | Callable[[list[dict[str, Any]]], str | Tool]
"""What a chat completion says, or how it depends on the messages."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for."""

    path: str
    fields: dict[str, Any]
    audio: bytes = field(default=b"", repr=False)


class World:
    """One simulator's state."""

    def __init__(
        self,
        timing: Timing,
        hearing: Hearing,
        sounds: Sounds,
        *,
        reply: ChatReply,
        key: str,
        contexts: int,
        idle_seconds: float,
        seed: int,
    ) -> None:
        self.timing = timing
        self.hearing = hearing
        self.sounds = sounds
        self.reply = reply
        self.key = key
        self.contexts = contexts
        self.idle_seconds = idle_seconds
        self.faults = Faults()
        self.random = random.Random(seed)  # noqa: S311 - chance that repeats is the point
        self.requests: deque[Request] = deque(maxlen=_RECORDED)
        self.sockets = 0
        """Opened so far."""
        self.speaking = 0
        """Contexts of the voice that are open."""

    def welcome(self, given: str) -> bool:
        """Whether this key opens anything; without one set, every key does."""
        return bool(given) and self.key in ("", given)

    async def before_transcript(self) -> None:
        timing = self.timing
        unlucky = timing.stt_tail_ms and self.random.random() < timing.stt_tail_share
        await pause((timing.stt_tail_ms if unlucky else timing.stt_ms) / 1000)

    async def hear(self, audio: bytes, format: AudioFormat) -> str:
        if len(audio) < _SMALL:
            return self.hearing.text_of(audio, format)
        return await anyio.to_thread.run_sync(self.hearing.text_of, audio, format)

    def say(self, text: str, format: AudioFormat, locale: str = "") -> list[bytes]:
        """The sound in pieces of 20 to 100 ms."""
        audio = self.sounds.of(text, format, locale)
        pieces, at = [], 0
        while at < len(audio):
            size = self.random.randint(1, 5) * format.bytes_per_second // 50
            pieces.append(audio[at : at + size])
            at += size
        return pieces

    async def between(self, piece: bytes, format: AudioFormat) -> None:
        """As long as it takes to make a piece."""
        speed = self.timing.tts_speed
        await pause(len(piece) / format.bytes_per_second / speed if speed else 0)


async def pause(seconds: float) -> None:
    await anyio.sleep(max(seconds, 0))
