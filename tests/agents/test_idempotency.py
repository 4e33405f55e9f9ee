"""The same message twice is one task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.agents.doubles import Served, serve
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_message_sent_twice_starts_one_task(agent: Served) -> None:
    message = agent.message("say:x", contextId="c")
    first = await agent.call("SendMessage", {"message": message})
    assert await agent.call("SendMessage", {"message": message}) == first
    assert len(agent.brain.asks) == 1


async def test_the_same_words_under_another_id_are_another_task(agent: Served) -> None:
    one, two = await agent.send("say:x", contextId="c"), await agent.send("say:x", contextId="c")
    assert one["id"] != two["id"]


async def test_the_same_id_in_another_context_is_another_task(agent: Served) -> None:
    message = agent.message("say:x")
    one = await agent.call("SendMessage", {"message": {**message, "contextId": "a"}})
    two = await agent.call("SendMessage", {"message": {**message, "contextId": "b"}})
    assert one["task"]["id"] != two["task"]["id"]


async def test_sent_many_times_at_once_it_starts_one_task(agent: Served) -> None:
    message = agent.message("gate:go;say:x", contextId="c")
    ids: set[str] = set()

    async def send() -> None:
        answer = await agent.call("SendMessage", {"message": message})
        ids.add(answer["task"]["id"])

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(send)
        await until(lambda: bool(agent.brain.asks))
        agent.brain.gates["go"].set()
    assert len(ids) == len(agent.brain.asks) == 1


async def test_a_resent_stream_gets_the_snapshot_and_then_what_happens(agent: Served) -> None:
    params = {"message": agent.message("say:a;gate:go;say:b", contextId="c")}
    async with agent.stream("SendStreamingMessage", params) as events:
        id = (await anext(events))["task"]["id"]
        while "artifactUpdate" not in await anext(events):
            pass
    async with agent.stream("SendStreamingMessage", params) as events:
        snapshot = (await anext(events))["task"]
        assert snapshot["id"] == id
        assert snapshot["artifacts"][0]["parts"] == [{"text": "a"}]
        agent.brain.gates["go"].set()
        rest = [event async for event in events]
    assert rest[0]["artifactUpdate"]["artifact"]["parts"] == [{"text": "b"}]
    assert rest[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    async with agent.stream("SendStreamingMessage", params) as events:
        (ended,) = [event async for event in events]
    assert ended["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert len(agent.brain.asks) == 1


async def test_an_answer_sent_twice_is_taken_once(agent: Served) -> None:
    asked = await agent.send("ask:Sure?", contextId="c")
    answer = agent.message("say:x", contextId="c", taskId=asked["id"])
    first = await agent.call("SendMessage", {"message": answer})
    assert await agent.call("SendMessage", {"message": answer}) == first
    assert len(agent.brain.asks) == 2


async def test_a_restart_does_not_forget_what_was_taken(tmp_path: Path) -> None:
    message: dict[str, Any] = {}
    async with serve(tmp_path) as agent:
        message = agent.message("say:x", contextId="c")
        first = await agent.call("SendMessage", {"message": message})
    async with serve(tmp_path) as agent:
        assert await agent.call("SendMessage", {"message": message}) == first
        assert agent.brain.asks == []
