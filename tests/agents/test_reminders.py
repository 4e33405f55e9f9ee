"""Reminders fire once, also after a restart, and end the task that promised them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from agents.base import CALLER_EXTENSION
from agents.folds import NOTICE_EXTENSION
from agents.records.base import NewTask, Query, Task, TaskKind, TaskState
from agents.records.engine import Database
from agents.records.schema import ensure
from agents.records.store import SqlRecords
from agents.scheduler import Scheduler, wording
from tests.agents.doubles import Served, TestClock, serve
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_the_reply_is_whole_and_the_task_goes_on_until_the_reminder_fires(
    agent: Served,
) -> None:
    params = {"message": agent.message("say:I will.;remind:0,call the bank")}
    async with agent.stream("SendStreamingMessage", params) as events:
        heard = [event async for event in events]
    last = next(n for n, e in enumerate(heard) if e.get("artifactUpdate", {}).get("lastChunk"))
    after = [e["statusUpdate"]["status"] for e in heard[last + 1 :]]
    assert [s["state"] for s in after] == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"]
    assert after[-1]["message"]["parts"][0]["text"] == "⏰ Reminder: call the bank"


async def test_send_message_does_not_wait_for_what_was_promised(agent: Served) -> None:
    task = await agent.send("say:I will.;remind:3600,call")
    assert task["status"]["state"] == "TASK_STATE_WORKING"
    assert task["artifacts"][0]["parts"] == [{"text": "I will."}]


async def test_a_reminder_due_while_nobody_was_there_fires_at_once_and_says_so(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    german = {CALLER_EXTENSION: {"locale": "de", "person": "p"}}
    async with serve(tmp_path, clock=clock) as agent:
        late = await agent.send("say:Gut.;remind:60,Bank anrufen", metadata=german)
        later = await agent.send("say:Gut.;remind:36000,später", metadata=german)
    clock.pass_(hours=2)
    async with serve(tmp_path, clock=clock) as agent:
        fired = await agent.wait_for(late["id"], "COMPLETED")
        told = fired["status"]["message"]["parts"][0]["text"]
        assert told == "⏰ Erinnerung, später als geplant (2026-03-02 10:01): Bank anrufen"
        waiting = await agent.call("GetTask", {"id": later["id"]})
        assert waiting["status"]["state"] == "TASK_STATE_WORKING"
        async with agent.stream("SubscribeToTask", {"id": later["id"]}) as events:
            assert (await anext(events))["task"]["id"] == later["id"], "it can be attached to"


async def test_an_end_that_was_recorded_but_not_told_is_told_after_the_restart(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    async with serve(tmp_path, clock=clock) as agent:
        task = await agent.send("say:ok;remind:60,call")
    database = Database(f"sqlite:///{tmp_path / 'agent.db'}")
    records = SqlRecords(database, clock)
    (record,) = (await records.tasks(Query(a2a_task=task["id"]))).items
    await records.end_task(record.id, TaskState.DONE, "call!")
    database.close()
    async with serve(tmp_path, clock=clock) as agent:
        ended = await agent.wait_for(task["id"], "COMPLETED")
        assert ended["status"]["message"]["parts"][0]["text"] == "call!"


async def test_cancelling_the_task_cancels_the_reminder(agent: Served) -> None:
    task = await agent.send("say:ok;remind:60,call")
    canceled = await agent.call("CancelTask", {"id": task["id"]})
    assert canceled["status"]["state"] == "TASK_STATE_CANCELED"
    assert agent.brain.records
    (record,) = (await agent.brain.records.tasks(Query(a2a_task=task["id"]))).items
    assert record.state is TaskState.CANCELED


async def test_cancelling_the_reminder_cancels_the_task(agent: Served) -> None:
    task = await agent.send("say:ok;remind:60,call")
    assert agent.brain.records
    (record,) = (await agent.brain.records.tasks(Query(a2a_task=task["id"]))).items
    await agent.brain.records.end_task(record.id, TaskState.CANCELED)
    ended = await agent.wait_for(task["id"], "CANCELED")
    assert "message" not in ended["status"]


async def test_of_several_promises_each_is_told_and_the_last_ends_the_task(
    agent: Served,
) -> None:
    params = {"message": agent.message("say:ok;remind:0,one;remind:60,two")}
    async with agent.stream("SendStreamingMessage", params) as events:
        statuses = []
        async for event in events:
            status = event.get("statusUpdate", {}).get("status", {})
            if "message" not in status:
                continue
            statuses.append(status)
            assert agent.brain.records
            for record in await agent.brain.records.open_tasks(event["statusUpdate"]["contextId"]):
                await agent.brain.records.end_task(record.id, TaskState.DONE, "two!")
    first, last = statuses
    assert first["state"] == "TASK_STATE_WORKING"
    assert first["message"]["metadata"] == {NOTICE_EXTENSION: True}
    assert last["state"] == "TASK_STATE_COMPLETED"
    assert last["message"]["parts"][0]["text"] == "two!"


class Waiting:
    """A scheduler's sleep that ends when it is woken or told that the time has passed."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.passed = anyio.Event()

    async def __call__(self, woken: anyio.Event, seconds: float) -> None:
        self.asked.append(seconds)
        async with anyio.create_task_group() as group:

            async def until(event: anyio.Event) -> None:
                await event.wait()
                group.cancel_scope.cancel()

            group.start_soon(until, woken)
            group.start_soon(until, self.passed)


