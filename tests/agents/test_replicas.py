"""Several agents on one PostgreSQL: each task is played by one of them, and heard at all.

A gate holds an answer up at one replica; brains tell which of them was asked.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from agents.app import now
from agents.base import DRAFT_EXTENSION
from agents.records.base import Query, TaskState
from agents.records.engine import Database
from agents.records.store import SqlRecords
from tests.agents.doubles import Obedient, Served, TestClock, serve
from tests.waiting import until

pytestmark = pytest.mark.anyio

LEASE = 2.0
NOW = {"returnImmediately": True}


@dataclass
class Two:
    """Two replicas on one database, and the clock of both."""

    a: Served
    b: Served
    clock: TestClock
    url: str


@pytest.fixture
async def two(tmp_path: Path, postgres: str) -> AsyncIterator[Two]:
    clock = TestClock()
    async with AsyncExitStack() as stack:
        a, b = [
            await stack.enter_async_context(
                serve(tmp_path, database=postgres, lease=LEASE, clock=clock)
            )
            for _ in range(2)
        ]
        yield Two(a, b, clock, postgres)


def said(events: list[dict[str, Any]]) -> str:
    """What the reply is to somebody who heard these events."""
    text = ""
    for event in events:
        task = event.get("task", {})
        for artifact in task.get("artifacts", []):
            text = "".join(part["text"] for part in artifact["parts"])
        if update := event.get("artifactUpdate"):
            more = "".join(part.get("text", "") for part in update["artifact"]["parts"])
            text = text + more if update.get("append") else more
    return text


async def test_a_stream_at_another_replica_hears_the_whole_answer_once(two: Two) -> None:
    task = await two.a.send("say:one ;gate:x;say:two ;count:40", configuration=NOW)
    async with two.b.stream("SubscribeToTask", {"id": task["id"]}) as events:
        heard = [await anext(events)]
        await until(lambda: bool(two.a.brain.asks))
        two.a.brain.gates["x"].set()
        heard += [event async for event in events]
    assert said(heard) == "one two " + "".join(f"{n} " for n in range(40))
    assert heard[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert two.b.brain.asks == []


async def test_a_message_repeated_at_another_replica_gets_the_stream_of_its_task(two: Two) -> None:
    message = two.a.message("say:one ;gate:x;say:two", contextId="c")
    task = (await two.a.call("SendMessage", {"message": message, "configuration": NOW}))["task"]
    async with two.b.stream("SendStreamingMessage", {"message": message}) as events:
        heard = [await anext(events)]
        two.a.brain.gates["x"].set()
        heard += [event async for event in events]
    assert heard[0]["task"]["id"] == task["id"]
    assert said(heard) == "one two"
    assert two.b.brain.asks == []


async def test_a_message_sent_to_both_at_once_is_answered_once(two: Two) -> None:
    message = two.a.message("say:here", contextId="c")
    found: list[dict[str, Any]] = []

    async def send(agent: Served) -> None:
        found.append((await agent.call("SendMessage", {"message": message}))["task"])

    async with anyio.create_task_group() as group:
        group.start_soon(send, two.a)
        group.start_soon(send, two.b)
    assert found[0] == found[1]
    assert found[0]["artifacts"][0]["parts"] == [{"text": "here"}]
    assert len(two.a.brain.asks) + len(two.b.brain.asks) == 1


async def test_a_further_message_is_answered_by_the_replica_that_has_the_task(two: Two) -> None:
    task = await two.a.send("gate:x;say:first", contextId="c", configuration=NOW)
    message = two.b.message("say:second", taskId=task["id"], contextId="c")
    async with two.b.stream("SendStreamingMessage", {"message": message}) as events:
        heard = [await anext(events)]
        two.a.brain.gates["x"].set()
        heard += [event async for event in events]
    assert said(heard) == "second"
    assert [ask.text for ask in two.a.brain.asks] == ["gate:x;say:first", "say:second"]
    assert two.b.brain.asks == []
    ended = await two.b.call("GetTask", {"id": task["id"]})
    assert ended["status"]["state"] == "TASK_STATE_COMPLETED"
    lines = [m["parts"][0]["text"] for m in ended["history"]]
    assert lines == ["gate:x;say:first", "say:second"]


async def test_send_message_waits_for_the_answer_of_another_replica(two: Two) -> None:
    task = await two.a.send("gate:x;say:first", contextId="c", configuration=NOW)
    answers: list[dict[str, Any]] = []

    async def send() -> None:
        answers.append(await two.b.send("say:second", taskId=task["id"], contextId="c"))

    async with anyio.create_task_group() as group:
        group.start_soon(send)

        async def known() -> bool:
            return len((await two.b.call("GetTask", {"id": task["id"]}))["history"]) == 2

        await until(known)
        two.a.brain.gates["x"].set()
    assert answers[0]["artifacts"][0]["parts"] == [{"text": "second"}]


async def test_a_question_is_answered_at_whichever_replica(two: Two) -> None:
    asked = await two.a.send("say:Well.;ask:Sure?", contextId="c")
    done = await two.b.send("say:ok", contextId="c", taskId=asked["id"])
    assert done["status"]["state"] == "TASK_STATE_COMPLETED"
    assert [ask.continues for ask in two.b.brain.asks] == [True]


async def test_a_task_is_cancelled_at_whichever_replica(two: Two) -> None:
    task = await two.a.send("say:one ;gate:never", configuration=NOW)
    await until(lambda: bool(two.a.brain.gates))
    canceled = await two.b.call("CancelTask", {"id": task["id"]})
    assert canceled["status"]["state"] == "TASK_STATE_CANCELED"
    assert two.a.brain.canceled == [task["id"]]
    assert await two.b.error("CancelTask", {"id": task["id"]}) == -32002


async def test_a_reminder_is_told_once_and_heard_at_both(two: Two) -> None:
    task = await two.a.send("say:ok;remind:1,call")
    heard: dict[str, list[dict[str, Any]]] = {}

    async def follow(name: str, agent: Served) -> None:
        async with agent.stream("SubscribeToTask", {"id": task["id"]}) as events:
            heard[name] = [await anext(events)]
            heard[name] += [event async for event in events]

    async with anyio.create_task_group() as group:
        group.start_soon(follow, "a", two.a)
        group.start_soon(follow, "b", two.b)
        await until(lambda: len(heard) == 2)
        two.clock.pass_(seconds=2)
        # Wakes both schedulers, as their own time would.
        await two.a.send("record:3600,x")
        await two.b.send("record:3600,x")
    for events in heard.values():
        told = [e["statusUpdate"]["status"] for e in events if "statusUpdate" in e]
        assert [s["message"]["parts"][0]["text"] for s in told] == ["⏰ Reminder: call"]
        assert told[0]["state"] == "TASK_STATE_COMPLETED"


async def test_an_end_that_a_dead_replica_recorded_and_did_not_tell_is_told(two: Two) -> None:
    task = await two.a.send("say:ok;remind:60,call")
    database = Database(two.url)
    records = SqlRecords(database, two.clock)
    (record,) = (await records.tasks(Query(a2a_task=task["id"]))).items
    await records.end_task(record.id, TaskState.DONE, "call!")
    database.close()
    ended = await two.b.wait_for(task["id"], "COMPLETED")
    assert ended["status"]["message"]["parts"][0]["text"] == "call!"


async def test_a_draft_made_real_at_another_replica_is_answered_as_any_message(two: Two) -> None:
    message = two.a.message("act:book;say:done", contextId="c")
    draft = {**message, "metadata": {DRAFT_EXTENSION: True}}
    async with two.a.stream("SendStreamingMessage", {"message": draft}) as events:
        await anext(events)
        await until(lambda: bool(two.a.brain.asks))
        real = (await two.b.call("SendMessage", {"message": message}))["task"]
        assert real["artifacts"][0]["parts"] == [{"text": "done"}]
        assert two.b.brain.acts_done == ["book"]
        again = (await two.a.call("SendMessage", {"message": message}))["task"]
        assert again["id"] == real["id"]
        rest = [event async for event in events]
    assert rest[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_CANCELED"
    assert two.a.brain.acts_done == []
    listed = await two.b.call("ListTasks", {"contextId": "c"})
    assert [task["id"] for task in listed["tasks"]] == [real["id"]]


async def test_a_draft_to_a_question_is_taken_back_at_whichever_replica(two: Two) -> None:
    asked = await two.a.send("ask:Sure?", contextId="c")
    message = two.a.message("say:yes", contextId="c", taskId=asked["id"])
    draft = {**message, "metadata": {DRAFT_EXTENSION: True}}
    async with two.a.stream("SendStreamingMessage", {"message": draft}) as events:
        await anext(events)
        left = await two.b.call("CancelTask", {"id": asked["id"]})
        assert left["status"]["state"] == "TASK_STATE_INPUT_REQUIRED"
        canceled = await two.b.call("CancelTask", {"id": asked["id"]})
        assert canceled["status"]["state"] == "TASK_STATE_CANCELED"


async def test_a_replica_that_leaves_in_good_order_is_followed_at_once(
    tmp_path: Path, postgres: str
) -> None:
    async with serve(tmp_path, database=postgres) as stays:
        async with serve(tmp_path, database=postgres) as leaves:
            task = await leaves.send("gate:x;say:here", configuration=NOW)
            await until(lambda: bool(leaves.brain.asks))
        stays.brain.gates["x"].set()
        ended = await stays.wait_for(task["id"], "COMPLETED")
        assert ended["artifacts"][0]["parts"] == [{"text": "here"}]


async def test_a_replica_that_starts_leaves_the_tasks_of_the_living_alone(
    tmp_path: Path, postgres: str
) -> None:
    async with serve(tmp_path, database=postgres) as old:
        task = await old.send("say:one ;gate:x;say:two", configuration=NOW)
        await until(lambda: bool(old.brain.gates))
        async with serve(tmp_path, database=postgres) as new:
            old.brain.gates["x"].set()
            ended = await new.wait_for(task["id"], "COMPLETED")
            assert ended["artifacts"][0]["parts"] == [{"text": "one two"}]
            assert new.brain.asks == []


async def test_who_lost_its_lease_says_and_does_no_more(two: Two) -> None:
    task = await two.a.send("gate:x;say:from a", contextId="c", configuration=NOW)
    await until(lambda: bool(two.a.brain.asks))
    database = Database(two.url)
    stolen = "UPDATE agents_a2a_tasks SET owner = 'stopped', until = 0"
    await database.write(lambda c: c.exec_driver_sql(stolen))
    database.close()
    await until(lambda: len(two.a.brain.asks) + len(two.b.brain.asks) == 2)
    two.a.brain.gates["x"].set()
    two.b.brain.gates["x"].set()
    ended = await two.b.wait_for(task["id"], "COMPLETED")
    assert ended["artifacts"][0]["parts"] == [{"text": "from a"}]


_PROGRAM = textwrap.dedent("""
    import sys, uvicorn
    from tests.agents.doubles import Obedient
    from agents.app import AgentConfig, create_app
    config = AgentConfig(base_url="http://localhost", database_url=sys.argv[1], lease=2.0)
    def make(_, records, clock):
        brain = Obedient(); brain.records, brain.clock = records, clock
        return brain
    uvicorn.run(create_app(config, make), port=int(sys.argv[2]), log_level="critical")
