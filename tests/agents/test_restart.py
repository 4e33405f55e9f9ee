"""What becomes of tasks whose process was killed. Nothing is saved at shutdown, so leaving
`serve` is as good as a kill; one test kills a process for real."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import anyio
import httpx
import pytest

from agents.folds import NOTICE_EXTENSION
from tests.agents.doubles import V1, Obedient, TestClock, serve
from tests.waiting import until

pytestmark = pytest.mark.anyio

NOW = {"returnImmediately": True}


async def test_a_task_of_which_nothing_was_said_is_run_again(tmp_path: Path) -> None:
    async with serve(tmp_path) as agent:
        task = await agent.send("gate:go;say:here", contextId="c", configuration=NOW)
        await until(lambda: bool(agent.brain.asks))
    async with serve(tmp_path) as agent:
        async with agent.stream("SubscribeToTask", {"id": task["id"]}) as events:
            assert (await anext(events))["task"]["id"] == task["id"]
            agent.brain.gates["go"].set()
            rest = [event async for event in events]
        assert rest[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
        assert [ask.text for ask in agent.brain.asks] == ["gate:go;say:here"]


@pytest.mark.parametrize("did", ["say:half", "do:Booking", "file:a.txt"])
async def test_a_task_of_which_something_was_said_or_done_ends_as_failed(
    tmp_path: Path, did: str
) -> None:
    async with serve(tmp_path) as agent:
        task = await agent.send(f"{did};gate:never", contextId="c", configuration=NOW)
        await until(lambda: bool(agent.brain.gates))
    async with serve(tmp_path) as agent:
        ended = await agent.wait_for(task["id"], "FAILED")
        assert "interrupted" in ended["status"]["message"]["parts"][0]["text"]
        assert ("artifacts" in ended) == did.startswith(("say", "file"))
        assert agent.brain.asks == []


@pytest.mark.parametrize("did", ["record:60,call", "remind:60,call", "say:ok;remind:60,call"])
async def test_a_reminder_that_was_set_is_kept_though_the_task_was_interrupted(
    tmp_path: Path, did: str
) -> None:
    clock = TestClock()
    async with serve(tmp_path, clock=clock) as agent:
        task = await agent.send(f"{did};gate:never", contextId="c", configuration=NOW)
        await until(lambda: bool(agent.brain.gates))
    async with serve(tmp_path, clock=clock) as agent:
        waiting = await agent.call("GetTask", {"id": task["id"]})
        assert waiting["status"]["state"] == "TASK_STATE_WORKING"
        assert "interrupted" in waiting["status"]["message"]["parts"][0]["text"]
        assert waiting["status"]["message"]["metadata"] == {NOTICE_EXTENSION: True}
        assert agent.brain.asks == []
    clock.pass_(seconds=61)
    async with serve(tmp_path, clock=clock) as agent:
        fired = await agent.wait_for(task["id"], "COMPLETED")
        assert fired["status"]["message"]["parts"][0]["text"] == "⏰ Reminder: call"


class AtOnce(Obedient):
    """As a concierge: what it does and what it says is one transaction."""

    at_once = True


@pytest.mark.parametrize("did", ["say:half", "do:Booking", "file:a.txt", "record:60,call"])
async def test_a_brain_that_answers_at_once_begins_anew_and_does_nothing_twice(
    tmp_path: Path, did: str
) -> None:
    async with serve(tmp_path, brain=AtOnce()) as agent:
        task = await agent.send(f"{did};gate:go;say:done", contextId="c", configuration=NOW)
        await until(lambda: bool(agent.brain.gates))
        assert (await agent.call("GetTask", {"id": task["id"]})).get("artifacts") is None
    async with serve(tmp_path, brain=AtOnce()) as agent:
        agent.brain.gates["go"].set()
        ended = await agent.wait_for(task["id"], "COMPLETED")
        reply = next(a for a in ended["artifacts"] if a["name"] == "reply")
        assert reply["parts"][0]["text"].endswith("done")
        records = (await agent.http.get("/v1/tasks")).json()["items"]
        assert len(records) == did.startswith("record")


async def test_an_answer_at_once_that_fails_undoes_what_it_did(tmp_path: Path) -> None:
    async with serve(tmp_path, brain=AtOnce()) as agent:
        task = await agent.send("record:60,call;fail:x", contextId="c")
        assert task["status"]["state"] == "TASK_STATE_FAILED"
        assert (await agent.http.get("/v1/tasks")).json()["items"] == []


async def test_a_reminder_that_was_set_is_kept_though_the_brain_failed_after_it(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    async with serve(tmp_path, clock=clock) as agent:
        task = await agent.send("remind:60,call;fail:x")
        assert task["status"]["state"] == "TASK_STATE_WORKING"
        assert task["status"]["message"]["metadata"] == {NOTICE_EXTENSION: True}
    clock.pass_(seconds=61)
    async with serve(tmp_path, clock=clock) as agent:
        await agent.wait_for(task["id"], "COMPLETED")


async def test_a_question_waits_through_a_restart(tmp_path: Path) -> None:
    async with serve(tmp_path) as agent:
        asked = await agent.send("ask:Sure?", contextId="c")
    async with serve(tmp_path) as agent:
        assert await agent.call("GetTask", {"id": asked["id"]}) == asked
        done = await agent.send("say:ok", contextId="c", taskId=asked["id"])
        assert done["status"]["state"] == "TASK_STATE_COMPLETED"
        assert agent.brain.asks[-1].continues


async def test_an_answer_cut_off_before_a_word_is_answered_after_the_restart(
    tmp_path: Path,
) -> None:
    async with serve(tmp_path) as agent:
        asked = await agent.send("say:Well.;ask:Sure?", contextId="c")
        await agent.send("gate:go;say:ok", taskId=asked["id"], configuration=NOW)
        await until(lambda: len(agent.brain.asks) == 2)
    async with serve(tmp_path) as agent:
        agent.brain.gates["go"].set()
        done = await agent.wait_for(asked["id"], "COMPLETED")
        assert done["artifacts"][0]["parts"] == [{"text": "ok"}]
        assert agent.brain.asks[0].continues


async def test_ended_tasks_are_as_they_were(tmp_path: Path) -> None:
    async with serve(tmp_path) as agent:
        tasks = [await agent.send(text) for text in ("say:x", "fail:x", "file:a.txt")]
    async with serve(tmp_path) as agent:
        for task in tasks:
            assert await agent.call("GetTask", {"id": task["id"]}) == task


async def test_a_killed_process_leaves_nothing_without_an_end(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import anyio, sys, uvicorn
        from pathlib import Path
        from tests.agents.doubles import Obedient
        from agents.app import AgentConfig, create_app
        config = AgentConfig(base_url="http://localhost",
                             database_url=f"sqlite:///{Path(sys.argv[1]) / 'agent.db'}")
        def make(_, records, clock):
            brain = Obedient(); brain.records, brain.clock = records, clock
            return brain
        uvicorn.run(create_app(config, make), port=int(sys.argv[2]), log_level="critical")
    """)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(port)])  # noqa: ASYNC220 - our own program
    ids = {}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=V1, trust_env=False
        ) as http:
            with anyio.fail_after(30):
                while True:
                    try:
                        await http.get("/.well-known/agent-card.json")
                        break
                    except httpx.TransportError:
                        await anyio.sleep(0.05)
            for n, text in enumerate(("gate:never", "say:half;gate:never", "say:whole")):
                part = {"text": text}
                message = {"messageId": f"m{n}", "role": "ROLE_USER", "parts": [part]}
                body = {"message": message, "configuration": NOW}
                answer = await http.post("/a2a/message:send", json=body)
                ids[text] = answer.json()["task"]["id"]
            with anyio.fail_after(5):
                while True:
                    half = (await http.get(f"/a2a/tasks/{ids['say:half;gate:never']}")).json()
                    whole = (await http.get(f"/a2a/tasks/{ids['say:whole']}")).json()
                    if "artifacts" in half and "COMPLETED" in whole["status"]["state"]:
                        break
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    async with serve(tmp_path) as agent:
        agent.brain.gates["never"].set()
        half = await agent.wait_for(ids["say:half;gate:never"], "FAILED")
        assert half["artifacts"][0]["parts"] == [{"text": "half"}]
        assert await agent.wait_for(ids["say:whole"], "COMPLETED")
        assert await agent.wait_for(ids["gate:never"], "FAILED"), "it is run again, and is silent"
        assert [ask.task for ask in agent.brain.asks] == [ids["gate:never"]]
