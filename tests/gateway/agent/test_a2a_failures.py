"""What the client makes of agents that are down, slow, wrong or strange."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from channels.loopback import serving
from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.agent.base import AgentEvent, Ask, Caller, End, Ended, ReplyText, Started
from gateway.agent.link import connect
from gateway.agent.scripted import Received, ScriptedAgent
from gateway.agent.scripted.scripts import Script, parse
from gateway.agent.scripted.stage import Traits, card
from gateway.errors import AgentBroken, AgentDenied, AgentError, AgentRefused, AgentUnreachable

pytestmark = pytest.mark.anyio

Connecting = Callable[..., AbstractAsyncContextManager[A2AAgent]]

SECRET_WORDS = "my salary is 12345"


def ask(text: str = SECRET_WORDS, id: str = "m1") -> Ask:
    return Ask(id, "c1", text, Caller(person="p1", channel="web"))


async def heard(events: AsyncIterator[AgentEvent]) -> list[AgentEvent]:
    with anyio.fail_after(10):
        return [event async for event in events]


async def hear_into(events: list[AgentEvent], stream: AsyncIterator[AgentEvent]) -> None:
    """Note events as they come, so that those before a failure are known."""
    async for event in stream:
        events.append(event)  # noqa: PERF401 - each at its time


def last_reply(events: list[AgentEvent]) -> str:
    return [event.text for event in events if isinstance(event, ReplyText)][-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def app_answering(rpc: Response, *, described: Response | None = None) -> Starlette:
    async def show_card(request: Request) -> Response:
        return described or JSONResponse(card(Traits(), str(request.base_url)))

    async def answer(_: Request) -> Response:
        return rpc

    return Starlette(
        routes=[
            Route("/.well-known/agent-card.json", show_card),
            Route("/{path:path}", answer, methods=["POST"]),
        ]
    )


async def test_a_dead_agent_is_unreachable(connecting: Connecting) -> None:
    async with connecting(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(AgentUnreachable, match="Nothing answers") as failure:
            await heard(client.start(ask()))
        assert failure.value.retryable
        with pytest.raises(AgentUnreachable):
            await client.about()


@pytest.mark.parametrize(
    ("described", "error"),
    [
        (HTMLResponse("<html>Welcome</html>"), AgentBroken),
        (JSONResponse({"hello": "world"}), AgentBroken),
        (JSONResponse([1]), AgentBroken),
        (JSONResponse(card(Traits(bindings=()), "http://x/")), AgentBroken),
        (
            JSONResponse({"supportedInterfaces": [{"url": "http://x", "protocolBinding": "GRPC"}]}),
            AgentBroken,
        ),
        (PlainTextResponse("no", status_code=404), AgentBroken),
        (PlainTextResponse("no", status_code=401), AgentDenied),
        (PlainTextResponse("no", status_code=503), AgentUnreachable),
    ],
)
async def test_a_wrong_card_is_told_apart(
    connecting: Connecting, described: Response, error: type[AgentError]
) -> None:
    app = app_answering(Response(), described=described)
    async with serving(app) as url, connecting(url) as client:
        with pytest.raises(error, match=url):
            await heard(client.start(ask()))


@pytest.mark.parametrize(
    ("rpc", "error"),
    [
        (HTMLResponse("<html>Login</html>"), AgentBroken),
        (JSONResponse({"unexpected": True}), AgentBroken),
        (JSONResponse("text"), AgentBroken),
        (JSONResponse({"jsonrpc": "2.0", "id": 1, "result": {"task": 7}}), AgentBroken),
        (JSONResponse({"jsonrpc": "2.0", "id": 1, "result": "x"}), AgentBroken),
        (JSONResponse({"jsonrpc": "2.0", "id": 1, "result": {}}), AgentBroken),
        (JSONResponse({"error": {"code": -32601, "message": SECRET_WORDS}}), AgentBroken),
        (JSONResponse({"error": {"code": -32602, "message": SECRET_WORDS}}), AgentRefused),
        (JSONResponse({"error": {"code": -32005, "message": SECRET_WORDS}}), AgentRefused),
        (JSONResponse({"error": {"code": -1, "message": SECRET_WORDS}}), AgentBroken),
        (PlainTextResponse("", media_type="text/event-stream"), AgentUnreachable),
        (PlainTextResponse("data: {{{\n\n", media_type="text/event-stream"), AgentBroken),
        (PlainTextResponse(SECRET_WORDS, status_code=500), AgentUnreachable),
        (PlainTextResponse(SECRET_WORDS, status_code=429), AgentUnreachable),
        (PlainTextResponse(SECRET_WORDS, status_code=403), AgentDenied),
        (PlainTextResponse(SECRET_WORDS, status_code=413), AgentRefused),
        (PlainTextResponse("", status_code=307, headers={"location": "/"}), AgentBroken),
    ],
)
async def test_a_strange_answer_is_told_apart_without_quoting_the_person(
    connecting: Connecting, rpc: Response, error: type[AgentError]
) -> None:
    async with serving(app_answering(rpc)) as url, connecting(url) as client:
        with pytest.raises(error) as failure:
            await heard(client.start(ask()))
    assert type(failure.value) is error
    assert SECRET_WORDS not in str(failure.value)


async def test_a_refused_token_names_its_remedy(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Hi", Traits(token="right"))
    async with agent.serving() as url:
        async with connecting(url, token="wrong") as client:
            with pytest.raises(AgentDenied, match="AGENT_TOKEN"):
                await heard(client.start(ask()))
        async with connecting(url, token="right") as client:
            assert last_reply(await heard(client.start(ask()))) == "Hi"


@pytest.mark.parametrize(
    ("named", "token", "refused"),
    [
        ("http://agent.test/", "secret", True),
        ("http://agent.test/", "", False),
        ("https://agent.test/", "secret", False),
    ],
)
async def test_a_token_does_not_travel_unencrypted_because_a_card_says_so(
    *, named: str, token: str, refused: bool
) -> None:
    def serve_card(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=card(Traits(), named))

    config = A2AConfig(url="https://agent.test", token=token)
    async with httpx.AsyncClient(transport=httpx.MockTransport(serve_card)) as http:
        if refused:
            with pytest.raises(AgentDenied, match="unencrypted"):
                await connect(http, config)
        else:
            assert (await connect(http, config)).about.name == "Scripted agent"


async def test_an_agent_that_never_says_a_word_is_unreachable(connecting: Connecting) -> None:
    agent = ScriptedAgent("silent")
    async with agent.serving() as url, connecting(url, silence_timeout=0.1) as client:
        with pytest.raises(AgentUnreachable, match="silent"):
            await heard(client.start(ask()))
        assert len(agent.received) == 1


async def test_an_agent_that_falls_silent_is_asked_again_until_it_speaks(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent("say:Hi;gate:go;last: there.;done")
    async with (
        agent.serving() as url,
        connecting(url, silence_timeout=0.1) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(open_after_calls, agent, "SubscribeToTask", 4)
        events = await heard(client.start(ask()))
    assert last_reply(events) == "Hi there."
    assert events[-1] == Ended(End.COMPLETED)


async def open_after_calls(agent: ScriptedAgent, call: str, times: int) -> None:
    while agent.calls.count(call) < times:  # noqa: ASYNC110 - the client is what is waited for
        await anyio.sleep(0.005)
    agent.open("go")


async def test_a_failure_before_the_first_event_is_told_and_may_be_tried_again(
    connecting: Connecting,
) -> None:
    scripts = [parse(f"error:{SECRET_WORDS}"), parse("last:Better.")]

    def play(_: Received) -> Script:
        return scripts.pop(0)

    agent = ScriptedAgent(play)
    async with agent.serving() as url, connecting(url) as client:
        with pytest.raises(AgentBroken) as failure:
            await heard(client.start(ask()))
        assert failure.value.retryable
        assert SECRET_WORDS not in str(failure.value)
        assert last_reply(await heard(client.start(ask()))) == "Better."


async def test_a_failure_after_the_first_event_is_told_when_the_task_does_not_rest(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent("say:Hi;error:boom")
    events: list[AgentEvent] = []
    async with agent.serving() as url, connecting(url) as client:
        with anyio.fail_after(5), pytest.raises(AgentBroken):
            await hear_into(events, client.start(ask()))
    assert events[-1] == ReplyText("Hi")


async def test_nonsense_on_the_stream_is_forgiven_when_the_task_rests(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent("say:Hi;odd;last: there.;done")
    async with agent.serving() as url, connecting(url) as client:
        assert last_reply(await heard(client.start(ask()))) == "Hi there."


async def test_nonsense_alone_is_no_agent(connecting: Connecting) -> None:
    agent = ScriptedAgent("odd;silent")
    async with agent.serving() as url, connecting(url) as client:
        with pytest.raises(AgentBroken):
            await heard(client.start(ask()))


async def test_an_agent_that_dies_in_the_middle_is_unreachable_after_some_patience(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent("say:Hi;silent")
    events: list[AgentEvent] = []

    async def listen(client: A2AAgent) -> None:
        with pytest.raises(AgentUnreachable):
            await hear_into(events, client.start(ask()))

    port = free_port()
    with anyio.fail_after(5):
        async with (
            connecting(f"http://127.0.0.1:{port}") as client,
            anyio.create_task_group() as tasks,
            agent.serving(port),
        ):
            tasks.start_soon(listen, client)
            while len(events) < 2:  # noqa: ASYNC110 - the client is what is waited for
                await anyio.sleep(0.005)
    assert events[-1] == ReplyText("Hi")


async def test_a_restarted_agent_that_kept_its_tasks_goes_on(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hi;gate:go;last: again.;done", Traits(keep=True))
    events: list[AgentEvent] = []
    port = free_port()

    async with connecting(f"http://127.0.0.1:{port}", patience=5.0) as client:
        with anyio.fail_after(8):
            async with anyio.create_task_group() as tasks:
                async with agent.serving(port):
                    tasks.start_soon(hear_into, events, client.start(ask()))
                    while len(events) < 2:  # noqa: ASYNC110 - the client is what is waited for
                        await anyio.sleep(0.005)
                agent.open("go")
                async with agent.serving(port):
                    while not (events and isinstance(events[-1], Ended)):  # noqa: ASYNC110 - same
                        await anyio.sleep(0.005)
    assert last_reply(events) == "Hi again."
    assert len(agent.received) == 1


async def test_a_restarted_agent_that_forgot_its_tasks_says_so(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hi;ask:Which?")
    port = free_port()
    async with connecting(f"http://127.0.0.1:{port}") as client:
        async with agent.serving(port):
            events = await heard(client.start(ask()))
        started = events[0]
        assert isinstance(started, Started)
        async with agent.serving(port):
            with pytest.raises(AgentError):
                await client.look(started.task)


@pytest.mark.parametrize(("idempotent", "started"), [(True, 1), (False, 2)])
async def test_a_message_sent_twice_starts_as_often_as_the_agent_lets_it(
    connecting: Connecting, *, idempotent: bool, started: int
) -> None:
    agent = ScriptedAgent("last:Hi;done", Traits(idempotent=idempotent))
    async with agent.serving() as url, connecting(url) as client:
        tasks = {(await heard(client.start(ask())))[0] for _ in range(2)}
    assert len(tasks) == started
    assert len(agent.received) == 2
    assert len(agent.messages) == started
