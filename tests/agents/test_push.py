"""Push notifications: what is sent, in which order, and how hard it is tried."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agents import guard, push
from agents.guard import Guard, Nowhere, Refusal, Target
from channels.loopback import serving
from tests.agents.doubles import Served, serve
from tests.waiting import until

pytestmark = pytest.mark.anyio


class Hook:
    """A receiver of notifications that answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.url = ""

    async def take(self, request: Request) -> Response:
        status = self.answers.pop(0) if self.answers else 200
        if status < 300:
            self.heard.append(await request.json())
        self.headers.append(dict(request.headers))
        return Response(status_code=status, headers={"Location": f"{self.url}/elsewhere"})

    @property
    def origin(self) -> str:
        return self.url

    @property
    def configuration(self) -> dict[str, Any]:
        target = {"url": f"{self.url}/hook", "token": "secret"}
        return {"taskPushNotificationConfig": target}

    async def wait(self, count: int) -> None:
        await until(lambda: len(self.heard) >= count)


@asynccontextmanager
async def hooked() -> AsyncIterator[Hook]:
    hook = Hook()
    app = Starlette(routes=[Route("/hook", hook.take, methods=["POST"])])
    async with serving(app) as url:
        hook.url = url
        yield hook


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with hooked() as hook:
        yield hook


@pytest.fixture
async def agent(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(push, "DELAYS", (0.001,) * 3)
    async with serve(tmp_path, allowed=[hook.origin]) as served:
        yield served


async def test_the_whole_reply_files_and_the_end_are_pushed_in_order(
    agent: Served, hook: Hook
) -> None:
    text = "do:Looking;say:Hel;say:lo;file:a.txt;remind:0,call"
    task = await agent.send(text, configuration=hook.configuration)
    await hook.wait(4)
    progress, file, reply, end = hook.heard
    assert progress["statusUpdate"]["status"]["message"]["parts"][0]["text"] == "Looking"
    assert file["artifactUpdate"]["artifact"]["name"] == "a.txt"
    assert reply["artifactUpdate"]["artifact"]["parts"] == [{"text": "Hello"}]
    assert reply["artifactUpdate"]["lastChunk"]
    assert end["statusUpdate"]["taskId"] == task["id"]
    assert end["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert {h["x-a2a-notification-token"] for h in hook.headers} == {"secret"}
    assert {h["host"] for h in hook.headers} == {hook.url.removeprefix("http://")}
    assert {h["content-type"] for h in hook.headers} == {"application/a2a+json"}


async def test_a_receiver_in_trouble_is_tried_again(agent: Served, hook: Hook) -> None:
    hook.answers = [500, 503, 429]
    await agent.send("say:x", configuration=hook.configuration)
    await hook.wait(2)
    assert len(hook.headers) == 5


async def test_a_receiver_that_says_no_or_elsewhere_is_not(agent: Served, hook: Hook) -> None:
    hook.answers = [410, 302]
    await agent.send("say:x", configuration=hook.configuration)
    await agent.send("say:x", configuration=hook.configuration)
    await hook.wait(2)
    assert len(hook.headers) == 4


async def test_a_target_added_later_hears_what_happens_from_then_on(
    agent: Served, hook: Hook
) -> None:
    task = await agent.send("gate:go;say:x", configuration={"returnImmediately": True})
    target = {"taskId": task["id"], "url": f"{hook.url}/hook"}
    await agent.call("CreateTaskPushNotificationConfig", target)
    agent.brain.gates["go"].set()
    await hook.wait(2)
    assert "x-a2a-notification-token" not in hook.headers[0]


async def test_an_end_that_could_not_be_pushed_is_pushed_after_a_restart(tmp_path: Path) -> None:
    async with hooked() as hook:
        hook.answers = [500] * 100
        async with serve(tmp_path, allowed=[hook.origin]) as agent:
            await agent.send("say:x", configuration=hook.configuration)
            await until(lambda: bool(hook.headers))
        hook.answers = []
        async with serve(tmp_path, allowed=[hook.origin]) as agent:
            await hook.wait(1)
            end = hook.heard[0]["statusUpdate"]["status"]
            assert end["state"] == "TASK_STATE_COMPLETED"
        async with serve(tmp_path, allowed=[hook.origin]) as agent:
            task = await agent.send("say:y", configuration=hook.configuration)
            await hook.wait(3)
            assert hook.heard[1]["artifactUpdate"]["taskId"] == task["id"], "it is told once"


async def test_a_name_that_leads_inside_by_now_is_not_called(
    agent: Served, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted: list[str] = []
    admit = Guard.admit

    async def moved(self: Guard, url: str) -> Target:
        admitted.append(url)
        if len(admitted) > 1:
            raise Refusal("its host is not on the public internet")
        return await admit(self, url)

    monkeypatch.setattr(Guard, "admit", moved)
    await agent.send("say:x", configuration=hook.configuration)
    await until(lambda: len(admitted) >= 3)
    assert hook.headers == []


async def test_a_name_that_has_no_address_yet_is_registered_and_looked_up_again(
    agent: Served, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [] if len(asked) < 3 else ["127.0.0.1"]

    monkeypatch.setattr(guard, "_resolve", resolve)
    monkeypatch.setattr(guard, "is_public", lambda _: True)
    port = hook.url.rpartition(":")[2]
    target = {"url": f"http://soon.invalid:{port}/hook"}
    await agent.send("say:x", configuration={"taskPushNotificationConfig": target})
    await hook.wait(2)
    with pytest.raises(Nowhere):
        guard.decide([])


async def test_the_address_that_was_checked_is_called_under_the_name_that_was_given(
    agent: Served, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(guard, "_resolve", resolve)
    monkeypatch.setattr(guard, "is_public", lambda _: True)
    port = hook.url.rpartition(":")[2]
    target = {"url": f"http://hook.invalid:{port}/hook"}
    await agent.send("say:x", configuration={"taskPushNotificationConfig": target})
    await hook.wait(2)
    assert hook.headers[0]["host"] == f"hook.invalid:{port}"


@pytest.mark.parametrize(
    "spoilt",
    [{"token": "a\r\nb"}, {"token": "é"}, {"authentication": {"scheme": "x", "credentials": "\n"}}],
)
async def test_a_target_whose_headers_cannot_be_sent_is_refused(
    agent: Served, spoilt: dict[str, Any]
) -> None:
    target = {"url": "https://1.1.1.1/hook", **spoilt}
    params = {
        "message": agent.message("say:ok"),
        "configuration": {"taskPushNotificationConfig": target},
    }
    assert await agent.error("SendMessage", params) == -32602
    assert agent.brain.asks == []
