"""All recognisers as one: who is slow is raced, who fails is replaced, within the same turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import anyio
import structlog

from channels.events import AudioFormat
from gateway.errors import SpeechError, SpeechMissing, SpeechRefused, SpeechUnreachable
from gateway.speech.base import Dictation, Speech, SpeechToText, Transcription
from gateway.speech.hedging import Standing, line_up
from gateway.telemetry import STT_COST, STT_REQUESTS, STT_SECONDS

log = structlog.get_logger()

Listen = Callable[[SpeechToText], Awaitable[Transcription]]
"""Have a provider listen to a turn."""


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    name: str
    began: float


class Recognisers(SpeechToText):
    """Providers in the order of preference."""

    name = "recognisers"

    def __init__(self, providers: Sequence[SpeechToText]) -> None:
        if not providers:
            raise SpeechMissing("No speech recogniser is configured; see SPEECH_TO_TEXT.")
        self._providers = {one.name: one for one in providers}
        self._standings = {
            one.name: Standing(one.name, last_resort=one.last_resort) for one in providers
        }

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        """The first good answer. Raises SpeechUnreachable when nobody has one."""

        async def listen(provider: SpeechToText) -> Transcription:
            return await provider.transcribe(speech, locale=locale, vocabulary=vocabulary)

        return await self.race(listen, hedge=speech.format is not None)

    def dictate(
        self, *, format: AudioFormat, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Dictation:
        first = next(iter(self._providers.values()))
        along = first.dictate(format=format, locale=locale, vocabulary=vocabulary)
        return _Relay(self, first.name, along, locale, vocabulary)

    async def warm(self) -> None:
        async with anyio.create_task_group() as tasks:
            for provider in self._providers.values():
                tasks.start_soon(self._warm, provider)

    async def _warm(self, provider: SpeechToText) -> None:
        try:
            await provider.warm()
        except SpeechError as error:
            self._standings[provider.name].failed(error, anyio.current_time())
            log.warning("recogniser_not_ready", provider=provider.name, error=str(error))

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()

    async def race(self, listen: Listen, *, hedge: bool = True) -> Transcription:
        """Have the providers listen, one after or beside the other, until one has an answer."""
        return await _Heat(self._providers, self._standings, listen, hedge=hedge).run()


class _Heat:
    """One turn's race."""

    def __init__(
        self,
        providers: Mapping[str, SpeechToText],
        standings: Mapping[str, Standing],
        listen: Listen,
        *,
        hedge: bool,
    ) -> None:
        self._providers = providers
        self._standings = standings
        self._listen = listen
        self._hedge = hedge
        self._race = line_up(standings.values(), anyio.current_time())
        self._under_way: list[_Attempt] = []
        self._failures: list[SpeechError] = []
        self._made: Transcription | None = None
        self._news = anyio.Event()

    async def run(self) -> Transcription:
        async with anyio.create_task_group() as tasks:
            while self._made is None and not self._race.lost:
                if name := self._race.next(anyio.current_time()):
                    tasks.start_soon(self._attempt, self._providers[name])
                due = self._race.due if self._hedge else None
                self._news = anyio.Event()
                with anyio.CancelScope(deadline=float("inf") if due is None else due):
                    await self._news.wait()
            tasks.cancel_scope.cancel()
        if self._made is None:
            raise self._failure()
        return self._made

    async def _attempt(self, provider: SpeechToText) -> None:
        attempt = _Attempt(provider.name, anyio.current_time())
        self._under_way.append(attempt)
        try:
            made = await self._listen(provider)
        except SpeechError as error:
            self._under_way.remove(attempt)
            self._failed(provider.name, error)
        else:
            self._under_way.remove(attempt)
            if self._made is None:
                self._won(attempt, made)
        self._news.set()

    def _won(self, attempt: _Attempt, made: Transcription) -> None:
        self._made = made
        now = anyio.current_time()
        self._standings[attempt.name].answered(now - attempt.began)
        STT_SECONDS.labels(attempt.name).observe(now - attempt.began)
        STT_REQUESTS.labels(attempt.name, "ok").inc()
        STT_COST.labels(attempt.name).inc(made.cost)
        for other in self._under_way:
            self._standings[other.name].outrun(now - other.began)
            STT_REQUESTS.labels(other.name, "outrun").inc()

    def _failed(self, name: str, error: SpeechError) -> None:
        self._standings[name].failed(error, anyio.current_time())
        STT_REQUESTS.labels(name, _result_of(error)).inc()
        log.warning("recogniser_failed", provider=name, error=str(error))
        self._failures.append(error)
        self._race.failed(name, fatal=not isinstance(error, SpeechUnreachable))

    def _failure(self) -> SpeechError:
        """What to tell of a turn that nobody had words for: one refusal, or the lot."""
        if not any(isinstance(error, SpeechUnreachable) for error in self._failures):
            return self._failures[0]
        told = "; ".join(dict.fromkeys(str(error) for error in self._failures))
        return SpeechUnreachable(f"no recogniser answered: {told}")


def _result_of(error: SpeechError) -> str:
    if isinstance(error, SpeechMissing):
        return "missing"
    return "refused" if isinstance(error, SpeechRefused) else "unreachable"


class _Relay(Dictation):
    """The first provider listens along; the others are there when it fails or is slow."""

    def __init__(
        self,
        recognisers: Recognisers,
        first: str,
        along: Dictation,
        locale: str,
        vocabulary: tuple[str, ...],
    ) -> None:
        self._recognisers = recognisers
        self._first = first
        self._along = along
        self._locale = locale
        self._vocabulary = vocabulary

    @property
    def heard(self) -> str:
        return self._along.heard

    def hear(self, audio: bytes) -> None:
        self._along.hear(audio)

    def attend(self, *, speaking: bool) -> None:
        self._along.attend(speaking=speaking)

    async def transcribe(self, speech: Speech) -> Transcription:
        tried = False

        async def listen(provider: SpeechToText) -> Transcription:
            nonlocal tried
            if provider.name == self._first and not tried:
                tried = True
                return await self._along.transcribe(speech)
            return await provider.transcribe(
                speech, locale=self._locale, vocabulary=self._vocabulary
            )

        return await self._recognisers.race(listen)

    def forget(self) -> None:
        self._along.forget()

    async def run(self) -> None:
        await self._along.run()
