"""Two replicas: who reads at one sees what the other does, with Redis and without."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.kill.house import ROOT, House, free_port
from tests.services import Postgres, Redis

pytestmark = pytest.mark.anyio

Frame = dict[str, Any]


@dataclass
class Pair:
    """Two replicas, and one person's session, which both know."""

    one: House
    two: House
    token: str

    @asynccontextmanager
    async def reader(self, house: House) -> AsyncIterator[ClientConnection]:
        url = f"ws://127.0.0.1:{house.port}/web/socket"
        async with connect(url, proxy=None, compression=None) as socket:
            await socket.send(json.dumps({"type": "hello", "token": self.token, "after": 0}))
            await until(socket, "welcome")
            yield socket


async def say(socket: ClientConnection, text: str, place: int = 1) -> None:
    id = f"00000000-0000-4000-8000-{place:012d}"
    await socket.send(json.dumps({"type": "message", "id": id, "text": text, "files": []}))


async def until(socket: ClientConnection, kind: str, **wanted: str) -> list[Frame]:
    """All frames up to the first of this kind."""
    frames: list[Frame] = []
    with anyio.fail_after(30):
        async for text in socket:
            frames.append(json.loads(text))
            if frames[-1].items() >= {"type": kind, **wanted}.items():
                return frames
    raise AssertionError(frames)


def grown(frames: list[Frame]) -> str:
    return "".join(frame["text"] for frame in frames if frame["type"] == "delta")


def answer(frames: list[Frame]) -> str:
    text: str = frames[-1]["parts"][0]["text"]
    return text


@contextmanager
def agent() -> Iterator[str]:
    """The scripted agent in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "gateway", "sim", "agent", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--script", "x=say:x"], cwd=ROOT, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture(scope="module")
async def houses(
    postgres_service: Postgres,
    redis_service: Redis,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[list[House]]:
    with agent() as url:
        settings = {
            "DATABASE_URL": postgres_service.database(),
            "REDIS_URL": redis_service.url,
            "AGENT_URL": url,
            "DEBOUNCE_SECONDS": "0",
        }
        houses = [House(tmp_path_factory.mktemp(name), settings) for name in ("one", "two")]
        try:
            for house in houses:
                house.start()
            for house in houses:
                await house.ready()
            yield houses
        finally:
            for house in houses:
                if house.running:
                    house.stop()


@pytest.fixture
async def pair(houses: list[House]) -> Pair:
    one, two = houses
    async with httpx.AsyncClient(trust_env=False) as client:
        session = await client.post(f"{one.url}/web/sessions", json={})
    return Pair(one, two, session.json()["token"])


async def bus_of(house: House) -> tuple[int, str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answered = await client.get(f"{house.url}/readyz")
    bus: str = answered.json()["bus"]
    return answered.status_code, bus


async def test_an_answer_grows_before_whoever_reads_elsewhere(pair: Pair) -> None:
    async with pair.reader(pair.one) as writes, pair.reader(pair.two) as reads:
        await say(writes, "tokens:8@0.1")
        there = await until(reads, "message", role="agent")
        here = await until(writes, "message", role="agent")
        assert grown(there) == grown(here)
        assert len([frame for frame in there if frame["type"] == "delta"]) > 2
        assert answer(there) == answer(here)


async def test_who_comes_late_elsewhere_gets_the_whole(pair: Pair) -> None:
    async with pair.reader(pair.one) as writes:
        await say(writes, "tokens:8@0.1")
        begun = await until(writes, "delta")
        async with pair.reader(pair.two) as reads:
            there = await until(reads, "message", role="agent")
        here = [*begun, *await until(writes, "message", role="agent")]
        assert grown(there) == grown(here)


async def test_a_turn_is_stopped_from_elsewhere(pair: Pair) -> None:
    async with pair.reader(pair.one) as writes, pair.reader(pair.two) as reads:
        await say(writes, "tokens:200@0.1")
        await until(reads, "delta")
        await reads.send(json.dumps({"type": "cancel"}))
        with anyio.fail_after(5):
            await until(reads, "status", state="canceled")


async def test_an_answer_arrives_elsewhere_though_redis_is_gone(
    pair: Pair, redis_service: Redis
) -> None:
    async with pair.reader(pair.one) as writes, pair.reader(pair.two) as reads:
        await say(writes, "tokens:8@0.1")
        begun = await until(reads, "delta")
        redis_service.kill()
        try:
            there = [*begun, *await until(reads, "message", role="agent")]
            assert answer(there) == answer(await until(writes, "message", role="agent"))
            status, bus = await bus_of(pair.two)
            assert status == 200
            assert bus.startswith("degraded: redis is away")
            async with pair.reader(pair.two) as late:
                await say(late, "tokens:2@0.1", place=2)
                await until(late, "message", role="agent")
                await until(writes, "message", role="agent")
        finally:
            await redis_service.resume()
        with anyio.fail_after(15):
            while (await bus_of(pair.two))[1] != "ok":  # noqa: ASYNC110 - it is another process
                await anyio.sleep(0.05)
