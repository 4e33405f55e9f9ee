"""One call: a line, its ears and its voice, and the machine that decides.

Facts go into the machine, orders come out and are carried out at once; nothing here decides. What
takes time is a task in the call's one group, so a hang-up is the group's end and leaves nothing
behind. What has to be in order (the caller's turns, stored and stopped) is one queue.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.base import ChannelError, Inbox, Line, RateLimited
from channels.events import AudioIn, AudioOut, Caption, Digit, HungUp, Mark, Message, Transcript
from gateway.agent.base import Agent
from gateway.bus.base import Bus
from gateway.call import events as e
from gateway.call.machine import Machine
from gateway.call.policy import Policy
from gateway.call.states import House
from gateway.drafting import Drafts
from gateway.errors import FrontDoorError, SpeechError
from gateway.figures import Figures
from gateway.listening import Listener
from gateway.reading import Reading
from gateway.speaking import Speaker
from gateway.speech.base import SpeechToText, TextToSpeech, VoiceActivity
from gateway.speech.understanding import Understanding
from gateway.store import inbox as inbox_store
from gateway.store.calls import STEPS, EndedBy
from gateway.store.engine import Database
from gateway.telemetry import CALL_REACTION_SECONDS, CALL_STEP_SECONDS, CALL_TURNS
from prompts import sentence

log = structlog.get_logger()

TAKES_AT_ONCE = 3
"""Recognitions of one turn under way; an older one than these is not worth its answer."""
ERRANDS = 100
LAST_WORDS_SECONDS = 5.0
"""For the sound of why we hang up."""


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
        self._conversation = conversation
        self._locale = call.sender.locale or parts.locale
        self.channel = call.route.channel
        self._clock = asyncio.get_running_loop().time
        self.began = self._clock()
        self._can_transfer = parts.can_transfer and self.channel == "phone"
        policy = replace(parts.policy, locale=self._locale, transfer_on_zero=self._can_transfer)
        self._machine = Machine(policy)
        self.figures = Figures()
        self.ended_by: EndedBy = "caller"
        self._listener = Listener(call.format, parts.activity, policy, self._notice)
        self._dictation = parts.recogniser.dictate(
            format=call.format, locale=self._locale, vocabulary=parts.vocabulary
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
        self._reading = Reading(
            self._locale, on_unwanted=self._stop_agent, shown=self.channel != "phone"
        )
        self._tasks: TaskGroup = anyio.create_task_group()
        self._drafts = Drafts(
            parts.database, parts.agent, call, conversation, self._reading, self._feed, self._tasks
        )
        self._errands, self._to_do = anyio.create_memory_object_stream[
            Callable[[], Awaitable[None]]
        ](ERRANDS)
        self._takes: list[tuple[int, anyio.CancelScope]] = []
        self._line_id = uuid.uuid4().hex[:8]
        self._asks = 0
        self._cut: str | None = None
        """What the caller heard of the reply that they cut short last."""
        self._understanding = Understanding(self._locale, person=self._can_transfer)
        self._captions: dict[int, str] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    async def run(self) -> None:
        """Talk. Raises nothing but cancellation."""
        async with anyio.create_task_group() as errands:
            errands.start_soon(self._run_errands)
            try:
                async with self._tasks as tasks:
                    tasks.start_soon(self._read)
                    tasks.start_soon(self._speaker.run)
                    tasks.start_soon(self._listen_along)
                    self._answer()
                    await self._hear()
                    tasks.cancel_scope.cancel()
            except Exception:
                log.exception("call_broke")
                self.ended_by = "lost"
            finally:
                self._over = True
                if self._timer:
                    self._timer.cancel()
                self._listener.close()
                # What the caller said is still stored, then nothing is left to do.
                self._errands.close()

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
        hear, dictate, pump = self._listener.hear, self._dictation.hear, self._speaker.pump
        async for event in self._line.receive():
            if type(event) is AudioIn:
                hear(event.audio, self._clock())
                dictate(event.audio)
                pump()
            else:
                self._heed(event)

    def _notice(self, fact: e.SpeechFact) -> None:
        """What the ears tell is for who listens along, too."""
        if not isinstance(fact, e.SpeechPaused):
            self._dictation.attend(speaking=not isinstance(fact, e.SpeechEnded))
        self._feed(fact)

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
        self._caption(fact)
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
                self._transcribe(turn, take)
            case e.Forget():
                self._forget()
            case e.Draft(turn, text) if not self._understanding.doubts(text):
                self._drafts.start(turn, text, self._event(), self._cut)
            case e.DropDraft(turn):
                self._drafts.drop(turn)
            case e.AskAgent(turn, text):
                self._ask(turn, text)
            case e.DropTurn(turn, heard):
                self._cut = heard
                self._reading.drop(turn)
                if self._reading.is_under_way(turn):
                    self._stop_agent()
            case e.LetGo(turn):
                self._reading.let_go(turn)
            case e.Prepare(text):
                self._tasks.start_soon(self._prepare, text)
            case e.Say(turn, clause, text):
                self._say(clause, text, f"{self._line.call.id}/{turn}")
            case e.Fill(clause, kind, text):
                self._say(clause, text or self._sentence(kind), "")
            case e.Pause(clear):
                self._speaker.pause(clear=clear)
            case e.Resume(clause, seconds):
                self._speaker.resume(clause, seconds)
            case e.Hush(clear):
                self._captions.clear()
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

    def _transcribe(self, turn: int, take: int) -> None:
        scope = anyio.CancelScope()
        self._takes.append((take, scope))
        for _, old in self._takes[:-TAKES_AT_ONCE]:
            old.cancel()
        del self._takes[:-TAKES_AT_ONCE]
        self._tasks.start_soon(self._recognise, turn, take, scope)

    async def _recognise(self, turn: int, take: int, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                known = await self._dictation.transcribe(self._listener.take())
            except SpeechError as error:
                log.warning("speech_not_recognised", error=str(error))
                self._feed(e.Transcript(turn, take, "", failed=True))
            except Exception:
                # One with a bug is one that failed.
                log.exception("recogniser_broke")
                self._feed(e.Transcript(turn, take, "", failed=True))
            else:
                self.figures.spent(known.cost, turn)
                self._understanding.take(known)
                self._feed(e.Transcript(turn, take, known.text, failed=not known.understood))

    async def _listen_along(self) -> None:
        try:
            await self._dictation.run()
        except Exception:
            # The words can still be had from the sound of each turn.
            log.exception("not_listening_along")

    def _forget(self) -> None:
        self._listener.forget()
        self._dictation.forget()
        for _, scope in self._takes:
            scope.cancel()
        self._takes.clear()

    # -- what the agent is asked -----------------------------------------------------------

    def _event(self) -> str:
        self._asks += 1
        return f"{self._line.call.id}:{self._line_id}:{self._asks}"

    def _ask(self, turn: int, text: str) -> None:
        call = self._line.call
        message = Message(
            event=self._drafts.make_real(turn, text) or self._event(),
            sender=call.sender,
            route=call.route,
            parts=(Transcript(text, doubtful=self._understanding.doubts(text)),),
            at=datetime.fromtimestamp(self._parts.wall_clock(), UTC),
            heard=self._cut,
        )
        self._cut = None
        self._understanding.succeeded()
        self._reading.asked(turn, inbox_store.message_id(call.route, message.event))
        CALL_TURNS.labels(call.route.channel).inc()
        self._line.send(Caption("user", text, final=True))
        self._errand(lambda: self._accept(turn, message))

    async def _accept(self, turn: int, message: Message) -> None:
        try:
            await self._parts.inbox.accept(message)
        except (RateLimited, FrontDoorError) as error:
            log.warning("turn_not_taken", error=str(error))
            self._feed(e.AgentDone(turn, failed=True))
        except Exception:
            log.exception("turn_not_taken")
            self._feed(e.AgentDone(turn, failed=True))

    def _stop_agent(self) -> None:
        self._errand(self._cancel)

    async def _cancel(self) -> None:
        # What the person typed meanwhile still waits for its answer.
        await self._parts.inbox.cancel(self._conversation, waiting=False)

    def _errand(self, errand: Callable[[], Awaitable[None]]) -> None:
        try:
            self._errands.send_nowait(errand)
        except anyio.WouldBlock:
            log.warning("call_errands_full", call=self._line.call.id)

    async def _run_errands(self) -> None:
        # A hang-up, or our being told to stop, must not undo what the caller has said.
        with anyio.CancelScope(shield=True), self._to_do:
            async for errand in self._to_do:
                try:
                    await errand()
                except Exception:
                    log.exception("call_errand_failed")

    # -- what we say -----------------------------------------------------------------------

    async def _read(self) -> None:
        """Hear what happens in the conversation."""
        async with self._parts.bus.follow(self._conversation) as events:
            async for event in events:
                for fact in self._reading.hear(event):
                    self._feed(fact)

    def _say(self, clause: int, text: str, context: str) -> None:
        self._captions[clause] = text
        self._speaker.say(clause, text, context)

    async def _prepare(self, text: str) -> None:
        self.figures.spent(self._cost(text))
        await self._parts.voice.prepare(text, format=self._line.call.format, locale=self._locale)

    def _cost(self, text: str) -> float:
        format = self._line.call.format
        return self._parts.voice.cost_now(text, format=format, locale=self._locale)

    def _caption(self, fact: e.Fact) -> None:
        match fact:
            case e.Transcript(text=text) if text:
                self._line.send(Caption("user", text))
            case e.AudioSent(clause) if text := self._captions.pop(clause, ""):
                self._line.send(Caption("agent", text, final=True))

    async def _transfer(self, to: str, summary: str) -> None:
        try:
            await self._line.transfer(to, summary)
        except ChannelError as error:
            log.warning("not_transferred", error=str(error))
            self.ended_by = "house"
            await self._say_last(sentence("voice", "no_transfer", self._locale))
            await self._line.hang_up()

    async def _say_last(self, text: str) -> None:
        """Speak past the machine, for which the call is over; hanging up waits for it."""
        self._line.send(Caption("agent", text, final=True))
        sound = self._parts.voice.speak(text, format=self._line.call.format, locale=self._locale)
        try:
            with anyio.move_on_after(LAST_WORDS_SECONDS):
                async with aclosing(sound) as pieces:
                    async for piece in pieces:
                        self._line.send(AudioOut(piece))
        except SpeechError as error:
            log.warning("clause_not_spoken", error=str(error))

    # -- the record ------------------------------------------------------------------------

    def leave(self) -> None:
        """Note what the caller heard of the reply that was being spoken when they left."""
        now = self._clock()
        for number, turn in self.figures.turns.items():
            steps = turn.steps()
            for step in STEPS:
                if step in steps:
                    CALL_STEP_SECONDS.labels(step).observe(steps[step])
            if turn.reaction is not None:
                CALL_REACTION_SECONDS.observe(turn.reaction)
            if turn.heard is None and number == self._machine.speaks_of:
                heard = self._machine.playback.heard(number, now)
                turn.heard = heard if heard != " ".join(turn.said) else None
