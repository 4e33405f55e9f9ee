"""What there is no room for is turned away at once, politely, and looked after all the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.server.admission import Admission, Limits
from gateway.server.serving import Server, serving
from gateway.telemetry import REGISTRY
from tests.kill.house import free_port

pytestmark = pytest.mark.anyio


@dataclass
class Rig:
    http: httpx.AsyncClient
    socket: str
    waiting: int = 0
    gate: anyio.Event = field(default_factory=anyio.Event)
    asked: anyio.Event = field(default_factory=anyio.Event)
    leaving: bool = False


@asynccontextmanager
async def rig(limits: Limits) -> AsyncIterator[Rig]:
    async def slow(_: Request) -> Response:
        door.asked.set()
        await door.gate.wait()
        return PlainTextResponse("done")

    async def quick(_: Request) -> Response:
        return PlainTextResponse("fine")

    async def listen(ws: WebSocket) -> None:
        await ws.accept()
        async for text in ws.iter_text():
            await ws.send_text(text)

    app = Starlette(
        routes=[Route("/slow", slow), Route("/readyz", quick), WebSocketRoute("/socket", listen)]
    )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    admission = Admission(app, limits, lambda: door.leaving)
    async with (
        serving(Server(admission, "127.0.0.1", port)),
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        door = Rig(http, f"ws://127.0.0.1:{port}/socket")
        yield door


def refused(limit: str) -> float:
    return REGISTRY.get_sample_value("frontdoor_refused_total", {"limit": limit}) or 0.0


async def test_a_request_too_many_is_asked_to_come_again() -> None:
    before = refused("requests")
    async with rig(Limits(requests=1)) as door, anyio.create_task_group() as tasks:
        tasks.start_soon(door.http.get, "/slow")
        await door.asked.wait()
        answer = await door.http.get("/slow")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "try again" in answer.text
        # Who looks after us gets in whatever there is to do.
        assert (await door.http.get("/readyz")).status_code == 200
        door.gate.set()
    assert refused("requests") == before + 1


async def test_a_request_that_is_over_makes_room() -> None:
    async with rig(Limits(requests=1)) as door:
        door.gate.set()
        for _ in range(3):
            assert (await door.http.get("/slow")).text == "done"


@pytest.mark.parametrize(
    ("limits", "full"),
    [
        (Limits(sockets=1), "sockets"),
        (Limits(sockets_per_host=1), "sockets_per_address"),
    ],
)
async def test_a_socket_too_many_is_asked_to_come_again(limits: Limits, full: str) -> None:
    before = refused(full)
    async with rig(limits) as door:
        async with connect(door.socket, proxy=None) as first:
            with pytest.raises(InvalidStatus) as no:
                async with connect(door.socket, proxy=None):
                    pass
            assert no.value.response.status_code == 503
            assert no.value.response.headers["retry-after"] == "1"
            await first.send("still here")
            assert await first.recv() == "still here"
        async with connect(door.socket, proxy=None) as next:
            await next.send("my turn")
            assert await next.recv() == "my turn"
    assert refused(full) == before + 1


async def test_who_leaves_keeps_no_connection_and_takes_no_socket() -> None:
    async with rig(Limits()) as door:
        door.gate.set()
        assert "close" not in (await door.http.get("/slow")).headers.get("connection", "")
        door.leaving = True
        assert (await door.http.get("/slow")).headers["connection"] == "close"
        with pytest.raises(InvalidStatus, match="503"):
            async with connect(door.socket, proxy=None):
                pass


async def test_what_is_said_to_who_is_turned_away_is_a_sentence() -> None:
    async with rig(Limits(requests=0)) as door:
        assert re.fullmatch(r"[A-Z].*\.\n", (await door.http.get("/slow")).text)
