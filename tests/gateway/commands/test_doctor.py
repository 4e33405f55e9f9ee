"""The doctor asks real parts, and says what to do about each that is not well."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from time import time

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from typer.testing import CliRunner

from channels.loopback import serving
from gateway.cli import create_cli
from gateway.commands import probing
from gateway.commands.doctor import capacity
from gateway.settings import Settings
from gateway.store.engine import Database
from tests.kill.house import free_port

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _nothing_between_us_and_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@asynccontextmanager
async def answering(answer: Response, seen: list[Request] | None = None) -> AsyncIterator[str]:
    async def serve(request: Request) -> Response:
        if seen is not None:
            seen.append(request)
        return answer

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    routes = [WebSocketRoute("/web/socket", socket), Route("/{path:path}", serve)]
    async with serving(Starlette(routes=routes)) as url:
        yield url


NOWHERE = f"http://127.0.0.1:{free_port()}"


async def test_it_knows_our_own_door() -> None:
    async with answering(JSONResponse({"status": "ok"})) as url:
        assert (await probing.door(url)).state == "ok"
        assert (await probing.socket(url)).state == "ok"


@pytest.mark.parametrize("answer", [JSONResponse({"status": "fine"}), PlainTextResponse("Hello")])
async def test_it_knows_when_somebody_else_answers_at_our_door(answer: Response) -> None:
    async with answering(answer) as url:
        found = await probing.door(url)
    assert (found.state, "somebody else" in found.text) == ("wrong", True)
    assert "proxy" in found.remedy


async def test_it_knows_when_nobody_answers_at_our_door() -> None:
    for found in (await probing.door(NOWHERE), await probing.socket(NOWHERE)):
        assert found.state == "wrong"
        assert found.remedy


async def test_what_is_not_reached_from_outside_is_off() -> None:
    (found,) = await probing.reach(Settings())
    assert (found.state, "PUBLIC_URL" in found.remedy) == ("off", True)


@pytest.mark.parametrize(
    ("status", "state", "advice"),
    [
        (200, "ok", ""),
        (404, "ok", ""),
        (401, "wrong", "GROQ_API_KEY"),
        (429, "warn", "plan"),
        (503, "wrong", "status page"),
    ],
)
async def test_it_asks_a_speech_service_whether_it_takes_our_key(
    status: int, state: str, advice: str
) -> None:
    seen: list[Request] = []
    async with answering(Response(status_code=status), seen) as url:
        found = await probing.provider(Settings(groq_api_key="gsk_1", groq_base_url=url), "groq")
    assert found.state == state
    assert advice in found.remedy
    assert seen[0].url.path == "/openai/v1/models"
    assert seen[0].headers["authorization"] == "Bearer gsk_1"
    assert "gsk_1" not in f"{found}"


async def test_speech_that_nobody_configured_is_off_and_asks_nobody() -> None:
    (found,) = await probing.speech(Settings())
    assert (found.state, "GROQ_API_KEY" in found.remedy) == ("off", True)


async def test_each_service_that_speech_uses_is_asked_once() -> None:
    seen: list[Request] = []
    async with answering(Response(), seen) as url:
        own = Settings(
            speech_to_text=("openai", "groq"),
            text_to_speech=("openai", "cartesia"),
            openai_base_url=url,
            groq_base_url=url,
            groq_api_key="g",
        )
        found = {f.name: f for f in await probing.speech(own)}
    assert [request.url.path for request in seen] == ["/models", "/openai/v1/models"]
    # A server of one's own may want no key; the vendor's does.
    assert {name: f.state for name, f in found.items()} == {
        "Speech": "ok",
        "OpenAI": "ok",
        "Groq": "ok",
        "Cartesia": "wrong",
    }
    assert "authorization" not in seen[0].headers


async def test_a_speech_service_without_key_or_network_is_wrong() -> None:
    missing = await probing.provider(Settings(), "cartesia")
    assert (missing.state, missing.remedy) == ("wrong", "Set CARTESIA_API_KEY.")
    away = Settings(cartesia_api_key="k", cartesia_base_url=NOWHERE)
    assert (await probing.provider(away, "cartesia")).state == "wrong"


@pytest.mark.parametrize(
    ("late", "state", "way"), [(0, "ok", ""), (60, "wrong", "slow"), (-60, "wrong", "fast")]
)
async def test_it_compares_our_clock_with_the_worlds(late: int, state: str, way: str) -> None:
    date = formatdate(time() + late, usegmt=True)

    async def tell(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(f"HTTP/1.1 200 OK\r\nDate: {date}\r\n\r\n".encode())

    # Web servers tell the time themselves, and rightly.
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, tell)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - not Django
        (found,) = await probing.clock(Settings(agent_url=f"http://127.0.0.1:{port}"))
        tasks.cancel_scope.cancel()
    assert found.state == state
    assert way in found.text


async def test_a_clock_with_nobody_to_ask_is_off() -> None:
    (found,) = await probing.clock(Settings())
    assert found.state == "off"


async def test_it_counts_how_many_replicas_the_database_bears(postgres: str) -> None:
    database = Database(postgres.replace("postgresql:", "postgresql+psycopg:"), 2)
    try:
        few = await database.read(capacity, 2)
        many = await database.read(capacity, 40)
        far_too_many = await database.read(capacity, 400)
    finally:
        database.close()
    assert few
    assert many
    assert far_too_many
    assert (few.state, many.state, far_too_many.state) == ("ok", "warn", "wrong")
    assert "DATABASE_POOL" in many.remedy


async def test_a_database_without_a_server_bears_as_many_as_it_may(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    try:
        assert await database.read(capacity, 8) is None
    finally:
        database.close()


def test_scripts_read_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def serve(_: Settings) -> None:
        await anyio.lowlevel.checkpoint()

    settings = {"DATA_DIR": str(tmp_path), "PORT": str(free_port()), "GROQ_API_KEY": ""}
    done = CliRunner(env=settings).invoke(create_cli(serve), ["doctor", "--json"])
    found = {row["name"]: row for row in json.loads(done.output)}
    assert done.exit_code == 1
    assert found["Agent"]["state"] == "wrong"
    assert "frontdoor serve" in found["Agent"]["remedy"]
    assert {"Settings", "Database", "Redis", "Files", "Telegram", "Phone", "Clock"} <= set(found)
    assert all(set(row) == {"name", "state", "text", "remedy"} for row in found.values())