""")


@contextmanager
def process(database: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A replica in a process of its own, which can be killed; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    replica = subprocess.Popen([sys.executable, "-c", _PROGRAM, database, str(port)])
    try:
        yield f"http://127.0.0.1:{port}", replica
    finally:
        replica.kill()
        replica.wait()


async def up(http: httpx.AsyncClient) -> None:
    with anyio.fail_after(30):
        while True:
            try:
                await http.get("/.well-known/agent-card.json")
            except httpx.TransportError:
                await anyio.sleep(0.05)
            else:
                return


async def test_what_a_killed_replica_was_doing_goes_on_at_the_other(
    tmp_path: Path, postgres: str
) -> None:
    clock = TestClock()
    with process(postgres) as (url, replica):
        async with (
            serve(tmp_path, database=postgres, lease=LEASE, clock=clock) as stays,
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
        ):
            await up(http)
            killed = Served(url, Obedient(), clock, http)
            silent = await killed.send("gate:x;say:here", configuration=NOW)
            half = await killed.send("say:half;gate:x", configuration=NOW)
            promised = await killed.send("say:ok;remind:2,call")
            await stays.wait_for(promised["id"], "WORKING")

            async def begun() -> bool:
                return "artifacts" in await stays.call("GetTask", {"id": half["id"]})

            await until(begun)
            async with stays.stream("SubscribeToTask", {"id": silent["id"]}) as events:
                heard = [await anext(events)]
                replica.send_signal(signal.SIGKILL)
                clock.now = now() + timedelta(seconds=3)
                await until(lambda: bool(stays.brain.asks))
                stays.brain.gates["x"].set()
                heard += [event async for event in events]
            assert said(heard) == "here"
            failed = await stays.wait_for(half["id"], "FAILED")
            assert failed["artifacts"][0]["parts"] == [{"text": "half"}]
            told = await stays.wait_for(promised["id"], "COMPLETED")
            assert told["status"]["message"]["parts"][0]["text"] == "⏰ Reminder: call"
            assert [ask.task for ask in stays.brain.asks] == [silent["id"]]
