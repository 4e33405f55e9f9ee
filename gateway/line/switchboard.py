"""The switchboard: which calls there are, whether there is room for more, and who answers."""

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

from channels.base import CallState, Line, Parting
from channels.events import PHONE, Address, AudioFormat
from gateway.bus.base import Tell
from gateway.call.events import Filler
from gateway.errors import AgentError, SpeechError
from gateway.line.ledger import Ledger
from gateway.line.recorder import Recording, recorded
from gateway.speech import wording
from gateway.speech.base import SpeechToText, TextToSpeech, VoiceActivity
from gateway.store.files import FileStore
from gateway.telemetry import CALL_SECONDS, CALLS_OPEN, CALLS_REFUSED
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
    eager: bool = True
    """Whether to have everything ready before anybody calls; it takes some 100 MB."""
    monotonic: Callable[[], float] = time.monotonic
    _live: Counter[str] = field(default_factory=Counter)
    _talks: dict[str, VoiceCall] = field(default_factory=dict)
    """The newest of each address."""
    _ledger: Ledger = field(init=False)
    _lag: float = 0.0
    _preempts: bool = False
    _prepared: set[AudioFormat] = field(default_factory=set)
    _tasks: TaskGroup | None = None
    _wanted: anyio.Event = field(default_factory=anyio.Event)
    """Set with the first sign of a call."""
    _opened: anyio.Event = field(default_factory=anyio.Event)
    """Lines come as soon as the door is open, and that is a little before there are ears."""
    _leaving: bool = False
    _put_down: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self._ledger = Ledger(self.parts.database, self.parts.wall_clock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Warm up in the background, and watch how late the loop is."""
        async with self.parts.activity.running(), anyio.create_task_group() as tasks:
            tasks.start_soon(self._warm_up)
            tasks.start_soon(self._watch)
            tasks.start_soon(self._ledger.run)
            tasks.start_soon(self._ask_for_drafts)
            self._tasks = tasks
            self._opened.set()
            try:
                yield
            finally:
                self._tasks = None
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self.parts.recogniser.close()
                    await self.parts.voice.close()

    def leave(self) -> int:
        """Take no more calls; how many are under way."""
        self._leaving = True
        return self._live.total()

    def conversations(self) -> frozenset[str]:
        """Those that are being talked in here."""
        return frozenset(talk.conversation for talk in self._talks.values())

    async def emptied(self) -> None:
        """Wait until no call is under way."""
        while self._live:
            self._put_down = anyio.Event()
            await self._put_down.wait()

    def room(self) -> bool:
        if self._leaving:
            return False
        self._wanted.set()
        if self._live.total() < self.most and self._lag < WORST_LAG:
            return True
        CALLS_REFUSED.inc()
        log.warning("all_lines_busy", calls=self._live.total(), lag=round(self._lag, 3))
        return False

    def on_line(self, address: Address) -> bool:
        return self.parts.bus.is_present(f"line/{address}")

    def tell(self, address: Address, text: str) -> None:
        if not self.say(str(address), text):
            self.parts.bus.signal(Tell(str(address), text))

    def say(self, address: str, text: str) -> bool:
        """As `tell`, but only if they are on a line of this replica."""
        talk = self._talks.get(address)
        if talk:
            talk.tell(text)
        return talk is not None

    async def called(self, id: str, state: CallState, seconds: int = 0) -> None:
        await self._ledger.note_status(id, state, seconds)

    async def parting(self, id: str) -> Parting:
        return await self._ledger.parting(id)

    async def answer(self, line: Line) -> None:
        call = line.call
        address = str(call.sender.address)
        self._live[address] += 1
        began = self.monotonic()
        CALLS_OPEN.inc()
        try:
            with (
                self.parts.bus.present(f"line/{address}"),
                structlog.contextvars.bound_contextvars(call=call.id),
                self._ledger.living(call),
            ):
                self._wanted.set()
                await self._opened.wait()
                # On the loop it would hold up everybody.
                await self._warm(self.parts.activity)
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
            self._put_down.set()

    async def _talk(self, line: Line) -> None:
        parts, call = self.parts, line.call
        now = parts.wall_clock()
        conversation = await self._ledger.open(call, now=now)
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
                        await self._ledger.close(
                            call, talk.figures, talk.ended_by, offset=now - talk.began
                        )
        finally:
            if recording.id:
                with anyio.CancelScope(shield=True):
                    await self._ledger.note_recording(call, recording.id, began=now)

    def _greeting(
        self, locale: str, opening: str, format: AudioFormat, *, resumed: bool = False
    ) -> str:
        """What is said first."""
        greeting = opening or self.parts.greeting or sentence("voice", "greeting", locale)
        # Who phones was told before the first word was recorded.
        if self.record and not resumed and format != PHONE:
            greeting = f"{sentence('voice', 'recorded', locale)} {greeting}"
        return greeting

    # -- the process -----------------------------------------------------------------------

    async def _warm_up(self) -> None:
        if not self.eager:
            await self._wanted.wait()
        for part in (self.parts.activity, self.parts.recogniser, self.parts.voice):
            await self._warm(part)
        await to_thread.run_sync(wording.warm)
        await self._prepare(PHONE)

    async def _warm(self, part: VoiceActivity | SpeechToText | TextToSpeech) -> None:
        try:
            await part.warm()
        except SpeechError as error:
            log.warning("speech_not_warm", error=str(error))
        except Exception:
            # It is tried again with the first call, and that is not the whole house's end.
            log.exception("speech_not_warm")

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
            live, before = bool(self._live), self.monotonic()
            await anyio.sleep(LAG_EVERY)
            late = max(0.0, self.monotonic() - before - LAG_EVERY)
            if not live:
                # Whoever starts up is late, and that tells nothing of how calls are kept up with.
                late = self._lag = 0.0
            self._lag = LAG_MEMORY * self._lag + (1 - LAG_MEMORY) * late
