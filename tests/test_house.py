"""The whole product as `make run` starts it: no key, no server, the shipped agent inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from tests.kill.house import House, house
from tests.kill.people import Visitor
from tests.waiting import until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def visiting(door: House) -> AsyncIterator[Visitor]:
    visitor = Visitor(door.url)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(visitor.run)
        yield visitor
        tasks.cancel_scope.cancel()


async def hear(visitor: Visitor, count: int) -> list[str]:
    """The agent's lines, once there are so many."""
    await until(lambda: len(visitor.texts("agent")) >= count, seconds=20)
    return visitor.texts("agent")


async def test_a_list_a_reminder_and_a_note(tmp_path: Path) -> None:
    async with house(tmp_path, {"DEBOUNCE_SECONDS": "0.05"}) as door, visiting(door) as ann:
        await ann.say("add a task: renew the passport")
        assert "Renew the passport" in (await hear(ann, 1))[0]
        await ann.say("what's on my list")
        assert "Renew the passport" in (await hear(ann, 2))[1]
        await ann.say("remind me in 1 second to call the bank")
        heard = await hear(ann, 4)
        assert "all the bank" in heard[2]
        assert "Reminder" in heard[3]
        await ann.say("note: the code is on the fridge")
        await ann.say("write that down as a note and send it to me")
        await until(lambda: files(ann), seconds=20)
        async with httpx.AsyncClient(trust_env=False, base_url=door.url) as client:
            note = await client.get(files(ann)[-1])
            assert note.status_code == 200
            tasks = (await client.get("/v1/tasks", params={"kind": "todo"})).json()
            assert [task["title"] for task in tasks["items"]] == ["Renew the passport"]
            metrics = (await client.get("/metrics")).text
        assert 'frontdoor_messages_accepted_total{channel="web",result="stored"} 5.0' in metrics
        assert "renew the passport" not in door.log.lower()


def files(visitor: Visitor) -> list[str]:
    return [
        part["url"]
        for entry in visitor.log.values()
        for part in entry["parts"]
        if part["kind"] == "file"
    ]


async def test_stopping_is_quick_and_starting_again_goes_on(tmp_path: Path) -> None:
    async with house(tmp_path, {"DEBOUNCE_SECONDS": "0.05"}) as door, visiting(door) as ann:
        await ann.say("remind me in 2 seconds to stretch")
        await hear(ann, 1)
        assert door.stop() == 0
        door.start()
        await door.ready()
        assert "tretch" in (await hear(ann, 2))[1]
        await ann.say("what are my reminders")
        await hear(ann, 3)
        assert ann.reconnects == 1
        assert "Traceback" not in door.log


async def test_a_port_that_is_taken_is_named_with_the_remedy(tmp_path: Path) -> None:
    async with house(tmp_path) as door:
        second = House(tmp_path, port=door.port)
        second.start()
        assert second.wait() == 2
        assert "set PORT to another number" in door.log


async def test_a_wrong_setting_stops_the_start_in_plain_words(tmp_path: Path) -> None:
    door = House(tmp_path, {"TELEGRAM_BOT_TOKEN": "nonsense"})
    door.start()
    assert door.wait() == 2
    assert "TELEGRAM_BOT_TOKEN reads 123456:ABC" in door.log
    assert "Traceback" not in door.log
