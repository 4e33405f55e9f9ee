"""One call: a line, its ears and its voice, and the machine that decides.

Facts go into the machine, orders come out and are carried out at once; nothing here decides. What
takes time is a task in the call's one group, so a hang-up is the group's end and leaves nothing
behind but what the caller asked: that is stored all the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.base import ChannelError, Inbox, Line
from channels.events import AudioIn, Caption, Digit, HungUp, Mark, Transcript
from gateway.agent.base import Agent
from gateway.bus.base import Bus
from gateway.call import events as e
from gateway.call.machine import Machine
from gateway.call.policy import Policy
from gateway.call.states import House
from gateway.line.asking import Asking
from gateway.line.drafting import Drafts
from gateway.line.ears import Ears
from gateway.line.figures import Figures
from gateway.line.reading import Reading
from gateway.line.speaking import Speaker
from gateway.speech.base import SpeechToText, TextToSpeech, Transcription, VoiceActivity
from gateway.speech.understanding import Understanding
from gateway.store import inbox as inbox_store
from gateway.store.calls import EndedBy
from gateway.store.engine import Database
from gateway.telemetry import CALL_TURNS
from prompts import sentence

log = structlog.get_logger()

SETTLE_SECONDS = 0.3
"""Without more text, until what may be a whole sentence is one: an agent says "I will look it up."
and then does, and its words come together much faster than that."""


@dataclass(frozen=True, slots=True)
class VoiceParts:
    """What every call of the process shares."""

    database: Database
    bus: Bus
    inbox: Inbox
    agent: Agent
    recogniser: SpeechToText
    voice: TextToSpeech
    activity: VoiceActivity
    policy: Policy
    locale: str = "en"
    """Of callers whose language is not known."""
    greeting: str = ""
    """Said first, instead of the usual; empty leaves it to the call."""
    vocabulary: tuple[str, ...] = ()
    can_transfer: bool = False
    wall_clock: Callable[[], float] = time.time


class VoiceCall:
    """Talks on one line until one side leaves."""

    def __init__(self, parts: VoiceParts, line: Line, conversation: str) -> None:
        call = line.call
        self._parts = parts
        self._line = line
        self.conversation = conversation
        self._locale = call.sender.locale or parts.locale
        self.channel = call.route.channel
        self._clock = asyncio.get_running_loop().time
        self.began = self._clock()
        self._can_transfer = parts.can_transfer and self.channel == "phone"
        policy = replace(parts.policy, locale=self._locale, transfer_on_zero=self._can_transfer)
        self._machine = Machine(policy)
        self.figures = Figures()
        self.ended_by: EndedBy = "caller"
        self._tasks: TaskGroup = anyio.create_task_group()
        self._ears = Ears(
            call,
            parts.activity,
            parts.recogniser,
            policy,
            self._tasks,
            vocabulary=parts.vocabulary,
            on_fact=self._feed,
            on_known=self._note,
        )
        self._speaker = Speaker(
            line,
            parts.voice,
            self._locale,
            self._machine.playback,
            ahead=policy.ahead,
            clock=self._clock,
            on_fact=self._feed,
            on_cost=lambda text: self.figures.spent(self._cost(text)),
            on_dry=self.figures.ran_dry,
        )
        self._asking = Asking(
            parts.inbox,
            call,
            conversation,
            wall_clock=parts.wall_clock,
            on_failed=lambda turn: self._feed(e.AgentDone(turn, failed=True)),
        )
        self._reading = Reading(
            self._locale,
            on_unwanted=self._asking.stop,
            on_point=self._settle_soon,
            shown=self.channel != "phone",
        )
        self._drafts = Drafts(
            parts.database, parts.agent, call, conversation, self._reading, self._feed, self._tasks
        )
        self._cut: str | None = None
        """What the caller heard of the reply that they cut short last."""
        self._understanding = Understanding(self._locale, person=self._can_transfer)
        self._timer: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._over = False

    async def run(self) -> None:
        """Talk. Raises nothing but cancellation."""
        async with anyio.create_task_group() as beyond:
            beyond.start_soon(self._asking.run)
            try:
                async with self._tasks as tasks:
                    tasks.start_soon(self._read)
                    tasks.start_soon(self._speaker.run)
                    tasks.start_soon(self._ears.run)
                    self._answer()
                    await self._hear()
                    tasks.cancel_scope.cancel()
            except Exception:
                log.exception("call_broke")
                self.ended_by = "lost"
            finally:
                self._over = True
                for timer in (self._timer, self._settling):
                    if timer:
                        timer.cancel()
                self._ears.close()
                # What the caller said is still stored, then nothing is left to do.
                self._asking.close()

    def tell(self, text: str) -> None:
        """Say this once nobody speaks."""
        self._feed(e.AgentNotice(text))

    # -- the line ------------------------------------------------------------------------

    def _answer(self) -> None:
        call = self._line.call
        self._feed(
            e.Answered(
                "" if call.resumed else self._parts.greeting or call.opening,
                resumed=call.resumed,
                voicemail=call.voicemail,
            )
        )

    async def _hear(self) -> None:
        """Read the line through. The caller's sound also clocks ours."""
        hear, pump = self._ears.hear, self._speaker.pump
        async for event in self._line.receive():
            if type(event) is AudioIn:
                hear(event.audio, self._clock())
                pump()
            else:
                self._heed(event)

    def _heed(self, event: object) -> None:
        match event:
            case Mark(name):
                self._feed(e.Played(name))
            case Digit(digit):
                self._feed(e.Digit(digit))
            case HungUp(lost):
                if lost and self._machine.house is not House.GONE:
                    self.ended_by = "lost"
                self._feed(e.HungUp())

    # -- the machine -----------------------------------------------------------------------

    def _feed(self, fact: e.Fact) -> None:
        if self._over:
            return
        with self._answerable():
            self._take_in(fact, self._clock())

    def _take_in(self, fact: e.Fact, now: float) -> None:
        if isinstance(fact, e.AgentWish) and fact.action == "transfer" and not self._can_transfer:
            fact = e.AgentText(fact.turn, sentence("voice", "no_transfer", self._locale))
        self.figures.fact(fact, now)
        if isinstance(fact, e.Transcript) and fact.text:
            self._line.send(Caption("user", fact.text))
        self._carry_out(self._machine.receive(fact, now), now)

    def _tick(self) -> None:
        with self._answerable():
            now = self._clock()
            self._carry_out(self._machine.handle_timer(now), now)

    @contextmanager
    def _answerable(self) -> Iterator[None]:
        """What goes wrong ends this call, whoever told the fact: it may be all calls' ear."""
        try:
            yield
        except Exception:
            log.exception("call_broke")
            self.ended_by = "lost"
            self._over = True
            self._tasks.cancel_scope.cancel()

    def _carry_out(self, orders: list[e.Order], now: float) -> None:
        for order in orders:
            self.figures.order(order, now)
            self._do(order)
        if self._timer:
            self._timer.cancel()
        at = self._machine.get_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(at, self._tick) if at is not None else None

    def _do(self, order: e.Order) -> None:  # noqa: C901, PLR0912 - one case for each order
        match order:
            case e.Transcribe(turn, take):
                self._ears.transcribe(turn, take)
            case e.Forget():
                self._ears.forget()
            case e.Draft(turn, text) if not self._understanding.doubts(text):
                self._drafts.start(turn, text, self._asking.event(), self._cut)
            case e.DropDraft(turn):
                self._drafts.drop(turn)
            case e.AskAgent(turn, text):
                self._ask(turn, text)
            case e.DropTurn(turn, heard):
                self._cut = heard
                self._reading.drop(turn)
                if self._reading.is_under_way(turn):
                    self._asking.stop()
            case e.LetGo(turn):
                self._reading.let_go(turn)
            case e.Prepare(text):
                self._tasks.start_soon(self._prepare, text)
            case e.Say(turn, clause, text):
                self._speaker.say(clause, text, f"{self._line.call.id}/{turn}")
            case e.Fill(clause, kind, text):
                self._speaker.say(clause, text or self._sentence(kind), "")
            case e.Pause(clear):
                self._speaker.pause(clear=clear)
            case e.Resume(clause, seconds):
                self._speaker.resume(clause, seconds)
            case e.Hush(clear):
                self._speaker.hush(clear=clear)
            case e.Skip(clause):
                self._speaker.skip(clause)
            case e.HangUp():
                self.ended_by = "house"
                self._tasks.start_soon(self._line.hang_up)
            case e.Transfer(to, summary):
                self.ended_by = "transfer"
                self._tasks.start_soon(self._transfer, to, summary)

    def _sentence(self, kind: e.Filler) -> str:
        if kind is e.Filler.PARDON:
            return self._understanding.pardon()
        return sentence("voice", kind, self._locale)

    # -- what the caller says --------------------------------------------------------------

    def _note(self, turn: int, known: Transcription) -> None:
        self.figures.spent(known.cost, turn)
        self._understanding.take(known)

    def _ask(self, turn: int, text: str) -> None:
        route = self._line.call.route
        event = self._drafts.make_real(turn, text) or self._asking.event()
        words = Transcript(text, doubtful=self._understanding.doubts(text))
        self._reading.asked(turn, inbox_store.message_id(route, event))
        self._asking.ask(turn, event, words, heard=self._cut)
        self._cut = None
        self._understanding.succeeded()
        CALL_TURNS.labels(route.channel).inc()
        self._line.send(Caption("user", text, final=True))

    # -- what we say -----------------------------------------------------------------------

    async def _read(self) -> None:
        """Hear what happens in the conversation."""
        async with self._parts.bus.follow(self.conversation) as events:
            async for event in events:
                for fact in self._reading.hear(event):
                    self._feed(fact)

    def _settle_soon(self) -> None:
        if self._settling:
            self._settling.cancel()
        loop = asyncio.get_running_loop()
        self._settling = loop.call_later(SETTLE_SECONDS, self._settle)

    def _settle(self) -> None:
        with self._answerable():
            for fact in self._reading.settle():
                self._feed(fact)

    async def _prepare(self, text: str) -> None:
        self.figures.spent(self._cost(text))
        await self._parts.voice.prepare(text, format=self._line.call.format, locale=self._locale)

    def _cost(self, text: str) -> float:
        format = self._line.call.format
        return self._parts.voice.cost_now(text, format=format, locale=self._locale)

    async def _transfer(self, to: str, summary: str) -> None:
        try:
            await self._line.transfer(to, summary)
        except ChannelError as error:
            log.warning("not_transferred", error=str(error))
            self.ended_by = "house"
            await self._speaker.last_words(sentence("voice", "no_transfer", self._locale))
            await self._line.hang_up()

    # -- the record ------------------------------------------------------------------------

    def leave(self) -> None:
        """Note what the caller heard of the reply that was being spoken when they left."""
        number = self._machine.speaks_of
        turn = self.figures.turns.get(number)
        if turn and turn.heard is None:
            heard = self._machine.playback.heard(number, self._clock())
            turn.heard = heard if heard != " ".join(turn.said) else None