async def test_the_scheduler_sleeps_until_the_next_due_time_and_is_woken_by_an_earlier_one(
    tmp_path: Path,
) -> None:
    clock, waiting = TestClock(), Waiting()
    database = Database(f"sqlite:///{tmp_path / 'agent.db'}")
    ensure(database.engine)
    records = SqlRecords(database, clock)
    scheduler = Scheduler(records, clock, waiting)
    records.watch(scheduler.changed)

    async def remind(seconds: float) -> Task:
        due = clock() + timedelta(seconds=seconds)
        return await records.create_task(
            NewTask("p", f"in {seconds}", kind=TaskKind.REMINDER, due_at=due)
        )

    async def asked(seconds: float) -> bool:
        return waiting.asked[-1:] == [seconds]

    async def fired(*tasks: Task) -> bool:
        return all([(await records.task(t.id)).state is TaskState.DONE for t in tasks])

    async with anyio.create_task_group() as group:
        group.start_soon(scheduler.run)
        later = await remind(20)
        await until(lambda: asked(20.0))

        sooner = await remind(5)
        await until(lambda: asked(5.0))
        clock.pass_(seconds=5)
        waiting.passed.set()
        waiting.passed = anyio.Event()
        await until(lambda: fired(sooner))
        assert not await fired(later)
        await until(lambda: asked(15.0))
        await records.end_task(later.id, TaskState.CANCELED)
        clock.pass_(seconds=20)
        overdue = await remind(-1)
        await until(lambda: fired(overdue))
        assert (await records.task(later.id)).state is TaskState.CANCELED
        group.cancel_scope.cancel()
    database.close()


def test_a_zone_nobody_knows_does_not_keep_a_late_reminder_back() -> None:
    due = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    task = Task(
        id="t", person="p", number=1, title="call", kind=TaskKind.REMINDER, state=TaskState.OPEN,
        detail="", project="", due_at=due, zone="Moon/Base", locale="en", context="", a2a_task="",
        outcome="", created_at=due, updated_at=due,
    )  # fmt: skip
    assert wording(task, due) == "⏰ Reminder: call"
    late = wording(task, due + timedelta(hours=1))
    assert late == "⏰ Reminder, later than planned (2026-03-02 09:00): call"


def test_a_year_that_a_zone_lacks_does_not_keep_a_late_reminder_back() -> None:
    due = datetime(1, 1, 1, tzinfo=UTC)
    task = Task(
        id="t", person="p", number=1, title="call", kind=TaskKind.REMINDER, state=TaskState.OPEN,
        detail="", project="", due_at=due, zone="America/New_York", locale="en", context="",
        a2a_task="", outcome="", created_at=due, updated_at=due,
    )  # fmt: skip
    assert wording(task, due + timedelta(hours=1)).endswith("01-01 00:00): call")
