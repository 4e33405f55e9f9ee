"""A connection is used for one turn after the other, however a stream is left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from channels.loopback import serving
from gateway.agent.a2a import A2AAgent
from gateway.agent.base import AgentEvent, Ask, Caller, Ended, ReplyText
from gateway.agent.scripted import ScriptedAgent

pytestmark = pytest.mark.anyio

Connecting = Callable[..., AbstractAsyncContextManager[A2AAgent]]


async def test_turns_that_ended_share_a_connection(connecting: Connecting) -> None:
    agent, ports = ScriptedAgent("say:Hel;last:lo;done"), set[int]()

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            ports.add(scope["client"][1])
        await agent.app(scope, receive, send)

    async with serving(watched, 0, "127.0.0.1") as url, connecting(url) as client:
        for n in range(20):
            ask = Ask(f"m{n}", "c", "hi", Caller("p", "web"))
            async with aclosing(client.start(ask)) as events:
                async for event in events:
                    if isinstance(event, Ended):
                        break
    assert len(ports) == 1


@pytest.mark.parametrize("parting", [ReplyText, Ended])
async def test_a_stream_that_does_not_end_is_left_all_the_same(
    connecting: Connecting, parting: type[AgentEvent]
) -> None:
    """Of the second kind are servers that keep it open after the task's rest."""
    agent = ScriptedAgent("say:Hello;gate:go;done")

    async def tarrying(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message.get("more_body") is False and scope["path"] == "/a2a":
                await anyio.sleep_forever()
            await send(message)

        await agent.app(scope, receive, sent)

    if parting is Ended:
        agent.open("go")
    ask = Ask("m", "c", "hi", Caller("p", "web"))
    async with serving(tarrying, 0, "127.0.0.1") as url, connecting(url) as client:
        with anyio.fail_after(5):
            async with aclosing(client.start(ask)) as events:
                async for event in events:
                    if isinstance(event, parting):
                        break
        agent.app.hang_up()
