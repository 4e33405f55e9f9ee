"""Runs the brain over a message and tells the ledger what comes of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import cast

import structlog
from a2a.types import Message, Part, Task, TaskState

from agents.base import (
    Answer,
    Ask,
    Brain,
    Document,
    Produced,
    Progress,
    Promise,
    Question,
    Wish,
    Words,
)
from agents.folds import (
    Update,
    ask_of,
    caller_of,
    file_update,
    history_of,
    question_parts,
    reply_update,
    status_update,
    wish_update,
)
from agents.ledger import Ledger, Live, TaskOver
from agents.records.base import Clock
from agents.records.protocol import SqlTaskStore
from prompts import sentence

log = structlog.get_logger()

Final = Callable[[], Awaitable[None]]
"""Waits until a draft is one no longer."""

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

    async def run(
        self, task: str, message: Message, *, more: Callable[[], bool], final: Final | None = None
    ) -> bool:
        """Answer a message; true when the task now waits for what was promised.

        While `more` messages wait the task is kept open. The message is a draft if there is a
        `final`, which waits until it is one no longer; nothing is done and no end told before.
        """
        async with self._ledger.hold(task) as live:
            try:
                await self._answer(live, message, more, final)
            except TaskOver:
                log.info("turn_overtaken", task=task)
            except Exception:
                log.exception("turn_failed", task=task)
                if final is not None:
                    await final()
                await self._fail(self._telling(live), message, "failed")
            return live.task.status.state == TaskState.TASK_STATE_WORKING

    async def give_up(self, task: str, message: Message) -> None:
        """Say that a task was interrupted after something of it had been said or done."""
        async with self._ledger.hold(task) as live:
            await self._fail(self._telling(live), message, "interrupted")

    async def _answer(
        self, live: Live, message: Message, more: Callable[[], bool], final: Final | None
    ) -> None:
        earlier = await self._store.earlier(message.context_id, message.task_id, EARLIER_TASKS)
        history = history_of(earlier, live.task, message.message_id)
        continues = live.task.history[0].message_id != message.message_id
        ask = ask_of(message, history=history, continues=continues)
        if final is not None:
            ask = replace(ask, draft=True, final=final)
            if self._brain.at_once and self._brain.acts(ask):
                await final()
        if not self._brain.at_once or live.draft:
            await self._tell_answer(self._telling(live), ask, message, more)
            return
        events: list[Update] = []

        async def note(event: Update, *, unless: Callable[[], bool] = _never, **_: object) -> bool:
            if unless():
                return False
            events.append(event)
            return True

        async def answer() -> list[Update]:
            telling = _Telling(note, live.task, self._clock)
            await self._tell_answer(telling, ask, message, more)
            return events

        await self._ledger.tell_at_once(live, answer, message.message_id)

    async def _tell_answer(
        self, telling: _Telling, ask: Ask, message: Message, more: Callable[[], bool]
    ) -> None:
        await telling.start(again=ask.continues)
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
                        await telling.file(document, id)
                    case Wish():
                        await ask.final()
                        await telling.wish(answer)
                    case Promise(record=record):
                        await self._store.promise(ask.task, record)
                        telling.promised = True
                    case Question():
                        await telling.end_reply()
                        await ask.final()
                        await telling.status(
                            TaskState.TASK_STATE_INPUT_REQUIRED,
                            question_parts(answer),
                            answered=message.message_id,
                        )
                        return
        await telling.end_reply()
        await ask.final()
        if telling.silent and not telling.promised:
            await self._fail(telling, message, "empty")
        else:
            waits = telling.promised or (ask.continues and await self._store.promises(ask.task))
            await telling.end(message.message_id, open_if=lambda: bool(waits) or more())

    async def _fail(self, telling: _Telling, message: Message, key: str) -> None:
        """End a task in the words of `key`; one that promised something goes on, and is told."""
        words = sentence("agent", key, caller_of(message).locale)
        promised = bool(await self._store.promises(message.task_id))
        try:
            await telling.fail(words, message.message_id, goes_on=promised)
        except TaskOver:
            log.info("turn_overtaken", task=message.task_id)

    def _telling(self, live: Live) -> _Telling:
        return _Telling(partial(self._ledger.tell, live), live.task, self._clock)


def _never() -> bool:
    return False


class _Telling:
    """Turns what the brain says in answer to one message into events."""

    def __init__(self, tell: Callable[..., Awaitable[bool]], task: Task, clock: Clock) -> None:
        """`tell` is Ledger.tell or takes the same; of `task` only the ids are looked at."""
        self._tell = tell
        self._task = task
        self._clock = clock
        self._touched = False
        self._speaking = False
        self.promised = False

    @property
    def silent(self) -> bool:
        """Whether the person has been given nothing."""
        return not self._touched

    async def start(self, *, again: bool) -> None:
        event = status_update(self._task, TaskState.TASK_STATE_WORKING, self._clock())
        # Nothing was said yet to this message, whatever was to the ones before.
        await self._tell(event, touched=False if again else None)

    async def words(self, text: str) -> None:
        if text:
            first, self._speaking = not self._speaking, True
            await self._happen(reply_update(self._task, text, first=first, last=False))

    async def end_reply(self) -> None:
        if self._speaking:
            await self._happen(reply_update(self._task, "", first=False, last=True))

    async def file(self, document: Document, id: str) -> None:
        await self._happen(file_update(self._task, document, id))

    async def status(
        self, state: TaskState, parts: Sequence[Part] = (), *, answered: str = ""
    ) -> None:
        event = status_update(self._task, state, self._clock(), parts)
        await self._happen(event, answered=answered)

    async def wish(self, wish: Wish) -> None:
        await self._happen(wish_update(self._task, wish, self._clock()))

    async def end(self, answered: str, *, open_if: Callable[[], bool]) -> None:
        """Complete the task, or leave it working when it turns out that it must stay open."""
        states = TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_WORKING
        completed, working = (status_update(self._task, s, self._clock()) for s in states)
        if not await self._tell(completed, answered=answered, unless=open_if):
            await self._tell(working, answered=answered)

    async def fail(self, words: str, answered: str, *, goes_on: bool) -> None:
        state = TaskState.TASK_STATE_WORKING if goes_on else TaskState.TASK_STATE_FAILED
        event = status_update(self._task, state, self._clock(), [Part(text=words)], notice=goes_on)
        await self._tell(event, answered=answered)

    async def _happen(self, event: Update, *, answered: str = "") -> None:
        touched = None if self._touched else True
        self._touched = True
        await self._tell(event, answered=answered, touched=touched)
