"""The tools as a model calls them, over real records."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agents.base import Caller, Produced, Promise, Question
from agents.records.base import Records
from agents.tools.job import Job
from agents.tools.registry import TOOLS, use
from tests.agents.brain.stage import NOW

pytestmark = pytest.mark.anyio

BY_NAME = {tool.name: tool for tool in TOOLS}


@pytest.fixture
def job(records: Records) -> Job:
    caller = Caller("ann", locale="en-GB", zone="Europe/Vienna")
    return Job(records, caller, "ctx", "turn", NOW)


async def _use(job: Job, tool: str, /, **arguments: object) -> str:
    told, _ = await use(BY_NAME[tool], job, arguments)
    return told


def test_every_tool_has_a_valid_name_and_a_schema() -> None:
    for tool in TOOLS:
        assert re.fullmatch(r"[a-z_]{1,64}", tool.name)
        assert tool.parameters["type"] == "object"
        assert set(tool.parameters["required"]) <= set(tool.parameters["properties"])


async def test_tasks_are_added_listed_changed_and_ended(job: Job) -> None:
    assert await _use(job, "list_tasks") == "nothing"
    told = await _use(job, "add_task", title="pay rent", due="Friday", detail="by card")
    assert told == "added 1: Pay rent [by card] (due Friday 27 November)"
    assert await _use(job, "change_task", task="1", due="2026-12-01T09:00") == (
        "changed: 1: Pay rent [by card] (due Tuesday 1 December at 9:00 am)"
    )
    await _use(job, "add_task", title="milk")
    assert await _use(job, "finish_task", task="rent") == "done: Pay rent"
    assert await _use(job, "cancel_task", task="2") == "taken off the list: Milk"
    assert await _use(job, "list_tasks", which="done") == "Pay rent"


async def test_a_reminder_rings_and_is_promised(job: Job) -> None:
    told = await _use(job, "set_reminder", text="call Bob", when="in 20 minutes")
    assert told == "set 1: Call Bob (rings today at 3:50 pm)"
    assert [type(one) for one in job.out] == [Promise]
    assert await _use(job, "list_tasks", which="reminders") == (
        "1: Call Bob (rings today at 3:50 pm)"
    )


@pytest.mark.parametrize("title", ["Report: Q3/2026", "../../etc/passwd", "", "Übersicht 📈"])
async def test_a_note_has_a_name_that_is_safe(job: Job, title: str) -> None:
    await _use(job, "write_note", text="Hello", title=title)
    [made] = job.out
    assert isinstance(made, Produced)
    assert re.fullmatch(r"[\w-]+\.md", made.document.name)
    assert made.artifact


async def test_a_plain_note_is_plain(job: Job) -> None:
    await _use(job, "write_note", text="Hello", title="Greeting", format="txt")
    [made] = job.out
    assert isinstance(made, Produced)
    assert (made.document.name, made.document.data) == ("Greeting.txt", b"Hello\n")


async def test_notes_are_listed_and_sent_again(job: Job) -> None:
    assert await _use(job, "list_notes") == "nothing"
    await _use(job, "write_note", text="Hello", title="Greeting")
    assert await _use(job, "list_notes") == "Greeting.md"
    assert await _use(job, "send_note", name="greeting") == "sent Greeting.md"
    assert await _use(job, "send_note", name="Greeting.md") == "sent Greeting.md"


async def test_the_list_is_sent_as_a_file(job: Job) -> None:
    assert "empty" in await _use(job, "send_list")
    await _use(job, "add_task", title="milk")
    assert await _use(job, "send_list") == "sent My-list-Monday-23-November-2026.md"


async def test_the_time_is_the_person_s(job: Job) -> None:
    assert await _use(job, "current_time") == "Monday 2026-11-23 15:30 Europe/Vienna"


async def test_a_question_is_asked_with_its_choices(job: Job) -> None:
    await _use(job, "ask_person", question="Which?", choices=["A", 2, ""])
    assert job.question == Question("Which?", (("A", "A"), ("2", "2")))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("add_task", {}),
        ("add_task", {"title": "x", "due": "blorp"}),
        ("set_reminder", {"text": "x", "when": "2020-01-01"}),
        ("set_reminder", {"text": "x"}),
        ("finish_task", {"task": "7"}),
        ("change_task", {"task": None}),
        ("write_note", {"text": ""}),
        ("send_note", {"name": "x"}),
        ("ask_person", {"choices": "A"}),
    ],
)
async def test_wrong_arguments_are_explained_and_change_nothing(
    job: Job, name: str, arguments: dict[str, object]
) -> None:
    told, done = await use(BY_NAME[name], job, arguments)
    assert not done
    assert len(told) > 20
    assert job.out == []
    assert await job.records.open_tasks("ann") == ()


async def test_several_fitting_tasks_are_named(job: Job) -> None:
    await _use(job, "add_task", title="renew the passport")
    await _use(job, "add_task", title="buy a passport cover")
    told = await _use(job, "cancel_task", task="passport")
    assert "1: Renew the passport; 2: Buy a passport cover" in told


async def test_a_model_knows_that_a_telephone_takes_no_files(job: Job) -> None:
    job = replace(job, caller=replace(job.caller, channel="phone"), out=[])
    assert await _use(job, "write_note", text="Four eggs.", title="Cake") == "kept as Cake.md"
    read = await _use(job, "send_note", name="cake")
    assert read.startswith("not sent")
    assert "Four eggs." in read
    await _use(job, "add_task", title="Buy milk")
    assert "Buy milk" in await _use(job, "send_list")
    assert job.out == []
