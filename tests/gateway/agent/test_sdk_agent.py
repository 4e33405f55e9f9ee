"""The client against an agent as people write them: the SDK's own request handler."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

import anyio
import pytest
from a2a.client.card_resolver import parse_agent_card
from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import Part
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.loopback import serving
from gateway.agent.a2a import A2AAgent
from gateway.agent.base import AgentEvent, Ask, Caller, End, Ended, ReplyText, Started
from gateway.agent.scripted.stage import Traits, card

pytestmark = pytest.mark.anyio

Connecting = Callable[..., AbstractAsyncContextManager[A2AAgent]]


class Executor(AgentExecutor):
    """Answers by the message's first word."""

    def __init__(self) -> None:
        self.go = anyio.Event()

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        task = context.current_task or new_task_from_user_message(context.message)
        if not context.current_task:
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        text = context.get_user_input()
        if text == "fail":
            raise RuntimeError("the executor broke over: fail")
        if text == "ask":
            await updater.add_artifact([Part(text="Well.")], artifact_id="a1", name="reply")
            question = updater.new_agent_message([Part(text="Which?")])
            await updater.requires_input(question)
            return
        await updater.add_artifact([Part(text="Got ")], artifact_id="a2", name="reply")
        if text == "wait":
            await self.go.wait()
        await updater.add_artifact(
            [Part(text=text)], artifact_id="a2", name="reply", append=True, last_chunk=True
        )
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id is not None
        assert context.context_id is not None
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


@asynccontextmanager
async def sdk_agent(executor: AgentExecutor) -> AsyncIterator[str]:
    traits = Traits(bindings=("JSONRPC",))
    handler = DefaultRequestHandler(
        agent_executor=executor,
        task_store=InMemoryTaskStore(),
        agent_card=parse_agent_card(card(traits, "http://unused/")),
    )

    async def show(request: Request) -> Response:
        return JSONResponse(card(traits, str(request.base_url)))

    routes = [Route("/.well-known/agent-card.json", show), *create_jsonrpc_routes(handler, "/a2a")]
    # Closed, or a task nobody answered would be ended by whichever thread collects it.
    async with aclosing(handler), serving(Starlette(routes=routes)) as url:
        yield url


def ask(text: str, id: str, task: str = "") -> Ask:
    return Ask(id, "c1", text, Caller(person="p1", channel="web"), task=task)


async def heard(events: AsyncIterator[AgentEvent]) -> list[AgentEvent]:
    with anyio.fail_after(10):
        return [event async for event in events]


async def test_a_turn_is_streamed(connecting: Connecting) -> None:
    async with sdk_agent(Executor()) as url, connecting(url) as client:
        events = await heard(client.start(ask("this", "m1")))
        assert events[-2:] == [ReplyText("Got this", complete=True), Ended(End.COMPLETED)]
        started = events[0]
        assert isinstance(started, Started)
        assert await client.find("c1", "m1") == started.task
        assert await heard(client.resume(started.task)) == [
            started,
            ReplyText("Got this"),
            ReplyText("Got this", complete=True),
            Ended(End.COMPLETED),
        ]


async def test_a_question_and_its_answer_are_one_task(connecting: Connecting) -> None:
    async with sdk_agent(Executor()) as url, connecting(url) as client:
        first = await heard(client.start(ask("ask", "m1")))
        assert first[-1] == Ended(End.INPUT_REQUIRED, "Which?")
        started = first[0]
        assert isinstance(started, Started)
        second = await heard(client.start(ask("red", "m2", started.task)))
        assert second[0] == started
        assert [e.text for e in second if isinstance(e, ReplyText)][-1] == "Got red"
        assert not [e for e in second if isinstance(e, ReplyText) and "Well" in e.text]
        assert second[-1] == Ended(End.COMPLETED)


async def test_an_executor_that_raises_ends_the_turn(connecting: Connecting) -> None:
    async with sdk_agent(Executor()) as url, connecting(url) as client:
        events = await heard(client.start(ask("fail", "m1")))
    assert events[-1] == Ended(End.FAILED)


async def test_a_task_is_joined_in_the_middle_and_cancelled(connecting: Connecting) -> None:
    executor = Executor()
    async with sdk_agent(executor) as url, connecting(url) as client, connecting(url) as other:
        joined: list[AgentEvent] = []

        async def join(task: str) -> None:
            joined.extend(await heard(other.resume(task)))

        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                async for event in client.start(ask("wait", "m1")):
                    if isinstance(event, Started):
                        started = event
                    if event == ReplyText("Got "):
                        tasks.start_soon(join, started.task)
                        await anyio.sleep(0.05)
                        await client.cancel(started.task)
        assert joined[0] == started
        assert ReplyText("Got ", complete=True) in joined
        assert joined[-1] == Ended(End.CANCELED)
