"""One turn at the agent: ask, show the answer as it grows, and settle how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.base import PREVIEW_OPENING, Channel, Preview
from channels.events import Amended, Delta, File, Status, TurnState, Wish
from gateway.agent.base import Agent, AgentEvent, Ask, Progress, Started, Wished
from gateway.bus.base import Bus
from gateway.errors import AgentBroken, AgentError, AgentRefused, AgentUnreachable
from gateway.seeing.tracing import span
from gateway.store import turns
from gateway.store.base import Closing, Given, LeaseLost, Saying, Turn, TurnStage
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.telemetry import AGENT_ERRORS, FIRST_TEXT_SECONDS, TURN_SECONDS, TURNS, TURNS_OPEN
from gateway.turns import question
from gateway.turns.answering import GIVE_UP_SECONDS, answer
from gateway.turns.attachments import carried, fetched, received
from gateway.turns.heard import Heard, Verdict, detached, judge
from gateway.turns.hold import Hold
from gateway.turns.notes import Notes
from gateway.turns.saying import saying
from gateway.turns.voicing import Voicing
from prompts import sentence

log = structlog.get_logger()

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
"""Between attempts at an agent that is out of reach: doubling from the first to the longest."""

TAKE_SECONDS = 120.0
"""How long an agent may take to say that it took the message. One that answers with a bare
message says so only with its answer, and to ask it sooner would have it work twice."""

LINGER_SECONDS = 0.2
"""How long after a whole reply its task may still come to rest in the same turn."""

BROKEN_ATTEMPTS = 6
"""As often an agent may answer nonsense to the same message; what comes after it waits so long."""


@dataclass(slots=True)
class TurnPlayer:
    """Plays turns. One player serves all conversations of a worker."""

    worker: str
    database: Database
    bus: Bus
    files: FileStore
    agent: Agent
    channels: Mapping[str, Channel]
    detach_seconds: float
    on_delivery: Callable[[], None]
    on_detached: Callable[[], None]
    notes: Notes | None = None
    """Listens to recordings; None when there is no recogniser."""
    voicing: Voicing | None = None
    """Speaks answers to those who want to hear them; None when there is no voice."""
    voice_detach_seconds: float = 30.0
    """As `detach_seconds`, for turns that were spoken: there the line fills the silence."""
    clock: Callable[[], float] = time.time

    async def play(self, turn: Turn, hold: Hold) -> float | None:
        """Play an open turn to its end, or until its next attempt, whose time is returned.

        Raises LeaseLost.
        """
        hold.canceled = turn.cancel
        with TURNS_OPEN.track_inprogress():
            return await _Play(self, turn, hold).run()


@dataclass(slots=True)
class _Play:
    """One attempt at one turn."""

    player: TurnPlayer
    turn: Turn
    hold: Hold
    heard: Heard = field(init=False)
    preview: Preview | None = None
    preview_ref: str = ""
    excuse: str = ""
    """Why not all recordings were heard, for the person."""

    def __post_init__(self) -> None:
        self.heard = Heard(self.turn.given, task=self.turn.task)
        self.preview_ref = self.turn.preview_ref

    @property
    def locale(self) -> str:
        return self.turn.sender.locale

    @property
    def spoken(self) -> bool:
        return question.modality(self.turn) == "voice"

    @property
    def quote(self) -> str:
        """What was heard in recordings, to be shown with the first that is said."""
        return "" if self.turn.told else question.transcript(self.turn)

    @property
    def preface(self) -> str:
        """Why recordings were not heard, to be said with the first that is said."""
        return "" if self.turn.told else self.excuse

    @property
    def patience(self) -> float:
        """Seconds without a word after which the task goes on alone."""
        player = self.player
        return player.voice_detach_seconds if self.spoken else player.detach_seconds

    async def run(self) -> float | None:
        turn, player = self.turn, self.player
        log.info("turn_started", attempt=turn.attempts, messages=[m.id for m in turn.messages])
        if turn.attempts > 1:
            # Whoever watched an earlier attempt must not see its text twice.
            self._show(TurnState.RETRYING, named=True)
        self._show(TurnState.WORKING, named=True)
        channel = player.channels.get(turn.route.channel)
        if channel:
            self.preview = channel.preview(
                turn.route, turn.number, self._remember, self.preview_ref
            )
        try:
            await self._attempt()
        except AgentError as error:
            AGENT_ERRORS.labels(type(error).__name__).inc()
            return await self._after(error)
        else:
            return None
        finally:
            if self.preview:
                with anyio.CancelScope(shield=True):
                    await self.preview.close()

    async def _attempt(self) -> None:
        channel = self.player.channels.get(self.turn.route.channel)
        self._go_on_with(
            await fetched(
                self.turn, channel, self.player.files, self.player.database, self.player.clock()
            )
        )
        await self._listen_to_recordings()
        if question.only_recordings(self.turn) and not self.hold.canceled:
            words = "" if self.excuse else sentence("gateway", "voice_not_yet", self.locale)
            await self._close(Verdict(words, (), (), TurnStage.DONE))
            return
        with anyio.CancelScope() as scope:
            self.hold.begin(scope)
            scope.deadline = anyio.current_time() + TAKE_SECONDS
            try:
                await self._listen(scope)
            finally:
                self.hold.end()
        if self.heard.speaks_last:
            await self._close(judge(self.heard, self.locale))
        elif self.hold.canceled:
            await self._cancel()
        elif not self.heard.task:
            raise AgentUnreachable("it took the message and then said nothing at all")
        else:
            # On a line, the one that fills the silence says it.
            told = self.turn.told or self.spoken
            await self._close(detached(self.heard, self.locale, told=told))

    async def _listen_to_recordings(self) -> None:
        """Put what was said in recordings into the turn, and keep what went wrong with that."""
        if not self.player.notes:
            return
        if self.preview:
            self.preview.working()
        with anyio.CancelScope() as scope:
            self.hold.begin(scope)
            try:
                listened = await self.player.notes.listened(self.turn)
            finally:
                self.hold.end()
            self._go_on_with(listened.turn)
            self.excuse = listened.excuse(self.locale)
            if self.preview and self.quote:
                self.preview.quote(self.quote, self.locale)

    def _go_on_with(self, turn: Turn) -> None:
        """The same turn, completed; whoever reads along sees what was added."""
        for before, now in zip(self.turn.messages, turn.messages, strict=True):
            if now.parts != before.parts:
                self.player.bus.publish(turn.conversation, Amended(now.id, now.parts))
        self.turn = turn

    async def _listen(self, scope: anyio.CancelScope) -> None:
        """Hear the agent until the person's wait is over; each word of it earns more time."""
        if self.preview:
            self.preview.working()
        failure: AgentError | None = None
        async with anyio.create_task_group() as beside:
            waiting = anyio.CancelScope()
            beside.start_soon(self._reassure, waiting)
            try:
                with span("agent.ask", kind="client"):
                    await self._hear(scope, beside)
            except AgentError as error:
                # Carried out of the group bare: a group would wrap it.
                failure = error
            finally:
                waiting.cancel()
        if failure:
            raise failure

    async def _hear(self, scope: anyio.CancelScope, beside: TaskGroup) -> None:
        asked_at = anyio.current_time()
        async with aclosing(answer(self.player.agent, self.turn, self._ask)) as events:
            async for event in events:
                if isinstance(event, Started):
                    scope.deadline = anyio.current_time() + self.patience
                    if event.task != self.turn.task:
                        # Beside the stream: its first words are not to wait for the disk.
                        beside.start_soon(self._note_task, event.task)
                self._pass_on(event)
                first = not self.heard.text
                if more := self.heard.receive(event):
                    now = anyio.current_time()
                    if first:
                        FIRST_TEXT_SECONDS.observe(now - asked_at)
                    scope.deadline = now + self.patience
                    self.player.bus.publish(self.turn.conversation, Delta(self.turn.number, more))
                    if self.preview:
                        self.preview.show(self.heard.text)
                if self.heard.complete:
                    # Most tasks end with their reply; the others are not waited for.
                    scope.deadline = anyio.current_time() + LINGER_SECONDS
                if self.heard.ended:
                    return

    def _pass_on(self, event: AgentEvent) -> None:
        match event:
            case Progress(text):
                self._show(TurnState.WORKING, text)
            case Wished(action, to, summary) if self.spoken:
                wish = Wish(self.turn.number, action, to, summary)
                self.player.bus.publish(self.turn.conversation, wish)
            case _:
                pass

    async def _reassure(self, waiting: anyio.CancelScope) -> None:
        """Tell the person that they were heard, when the agent has not even named a task."""
        with waiting:
            await anyio.sleep(self.patience)
            if self.heard.task or self.turn.told or self.spoken:
                return
            with anyio.CancelScope(shield=True):
                await self._tell(sentence("gateway", "detached", self.locale))

    async def _tell(self, words: str) -> None:
        player, turn, said = self.player, self.turn, self._saying(words)
        try:
            entry = await player.database.write(
                turns.tell, player.worker, turn, said, now=player.clock()
            )
        except LeaseLost:
            self.hold.lose()
            return
        self.turn = replace(self.turn, told=True)
        player.bus.publish(turn.conversation, entry)
        player.on_delivery()

    async def _note_task(self, task: str) -> None:
        await self.player.database.write(turns.note_task, self.turn.id, task)
        log.info("task_started", task=task)

    async def _ask(self) -> Ask:
        turn = self.turn
        attachments = await carried(question.files(turn), self.player.files)
        voicing = self.player.voicing
        text = voicing.question(turn) if voicing else question.text(turn)
        return question.ask(turn, text, attachments)

    # -- ends ----------------------------------------------------------------------------

    async def _after(self, error: AgentError) -> float | None:
        """What an agent that did not answer means for the person."""
        player, turn = self.player, self.turn
        now = player.clock()
        log.warning(
            "agent_failed",
            error=str(error),
            kind=type(error).__name__,
            attempt=turn.attempts,
            retryable=error.retryable,
        )
        hopeless = isinstance(error, AgentBroken) and turn.attempts >= BROKEN_ATTEMPTS
        if hopeless or not error.retryable or now - turn.started_at > GIVE_UP_SECONDS:
            key = "refused" if isinstance(error, AgentRefused) else "gave_up"
            words = sentence("gateway", key, self.locale)
            await self._close(Verdict(words, (), (), TurnStage.FAILED))
            return None
        wait = min(FIRST_WAIT_SECONDS * 2 ** min(turn.attempts - 1, 10), LONGEST_WAIT_SECONDS)
        until: float = now + wait
        said = None
        if not turn.told:
            said = self._saying(sentence("gateway", "unreachable", self.locale))
        entry = await player.database.write(
            turns.postpone, player.worker, turn, until=until, entry=said, now=now
        )
        if entry:
            player.bus.publish(turn.conversation, entry)
            player.on_delivery()
        self._show(TurnState.RETRYING, named=True)
        return until

    async def _cancel(self) -> None:
        """Stop the agent's work, and keep what it had said until then."""
        task = self.heard.task
        try:
            if not task:
                task = await self.player.agent.find(self.turn.context, self.turn.ask_id) or ""
            if task:
                await self.player.agent.cancel(task)
        except AgentError as error:
            log.warning("cancel_not_heard", task=task, error=str(error))
        stopped = sentence("gateway", "stopped", self.locale)
        text = f"{self.heard.news}\n\n{stopped}".strip()
        await self._close(Verdict(text, (), (), TurnStage.CANCELED))

    async def _close(self, verdict: Verdict) -> None:
        player, turn = self.player, self.turn
        if self.preview:
            await self.preview.close()
        given = self.heard.now_given()
        goes_on = verdict.stage in (TurnStage.DETACHED, TurnStage.BACKGROUND)
        now = player.clock()
        closing = Closing(
            verdict.stage,
            given if goes_on else Given(),
            verdict.asking_task,
            check_at=now if goes_on else None,
        )
        entry = await player.database.write(
            turns.close, player.worker, turn, closing, await self._told(verdict), now=now
        )
        if entry:
            player.bus.publish(turn.conversation, entry)
        player.on_delivery()
        if goes_on:
            player.on_detached()
        self._show(
            {TurnStage.FAILED: TurnState.FAILED, TurnStage.CANCELED: TurnState.CANCELED}.get(
                verdict.stage, TurnState.DONE
            )
        )
        TURNS.labels(turn.route.channel, str(verdict.stage)).inc()
        TURN_SECONDS.labels(turn.route.channel).observe(now - turn.started_at)
        reply = entry.id if entry else ""
        log.info("turn_ended", stage=str(verdict.stage), task=self.heard.task, reply=reply)

    async def _told(self, verdict: Verdict) -> Saying | None:
        player, turn = self.player, self.turn
        text, files = await received(verdict, turn, player.files, player.clock())
        answered = verdict.stage in (TurnStage.DONE, TurnStage.BACKGROUND)
        if answered and player.voicing:
            files += await player.voicing.spoken(text, turn, now=player.clock())
        return self._saying(text, files, verdict) if text or files or self.preface else None

    def _saying(
        self, text: str, files: tuple[File, ...] = (), verdict: Verdict | None = None
    ) -> Saying:
        return saying(
            self.player.channels.get(self.turn.route.channel),
            self.turn.route,
            f"{self.preface}\n\n{text}".strip(),
            files,
            verdict.choices if verdict else (),
            locale=self.locale,
            quote=self.quote,
            preview_ref=self.preview_ref if verdict else "",
        )

    # -- what watchers see ----------------------------------------------------------------

    def _show(self, state: TurnState, text: str = "", *, named: bool = False) -> None:
        turn = self.turn
        answered = tuple(message.id for message in turn.messages) if named else ()
        self.player.bus.publish(turn.conversation, Status(turn.number, state, text, answered))

    async def _remember(self, ref: str) -> None:
        # Until it is written down that one opens, nothing is sent.
        self.preview_ref = "" if ref == PREVIEW_OPENING else ref
        await self.player.database.write(turns.note_preview, self.turn, ref)
        self.preview_ref = ref
