"""Agents as other people write and run them, behind the whole gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
from a2a.client.card_resolver import parse_agent_card
from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryPushNotificationConfigStore, InMemoryTaskStore, TaskUpdater
from a2a.types import Message, Part, Role
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.loopback import serving
from gateway.agent.scripted import ScriptedAgent
from gateway.agent.scripted.stage import Traits, card
from gateway.turns import turn
from prompts import sentence
from tests.gateway.doubles import message
from tests.gateway.rig import rig
from tests.waiting import until

pytestmark = pytest.mark.anyio

words = partial(sentence, "gateway")


class Stranger(AgentExecutor):
    """Does what the text says; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = anyio.Event()

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        self.asked.append(context.message.message_id)
        text = context.get_user_input()
        if text.startswith("message"):
            if "later" in text:
                await self.go.wait()
            answer = Message(message_id="a1", role=Role.ROLE_AGENT, parts=[Part(text="Bare.")])
            answer.context_id = context.context_id or ""
            await event_queue.enqueue_event(answer)
            return
        task = context.current_task or new_task_from_user_message(context.message)
        if not context.current_task:
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        if text == "ask":
            await updater.requires_input(updater.new_agent_message([Part(text="Which?")]))
            return
        if text == "wait":
            await self.go.wait()
        await updater.add_artifact([Part(text=f"Got {text}")], artifact_id="x", name="answer")
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id is not None
        assert context.context_id is not None
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


class Barred:
    """Keeps requests from an application as long as `status` is set, or by their method."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.status = 0
        self.methods: Sequence[bytes] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
        elif self.status:
            await PlainTextResponse("no", self.status)(scope, receive, send)
        else:
            body = (await receive())["body"]
            barred = any(b'"method":"' + method in body for method in self.methods)
            error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "unknown"}}
            given = False

            async def again() -> dict[str, object]:
                nonlocal given
                if given:
                    return dict(await receive())
                given = True
                return {"type": "http.request", "body": body, "more_body": False}

            app = JSONResponse(error) if barred else self._app
            await app(scope, again, send)


@asynccontextmanager
async def stranger(
    executor: AgentExecutor,
    traits: Traits | None = None,
    bar: Callable[[Barred], None] = lambda _: None,
    port: int = 0,
) -> AsyncIterator[str]:
    traits = traits or Traits(bindings=("JSONRPC",))

    async def inside(_url: str) -> bool:
        return False

    handler = DefaultRequestHandler(
        agent_executor=executor,
        task_store=InMemoryTaskStore(),
        agent_card=parse_agent_card(card(traits, "http://unused/")),
        push_config_store=InMemoryPushNotificationConfigStore(),
        push_url_validator=inside,
    )

    async def show(request: Request) -> Response:
        return JSONResponse(card(traits, str(request.base_url)))

    routes: list[BaseRoute] = [
        Route("/.well-known/agent-card.json", show),
        *create_jsonrpc_routes(handler, "/a2a"),
        *create_rest_routes(handler, path_prefix="/rest"),
    ]
    barred = Barred(Starlette(routes=routes))
    bar(barred)
    # Closed, or a task that waits for an answer outlives its server: the collector may find it on
    # a database's thread and end it there, where the SDK's queue, up to Python 3.12, waits for a
    # lock that the task itself has left behind, for ever.
    async with aclosing(handler), serving(barred, port, "127.0.0.1") as url:
        yield url


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "FIRST_WAIT_SECONDS", 0.05)


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(("text", "reply"), [("this", "Got this"), ("message", "Bare.")])
async def test_any_agent_answers(
    *, tmp_path: Path, binding: str, streaming: bool, text: str, reply: str
) -> None:
    executor, traits = Stranger(), Traits(bindings=(binding,), streaming=streaming)
    async with stranger(executor, traits) as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", text))
        await house.channel.until_sent(1)
        assert house.channel.texts == [reply]
    assert len(executor.asked) == 1


async def test_who_refuses_our_notification_url_is_asked_without(tmp_path: Path) -> None:
    executor, traits = Stranger(), Traits(bindings=("JSONRPC",), notifications=True)
    async with (
        stranger(executor, traits) as url,
        rig(tmp_path, url, notify="http://127.0.0.1:9/agent/notifications", detach=0.1) as house,
    ):
        await house.accept(message("e1", "wait"))
        await house.channel.until_sent(1)
        assert house.channel.texts == [words("detached")]
        executor.go.set()
        await house.channel.until_sent(2)
        assert house.channel.texts[1] == "Got wait"
    assert len(executor.asked) == 1


async def test_a_bare_message_that_takes_long_is_waited_for(tmp_path: Path) -> None:
    executor = Stranger()
    async with stranger(executor) as url, rig(tmp_path, url, detach=0.1) as house:
        await house.accept(message("e1", "message later"))
        await house.channel.until_sent(1)
        assert house.channel.texts == [words("detached")]
        executor.go.set()
        await house.channel.until_sent(2)
        assert house.channel.texts[1] == "Bare."
    assert len(executor.asked) == 1


async def test_who_cannot_list_tasks_is_asked_again_after_a_failure(tmp_path: Path) -> None:
    executor, bars = Stranger(), []

    def bar(barred: Barred) -> None:
        bars.append(barred)
        barred.status, barred.methods = 503, (b"ListTasks",)

    async with stranger(executor, bar=bar) as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "this"))
        await house.channel.until_sent(1)
        bars[0].status = 0
        await house.channel.until_sent(2)
        assert house.channel.texts == [words("unreachable"), "Got this"]
    assert len(executor.asked) == 1


async def test_messages_wait_for_a_token_to_be_put_right(tmp_path: Path) -> None:
    executor, bars = Stranger(), []

    def bar(barred: Barred) -> None:
        bars.append(barred)
        barred.status = 401

    async with stranger(executor, bar=bar) as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "this"))
        await house.channel.until_sent(1)
        bars[0].status = 0
        await house.channel.until_sent(2)
        assert house.channel.texts == [words("unreachable"), "Got this"]


async def test_an_agent_that_forgot_its_task_in_a_restart_is_asked_again(tmp_path: Path) -> None:
    agent, stop, stopped = ScriptedAgent("task;gate:go;say:Hi"), anyio.Event(), anyio.Event()
    async with anyio.create_task_group() as tasks:
        urls: list[str] = []

        async def first_life() -> None:
            async with agent.serving() as url:
                urls.append(url)
                await stop.wait()
            stopped.set()

        tasks.start_soon(first_life)
        await until(lambda: urls)
        async with rig(tmp_path, urls[0]) as house:
            await house.accept(message("e1", "hello"))
            await until(lambda: agent.received)
            stop.set()
            await stopped.wait()
            agent.open("go")
            async with agent.serving(int(urls[0].rpartition(":")[2])):
                await until(lambda: "Hi" in house.channel.texts)
        assert house.channel.texts in (["Hi"], [words("unreachable"), "Hi"])
    assert [asked.text for asked in agent.received] == ["hello", "hello"]


async def test_an_answer_to_a_question_nobody_remembers_is_a_message_of_its_own(
    tmp_path: Path,
) -> None:
    first, second = Stranger(), Stranger()
    async with stranger(first) as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        async with rig(tmp_path, url) as house:
            await house.accept(message("e1", "ask"))
            await house.channel.until_sent(1)
    async with stranger(second, port=port) as url, rig(tmp_path, url) as house:
        await house.accept(message("e2", "red"))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Got red"]
