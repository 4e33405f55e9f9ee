"""The switchboard: which calls there are, whether there is room for more, and their records."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import anyio
import structlog
from anyio import to_thread
from anyio.abc import TaskGroup

from channels.base import CallState, Line
from channels.events import PHONE, Address, AudioFormat, Call
from gateway.call.events import Filler
from gateway.errors import AgentError, SpeechError
from gateway.figures import TurnFigures
from gateway.recorder import Recording, recorded
from gateway.speech import wording
from gateway.store import calls as call_store
from gateway.store.calls import CallTurn
from gateway.store.files import FileStore
from gateway.telemetry import (
    CALL_COST,
    CALL_SECONDS,
    CALL_UNDERRUNS,
    CALLS,
    CALLS_OPEN,
    CALLS_REFUSED,
)
from gateway.voice import VoiceCall, VoiceParts
from prompts import sentence

log = structlog.get_logger()

WORST_LAG = 0.1
"""Seconds by which the loop may be late before new calls are turned away."""
LAG_EVERY = 0.25
ASK_AGAIN_SOON, ASK_AGAIN = 5.0, 300.0
"""Seconds between two looks at the agent's card, while it cannot be read and after."""
LAG_MEMORY = 0.8
"""Of the lag measured before, in the running mean."""


@dataclass(slots=True)
class Switchboard:
    """Implements `channels.base.Calls`."""

    parts: VoiceParts
    files: FileStore
    most: int
    """Calls at the same time."""
    record: bool = False
    preempt: Literal["auto", "always", "never"] = "auto"
    """Whether the agent may start early: `auto` asks it whether it knows drafts."""
    monotonic: Callable[[], float] = time.monotonic
    _live: Counter[str] = field(default_factory=Counter)
    _talks: dict[str, VoiceCall] = field(default_factory=dict)
    """The newest of each address."""
    _lag: float = 0.0
    _preempts: bool = False
    _prepared: set[AudioFormat] = field(default_factory=set)
    _tasks: TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Warm up in the background, and watch how late the loop is."""
        async with self.parts.activity.running(), anyio.create_task_group() as tasks:
            tasks.start_soon(self._warm_up)
            tasks.start_soon(self._watch)
            tasks.start_soon(self._ask_for_drafts)
            self._tasks = tasks
            try:
                yield
            finally:
                self._tasks = None
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self.parts.recogniser.close()
                    await self.parts.voice.close()

    def room(self) -> bool:
        if self._live.total() < self.most and self._lag < WORST_LAG:
            return True
        CALLS_REFUSED.inc()
        log.warning("all_lines_busy", calls=self._live.total(), lag=round(self._lag, 3))
        return False

    def on_line(self, address: Address) -> bool:
        return self._live[str(address)] > 0

    def tell(self, address: Address, text: str) -> None:
        if talk := self._talks.get(str(address)):
            talk.tell(text)

    async def called(self, id: str, state: CallState, seconds: int = 0) -> None:
        now = self.parts.wall_clock()
        await self.parts.database.write(call_store.status, id, state, seconds, now=now)

    async def answer(self, line: Line) -> None:
        call = line.call
        address = str(call.sender.address)
        self._live[address] += 1
        began = self.monotonic()
        CALLS_OPEN.inc()
        try:
            with structlog.contextvars.bound_contextvars(call=call.id):
                log.info("call_answered", channel=call.route.channel, resumed=call.resumed)
                await self._talk(line)
        except Exception:
            # One call that fails must not take the others' process down.
            log.exception("call_failed", call=call.id)
        finally:
            CALLS_OPEN.dec()
            CALL_SECONDS.labels(call.route.channel).observe(self.monotonic() - began)
            self._live[address] -= 1
            if not self._live[address]:
                del self._live[address]

    async def _talk(self, line: Line) -> None:
        parts, call = self.parts, line.call
        now = parts.wall_clock()
        conversation = await parts.database.write(call_store.begin, call, now=now)
        locale = call.sender.locale or parts.locale
        greeting = self._greeting(locale, call.opening, call.format, resumed=call.resumed)
        if self._tasks:
            self._tasks.start_soon(self._prepare, call.format)
        files = self.files if self.record else None
        recording = Recording()
        try:
            async with recorded(line, files, recording, now=now) as heard:
                policy = replace(parts.policy, preempt=self._preempts)
                told = replace(parts, greeting=greeting, policy=policy)
                talk = VoiceCall(told, heard, conversation)
                address = str(call.sender.address)
                self._talks[address] = talk
                try:
                    await talk.run()
                finally:
                    if self._talks.get(address) is talk:
                        del self._talks[address]
                    with anyio.CancelScope(shield=True):
                        talk.leave()
                        await self._keep(talk, call, now)
        finally:
            if recording.id:
                with anyio.CancelScope(shield=True):
                    await parts.database.write(call_store.note_recording, call.id, recording.id)

    def _greeting(
        self, locale: str, opening: str, format: AudioFormat, *, resumed: bool = False
    ) -> str:
        """What is said first."""
        greeting = opening or self.parts.greeting or sentence("voice", "greeting", locale)
        # Who phones was told before the first word was recorded.
        if self.record and not resumed and format != PHONE:
            greeting = f"{sentence('voice', 'recorded', locale)} {greeting}"
        return greeting

    async def _keep(self, talk: VoiceCall, call: Call, began: float) -> None:
        id, database, figures = call.id, self.parts.database, talk.figures
        before = await database.read(call_store.read, id) if call.resumed else None
        # Each line of a call counts its turns from 1, and the record all of them.
        first = max((turn.number for turn in before.told), default=0) if before else 0
        for turn in figures.turns.values():
            told = _told(turn, began - talk.began, first)
            await database.write(call_store.note_turn, id, told)
        totals = {"underruns": float(figures.underruns), "cost": figures.cost}
        if before:
            totals = {name: n + before.figures.get(name, 0.0) for name, n in totals.items()}
        await database.write(
            call_store.finish,
            id,
            ended_by=talk.ended_by,
            now=self.parts.wall_clock(),
            figures=totals,
        )
        CALL_UNDERRUNS.inc(figures.underruns)
        CALL_COST.inc(figures.cost)
        CALLS.labels(talk.channel, talk.ended_by).inc()
        log.info(
            "call_ended",
            by=talk.ended_by,
            turns=len(figures.turns),
            underruns=figures.underruns,
            cost=round(figures.cost, 6),
            figures=[turn.steps() for turn in figures.turns.values()],
        )

    # -- the process -----------------------------------------------------------------------

    async def _warm_up(self) -> None:
        for part in (self.parts.activity, self.parts.recogniser, self.parts.voice):
            try:
                await part.warm()
            except SpeechError as error:
                log.warning("speech_not_warm", error=str(error))
            except Exception:
                # It is tried again with the first call, and that is not the whole house's end.
                log.exception("speech_not_warm")
        await to_thread.run_sync(wording.warm)
        await self._prepare(PHONE)

    async def _prepare(self, format: AudioFormat) -> None:
        """Make what the house says of its own accord sound in this format, once.

        In the house's language alone: callers may name any, and somebody pays for it.
        """
        if format in self._prepared:
            return
        self._prepared.add(format)
        parts, cost = self.parts, 0.0
        own = {kind: sentence("voice", kind, parts.locale) for kind in Filler}
        own[Filler.GREETING] = self._greeting(parts.locale, "", format)
        for text in own.values():
            cost += parts.voice.cost_now(text, format=format, locale=parts.locale)
            await parts.voice.prepare(text, format=format, locale=parts.locale, lasting=True)
        log.info("own_words_prepared", rate=format.rate, sentences=len(own), cost=round(cost, 6))

    async def _ask_for_drafts(self) -> None:
        """Keep up with whether the agent knows drafts: it may be another one tomorrow."""
        while self.preempt == "auto":
            try:
                self._preempts = (await self.parts.agent.about()).drafts
            except AgentError:
                await anyio.sleep(ASK_AGAIN_SOON)
            else:
                await anyio.sleep(ASK_AGAIN)
        self._preempts = self.preempt == "always"

    async def _watch(self) -> None:
        while True:
            before = self.monotonic()
            await anyio.sleep(LAG_EVERY)
            late = max(0.0, self.monotonic() - before - LAG_EVERY)
            self._lag = LAG_MEMORY * self._lag + (1 - LAG_MEMORY) * late


def _told(turn: TurnFigures, offset: float, first: int) -> CallTurn:
    """A turn for the record.

    `offset` leads from the call's clock to epoch seconds; `first` turns were told before.
    """
    said = " ".join(turn.said)
    return CallTurn(
        number=first + turn.number,
        at=turn.ended + offset,
        asked=turn.asked,
        heard=said if turn.heard is None else turn.heard,
        cut=turn.heard is not None,
        figures=turn.steps(),
    )
