"""A replica that is told to stop, in the middle of a reply, a socket and a call; and roles."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx
import pytest
from anyio import to_thread

from channels.twilio.simulator import Phone
from gateway.agent.scripted import ScriptedAgent, by_keyword
from gateway.agent.scripted.scripts import parse
from tests.chaos.relay import Balancer
from tests.kill.house import House, free_port, house
from tests.kill.people import Visitor
from tests.waiting import until

pytestmark = pytest.mark.anyio

AUTH_TOKEN = "the auth token of the account"


@dataclass
class Street:
    """Two replicas with all that they share; the second is started when it is needed."""

    one: House
    two: House
    balancer: Balancer
    agent: ScriptedAgent = field(repr=False)

    async def begin(self, drain: float) -> None:
        self.one.settings = {**self.one.settings, "DRAIN_SECONDS": str(drain)}
        self.one.start()
        await self.one.ready()

    async def second(self) -> None:
        self.two.start()
        await self.two.ready()
        await until(lambda: len(self.balancer.ready) == 2)

    def tell_to_stop(self) -> None:
        os.kill(self.one.pid, signal.SIGTERM)

    async def ended(self) -> int:
        return await to_thread.run_sync(self.one.wait)


@pytest.fixture
async def street(tmp_path: Path, postgres: str, redis_server: str) -> AsyncIterator[Street]:
    agent = ScriptedAgent(by_keyword({"story": parse("say:Once ;gate:on;last:upon a time")}))
    balancer = Balancer(ports := [free_port(), free_port()])
    async with agent.serving() as agent_url, balancer.listening():
        settings = {
            "DATABASE_URL": postgres,
            "REDIS_URL": redis_server,
            "DATA_DIR": str(tmp_path / "data"),
            "PUBLIC_URL": balancer.url,
            "AGENT_URL": agent_url,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "DEBOUNCE_SECONDS": "0.02",
            # Nothing that is waited for here may come from a lease that ran out.
            "LEASE_SECONDS": "60",
        }
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        one, two = (
            House(folder, settings, port) for folder, port in zip(folders, ports, strict=True)
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(balancer.watch)
            try:
                yield Street(one, two, balancer, agent)
            finally:
                for each in (one, two):
                    if each.running:
                        each.kill()
                tasks.cancel_scope.cancel()


@asynccontextmanager
async def listening(street: Street) -> AsyncIterator[Visitor]:
    """Somebody who has asked the first replica for a story, and has heard its first word."""
    ann = Visitor(street.one.url)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ann.run)
        await until(lambda: ann.reconnects == 0)
        await ann.say("tell me a story")
        await until(lambda: street.agent.received)
        await street.second()
        ann.url = street.balancer.url
        yield ann
        tasks.cancel_scope.cancel()


async def test_a_reply_under_way_ends_though_its_reader_goes_elsewhere(street: Street) -> None:
    await street.begin(drain=20)
    async with listening(street) as ann:
        street.tell_to_stop()
        await until(lambda: ann.reconnects == 1)
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{street.one.url}/readyz")
        assert (answer.status_code, answer.json()["serving"]) == (503, "stopping")
        street.agent.open("on")
        await until(lambda: ann.texts("agent") == ["Once upon a time"])
        assert await street.ended() == 0
    assert len(street.agent.received) == 1
    assert "turn_started" not in street.two.log
    assert "Traceback" not in street.one.log


async def test_a_reply_that_takes_too_long_is_gone_on_with_elsewhere(street: Street) -> None:
    await street.begin(drain=0.5)
    async with listening(street) as ann:
        street.tell_to_stop()
        assert await street.ended() == 0
        await until(lambda: "turn_started" in street.two.log)
        street.agent.open("on")
        await until(lambda: ann.texts("agent") == ["Once upon a time"])
    assert len(street.agent.received) == 1


async def test_who_asks_twice_does_not_wait(street: Street) -> None:
    await street.begin(drain=600)
    async with listening(street) as ann:
        street.tell_to_stop()
        await until(lambda: "draining" in street.one.log)
        street.tell_to_stop()
        assert await street.ended() == 0
        await until(lambda: "turn_started" in street.two.log)
        street.agent.open("on")
        await until(lambda: ann.texts("agent") == ["Once upon a time"])


async def test_a_call_goes_on_until_it_is_taken_up_elsewhere(street: Street) -> None:
    await street.begin(drain=1)
    async with Phone().call(street.balancer.url, token=AUTH_TOKEN) as call:
        assert call.streaming
        await street.second()
        street.tell_to_stop()
        await until(lambda: not street.balancer.ready[1:])
        assert (call.streaming, call.streams) == (True, 1)
        assert await street.ended() == 0
        await call.until(lambda: call.streams == 2)
        await until(lambda: "call_answered" in street.two.log)
        await call.hang_up()
    assert not [fact for fact in call.facts if fact.kind == "stream_failed"]


async def test_a_call_that_ends_is_all_that_is_waited_for(street: Street) -> None:
    await street.begin(drain=600)
    async with Phone().call(street.balancer.url, token=AUTH_TOKEN) as call:
        street.tell_to_stop()
        await until(lambda: "draining" in street.one.log)
        await call.hang_up()
    assert await street.ended() == 0
    assert '"in_time": true' in street.one.log


async def test_each_role_opens_its_doors_and_no_other(tmp_path: Path) -> None:
    everywhere = {"TELEGRAM_BOT_TOKEN": "42:token", "DEBOUNCE_SECONDS": "0.02"}
    everywhere["TELEGRAM_API_URL"] = f"http://127.0.0.1:{free_port()}"
    homes = [tmp_path / "agent", tmp_path / "web"]
    for home in homes:
        home.mkdir()
    async with house(homes[0], {**everywhere, "ROLE": "agent"}) as agent:
        web_alone = {**everywhere, "ROLE": "web", "AGENT_URL": agent.url}
        async with (
            house(homes[1], web_alone) as web,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            for door, path, status in (
                (agent, "/v1/tasks", 200),
                (agent, "/metrics", 200),
                (agent, "/web/widget.js", 404),
                (web, "/web/widget.js", 200),
                (web, "/v1/tasks", 404),
                (web, "/twilio/voice", 404),
            ):
                assert (await http.get(door.url + path)).status_code == status, path
            answer = await http.post(f"{web.url}/telegram/webhook")
            assert answer.status_code == 404
            assert answer.text == "Another replica serves this; the role of this one: web.\n"
            ann = Visitor(web.url)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ann.run)
                await until(lambda: ann.reconnects == 0)
                await ann.say("add a task: renew the passport")
                await until(lambda: ann.texts("agent"), seconds=20)
                tasks.cancel_scope.cancel()
            assert "Renew the passport" in ann.texts("agent")[0]
            # What only ears need is not loaded.
            loaded = await anyio.Path(f"/proc/{web.pid}/maps").read_text("utf-8")
            assert "onnxruntime" not in loaded
        assert not (homes[0] / "data" / "frontdoor.db").exists()
        assert agent.stop() == 0
