"""Runs the brain over a message and tells the ledger what comes of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import cast

import structlog
from a2a.types import Message, Part, TaskState

from agents.base import Answer, Brain, Produced, Progress, Promise, Question, Words
from agents.folds import (
    Update,
    ask_of,
    caller_of,
    file_update,
    history_of,
    question_parts,
    reply_update,
    status_update,
)
from agents.ledger import Ledger, Live, TaskOver
from agents.records.base import Clock
from agents.records.protocol import SqlTaskStore
from prompts import sentence

log = structlog.get_logger()

EARLIER_TASKS = 20
"""How many earlier tasks of a context the history is drawn from."""


class Executor:
    """Answers one message of a task at a time."""

    def __init__(
        self,
        brain: Brain,
        ledger: Ledger,
        store: SqlTaskStore,
        clock: Clock,
    ) -> None:
        self._brain = brain
        self._ledger = ledger
        self._store = store
        self._clock = clock

    async def run(self, task: str, message: Message, *, more: Callable[[], bool]) -> bool:
        """Answer a message; true when the task now waits for what was promised.

        While `more` messages wait the task is kept open.
        """
        async with self._ledger.hold(task) as live:
            try:
                await self._answer(live, message, more)
            except TaskOver:
                log.info("turn_overtaken", task=task)
            except Exception:
                log.exception("turn_failed", task=task)
                await self._fail(live, message, "failed")
            return live.task.status.state == TaskState.TASK_STATE_WORKING

    async def give_up(self, task: str, message: Message) -> None:
        """Say that a task was interrupted after something of it had been said or done."""
        async with self._ledger.hold(task) as live:
            await self._fail(live, message, "interrupted")

    async def _answer(self, live: Live, message: Message, more: Callable[[], bool]) -> None:
        telling = _Telling(self._ledger, live, self._clock)
        earlier = await self._store.earlier(message.context_id, message.task_id, EARLIER_TASKS)
        history = history_of(earlier, live.task, message.message_id)
        continues = live.task.history[0].message_id != message.message_id
        await telling.start(again=continues)
        ask = ask_of(message, history=history, continues=continues)
        # Every brain is written as a generator; closing it ends its work at once.
        answered = cast("AsyncGenerator[Answer, None]", self._brain.answer(ask))
        async with aclosing(answered) as answers:
            async for answer in answers:
                match answer:
                    case Words(text=text):
                        await telling.words(text)
                    case Progress(text=text):
                        await telling.status(TaskState.TASK_STATE_WORKING, [Part(text=text)])
                    case Produced(document=document, artifact=id):
                        await telling.happen(file_update(live.task, document, id))
                    case Promise(record=record):
                        await self._store.promise(live.task.id, record)
                        telling.promised = True
                    case Question():
                        await telling.end_reply()
                        await telling.status(
                            TaskState.TASK_STATE_INPUT_REQUIRED,
                            question_parts(answer),
                            answered=message.message_id,
                        )
                        return
        await telling.end_reply()
        if telling.silent and not telling.promised:
            await self._fail(live, message, "empty")
        else:
            waits = telling.promised or (continues and await self._store.promises(live.task.id))
            await telling.end(message.message_id, open_if=lambda: bool(waits) or more())

    async def _fail(self, live: Live, message: Message, key: str) -> None:
        """End a task in the words of `key`; one that promised something goes on, and is told."""
        words = sentence("agent", key, caller_of(message).locale)
        promised = bool(await self._store.promises(live.task.id))
        state = TaskState.TASK_STATE_WORKING if promised else TaskState.TASK_STATE_FAILED
        event = status_update(live.task, state, self._clock(), [Part(text=words)], notice=promised)
        try:
            await self._ledger.tell(live, event, answered=message.message_id)
        except TaskOver:
            log.info("turn_overtaken", task=live.task.id)


class _Telling:
    """Turns what the brain says in answer to one message into events."""

    def __init__(self, ledger: Ledger, live: Live, clock: Clock) -> None:
        self._ledger = ledger
        self._live = live
        self._clock = clock
        self._touched = False
        self._speaking = False
        self.promised = False

    @property
    def silent(self) -> bool:
        """Whether the person has been given nothing."""
        return not self._touched

    async def start(self, *, again: bool) -> None:
        event = status_update(self._live.task, TaskState.TASK_STATE_WORKING, self._clock())
        # Nothing was said yet to this message, whatever was to the ones before.
        await self._ledger.tell(self._live, event, touched=False if again else None)

    async def words(self, text: str) -> None:
        if text:
            first, self._speaking = not self._speaking, True
            await self.happen(reply_update(self._live.task, text, first=first, last=False))

    async def end_reply(self) -> None:
        if self._speaking:
            await self.happen(reply_update(self._live.task, "", first=False, last=True))

    async def status(
        self, state: TaskState, parts: Sequence[Part] = (), *, answered: str = ""
    ) -> None:
        event = status_update(self._live.task, state, self._clock(), parts)
        await self.happen(event, answered=answered)

    async def end(self, answered: str, *, open_if: Callable[[], bool]) -> None:
        """Complete the task, or leave it working when it turns out that it must stay open."""
        states = TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_WORKING
        completed, working = (status_update(self._live.task, s, self._clock()) for s in states)
        if not await self._ledger.tell(self._live, completed, answered=answered, unless=open_if):
            await self._ledger.tell(self._live, working, answered=answered)

    async def happen(self, event: Update, *, answered: str = "") -> None:
        touched = None if self._touched else True
        self._touched = True
        await self._ledger.tell(self._live, event, answered=answered, touched=touched)
