"""Tasks that go on alone, several at a time."""

from __future__ import annotations

import time
from pathlib import Path

import anyio
import pytest
from a2a.server.context import ServerCallContext
from a2a.types import GetTaskRequest, Task

from gateway.agent.scripted import ScriptedAgent
from gateway.store import checks
from gateway.store.engine import Database
from prompts import sentence
from tests.gateway.doubles import message, sender
from tests.gateway.rig import rig
from tests.waiting import until

pytestmark = pytest.mark.anyio


def words(key: str) -> str:
    return sentence("gateway", key, "en")


class Deaf(ScriptedAgent):
    """Never says how the first task it is asked after stands."""

    ignored = ""

    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task:
        self.ignored = self.ignored or params.id
        if params.id == self.ignored:
            await anyio.sleep_forever()
        return await super().on_get_task(params, context)


async def test_a_task_that_nobody_answers_for_holds_up_no_other(tmp_path: Path) -> None:
    agent = Deaf("task;gate:later;done:Here it is.")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.05) as house:
        await house.accept(message("e1", who=sender("1")))
        await until(lambda: agent.ignored)
        await house.accept(message("e2", who=sender("2")))
        await house.channel.until_sent(2)
        agent.open("later")
        with anyio.fail_after(5):
            sent = await house.channel.until_sent(3)
        assert sent[2] == {"to": "2", "text": "Here it is."}


async def test_a_task_that_goes_on_alone_can_be_stopped(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;gate:never")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.05) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        await house.accept(message("e2", "", command="cancel"))
        await house.channel.until_sent(2)
        assert house.channel.texts == [words("detached"), words("stopped")]
    assert agent.calls.count("CancelTask") == 1


async def test_a_task_that_the_agent_forgot_is_asked_for_again(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;gate:later;done:Here it is.")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.05) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
    # It restarts with an empty memory, and is looked at by a house that restarted, too.
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await until(lambda: len(agent.received) == 2)
        agent.open("later")
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Here it is."]
    first, second = agent.received
    assert first.id == second.id


async def test_of_an_answer_that_is_begun_anew_only_the_rest_is_told(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;say:Once upon;gate:later;last: a time.")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.05) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == [f"Once upon\n\n{words('detached')}"]
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await until(lambda: len(agent.received) == 2)
        agent.open("later")
        await house.channel.until_sent(1)
        assert house.channel.texts == ["a time."]


async def test_a_forgotten_task_that_was_answered_is_told_as_lost(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;say:The first half;last: of it.;gate:never")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.05) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["The first half of it."]
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.channel.until_sent(1)
        assert house.channel.texts == [words("lost_track")]
    assert len(agent.received) == 1


async def test_a_look_cut_short_by_a_stop_is_taken_up_by_the_next(tmp_path: Path) -> None:
    agent = Deaf("task;gate:never")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.05) as house:
        await house.accept(message("e1"))
        await until(lambda: agent.ignored)
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    now = time.time()
    assert await database.write(checks.claim, now=now, again_at=now + 30, limit=9)
    database.close()
