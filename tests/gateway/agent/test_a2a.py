"""The client against the scripted agent, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from itertools import count, pairwise

import anyio
import pytest

from channels.events import Choice
from gateway.agent.a2a import A2AAgent
from gateway.agent.base import (
    AgentEvent,
    Ask,
    Attachment,
    Caller,
    End,
    Ended,
    Produced,
    Progress,
    ReplyText,
    Started,
)
from gateway.agent.scripted import ScriptedAgent
from gateway.agent.scripted.stage import Traits
from gateway.errors import AgentUnreachable, TaskUnknown
from tests.waiting import until

pytestmark = pytest.mark.anyio

Connecting = Callable[..., AbstractAsyncContextManager[A2AAgent]]

_numbers = count()


def ask(text: str, *, context: str = "c1", task: str = "", id: str = "") -> Ask:
    caller = Caller(person="p1", channel="web", locale="de-AT")
    return Ask(id or f"m{next(_numbers)}", context, text, caller, task=task)


async def heard(events: AsyncIterator[AgentEvent]) -> list[AgentEvent]:
    with anyio.fail_after(10):
        return [event async for event in events]


def replies(events: list[AgentEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, ReplyText)]


def task_of(events: list[AgentEvent]) -> str:
    return next(event.task for event in events if isinstance(event, Started))


async def test_a_streamed_reply_grows_and_completes(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hello ;last:you.;done")
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("hi")))
    assert isinstance(events[0], Started)
    assert events[1:] == [
        ReplyText("Hello "),
        ReplyText("Hello you.", complete=True),
        Ended(End.COMPLETED),
    ]


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_either_binding_carries_a_whole_turn(connecting: Connecting, binding: str) -> None:
    agent = ScriptedAgent("say:Hel;cut;last:lo;done", Traits(bindings=(binding,)))
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("hi", id="m-one")))
        task = task_of(events)
        assert replies(events)[-1] == "Hello"
        assert await client.find("c1", "m-one") == task
        assert (await client.look(task)).ended == Ended(End.COMPLETED)
        await client.cancel(task)


async def test_the_full_card_url_is_as_good_as_the_base_url(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Hi")
    async with (
        agent.serving() as url,
        connecting(f"{url}/.well-known/agent-card.json") as client,
    ):
        assert replies(await heard(client.start(ask("hi")))) == ["Hi"]


@pytest.mark.parametrize("path", ["/a2a", "/a2a/", "/rest"])
async def test_the_url_of_an_interface_leads_to_the_card_of_its_host(
    connecting: Connecting, path: str
) -> None:
    agent = ScriptedAgent("last:Hi")
    async with agent.serving() as url, connecting(f"{url}{path}") as client:
        assert replies(await heard(client.start(ask("hi")))) == ["Hi"]


async def test_the_agent_learns_who_asks_and_what_comes_with_it(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Hi")
    small = Attachment("small.txt", "text/plain", b"x")
    large = Attachment("large.bin", "application/octet-stream", b"x" * 2_000_000, url="http://f/1")
    question = Ask(
        "m-files", "c1", "look", Caller(person="p1", channel="web"), files=(small, large)
    )
    async with agent.serving() as url, connecting(url) as client:
        await heard(client.start(question))
    (received,) = agent.received
    assert (received.id, received.context, received.text) == ("m-files", "c1", "look")
    assert received.caller == {
        "person": "p1",
        "channel": "web",
        "modality": "text",
        "trust": "anonymous",
    }
    assert received.files == ("small.txt", "large.bin")


async def test_the_notification_address_is_passed_on(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Hi")
    notified = {"notification_url": "http://127.0.0.1:1/n", "notification_token": "secret"}
    async with agent.serving() as url, connecting(url, **notified) as client:
        await heard(client.start(ask("hi")))
    (received,) = agent.received
    assert (received.notification_url, received.notification_token) == (
        "http://127.0.0.1:1/n",
        "secret",
    )


async def test_an_agent_that_cannot_notify_is_not_asked_to(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Hi", Traits(notifications=False))
    async with (
        agent.serving() as url,
        connecting(url, notification_url="http://127.0.0.1:1/n") as client,
    ):
        await heard(client.start(ask("hi")))
    assert agent.received[0].notification_url == ""


async def test_a_cut_stream_goes_on_without_loss_or_repetition(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:one ;cut;say:two ;wait:0.05;cut;wait:0.05;last:three;done")
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("count")))
    said = replies(events)
    assert said[-1] == "one two three"
    assert all(later.startswith(earlier) for earlier, later in pairwise(said))
    assert len(agent.received) == 1
    assert agent.calls.count("SubscribeToTask") == 2


async def test_a_file_said_before_a_cut_is_handed_over_once(connecting: Connecting) -> None:
    agent = ScriptedAgent("file:a.txt=hi;cut;file:b.txt=ho;done")
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("files")))
    files = [event.file for event in events if isinstance(event, Produced)]
    assert [(file.name, file.data) for file in files] == [("a.txt", b"hi"), ("b.txt", b"ho")]


async def test_who_offers_no_subscription_is_asked_until_rest(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hel;cut;gate:on;last:lo;done", Traits(subscribable=False))
    events: list[AgentEvent] = []
    async with (
        agent.serving() as url,
        connecting(url) as client,
        anyio.create_task_group() as group,
    ):

        async def hear() -> None:
            events.extend(await heard(client.start(ask("hi"))))

        group.start_soon(hear)
        await until(lambda: agent.calls.count("GetTask") > 1)
        agent.open("on")
    assert replies(events)[-1] == "Hello"
    assert agent.calls.count("SubscribeToTask") == 1
    assert agent.calls.count("GetTask") > 1


async def test_who_cannot_stream_is_asked_until_rest(connecting: Connecting) -> None:
    agent = ScriptedAgent("task;wait:0.05;say:Hel;wait:0.05;say:lo;done", Traits(streaming=False))
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("hi")))
    assert replies(events)[-1] == "Hello"
    assert events[-1] == Ended(End.COMPLETED)
    assert set(agent.calls) == {"SendMessage", "GetTask"}


async def test_a_bare_message_is_a_whole_reply(connecting: Connecting) -> None:
    agent = ScriptedAgent("message:Just this.")
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("hi")))
    assert events == [ReplyText("Just this.", complete=True), Ended(End.COMPLETED)]


async def test_a_bare_message_without_streaming_is_a_whole_reply(connecting: Connecting) -> None:
    agent = ScriptedAgent("message:Just this.", Traits(streaming=False))
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("hi")))
    assert events == [ReplyText("Just this.", complete=True), Ended(End.COMPLETED)]


async def test_a_question_is_asked_and_its_answer_continues_the_task(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent()
    async with agent.serving() as url, connecting(url) as client:
        first = await heard(client.start(ask("last:Some colours.;ask:Which?|Red=r|Blue=b")))
        assert first[-1] == Ended(
            End.INPUT_REQUIRED, "Which?", (Choice("Red", "r"), Choice("Blue", "b"))
        )
        task = task_of(first)
        answer = ask("say:Blue ;last:it is.;done", task=task)
        second = await heard(client.start(answer))
        assert replies(second) == ["Blue ", "Blue it is."]
        assert second[-1] == Ended(End.COMPLETED)
        assert agent.received[-1].task == task


async def test_an_answer_whose_stream_broke_at_once_is_found_again(connecting: Connecting) -> None:
    agent = ScriptedAgent()
    async with agent.serving() as url, connecting(url) as client:
        first = await heard(client.start(ask("last:Well.;ask:Which?")))
        task = task_of(first)
        second = await heard(client.start(ask("cut;last:Fine.;done", task=task)))
        assert replies(second)[-1] == "Fine."
        assert len(agent.received) == 2


async def test_progress_is_told_and_background_work_ends_later(connecting: Connecting) -> None:
    agent = ScriptedAgent("progress:Looking…;last:I'm on it.;gate:go;done:It is done.")
    events: list[AgentEvent] = []
    async with agent.serving() as url, connecting(url) as client:
        with anyio.fail_after(5):
            async for event in client.start(ask("dig")):
                events.append(event)
                if event == ReplyText("I'm on it.", complete=True):
                    agent.open("go")
    assert events[1:] == [
        Progress("Looking…"),
        ReplyText("I'm on it.", complete=True),
        Ended(End.COMPLETED, "It is done."),
    ]


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_leaving_a_turn_closes_its_connection_and_not_its_task(
    connecting: Connecting, binding: str
) -> None:
    agent = ScriptedAgent("say:Hi;gate:go;last: there.;done", Traits(bindings=(binding,)))
    async with agent.serving() as url, connecting(url) as client:
        async with aclosing(client.start(ask("hi", id="m-left"))) as events:
            async for event in events:
                if isinstance(event, ReplyText):
                    break
        await until(lambda: agent.lines == 0)
        agent.open("go")
        task = await client.find("c1", "m-left")
        assert task is not None
        assert replies(await heard(client.resume(task)))[-1] == "Hi there."


async def test_a_cancelled_listener_closes_its_connection(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hi;silent")
    async with agent.serving() as url, connecting(url) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(heard, client.start(ask("hi")))
            await until(lambda: agent.lines == 1)
            tasks.cancel_scope.cancel()
        await until(lambda: agent.lines == 0)


async def test_a_cancelled_task_ends_its_stream(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hi;silent")
    events: list[AgentEvent] = []
    async with agent.serving() as url, connecting(url) as client:
        with anyio.fail_after(5):
            async for event in client.start(ask("hi")):
                events.append(event)
                if event == ReplyText("Hi"):
                    await client.cancel(task_of(events))
        assert events[-1] == Ended(End.CANCELED)
        await client.cancel(task_of(events))


async def test_a_task_is_found_and_resumed_by_another_client(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hel;gate:go;last:lo;done")
    async with agent.serving() as url:
        async with connecting(url) as first, anyio.create_task_group() as tasks:
            tasks.start_soon(heard, first.start(ask("hi", id="m-kept")))
            await until(lambda: agent.calls == ["SendStreamingMessage"] and agent.lines == 1)
            tasks.cancel_scope.cancel()
        agent.open("go")
        async with connecting(url) as second:
            task = await second.find("c1", "m-kept")
            assert task is not None
            assert await second.find("c1", "m-other") is None
            assert await second.find("c2", "m-kept") is None
            assert replies(await heard(second.resume(task)))[-1] == "Hello"
    assert len(agent.received) == 1


async def test_a_stream_cut_before_its_task_was_named_is_found_by_the_message(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent("cut;last:Found.;done")
    async with agent.serving() as url, connecting(url) as client:
        assert replies(await heard(client.start(ask("hi"))))[-1] == "Found."
    assert len(agent.received) == 1


async def test_a_stream_cut_before_its_task_was_named_is_unreachable_without_a_list(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent("cut;last:Found.;done", Traits(listing=False))
    async with agent.serving() as url, connecting(url) as client:
        question = ask("hi")
        with pytest.raises(AgentUnreachable):
            await heard(client.start(question))
        assert replies(await heard(client.start(question)))[-1] == "Found."
    assert [received.again for received in agent.received] == [False, True]


async def test_looking_tells_how_a_task_stands(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hel;gate:go;last:lo;done")
    async with agent.serving() as url, connecting(url) as client:
        async with aclosing(client.start(ask("hi"))) as events:
            started = await anext(events)
            assert isinstance(started, Started)
            await anext(events)
            standing = await client.look(started.task)
            assert standing.events == (started, ReplyText("Hel"))
            assert standing.ended is None
        with pytest.raises(TaskUnknown):
            await client.look("no-such-task")
        with pytest.raises(TaskUnknown):
            await heard(client.resume("no-such-task"))
        with pytest.raises(TaskUnknown):
            await client.cancel("no-such-task")


async def test_an_old_agent_is_understood(connecting: Connecting) -> None:
    agent = ScriptedAgent("progress:Hm;say:Hel;last:lo;done", Traits(protocol="0.3"))
    async with agent.serving() as url, connecting(url) as client:
        events = await heard(client.start(ask("hi")))
        assert events[1:] == [
            Progress("Hm"),
            ReplyText("Hel"),
            ReplyText("Hello", complete=True),
            Ended(End.COMPLETED),
        ]
        assert (await client.look(task_of(events))).ended == Ended(End.COMPLETED)
        assert await client.find("c1", "m") is None
        await client.cancel(task_of(events))
    assert agent.received[0].caller["person"] == "p1"


async def test_an_old_agents_cut_stream_goes_on(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hel;cut;wait:0.05;last:lo;done", Traits(protocol="0.3"))
    async with agent.serving() as url, connecting(url) as client:
        assert replies(await heard(client.start(ask("hi"))))[-1] == "Hello"


async def test_the_card_is_read_afresh(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Hi", Traits(name="Ada", notifications=False))
    async with agent.serving() as url, connecting(url) as client:
        about = await client.about()
    assert (about.name, about.version, about.streaming, about.notifications) == (
        "Ada",
        "1",
        True,
        False,
    )


async def test_hundreds_of_streams_are_heard_at_once(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hi;gate:go;last: all.;done")
    done: list[list[AgentEvent]] = []

    async def one(client: A2AAgent, number: int) -> None:
        done.append(await heard(client.start(ask("hi", context=f"c{number}"))))

    async with (
        agent.serving() as url,
        connecting(url) as client,
        anyio.create_task_group() as tasks,
    ):
        await client.about()
        for number in range(150):
            tasks.start_soon(one, client, number)
        await until(lambda: agent.lines == 150)
        agent.open("go")
    assert len(done) == 150
    assert {replies(events)[-1] for events in done} == {"Hi all."}
