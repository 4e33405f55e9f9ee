"""The shipped brains behind the real A2A server: questions, promises and files survive the wire."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.app import AgentConfig, running
from agents.base import CALLER_EXTENSION
from agents.brain import BrainConfig
from channels.loopback import serving
from tests.agents.brain.chat_server import Call, Say, chat_server
from tests.agents.doubles import Obedient, Served, TestClock

pytestmark = pytest.mark.anyio

CALLER = {CALLER_EXTENSION: {"person": "ann", "locale": "en-GB", "zone": "Europe/Vienna"}}


@asynccontextmanager
async def _served(folder: Path, database: Path, brain: BrainConfig) -> AsyncIterator[Served]:
    path = folder / "agent.db"
    if not path.exists():
        shutil.copy(database, path)
    config = AgentConfig(base_url="http://localhost", database_url=f"sqlite:///{path}", brain=brain)
    clock = TestClock()
    async with (
        running(config, clock=clock) as app,
        serving(app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        yield Served(url, Obedient(), clock, http)


def _reply(task: dict[str, Any]) -> str:
    [reply] = [one for one in task["artifacts"] if one["name"] == "reply"]
    return "".join(part.get("text", "") for part in reply["parts"])


async def test_a_question_is_answered_after_a_restart(tmp_path: Path, empty_database: Path) -> None:
    async with _served(tmp_path, empty_database, BrainConfig()) as agent:
        await agent.send("add task renew the passport", contextId="c", metadata=CALLER)
        await agent.send("add task buy a passport cover", contextId="c", metadata=CALLER)
        task = await agent.send("done with passport", contextId="c", metadata=CALLER)
        assert task["status"]["state"] == "TASK_STATE_INPUT_REQUIRED"
    async with _served(tmp_path, empty_database, BrainConfig()) as agent:
        answered = await agent.send("the cover", contextId="c", taskId=task["id"], metadata=CALLER)
        assert answered["status"]["state"] == "TASK_STATE_COMPLETED"
        assert _reply(answered) == "Done: **Buy a passport cover**. ✅"


async def test_what_was_said_is_written_down_from_the_history(
    tmp_path: Path, empty_database: Path
) -> None:
    async with _served(tmp_path, empty_database, BrainConfig()) as agent:
        await agent.send("The wifi code is 1234", contextId="c", metadata=CALLER)
        task = await agent.send(
            "write that down as a note and send it to me", contextId="c", metadata=CALLER
        )
        [file] = [one for one in task["artifacts"] if one["name"] != "reply"]
        assert file["parts"][0]["filename"] == "The-wifi-code-is-1234.md"


async def test_a_reminder_keeps_its_task_working_until_it_rings(
    tmp_path: Path, empty_database: Path
) -> None:
    async with _served(tmp_path, empty_database, BrainConfig()) as agent:
        task = await agent.send(
            "remind me in 2 minutes to call the bank",
            contextId="c",
            metadata=CALLER,
            configuration={"returnImmediately": True},
        )
        working = await agent.wait_for(task["id"], "WORKING")
        assert working["status"]["state"] == "TASK_STATE_WORKING"


async def test_a_model_answers_over_the_wire(tmp_path: Path, empty_database: Path) -> None:
    async with chat_server() as groq:
        groq.plays(Call((("add_task", {"title": "milk"}),)), Say(("Milk is ", "on the list.")))
        brain = BrainConfig(groq_key="gsk", groq_url=groq.url)
        async with _served(tmp_path, empty_database, brain) as agent:
            task = await agent.send("milk please", contextId="c", metadata=CALLER)
            assert _reply(task) == "Milk is on the list."
            assert task["status"]["state"] == "TASK_STATE_COMPLETED"
