"""A turn is asked once, whatever became of the attempts before."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from channels.events import Text
from gateway.agent.base import Agent, AgentEvent, Ask, Progress, Started
from gateway.errors import TaskUnknown
from gateway.turns import question
from gateway.turns.answering import answer
from tests.gateway.turns.test_question import stored, turn

pytestmark = pytest.mark.anyio

TURN = turn(stored(Text("hello")))


@dataclass
class Forgetful:
    """Knows these tasks, by the messages that began them."""

    tasks: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def find(self, context: str, message: str) -> str | None:
        return self.tasks.get(message)

    async def start(self, ask: Ask) -> AsyncGenerator[AgentEvent, None]:
        self.asked.append(ask.id)
        yield Started("new")

    async def resume(self, task: str) -> AsyncGenerator[AgentEvent, None]:
        if task not in self.tasks.values():
            raise TaskUnknown(task)
        yield Progress("still at it")


async def said(agent: Forgetful, *, task: str = "", attempts: int = 1) -> list[AgentEvent]:
    asked = replace(TURN, task=task, attempts=attempts)

    async def ask() -> Ask:
        return question.ask(asked, "hello", [])

    return [event async for event in answer(cast("Agent", agent), asked, ask)]


async def test_a_turn_that_is_new_is_asked() -> None:
    agent = Forgetful()
    assert await said(agent) == [Started("new")]
    assert agent.asked == [TURN.ask_id]


async def test_a_task_that_is_known_is_gone_on_with() -> None:
    agent = Forgetful({"other": "t1"})
    assert await said(agent, task="t1", attempts=2) == [Started("t1"), Progress("still at it")]
    assert agent.asked == []


async def test_a_task_that_was_begun_and_never_noted_is_found() -> None:
    agent = Forgetful({TURN.ask_id: "t1"})
    assert await said(agent, attempts=2) == [Started("t1"), Progress("still at it")]
    assert agent.asked == []


async def test_a_turn_of_which_the_agent_knows_nothing_is_asked_again() -> None:
    agent = Forgetful()
    assert await said(agent, attempts=2) == [Started("new")]
    assert (await said(agent, task="forgotten", attempts=2))[-1] == Started("new")
    assert agent.asked == [TURN.ask_id] * 2
