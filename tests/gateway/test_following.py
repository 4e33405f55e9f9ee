"""Tasks that go on alone, several at a time."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from a2a.server.context import ServerCallContext
from a2a.types import GetTaskRequest, Task

from gateway.agent.scripted import ScriptedAgent
from tests.gateway.doubles import message, sender
from tests.gateway.rig import rig, until

pytestmark = pytest.mark.anyio


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
