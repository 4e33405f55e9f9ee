"""What becomes of a message: streams, questions, files, failures, cancellation."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from agents.base import CALLER_EXTENSION, CHOICES_MEDIA_TYPE, Document, Said
from tests.agents.doubles import Served
from tests.waiting import until

pytestmark = pytest.mark.anyio


def reply_of(task: dict[str, Any]) -> str:
    return "".join(
        part["text"]
        for artifact in task.get("artifacts", [])
        if artifact["name"] == "reply"
        for part in artifact["parts"]
    )


async def test_a_reply_streams_as_one_artifact_that_says_when_it_is_whole(agent: Served) -> None:
    params = {"message": agent.message("say:Hel;say:lo")}
    async with agent.stream("SendStreamingMessage", params) as events:
        heard = [event async for event in events]
    assert heard[0]["task"]["status"]["state"] == "TASK_STATE_SUBMITTED"
    pieces = [event["artifactUpdate"] for event in heard if "artifactUpdate" in event]
    assert {piece["artifact"]["artifactId"] for piece in pieces} == {"reply"}
    assert [piece["artifact"]["parts"][0]["text"] for piece in pieces] == ["Hel", "lo", ""]
    assert [piece.get("append", False) for piece in pieces] == [False, True, True]
    assert [piece.get("lastChunk", False) for piece in pieces] == [False, False, True]
    states = [e["statusUpdate"]["status"]["state"] for e in heard if "statusUpdate" in e]
    assert states == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"]


async def test_a_snapshot_holds_the_reply_in_one_part(agent: Served) -> None:
    task = await agent.send("count:200")
    (artifact,) = task["artifacts"]
    assert len(artifact["parts"]) == 1
    assert artifact["parts"][0]["text"].split() == [str(n) for n in range(200)]


async def test_progress_is_a_status_message_and_a_file_an_artifact_of_its_own(
    agent: Served,
) -> None:
    params = {"message": agent.message("do:Looking;file:list.txt;say:Here.")}
    async with agent.stream("SendStreamingMessage", params) as events:
        heard = [event async for event in events]
    told = [e["statusUpdate"]["status"].get("message") for e in heard if "statusUpdate" in e]
    assert [m["parts"][0]["text"] for m in told if m] == ["Looking"]
    file = next(
        e["artifactUpdate"]
        for e in heard
        if e.get("artifactUpdate", {}).get("artifact", {}).get("name") == "list.txt"
    )
    assert file["lastChunk"]
    (part,) = file["artifact"]["parts"]
    assert part["filename"] == "list.txt"
    assert part["mediaType"] == "text/plain"
    assert base64.b64decode(part["raw"]) == b"content of list.txt"


async def test_a_question_rests_the_task_and_its_answer_continues_it(agent: Served) -> None:
    asked = await agent.send("say:Well. ;ask:Sure?", contextId="c")
    assert asked["status"]["state"] == "TASK_STATE_INPUT_REQUIRED"
    text, choices = asked["status"]["message"]["parts"]
    assert text["text"] == "Sure?"
    assert choices["mediaType"] == CHOICES_MEDIA_TYPE
    assert choices["data"]["choices"] == [
        {"label": "Yes", "value": "y"},
        {"label": "No", "value": "n"},
    ]
    done = await agent.send("say:Done.", contextId="c", taskId=asked["id"])
    assert done["id"] == asked["id"]
    assert done["status"]["state"] == "TASK_STATE_COMPLETED"
    assert reply_of(done) == "Done.", "the reply answers the newest message only"
    ask = agent.brain.asks[-1]
    assert ask.continues
    assert [line.text for line in ask.history] == ["say:Well. ;ask:Sure?", "Well. ", "Sure?"]


async def test_an_answer_may_leave_out_the_context(agent: Served) -> None:
    asked = await agent.send("ask:Sure?")
    done = await agent.send("say:ok", taskId=asked["id"])
    assert done["contextId"] == asked["contextId"]


async def test_the_brain_hears_what_was_said_before_in_the_context(agent: Served) -> None:
    await agent.send("say:One.", contextId="c")
    await agent.send("say:Elsewhere.", contextId="other")
    await agent.send("fail:x", contextId="c")
    await agent.send("say:Two.", contextId="c")
    history = agent.brain.asks[-1].history
    assert history[:3] == (Said("user", "say:One."), Said("agent", "One."), Said("user", "fail:x"))
    assert history[3].role == "agent"
    assert "went wrong" in history[3].text
    assert len(history) == 4


async def test_the_brain_is_told_who_asks_and_what_was_sent(agent: Served) -> None:
    caller = {"person": "p", "channel": "telegram", "modality": "voice", "locale": "de-AT",
              "zone": "Europe/Vienna", "trust": "platform", "name": "Ada"}  # fmt: skip
    raw = base64.b64encode(b"\x00png").decode()
    parts = [
        {"text": "say:ok"},
        {"raw": raw, "filename": "a.png", "mediaType": "image/png"},
        {"url": "https://example.com/b.pdf", "mediaType": "application/pdf"},
    ]
    await agent.send("", parts=parts, metadata={CALLER_EXTENSION: caller})
    ask = agent.brain.asks[-1]
    assert ask.caller.person == "p"
    assert ask.caller.modality == "voice"
    assert ask.caller.zone == "Europe/Vienna"
    assert ask.text == "say:ok"
    assert ask.files == (
        Document("a.png", "image/png", b"\x00png"),
        Document("file", "application/pdf", url="https://example.com/b.pdf"),
    )


async def test_nonsense_under_the_caller_extension_is_not_believed(agent: Served) -> None:
    for nonsense in ("text", 5, {"person": 7, "modality": "smell", "locale": ""}):
        task = await agent.send("say:ok", metadata={CALLER_EXTENSION: nonsense})
        caller = agent.brain.asks[-1].caller
        assert caller.person == task["contextId"]
        assert (caller.modality, caller.locale, caller.zone) == ("text", "en", "UTC")


async def test_a_failure_is_told_in_plain_words_of_the_persons_language(agent: Served) -> None:
    french = {CALLER_EXTENSION: {"locale": "fr-CA"}}
    task = await agent.send("say:Je ;fail:the database password", metadata=french)
    assert task["status"]["state"] == "TASK_STATE_FAILED"
    told = task["status"]["message"]["parts"][0]["text"]
    assert told.startswith("Désolé")
    assert "password" not in str(task["status"])


async def test_a_brain_that_says_nothing_is_a_failure_too(agent: Served) -> None:
    task = await agent.send(";")
    assert task["status"]["state"] == "TASK_STATE_FAILED"
    assert "another way" in task["status"]["message"]["parts"][0]["text"]


async def test_cancelling_stops_the_brain_and_ends_the_stream(agent: Served) -> None:
    params = {"message": agent.message("say:begun;gate:never")}
    async with agent.stream("SendStreamingMessage", params) as events:
        id = (await anext(events))["task"]["id"]
        while "artifactUpdate" not in await anext(events):
            pass
        canceled = await agent.call("CancelTask", {"id": id})
        assert canceled["status"]["state"] == "TASK_STATE_CANCELED"
        rest = [event async for event in events]
    assert rest[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_CANCELED"
    assert agent.brain.canceled == [id]
    assert await agent.error("CancelTask", {"id": id}) == -32002


async def test_return_immediately_does_not_wait(agent: Served) -> None:
    task = await agent.send("gate:go;say:done", configuration={"returnImmediately": True})
    assert task["status"]["state"] in ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING")
    agent.brain.gates["go"].set()
    assert reply_of(await agent.wait_for(task["id"], "COMPLETED")) == "done"


async def test_subscribing_gives_the_snapshot_and_then_what_happens(agent: Served) -> None:
    task = await agent.send("say:a;gate:go;say:b", configuration={"returnImmediately": True})

    async def said() -> bool:
        return bool(reply_of(await agent.call("GetTask", {"id": task["id"]})))

    await until(said)
    async with (
        agent.stream("SubscribeToTask", {"id": task["id"]}) as one,
        agent.stream("SubscribeToTask", {"id": task["id"]}) as two,
    ):
        first, second = await anext(one), await anext(two)
        assert reply_of(first["task"]) == reply_of(second["task"]) == "a"
        agent.brain.gates["go"].set()
        rest = [event async for event in one]
        assert rest == [event async for event in two]
    assert rest[0]["artifactUpdate"]["artifact"]["parts"][0]["text"] == "b"
    assert rest[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


async def test_a_subscriber_stays_through_a_question_until_the_end(agent: Served) -> None:
    asked = await agent.send("say:a;ask:Sure?")
    async with agent.stream("SubscribeToTask", {"id": asked["id"]}) as events:
        assert (await anext(events))["task"] == asked
        await agent.send("say:b", taskId=asked["id"])
        rest = [event async for event in events]
    states = [e["statusUpdate"]["status"]["state"] for e in rest if "statusUpdate" in e]
    assert states == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"]
    first = rest[1]["artifactUpdate"]
    assert first["artifact"]["parts"] == [{"text": "b"}]
    assert "append" not in first, "it takes the place of the reply before"


async def test_a_listener_that_leaves_does_not_disturb_the_task(agent: Served) -> None:
    params = {"message": agent.message("say:a;gate:go;say:b")}
    async with agent.stream("SendStreamingMessage", params) as events:
        id = (await anext(events))["task"]["id"]
    agent.brain.gates["go"].set()
    assert reply_of(await agent.wait_for(id, "COMPLETED")) == "ab"


async def test_a_message_to_a_working_task_is_answered_after_the_one_before(
    agent: Served,
) -> None:
    now = {"returnImmediately": True}
    task = await agent.send("gate:go;say:first", configuration=now)
    await agent.send("say:second", taskId=task["id"], configuration=now)
    agent.brain.gates["go"].set()
    done = await agent.wait_for(task["id"], "COMPLETED")
    assert [ask.text for ask in agent.brain.asks] == ["gate:go;say:first", "say:second"]
    said = [m["parts"][0]["text"] for m in done["history"] if m["role"] == "ROLE_USER"]
    assert said == ["gate:go;say:first", "say:second"]
