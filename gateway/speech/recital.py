"""One clause, spoken by the first of several voices that has sound for it.

A voice that has no sound in time is not given up but raced by the next. One that breaks off in
the middle is taken over from by the next, which says the rest; when hardly anything was out, the
whole.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import structlog

from gateway.errors import SpeechError, SpeechMissing, SpeechRefused, SpeechUnreachable
from gateway.speech.base import TextToSpeech
from gateway.speech.hedging import Standing
from gateway.speech.kept import Words
from gateway.telemetry import TTS_FIRST_AUDIO_SECONDS, TTS_REQUESTS

log = structlog.get_logger()

CHARACTERS_PER_SECOND = 14.0
"""How fast speech is, near enough in all our languages."""
BARELY = 0.3
"""Share of a clause; when less of it was out, it begins anew."""
NEARLY = 0.95
SLOWEST, SPARE_SECONDS = 1.0, 10.0
"""Seconds a character and for whatever it is: a voice that takes longer has lost its thread."""
_PARTING_SECONDS = 1.0


def rest_of(text: str, seconds: float) -> str:
    """What of a clause is probably left, after so many seconds of it; pure."""
    share = seconds * CHARACTERS_PER_SECOND / max(len(text), 1)
    if share < BARELY:
        return text
    if share > NEARLY:
        return ""
    # The word that was broken off is said again.
    return text[text.rfind(" ", 0, int(share * len(text))) + 1 :]


@dataclass(frozen=True, slots=True)
class Singer:
    """A voice, and what is known of it."""

    voice: TextToSpeech
    standing: Standing


@dataclass(slots=True, eq=False)
class _Attempt:
    singer: Singer
    began: float
    pieces: deque[bytes] = field(default_factory=deque)
    over: bool = False
    error: SpeechError | None = None
    task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.singer.voice.name


class Recital:
    """Use it once, on one event loop."""

    def __init__(
        self,
        singers: Sequence[Singer],
        words: Words,
        *,
        context: str,
        patience: float,
    ) -> None:
        """`patience` is how many seconds a voice may take to its first sound."""
        self._waiting = deque(singers)
        self._text = words.text
        self._format = words.format
        self._locale = words.locale
        self._context = context
        self._patience = patience
        self._running: list[_Attempt] = []
        self._again: set[str] = set()
        self._failures: list[SpeechError] = []
        self._news = anyio.Event()
        self.spoken_by: list[str] = []
        """The voices whose sound it was; more than one, if one took over."""

    async def sound(self) -> AsyncGenerator[bytes]:
        """The sound as it comes. Raises SpeechError when no voice has any."""
        out, most = 0, self._most()
        try:
            while self._text:
                attempt = await self._first()
                if attempt is None:
                    raise self._failure()
                self.spoken_by.append(attempt.name)
                while (piece := await self._next(attempt)) is not None:
                    out += len(piece)
                    if out > most:
                        endless = SpeechUnreachable(f"{attempt.name} does not come to an end")
                        await self._stop([attempt])
                        self._failed(attempt, endless)
                        raise endless
                    yield piece
                if attempt.error is None:
                    return
                self._failed(attempt, attempt.error)
                self._text = rest_of(self._text, out / self._format.bytes_per_second)
                out, most = 0, self._most()
        finally:
            await self._stop(self._running)

    def _most(self) -> int:
        return int((SLOWEST * len(self._text) + SPARE_SECONDS) * self._format.bytes_per_second)

    async def _first(self) -> _Attempt | None:
        """The attempt that has sound first, or is silent without complaint."""
        due = float("-inf")
        while True:
            now = anyio.current_time()
            if self._waiting and (not self._running or now >= due):
                self._begin(self._waiting.popleft(), now)
                due = now + self._patience
            for attempt in list(self._running):
                if attempt.pieces or (attempt.over and attempt.error is None):
                    await self._choose(attempt)
                    return attempt
                if attempt.error is not None:
                    self._failed(attempt, attempt.error)
            if not self._running:
                if not self._waiting:
                    return None
                continue
            self._news = anyio.Event()
            deadline = due if self._waiting else float("inf")
            with anyio.CancelScope(deadline=deadline):
                await self._news.wait()

    def _begin(self, singer: Singer, now: float) -> None:
        attempt = _Attempt(singer, now)
        # A generator cannot own a task group, for it may be closed from elsewhere: `sound` stops
        # its tasks itself, whatever way it ends.
        attempt.task = asyncio.create_task(self._sing(attempt), name=f"voice {attempt.name}")
        self._running.append(attempt)

    async def _sing(self, attempt: _Attempt) -> None:
        speech = attempt.singer.voice.speak(
            self._text, format=self._format, locale=self._locale, context=self._context
        )
        try:
            async with aclosing(speech) as pieces:
                async for piece in pieces:
                    attempt.pieces.append(piece)
                    self._news.set()
        except SpeechError as error:
            attempt.error = error
        except Exception:
            # A voice that has a bug is a voice that failed; the caller is to hear the next one.
            log.exception("voice_broke", provider=attempt.name)
            attempt.error = SpeechUnreachable(f"{attempt.name} broke")
        attempt.over = True
        self._news.set()

    async def _next(self, attempt: _Attempt) -> bytes | None:
        while not attempt.pieces:
            if attempt.over:
                return None
            self._news = anyio.Event()
            await self._news.wait()
        return attempt.pieces.popleft()

    async def _choose(self, chosen: _Attempt) -> None:
        """Go on with this one, and stop the others."""
        now = anyio.current_time()
        chosen.singer.standing.answered(now - chosen.began)
        TTS_FIRST_AUDIO_SECONDS.labels(chosen.name).observe(now - chosen.began)
        TTS_REQUESTS.labels(chosen.name, "ok").inc()
        slow = [other for other in self._running if other is not chosen]
        for other in slow:
            TTS_REQUESTS.labels(other.name, "outrun").inc()
            if other.began < chosen.began:
                late = SpeechUnreachable(f"{other.name} took too long")
                other.singer.standing.failed(late, now)
                log.warning("voice_slow", provider=other.name)
        await self._stop(slow)
        self._running = [chosen]

    def _failed(self, attempt: _Attempt, error: SpeechError) -> None:
        self._running.remove(attempt)
        self._failures.append(error)
        attempt.singer.standing.failed(error, anyio.current_time())
        TTS_REQUESTS.labels(attempt.name, _result_of(error)).inc()
        log.warning("voice_failed", provider=attempt.name, error=str(error))
        alone = not self._waiting and not self._running
        if alone and isinstance(error, SpeechUnreachable) and attempt.name not in self._again:
            # Nobody else is left: a connection that broke may be mended.
            self._again.add(attempt.name)
            self._waiting.append(attempt.singer)

    def _failure(self) -> SpeechError:
        if len(self._failures) == 1:
            return self._failures[0]
        told = "; ".join(dict.fromkeys(str(error) for error in self._failures))
        return SpeechUnreachable(f"no voice had sound: {told}")

    async def _stop(self, attempts: Sequence[_Attempt]) -> None:
        tasks = [attempt.task for attempt in attempts if attempt.task]
        for task in tasks:
            task.cancel()
        if any(not task.done() for task in tasks):
            with anyio.CancelScope(shield=True):
                await asyncio.wait(tasks, timeout=_PARTING_SECONDS)


def _result_of(error: SpeechError) -> str:
    if isinstance(error, SpeechMissing):
        return "missing"
    return "refused" if isinstance(error, SpeechRefused) else "unreachable"
