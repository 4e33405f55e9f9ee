"""Words that may yet change: `urn:frontdoor:draft:1` of docs/agents.md."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from agents.base import DRAFT_EXTENSION, Ask, Said
from tests.agents.doubles import Obedient, Served, serve
from tests.waiting import until

pytestmark = pytest.mark.anyio

MARK = {DRAFT_EXTENSION: True}


class Stream:
    """A stream that is read in the background."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.over = False

    @property
    def text(self) -> str:
        return "".join(
            part.get("text", "")
            for event in self.events
            for part in event.get("artifactUpdate", {}).get("artifact", {}).get("parts", ())
        )

    @property
    def task(self) -> str:
        return str(self.events[0]["task"]["id"])

    @property
    def states(self) -> list[str]:
        told = [event.get("statusUpdate") or event.get("task", {}) for event in self.events]
        return [one["status"]["state"].removeprefix("TASK_STATE_") for one in told if one]


@asynccontextmanager
async def streaming(agent: Served, message: dict[str, Any]) -> AsyncIterator[Stream]:
    heard = Stream()

    async def read() -> None:
        async with agent.stream("SendStreamingMessage", {"message": message}) as events:
            async for event in events:
                heard.events.append(event)
        heard.over = True

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await until(lambda: bool(heard.events))
        yield heard
        group.cancel_scope.cancel()


def draft(agent: Served, text: str, **more: Any) -> dict[str, Any]:
    return agent.message(text, **{"contextId": "c", "metadata": MARK, **more})


def real(message: dict[str, Any], text: str = "") -> dict[str, Any]:
    parts = [{"text": text}] if text else message["parts"]
    return {**message, "metadata": {}, "parts": parts}


async def test_the_card_knows_drafts(agent: Served) -> None:
    card = (await agent.http.get("/.well-known/agent-card.json")).json()
    assert DRAFT_EXTENSION in [one["uri"] for one in card["capabilities"]["extensions"]]


async def test_a_draft_is_talked_about_but_not_acted_upon(agent: Served) -> None:
    async with streaming(agent, draft(agent, "say:Sure.;act:buy;say: Done.")) as heard:
        await until(lambda: heard.text == "Sure.")
        assert agent.brain.acts_done == []
        assert not heard.over


async def test_the_same_words_without_the_mark_make_it_real(agent: Served) -> None:
    message = draft(agent, "say:Sure.;act:buy;say: Done.")
    async with streaming(agent, message) as heard:
        await until(lambda: heard.text == "Sure.")
        async with streaming(agent, real(message)) as rest:
            await until(lambda: rest.over and heard.over)
    assert rest.task == heard.task
    [so_far] = rest.events[0]["task"]["artifacts"][0]["parts"]
    assert so_far["text"].startswith("Sure.")
    assert so_far["text"] + rest.text == heard.text == "Sure. Done."
    assert heard.states[-1] == rest.states[-1] == "COMPLETED"
    assert agent.brain.acts_done == ["buy"]
    assert len(agent.brain.asks) == 1


async def test_a_draft_does_not_end_before_it_is_real(agent: Served) -> None:
    message = draft(agent, "say:It is noon.")
    async with streaming(agent, message) as heard:
        await until(lambda: any(e.get("artifactUpdate", {}).get("lastChunk") for e in heard.events))
        assert heard.states[-1] == "WORKING"
        await agent.call("SendMessage", {"message": real(message)})
        await until(lambda: heard.over)
        assert heard.states[-1] == "COMPLETED"


async def test_a_draft_asks_its_question_when_it_is_real(agent: Served) -> None:
    message = draft(agent, "ask:Sure?")
    async with streaming(agent, message) as heard:
        await until(lambda: len(heard.events) > 1)
        assert heard.states == ["SUBMITTED", "WORKING"]
        await agent.call("SendMessage", {"message": real(message)})
        await until(lambda: heard.over)
        assert heard.states[-1] == "INPUT_REQUIRED"


async def test_a_draft_that_fails_says_so_when_it_is_real(agent: Served) -> None:
    message = draft(agent, "say:Hm;fail:x")
    async with streaming(agent, message) as heard:
        await until(lambda: bool(agent.brain.canceled and "WORKING" in heard.states))
        assert heard.states[-1] == "WORKING"
        task = (await agent.call("SendMessage", {"message": real(message)}))["task"]
    assert task["status"]["state"] == "TASK_STATE_FAILED"


async def test_a_draft_that_is_cancelled_was_never_said(agent: Served) -> None:
    async with streaming(agent, draft(agent, "say:Secret;gate:never")) as heard:
        await until(lambda: heard.text == "Secret")
        canceled = await agent.call("CancelTask", {"id": heard.task})
        assert canceled["status"]["state"] == "TASK_STATE_CANCELED"
        await until(lambda: heard.over)
        assert heard.states[-1] == "CANCELED"
    assert agent.brain.canceled == [heard.task]
    await until(lambda: _unknown(agent, heard.task))
    await agent.send("say:later", contextId="c")
    assert agent.brain.asks[-1].history == ()
    assert (await agent.call("ListTasks", {"contextId": "c"}))["totalSize"] == 1


async def test_other_words_under_its_id_take_its_place(agent: Served) -> None:
    message = draft(agent, "say:one;act:one")
    async with streaming(agent, message) as heard:
        await until(lambda: heard.text == "one")
        answer = await agent.call("SendMessage", {"message": real(message, "say:two;act:two")})
        await until(lambda: heard.over)
    assert heard.states[-1] == "CANCELED"
    assert answer["task"]["id"] != heard.task
    assert answer["task"]["artifacts"][0]["parts"] == [{"text": "two"}]
    assert agent.brain.acts_done == ["two"]


