"""The double itself: what tests and people rely on it for."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.loopback import serving
from gateway.agent.a2a import A2AAgent
from gateway.agent.base import AgentEvent, Ask, Caller, Ended, ReplyText, Started
from gateway.agent.scripted import ScriptedAgent, by_keyword
from gateway.agent.scripted.scripts import Improvise, parse

pytestmark = pytest.mark.anyio

Connecting = Callable[..., AbstractAsyncContextManager[A2AAgent]]


def ask(text: str, id: str = "m1") -> Ask:
    return Ask(id, "c1", text, Caller(person="p1", channel="web"))


async def last_reply(events: AsyncIterator[AgentEvent]) -> str:
    with anyio.fail_after(5):
        return [event.text async for event in events if isinstance(event, ReplyText)][-1]


async def test_a_message_is_its_own_script_or_said_back(connecting: Connecting) -> None:
    agent = ScriptedAgent()
    async with agent.serving() as url, connecting(url) as client:
        assert await last_reply(client.start(ask("say:A ;last:script", "m1"))) == "A script"
        assert await last_reply(client.start(ask("plain; words", "m2"))) == "You said: plain; words"


async def test_a_script_is_chosen_by_keyword(connecting: Connecting) -> None:
    agent = ScriptedAgent(by_keyword({"Weather": parse("last:Sunny.")}))
    async with agent.serving() as url, connecting(url) as client:
        assert await last_reply(client.start(ask("How is the weather?", "m1"))) == "Sunny."
        assert await last_reply(client.start(ask("Hm", "m2"))) == "You said: Hm"


async def test_a_person_at_the_keyboard_answers(connecting: Connecting) -> None:
    agent = ScriptedAgent((Improvise(),))
    async with agent.serving() as url, connecting(url) as client:
        agent.type("Just words")
        assert await last_reply(client.start(ask("Hm", "m1"))) == "Just words"
        agent.type("say:One ;last:script")
        assert await last_reply(client.start(ask("Hm", "m2"))) == "One script"


async def test_notifications_carry_the_token_and_every_status(connecting: Connecting) -> None:
    posted: list[tuple[str, str]] = []

    async def note(request: Request) -> Response:
        status = json.loads(await request.body())["statusUpdate"]["status"]["state"]
        posted.append((request.headers["x-a2a-notification-token"], status))
        return Response(status_code=204)

    hook = Starlette(routes=[Route("/n", note, methods=["POST"])])
    agent = ScriptedAgent("progress:Hm;last:Later.;gate:go;done")
    async with (
        serving(hook, 0, "127.0.0.1") as hook_url,
        agent.serving() as url,
        connecting(url, notification_url=f"{hook_url}/n", notification_token="t") as client,
    ):
        agent.open("go")
        await last_reply(client.start(ask("dig")))
        with anyio.fail_after(5):
            while len(posted) < 2:  # noqa: ASYNC110 - the hook is called by another program
                await anyio.sleep(0.002)
    assert posted == [("t", "TASK_STATE_WORKING"), ("t", "TASK_STATE_COMPLETED")]


async def test_stamped_tokens_tell_when_they_were_sent(connecting: Connecting) -> None:
    agent = ScriptedAgent("tokens:3@0")
    before = time.monotonic_ns()
    async with agent.serving() as url, connecting(url) as client:
        sent = [int(word) for word in (await last_reply(client.start(ask("go")))).split()]
    assert len(sent) == 3
    assert before < sent[0] <= sent[1] <= sent[2] < time.monotonic_ns()


async def test_the_stamp_is_in_the_event_too() -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "SendStreamingMessage",
        "params": {
            "message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "tokens:1@0"}]}
        },
    }
    async with ScriptedAgent().serving() as url, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{url}/a2a", json=call, headers={"A2A-Version": "1.0"})
    events = [
        json.loads(line.removeprefix("data: "))["result"]
        for line in answer.text.splitlines()
        if line.startswith("data: ")
    ]
    (update,) = [event["artifactUpdate"] for event in events if "artifactUpdate" in event]
    assert update["metadata"]["sent_ns"] == int(update["artifact"]["parts"][0]["text"])


async def test_a_restart_forgets_by_default(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Hi;done")
    started = []
    for _ in range(2):
        async with agent.serving() as url, connecting(url) as client:
            events = [event async for event in client.start(ask("hi"))]
            assert isinstance(events[-1], Ended)
            started += [event.task for event in events if isinstance(event, Started)]
    assert len(set(started)) == 2
