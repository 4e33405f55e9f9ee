"""Drafts: the agent starts on words that are not final, and is told so, or to forget them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from sqlalchemy import update

from channels.events import Transcript
from gateway.agent.base import About, Agent, AgentEvent, Ask, ReplyText, Standing, Started
from gateway.call.events import AgentText, Fact
from gateway.errors import AgentUnreachable, TaskUnknown
from gateway.line.drafting import Drafts, _Draft
from gateway.line.reading import Reading
from gateway.store import inbox, migrate
from gateway.store.engine import Database
from gateway.store.tables import conversations
from tests.gateway.doubles import message
from tests.gateway.lines import a_call
from tests.waiting import until

pytestmark = pytest.mark.anyio


@dataclass
class Drafter(Agent):
    """Takes every message, and says more of its reply whenever it is told to."""

    asks: list[Ask] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Tasks whose stream was closed."""
    failure: Exception | None = None
    _said: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _more: anyio.Event = field(default_factory=anyio.Event)

    def say(self, task: str, text: str) -> None:
        self._said[task].append(text)
        self._more.set()
        self._more = anyio.Event()

    async def start(self, ask: Ask) -> AsyncGenerator[AgentEvent, None]:
        self.asks.append(ask)
        if self.failure:
            raise self.failure
        task, at = f"task{len(self.asks)}", 0
        try:
            yield Started(task)
            while True:
                while at < len(self._said[task]):
                    at += 1
                    yield ReplyText(self._said[task][at - 1])
                await self._more.wait()
        finally:
            self.left.append(task)

    async def resume(self, task: str) -> AsyncGenerator[AgentEvent, None]:
        raise TaskUnknown(task)
        yield Started(task)  # type: ignore[unreachable]  # makes this an async generator

    async def find(self, context: str, id: str) -> str | None:
        return None

    async def look(self, task: str) -> Standing:
        raise TaskUnknown(task)

    async def cancel(self, task: str) -> None:
        self.cancelled.append(task)
        if self.failure:
            raise self.failure

    async def about(self) -> About:
        return About("drafter", "1", streaming=True, notifications=False, drafts=True)


@dataclass
class Desk:
    """The drafts of a call, and what came of them."""

    drafts: Drafts
    agent: Drafter
    reading: Reading
    database: Database
    conversation: str
    facts: list[Fact]

    @property
    def texts(self) -> list[str]:
        return [fact.text for fact in self.facts if isinstance(fact, AgentText)]

    async def started(self, count: int = 1) -> None:
        await until(lambda: len(self.agent.asks) == count)
        await until(lambda: [d for d in self.drafts._open.values() if d.task] or self.agent.failure)


@asynccontextmanager
async def desk(folder: Path, agent: Drafter | None = None) -> AsyncIterator[Desk]:
    database = Database(f"sqlite:///{folder / 'test.db'}")
    migrate.upgrade(database.engine)
    call, agent, facts = a_call(), agent or Drafter(), list[Fact]()
    conversation = await database.write(inbox.open_direct, call.sender, now=1.0)
    reading = Reading("en", on_unwanted=lambda: None)
    try:
        async with anyio.create_task_group() as tasks:
            drafts = Drafts(database, agent, call, conversation, reading, facts.append, tasks)
            yield Desk(drafts, agent, reading, database, conversation, facts)
            tasks.cancel_scope.cancel()
    finally:
        database.close()


async def test_the_agent_is_asked_as_the_turn_will_be_and_told_that_it_is_a_draft(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as it:
        it.drafts.start(1, "how many", "CA1:x:1", "I have put")
        await it.started()
    [ask] = it.agent.asks
    assert ask.draft
    assert (ask.text, ask.heard) == ("how many", "I have put")
    assert (ask.caller.channel, ask.caller.modality) == ("phone", "voice")
    assert ask.caller.person
    stored = inbox.message_id(it.drafts.call.route, "CA1:x:1")
    assert ask.id == inbox.ask_id(stored)


async def test_what_the_agent_says_already_is_passed_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drafts.start(1, "how many", "e1", None)
        await it.started()
        it.agent.say("task1", "There are two things. The")
        await until(lambda: it.texts)
        assert it.texts == ["There are two things."]


async def test_the_same_words_make_the_draft_real(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drafts.start(1, "how many", "e1", None)
        await it.started()
        assert it.drafts.make_real(1, "how many") == "e1"
        it.agent.say("task1", "There are two things. The")
        await until(lambda: it.texts)
        assert it.agent.cancelled == it.agent.left == []


async def test_other_words_take_it_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drafts.start(1, "how many", "e1", None)
        await it.started()
        assert it.drafts.make_real(1, "how many of them") == ""
        await until(lambda: it.agent.cancelled == ["task1"])
        assert it.agent.left == ["task1"]


async def test_a_turn_without_a_draft_has_nothing_to_make_real(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        assert it.drafts.make_real(1, "how many") == ""


async def test_a_draft_that_is_dropped_is_taken_back_and_never_heard(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drafts.start(1, "how many", "e1", None)
        await it.started()
        it.drafts.drop(1)
        it.agent.say("task1", "There are two things. The")
        await until(lambda: it.agent.cancelled == ["task1"])
        assert it.texts == []
        assert it.drafts.make_real(1, "how many") == ""


async def test_a_draft_that_no_task_was_named_for_is_only_let_go_of(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drafts.start(1, "how many", "e1", None)
        it.drafts.drop(1)
        await anyio.lowlevel.checkpoint()
        assert it.agent.cancelled == []
        it.drafts.start(2, "how many", "e2", None)
        await it.started()
        assert [ask.text for ask in it.agent.asks] == ["how many"]


async def test_a_conversation_in_which_something_waits_is_not_drafted_in(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        waiting = message("typed", who=it.drafts.call.sender, parts=(Transcript("hello"),))
        await it.database.write(inbox.accept, waiting, now=1.0, due_at=2.0)
        with anyio.fail_after(5):
            await it.drafts._run(1, _opened(it, "e1"), None)
        assert it.agent.asks == []
        # It is asked all the same, under the event that was meant for it.
        assert it.drafts.make_real(1, "how many") == "e1"


async def test_a_question_of_the_agents_is_answered_by_the_turn_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        asking = update(conversations).values(asking_task="task9")
        await it.database.write(lambda connection: connection.execute(asking))
        with anyio.fail_after(5):
            await it.drafts._run(1, _opened(it, "e1"), None)
        assert it.agent.asks == []


@pytest.mark.parametrize("failure", [AgentUnreachable("down"), RuntimeError("a bug")])
async def test_a_draft_that_fails_costs_nothing(tmp_path: Path, failure: Exception) -> None:
    async with desk(tmp_path, Drafter(failure=failure)) as it:
        with anyio.fail_after(5):
            await it.drafts._run(1, _opened(it, "e1"), None)
        assert it.agent.asks
        assert it.drafts.make_real(1, "how many") == "e1"


async def test_an_agent_that_cannot_be_told_to_forget_is_left_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drafts.start(1, "how many", "e1", None)
        await it.started()
        it.agent.failure = AgentUnreachable("down")
        it.drafts.drop(1)
        await until(lambda: it.agent.cancelled == ["task1"])
        it.agent.failure = None
        it.drafts.start(2, "and now", "e2", None)
        await it.started(2)


def _opened(it: Desk, event: str) -> _Draft:
    """A draft that the test runs itself."""
    draft = it.drafts._open[1] = _Draft("how many", event)
    return draft