async def test_a_newer_draft_under_its_id_takes_its_place(agent: Served) -> None:
    message = draft(agent, "say:one;act:one")
    newer = {**message, "parts": [{"text": "say:two;act:two"}]}
    async with streaming(agent, message) as heard, streaming(agent, newer) as second:
        await until(lambda: heard.over and second.text == "two")
        await agent.call("SendMessage", {"message": real(newer)})
        await until(lambda: second.over)
    assert agent.brain.acts_done == ["two"]


async def test_a_draft_sent_twice_is_one(agent: Served) -> None:
    message = draft(agent, "say:x")
    async with streaming(agent, message) as one, streaming(agent, message) as two:
        assert one.task == two.task
        await until(lambda: len(agent.brain.asks) > 0)
    assert len(agent.brain.asks) == 1


async def test_the_mark_comes_too_late_for_a_message_that_was_taken(agent: Served) -> None:
    message = draft(agent, "act:x")
    sent = await agent.call("SendMessage", {"message": real(message)})
    async with streaming(agent, message) as heard:
        await until(lambda: heard.over)
    assert heard.task == sent["task"]["id"]
    assert agent.brain.acts_done == ["x"]


async def test_a_draft_that_nobody_decides_over_is_dropped(tmp_path: Path) -> None:
    async with serve(tmp_path, draft_life=0.01) as agent:
        message = draft(agent, "say:x;act:x")
        async with streaming(agent, message) as heard:
            await until(lambda: heard.over)
        assert heard.states[-1] == "CANCELED"
        assert agent.brain.acts_done == []
        await agent.call("SendMessage", {"message": real(message)})
        assert agent.brain.acts_done == ["x"]


async def test_a_draft_is_gone_after_a_crash(tmp_path: Path) -> None:
    async with serve(tmp_path) as agent:
        message = draft(agent, "say:x;act:x")
        async with streaming(agent, message) as heard:
            await until(lambda: heard.text == "x")
    async with serve(tmp_path, brain=agent.brain) as again:
        assert await _unknown(again, heard.task)
        assert len(again.brain.asks) == 1
        await again.call(
            "SendMessage", {"message": {**real(message), "parts": [{"text": "act:y"}]}}
        )
        assert again.brain.acts_done == ["y"]


async def test_what_was_said_to_a_draft_survives_once_it_is_real(tmp_path: Path) -> None:
    async with serve(tmp_path) as agent:
        message = draft(agent, "say:Sure.;gate:never")
        async with streaming(agent, message) as heard:
            await until(lambda: heard.text == "Sure.")
            async with streaming(agent, real(message)):
                pass
    async with serve(tmp_path) as agent:
        ended = await agent.wait_for(heard.task, "FAILED")
        assert ended["artifacts"][0]["parts"] == [{"text": "Sure."}]


async def test_an_answer_that_may_change_leaves_the_question_alone(agent: Served) -> None:
    asked = await agent.send("ask:Sure?", contextId="c")
    message = draft(agent, "say:Ok.;act:x", taskId=asked["id"])
    async with streaming(agent, message) as heard:
        assert heard.states == ["INPUT_REQUIRED"]
        left = await agent.call("CancelTask", {"id": asked["id"]})
        assert left["status"]["state"] == "TASK_STATE_INPUT_REQUIRED"
        await until(lambda: heard.over)
    assert len(agent.brain.asks) == 1
    async with streaming(agent, message) as heard:
        await agent.call("SendMessage", {"message": real(message)})
        await until(lambda: heard.over)
        assert heard.states[-1] == "COMPLETED"
    assert agent.brain.acts_done == ["x"]
    assert agent.brain.asks[-1].continues


async def test_an_answer_with_other_words_counts(agent: Served) -> None:
    asked = await agent.send("ask:Sure?", contextId="c")
    message = draft(agent, "act:x", taskId=asked["id"])
    async with streaming(agent, message) as heard:
        await agent.call("SendMessage", {"message": real(message, "act:y")})
        await until(lambda: heard.over)
    assert agent.brain.acts_done == ["y"]


class AtOnce(Obedient):
    """As a concierge, which says before whether it acts."""

    at_once = True

    def acts(self, ask: Ask) -> bool:
        return "act" in ask.text


async def test_who_answers_at_once_waits_if_it_would_act_and_talks_if_not(tmp_path: Path) -> None:
    async with serve(tmp_path, brain=AtOnce()) as agent:
        looking, acting = draft(agent, "say:Noon."), draft(agent, "say:Ok.;act:x")
        async with streaming(agent, looking) as heard, streaming(agent, acting) as second:
            await until(lambda: heard.text == "Noon.")
            assert second.text == ""
            await agent.call("SendMessage", {"message": real(acting)})
            await agent.call("SendMessage", {"message": real(looking)})
            await until(lambda: heard.over and second.over)
        assert (heard.text, second.text) == ("Noon.", "Ok.")
        assert agent.brain.acts_done == ["x"]


async def test_the_message_for_good_is_what_is_remembered(agent: Served) -> None:
    message = draft(agent, "say:Sure.")
    async with streaming(agent, message) as heard:
        await agent.call("SendMessage", {"message": real(message)})
        await until(lambda: heard.over)
    task = await agent.call("GetTask", {"id": heard.task})
    assert not task["history"][0].get("metadata")
    await agent.send("say:x", contextId="c")
    assert agent.brain.asks[-1].history == (Said("user", "say:Sure."), Said("agent", "Sure."))


async def _unknown(agent: Served, task: str) -> bool:
    return "error" in await agent.rpc("GetTask", {"id": task})
