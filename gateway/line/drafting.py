"""Drafts: the agent starts on words that are not final, and is told so, or to forget them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.events import Call
from gateway.agent.base import Agent, Ask, Caller, ReplyText, Started
from gateway.call.events import Fact
from gateway.errors import AgentError
from gateway.line.reading import Reading
from gateway.store import inbox as inbox_store
from gateway.store import reading as reading_store
from gateway.store.engine import Database

log = structlog.get_logger()

UNSAY_SECONDS = 2.0
"""How long we try to take a draft back; the agent forgets it by itself."""


@dataclass(slots=True)
class _Draft:
    text: str
    event: str
    """Of the message that it becomes, if it becomes one."""
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    task: str = ""


@dataclass(slots=True)
class Drafts:
    """The drafts of one call."""

    database: Database
    agent: Agent
    call: Call
    conversation: str
    reading: Reading
    on_fact: Callable[[Fact], None]
    tasks: TaskGroup
    _open: dict[int, _Draft] = field(default_factory=dict)

    def start(self, turn: int, text: str, event: str, heard: str | None) -> None:
        """Have the agent start on a turn of the call that may yet change."""
        draft = self._open[turn] = _Draft(text, event)
        self.tasks.start_soon(self._run, turn, draft, heard)

    def make_real(self, turn: int, text: str) -> str:
        """The event under which to store the turn, so that its draft counts; empty without one."""
        draft = self._open.pop(turn, None)
        if draft is None or draft.text == text:
            return draft.event if draft else ""
        self._unsay(draft)
        return ""

    def drop(self, turn: int) -> None:
        """The draft never was."""
        self.reading.drop_draft(turn)
        if draft := self._open.pop(turn, None):
            self._unsay(draft)

    async def _run(self, turn: int, draft: _Draft, heard: str | None) -> None:
        with draft.scope:
            try:
                await self._begin(turn, draft, heard)
            except AgentError as error:
                log.info("draft_failed", error=str(error))
            except Exception:
                # Nobody was promised anything of a draft.
                log.exception("draft_failed")

    async def _begin(self, turn: int, draft: _Draft, heard: str | None) -> None:
        call = self.call
        place = await self.database.read(reading_store.place, self.conversation)
        if place.busy or place.asking_task:
            return
        ask = Ask(
            id=inbox_store.ask_id(inbox_store.message_id(call.route, draft.event)),
            context=place.context,
            text=draft.text,
            caller=Caller(
                place.person,
                call.route.channel,
                "voice",
                call.sender.locale,
                call.sender.zone,
                str(call.sender.trust),
                call.sender.name,
            ),
            draft=True,
            heard=heard,
        )
        await self._follow(turn, draft, ask)

    async def _follow(self, turn: int, draft: _Draft, ask: Ask) -> None:
        async with aclosing(self.agent.start(ask)) as events:
            async for event in events:
                match event:
                    case Started(task):
                        draft.task = task
                    case ReplyText(text, complete):
                        for fact in self.reading.draft(turn, text, complete=complete):
                            self.on_fact(fact)

    def _unsay(self, draft: _Draft) -> None:
        draft.scope.cancel()
        if draft.task:
            self.tasks.start_soon(self._cancel, draft.task)

    async def _cancel(self, task: str) -> None:
        try:
            with anyio.CancelScope(shield=True), anyio.move_on_after(UNSAY_SECONDS):
                await self.agent.cancel(task)
        except AgentError as error:
            log.info("draft_not_unsaid", error=str(error))
