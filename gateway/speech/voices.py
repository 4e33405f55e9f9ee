"""All voices as one: who fails or is slow is replaced, and what is said often is kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import anyio
import structlog

from channels.events import AudioFormat
from gateway.errors import SpeechError, SpeechMissing
from gateway.speech.base import TextToSpeech
from gateway.speech.hedging import Standing
from gateway.speech.kept import LARGEST, Kept, Take, Words
from gateway.speech.recital import Recital, Singer, rest_of
from gateway.telemetry import TTS_REQUESTS

log = structlog.get_logger()

FIRST_AUDIO = 1.0
"""Seconds a voice may take to its first sound before the next one is asked too."""


class Voices(TextToSpeech):
    """Voices in the order of preference, on one event loop."""

    name = "voices"

    def __init__(
        self,
        voices: Sequence[TextToSpeech],
        *,
        first_audio: float = FIRST_AUDIO,
        kept_bytes: int = LARGEST,
    ) -> None:
        if not voices:
            raise SpeechMissing("No voice is configured; see TEXT_TO_SPEECH.")
        self._singers = [Singer(voice, Standing(voice.name)) for voice in voices]
        self._first_audio = first_audio
        self._kept = Kept(kept_bytes)
        self._takes: dict[Words, Take] = {}
        self._lasting: set[Words] = set()

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes]:
        words = Words(text, format, locale)
        if (sound := self._known(words)) is not None:
            yield sound
            return
        out = 0
        if take := self._takes.get(words):
            async for piece in take.play():
                out += len(piece)
                yield piece
            if not take.broken:
                return
            text = rest_of(text, out / format.bytes_per_second) if out else text
        recital = self._recital(Words(text, format, locale), context)
        keep = not out and (self._kept.repeated(words) or words in self._lasting)
        pieces: list[bytes] = []
        async with aclosing(recital.sound()) as made:
            async for piece in made:
                if keep:
                    pieces.append(piece)
                yield piece
        if keep:
            self._keep(words, recital, pieces)

    async def prepare(
        self, text: str, *, format: AudioFormat, locale: str = "", lasting: bool = False
    ) -> None:
        """As TextToSpeech has it; whoever speaks it meanwhile listens along.

        What cannot be made is tried again when it is to be said.
        """
        words = Words(text, format, locale)
        if words in self._lasting:
            return
        if lasting:
            self._lasting.add(words)
        if words in self._takes or self._known(words, counted=False) is not None:
            return
        take = self._takes[words] = Take()
        recital = self._recital(words, "")
        whole = False
        try:
            async with aclosing(recital.sound()) as made:
                async for piece in made:
                    take.add(piece)
            whole = True
            self._keep(words, recital, take.pieces)
        except SpeechError:
            pass  # The recital has told of it.
        finally:
            take.end(broken=not whole)
            del self._takes[words]

    def cost(self, text: str) -> float:
        """What the voice asks for it that would be asked now."""
        return self._in_order()[0].voice.cost(text)

    def cost_now(self, text: str, *, format: AudioFormat, locale: str = "") -> float:
        """The same, less what is kept; what is being made, its maker pays."""
        words = Words(text, format, locale)
        if words in self._takes or self._known(words, counted=False) is not None:
            return 0.0
        return self.cost(text)

    async def warm(self) -> None:
        async with anyio.create_task_group() as tasks:
            for singer in self._singers:
                tasks.start_soon(self._warm, singer)

    async def close(self) -> None:
        for singer in self._singers:
            await singer.voice.close()

    async def _warm(self, singer: Singer) -> None:
        try:
            await singer.voice.warm()
        except SpeechError as error:
            singer.standing.failed(error, anyio.current_time())
            log.warning("voice_not_ready", provider=singer.voice.name, error=str(error))

    def _recital(self, words: Words, context: str) -> Recital:
        return Recital(self._in_order(), words, context=context, patience=self._first_audio)

    def _in_order(self) -> list[Singer]:
        """Who rests comes last, but better them than nobody."""
        now = anyio.current_time()
        return sorted(self._singers, key=lambda one: max(one.standing.rests_until - now, 0.0))

    def _known(self, words: Words, *, counted: bool = True) -> bytes | None:
        """Its sound, if a voice that is as good as those who could be asked has spoken it."""
        now = anyio.current_time()
        for singer in self._singers:
            sound = self._kept.get(singer.voice.name, words)
            if sound is not None:
                if counted:
                    TTS_REQUESTS.labels(singer.voice.name, "kept").inc()
                return sound
            if singer.standing.rests_until <= now:
                return None
        return None

    def _keep(self, words: Words, recital: Recital, pieces: Sequence[bytes]) -> None:
        if len(recital.spoken_by) == 1:  # Nobody wants to hear a change of voices again.
            lasting = words in self._lasting
            self._kept.put(recital.spoken_by[0], words, b"".join(pieces), lasting=lasting)
