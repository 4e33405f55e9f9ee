"""Drafts, what was heard and wishes, against the double and the shipped agent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from agents.app import AgentConfig, running
from channels.loopback import serving
from gateway.agent.a2a import A2AAgent
from gateway.agent.base import (
    AgentEvent,
    Ask,
    Caller,
    End,
    Ended,
    Produced,
    ReplyText,
    Started,
    Wished,
)
from gateway.agent.scripted import ScriptedAgent, Traits
from gateway.errors import AgentError, TaskUnknown
from tests.waiting import until

pytestmark = pytest.mark.anyio

Connecting = Callable[..., AbstractAsyncContextManager[A2AAgent]]

CALLER = Caller("p1", "phone", "voice", locale="en-GB")
DRAFT = Ask("m1", "c1", "", CALLER, draft=True)


class Listening:
    """Hears a start in the background."""

    def __init__(self) -> None:
        self.events: list[AgentEvent] = []
        self.over = False

    @property
    def text(self) -> str:
        return next((e.text for e in reversed(self.events) if isinstance(e, ReplyText)), "")

    @property
    def task(self) -> str:
        return next((e.task for e in self.events if isinstance(e, Started)), "")


@asynccontextmanager
async def listening(client: A2AAgent, ask: Ask) -> AsyncIterator[Listening]:
    heard = Listening()

    async def hear() -> None:
        async for event in client.start(ask):
            heard.events.append(event)
        heard.over = True

    async with anyio.create_task_group() as group:
        group.start_soon(hear)
        yield heard
        group.cancel_scope.cancel()


@asynccontextmanager
async def concierge(folder: Path) -> AsyncIterator[str]:
    """The shipped agent without a model."""
    config = AgentConfig(base_url="http://localhost", database_url=f"sqlite:///{folder / 'a.db'}")
    async with running(config) as app, serving(app) as url:
        yield url


@pytest.mark.parametrize(
    ("traits", "drafts"),
    [(Traits(), True), (Traits(drafts=False), False), (Traits(streaming=False), False)],
)
async def test_the_card_tells_who_knows_drafts(
    connecting: Connecting, traits: Traits, *, drafts: bool
) -> None:
    async with ScriptedAgent(traits=traits).serving() as url, connecting(url) as client:
        assert (await client.about()).drafts is drafts


async def test_a_draft_is_heard_but_gives_nothing_before_it_is_real(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Sure.;file:a.txt=hi;last: Done.")
    async with (
        agent.serving() as url,
        connecting(url) as client,
        listening(client, DRAFT) as heard,
    ):
        await until(lambda: heard.text == "Sure.")
        real = [event async for event in client.start(replace(DRAFT, draft=False))]
        await until(lambda: heard.over)
    assert real[0] == Started(heard.task)
    assert any(isinstance(event, Produced) for event in real)
    assert real[-2:] == [ReplyText("Sure. Done.", complete=True), Ended(End.COMPLETED)]
    assert [received.draft for received in agent.received] == [True, False]
    assert len(agent.messages) == 1


async def test_a_draft_that_is_cancelled_is_forgotten(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Sure.;done")
    async with agent.serving() as url, connecting(url) as client:
        async with listening(client, DRAFT) as heard:
            await until(lambda: heard.text == "Sure.")
            await client.cancel(heard.task)
            await until(lambda: heard.over)
        assert heard.events[-1] == Ended(End.CANCELED)
        with pytest.raises(TaskUnknown):
            await client.look(heard.task)
        assert await client.find("c1", "m1") is None


async def test_other_words_under_the_same_id_begin_anew(connecting: Connecting) -> None:
    agent = ScriptedAgent()
    async with (
        agent.serving() as url,
        connecting(url) as client,
        listening(client, replace(DRAFT, text="say:one")) as heard,
    ):
        await until(lambda: heard.text == "one")
        real = replace(DRAFT, text="last:two", draft=False)
        assert ReplyText("two", complete=True) in [e async for e in client.start(real)]


async def test_who_knows_no_drafts_answers_at_once(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Done.;done", Traits(drafts=False))
    async with agent.serving() as url, connecting(url) as client:
        heard = [event async for event in client.start(DRAFT)]
        assert heard[-1] == Ended(End.COMPLETED)
        again = [e async for e in client.start(replace(DRAFT, draft=False))]
        assert (again[0], again[-1]) == (heard[0], heard[-1])
    assert len(agent.messages) == 1


async def test_nobody_is_notified_of_a_draft(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:Done.")
    hook = {"notification_url": "http://127.0.0.1:9/n", "notification_token": "t"}
    async with (
        agent.serving() as url,
        connecting(url, **hook) as client,
        listening(client, DRAFT),
    ):
        await until(lambda: len(agent.received) == 1)
        assert agent.received[0].notification_url == ""
        _ = [event async for event in client.start(replace(DRAFT, draft=False))]
    assert agent.received[1].notification_url == "http://127.0.0.1:9/n"


async def test_the_stream_of_a_draft_is_not_taken_up_again(connecting: Connecting) -> None:
    agent = ScriptedAgent("say:Hel;cut;say:lo;gate:go")
    async with agent.serving() as url, connecting(url) as client:
        events: list[AgentEvent] = []

        async def hear() -> None:
            async for event in client.start(DRAFT):
                events.append(event)  # noqa: PERF401 - kept when it raises

        with pytest.raises(AgentError):
            await hear()
    assert ReplyText("Hel") in events
    assert "SubscribeToTask" not in agent.calls


@pytest.mark.parametrize("heard", [None, "", "You have 7 things"])
async def test_what_was_heard_is_told(connecting: Connecting, heard: str | None) -> None:
    agent = ScriptedAgent("last:Ok.")
    async with agent.serving() as url, connecting(url) as client:
        _ = [event async for event in client.start(replace(DRAFT, draft=False, heard=heard))]
    assert agent.received[0].heard == heard


@pytest.mark.parametrize(
    ("script", "wish"),
    [
        ("last:Bye!;hangup", Wished("hang_up")),
        ("last:Bye!;transfer:+431|Invoice", Wished("transfer", "+431", "Invoice")),
    ],
)
async def test_a_wish_comes_before_the_end(
    connecting: Connecting, script: str, wish: Wished
) -> None:
    agent = ScriptedAgent(script)
    async with agent.serving() as url, connecting(url) as client:
        heard = [event async for event in client.start(replace(DRAFT, draft=False))]
        assert heard[-2:] == [wish, Ended(End.COMPLETED)]
        standing = await client.look(next(e.task for e in heard if isinstance(e, Started)))
        assert wish in standing.events


async def test_an_agent_may_be_made_out_to_be_slow_by_words(connecting: Connecting) -> None:
    agent = ScriptedAgent("last:one two three", Traits(token_delay=0.001, first_delay=0.001))
    async with agent.serving() as url, connecting(url) as client:
        heard = [e async for e in client.start(replace(DRAFT, draft=False))]
    said = [e.text for e in heard if isinstance(e, ReplyText)]
    assert said == ["one ", "one two ", "one two three"]


async def test_the_shipped_agent_waits_to_act_until_the_words_are_final(
    connecting: Connecting, tmp_path: Path
) -> None:
    async with concierge(tmp_path) as url, connecting(url, keep_origin=True) as client:
        assert (await client.about()).drafts
        looking = replace(DRAFT, text="what is on my list")
        async with listening(client, looking) as heard:
            await until(lambda: "empty" in heard.text)
            assert not heard.over
            await client.cancel(heard.task)
        adding = replace(DRAFT, id="m2", text="add buy milk")
        async with listening(client, adding) as heard:
            await until(lambda: bool(heard.task))
            assert heard.text == ""
            real = [event async for event in client.start(replace(adding, draft=False))]
            await until(lambda: heard.over)
        assert real[-1] == heard.events[-1] == Ended(End.COMPLETED)
        assert heard.text == "Added as number 1: Buy milk."
        bye = [e async for e in client.start(replace(DRAFT, id="m3", text="bye", draft=False))]
        assert Wished("hang_up") in bye


async def test_a_listener_hears_the_end_that_comes_while_it_hears_how_the_draft_stood(
    connecting: Connecting,
) -> None:
    agent = ScriptedAgent("last:Sure.")
    async with (
        agent.serving() as url,
        connecting(url) as client,
        listening(client, DRAFT) as heard,
    ):
        await until(lambda: heard.text == "Sure.")
        real = [event async for event in client.start(replace(DRAFT, draft=False))]
    assert real[-1] == Ended(End.COMPLETED)
    assert "SubscribeToTask" not in agent.calls
