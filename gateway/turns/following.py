"""Following tasks that go on alone, and telling what became of them.

The agent's word that something happened (a push notification) is only a reason to look;
what is told comes from the task itself. So a lost notification costs time, not the notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import structlog

from channels.base import Channel
from gateway.agent.base import Agent, Started
from gateway.bus.base import Bus
from gateway.errors import AgentError, AgentRefused, TaskUnknown
from gateway.seeing.tracing import Mark, span
from gateway.store import checks, turns
from gateway.store.base import Closing, Given, Turn, TurnStage
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.store.inbox import asked_by
from gateway.telemetry import AGENT_ERRORS, LEASES_CLAIMED, TURNS
from gateway.turns import question
from gateway.turns.answering import GIVE_UP_SECONDS
from gateway.turns.attachments import carried, received
from gateway.turns.heard import Heard, Verdict, judge
from gateway.turns.saying import saying
from prompts import sentence

log = structlog.get_logger()

AT_ONCE = 50
"""Tasks asked after at the same time."""

SWEEP_SECONDS = 1.0

LEAVING_SECONDS = 5.0
"""How long we try to hand over a look that we were stopped in."""

LOOK_SECONDS = 30.0
"""How long one look may take before somebody else may take it over."""


def next_look(stage: TurnStage, looks: int) -> float:
    """Seconds until a task is asked after again, for agents that do not notify."""
    longest = 30.0 if stage is TurnStage.DETACHED else 300.0
    return float(min(1.5 ** min(looks, 20), longest))


def begins_anew(turn: Turn, now: float) -> bool:
    """Whether a task that the agent forgot is asked for again: it still owes its answer."""
    return turn.stage is TurnStage.DETACHED and now - turn.started_at < GIVE_UP_SECONDS


def goes_on(*, owed: bool) -> TurnStage:
    """The stage of a task that goes on, by whether it still owes its answer."""
    return TurnStage.DETACHED if owed else TurnStage.BACKGROUND


@dataclass(slots=True)
class Following:
    """Asks after tasks that nobody waits for any more."""

    database: Database
    bus: Bus
    files: FileStore
    agent: Agent
    channels: Mapping[str, Channel]
    on_delivery: Callable[[], None]
    clock: Callable[[], float] = time.time
    _under_way: int = 0
    _wake: anyio.Event = field(default_factory=anyio.Event)

    @property
    def held(self) -> int:
        """Tasks that we are asking after now."""
        return self._under_way

    def look(self) -> None:
        """Something may have happened to a task."""
        self._wake.set()

    async def run(self) -> None:
        """Follow until cancelled."""
        async with anyio.create_task_group() as looks:
            while True:
                self._wake = anyio.Event()
                now = self.clock()
                due = await self.database.write(
                    checks.claim,
                    now=now,
                    again_at=now + LOOK_SECONDS,
                    limit=AT_ONCE - self._under_way,
                )
                LEASES_CLAIMED.labels("check").inc(len(due))
                for turn in due:
                    self._under_way += 1
                    looks.start_soon(self._follow, turn)
                with anyio.move_on_after(SWEEP_SECONDS):
                    await self._wake.wait()

    async def _follow(self, turn: Turn) -> None:
        with structlog.contextvars.bound_contextvars(
            conversation=turn.conversation,
            turn=turn.id,
            task=turn.task,
            trace=Mark.of_message(asked_by(turn.ask_id)).trace_id,
        ):
            try:
                with anyio.fail_after(LOOK_SECONDS):
                    await self._look_at(turn)
            except anyio.get_cancelled_exc_class():
                # We are told to stop: whoever comes next may look at once.
                with anyio.move_on_after(LEAVING_SECONDS, shield=True):
                    await self.database.write(checks.again, turn, at=self.clock())
                raise
            except (AgentError, TimeoutError) as error:
                AGENT_ERRORS.labels(type(error).__name__).inc()
                log.warning("task_not_followed", error=str(error), looks=turn.checks + 1)
                await self._again(turn)
            except Exception:
                # One task that cannot be told must not keep the others from being told.
                log.exception("following_failed")
                await self._again(turn)
            finally:
                self._under_way -= 1
                # There may be more due than were taken at once.
                self.look()

    async def _look_at(self, turn: Turn) -> None:
        locale = turn.sender.locale
        if turn.cancel:
            await self._cancel(turn)
            return
        heard = Heard(turn.given, task=turn.task)
        try:
            for event in (await self.agent.look(turn.task)).events:
                heard.receive(event)
        except (TaskUnknown, AgentRefused) as error:
            if isinstance(error, TaskUnknown) and begins_anew(turn, self.clock()):
                await self._ask_again(turn)
                return
            log.warning("task_lost", error=str(error))
            words = sentence("gateway", "lost_track", locale)
            await self._tell(turn, Verdict(words, (), (), TurnStage.FAILED), Given())
            return
        owed = turn.stage is TurnStage.DETACHED and not heard.complete
        if heard.ended or heard.new_notices or turn.stage is not goes_on(owed=owed):
            verdict = judge(heard, locale, goes_on=goes_on(owed=owed))
            await self._tell(turn, verdict, heard.now_given())
        else:
            await self._again(turn)

    async def _ask_again(self, turn: Turn) -> None:
        """Have the agent begin anew, under the same message id, and leave it to itself again."""
        log.warning("task_forgotten")
        files = await carried(question.files(turn), self.files)
        ask = question.ask(turn, question.text(turn), files)
        async with aclosing(self.agent.start(ask)) as events:
            async for event in events:
                if isinstance(event, Started):
                    await self.database.write(turns.note_task, turn.id, event.task)
                    break
        await self._again(turn)

    async def _cancel(self, turn: Turn) -> None:
        try:
            await self.agent.cancel(turn.task)
        except TaskUnknown:
            log.warning("task_lost")
        words = sentence("gateway", "stopped", turn.sender.locale)
        await self._tell(turn, Verdict(words, (), (), TurnStage.CANCELED), Given())

    async def _tell(self, turn: Turn, verdict: Verdict, given: Given) -> None:
        now = self.clock()
        unended = verdict.stage in (TurnStage.BACKGROUND, TurnStage.DETACHED)
        text, files = await received(verdict, turn, self.files, now)
        said = None
        if text or files:
            channel = self.channels.get(turn.route.channel)
            said = saying(
                channel, turn.route, text, files, verdict.choices, locale=turn.sender.locale
            )
        closing = Closing(
            verdict.stage,
            given if unended else Given(),
            verdict.asking_task,
            check_at=now + next_look(verdict.stage, 0) if unended else None,
        )
        first = Mark.of_message(asked_by(turn.ask_id))
        with span("task.tell", first, turn=turn.id, stage=str(verdict.stage)):
            entry = await self.database.write(checks.follow_up, turn, closing, said, now=now)
        if entry:
            self.bus.publish(turn.conversation, entry)
            self.on_delivery()
        TURNS.labels(turn.route.channel, str(verdict.stage)).inc()
        log.info("task_told", stage=str(verdict.stage))

    async def _again(self, turn: Turn) -> None:
        at = self.clock() + next_look(turn.stage, turn.checks)
        await self.database.write(checks.again, turn, at=at)
