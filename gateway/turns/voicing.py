"""Answers as voice messages, for those who want to hear them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

import anyio
import structlog

from channels.base import TooLarge
from channels.events import BROWSER, File
from gateway.errors import SpeechError
from gateway.speech import audio, recoding
from gateway.speech.base import TextToSpeech
from gateway.store.base import Turn
from gateway.store.files import FileStore
from gateway.turns import aloud, question
from gateway.turns.aloud import Policy
from prompts import sentence

log = structlog.get_logger()

Clauses = Callable[[str, str], Sequence[str]]
"""From Markdown and a locale to what can be spoken of it, clause by clause."""

LONGEST = 2400
"""Characters spoken: about three minutes, and a file that Telegram still shows as a voice
message (1 MB). The rest is there to be read."""

SPEAK_SECONDS = 30.0
"""How long the written answer may wait for its sound."""

PAUSE_SECONDS = 0.15
"""Between two clauses."""


class Voicing:
    """Speaks answers into files."""

    def __init__(
        self, voice: TextToSpeech, files: FileStore, clauses: Clauses, policy: Policy
    ) -> None:
        self._voice = voice
        self._files = files
        self._clauses = clauses
        self._policy = policy

    def question(self, turn: Turn) -> str:
        """What the agent reads, which cannot know that its words will be spoken."""
        text = question.text(turn)
        return aloud.without_request(text) if aloud.wanted(turn, self._policy) else text

    async def spoken(self, text: str, turn: Turn, *, now: float) -> tuple[File, ...]:
        """The answer as a stored voice message, where one is wanted and can be had."""
        if not aloud.wanted(turn, self._policy):
            return ()
        locale = question.language(turn)
        clauses = self._fitting(text, locale)
        if not clauses:
            return ()
        try:
            with anyio.fail_after(SPEAK_SECONDS):
                pcm = await self._sound(clauses, locale, turn.id)
                recording = await recoding.voice_message(pcm, BROWSER.rate)
                file = File("answer.ogg", "audio/ogg", kind="voice")
                stored = await self._files.put(turn.sender.address, file, _once(recording), now=now)
                return (stored,)
        except (SpeechError, TooLarge, TimeoutError) as error:
            log.warning("answer_not_spoken", error=str(error) or type(error).__name__)
        except Exception:
            # The answer is there in writing, and is not to be lost for want of its sound.
            log.exception("answer_not_spoken")
        return ()

    def _fitting(self, text: str, locale: str) -> list[str]:
        fitting: list[str] = []
        length = 0
        for clause in self._clauses(text, locale):
            length += len(clause)
            if length > LONGEST:
                return [*fitting, sentence("gateway", "read_the_rest", locale)]
            fitting.append(clause)
        return fitting

    async def _sound(self, clauses: Sequence[str], locale: str, context: str) -> bytes:
        pause = audio.silence(BROWSER, PAUSE_SECONDS)
        pcm = bytearray()
        for place, clause in enumerate(clauses):
            pcm += pause if place else b""
            sound = self._voice.speak(clause, format=BROWSER, locale=locale, context=context)
            async with aclosing(sound) as pieces:
                async for piece in pieces:
                    pcm += piece
        return bytes(pcm)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
