"""Durable messages a second through one, two and three replicas on one PostgreSQL.

First what they take of Telegram: stored (a synced commit) before it is acknowledged, and nobody
reads it meanwhile. Beside it, in the same run, a bare python-telegram-bot webhook that stores
nothing. Then whole turns: stored, leased, asked of the agent, the answer stored and shown in the
widget. All share this machine's cores, so what one costs whom says more than the rate.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect

from channels.telegram.config import TelegramConfig
from channels.telegram.simulator import TelegramSimulator
from tests.bench.calls import cpu_seconds
from tests.bench.many import replicas
from tests.bench.measure import Client, spread
from tests.bench.tokens import agent
from tests.bench.webhook import bare, update

SECONDS = 8.0
CONNECTIONS = 40
"""As many as Telegram opens by default, and as many people at the widget."""
COUNTS = (1, 2, 3)


async def run() -> None:
    bot = TelegramSimulator()
    config = TelegramConfig(token=bot.api.token)
    headers = f"X-Telegram-Bot-Api-Secret-Token: {config.webhook_secret}\r\n"
    async with bot.serving() as bot_url:
        settings = {
            "TELEGRAM_BOT_TOKEN": bot.api.token,
            "TELEGRAM_API_URL": bot_url,
            "PUBLIC_URL": "http://127.0.0.1:1",
            # Accepting is what is measured: nobody reads meanwhile.
            "DEBOUNCE_SECONDS": "3600",
        }
        for count in COUNTS:
            async with replicas(count, settings) as doors:
                ports = [door.port for door in doors]
                posted = Posts(ports, "/telegram/webhook", headers)
                await measured(f"{count} replicas, stored", posted.flat_out)
        async with bare(bot.api.token, bot_url) as port:
            await measured("bare python-telegram-bot", Posts([port], "/", headers).flat_out)
    async with agent() as agent_url:
        for count in COUNTS:
            settings = {"AGENT_URL": agent_url, "DEBOUNCE_SECONDS": "0"}
            async with replicas(count, settings) as doors:
                urls = [door.url for door in doors]
                await measured(f"{count} replicas, whole turns", partial(talk, urls))


async def measured(name: str, work: Callable[[], Awaitable[list[float]]]) -> None:
    """Print how many a second `work` has done, how long each took, and what one costs whom."""
    before = processor_seconds()
    waits = await work()
    used = processor_seconds()
    costs = {who: (used[who] - before[who]) / len(waits) * 1e3 for who in sorted(used)}
    told = ", ".join(f"{who} {cost:.2f}" for who, cost in costs.items() if cost >= 0.005)
    print(f"{name}: {len(waits) / SECONDS:.0f}/s, {spread(waits)}; CPU ms of each: {told}")


def processor_seconds() -> dict[str, float]:
    """What we, who are the load, and the programs that we started have used so far."""
    used = defaultdict(float, {"load": cpu_seconds(os.getpid())})
    for pid in descendants(os.getpid()):
        # It may have ended meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            used[Path(f"/proc/{pid}/comm").read_text().strip()] += cpu_seconds(pid)
    return used


def descendants(pid: int) -> Iterator[int]:
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            yield child
            yield from descendants(child)


@dataclass(frozen=True)
class Posts:
    """Telegram's side: connections, each to its door, on which one update follows the other."""

    ports: Sequence[int]
    path: str
    headers: str

    async def flat_out(self) -> list[float]:
        """Post as fast as it goes; how long each answer took."""
        doors = (self.ports[n % len(self.ports)] for n in range(CONNECTIONS))
        clients = [Client("127.0.0.1", port) for port in doors]
        for client in clients:
            await client.open()
        numbers = itertools.count(1)
        waits: list[float] = []
        ends = time.perf_counter() + SECONDS

        async def post(client: Client) -> None:
            while (began := time.perf_counter()) < ends:
                assert await client.post(self.path, update(next(numbers)), self.headers) == 200
                waits.append(time.perf_counter() - began)

        await asyncio.gather(*map(post, clients))
        for client in clients:
            client.close()
        return waits


async def talk(urls: Sequence[str]) -> list[float]:
    """People at the widget, who each write again once they are answered; how long that took."""
    waits: list[float] = []
    ends = time.perf_counter() + SECONDS

    async def one(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            session = (await client.post(f"{url}/web/sessions", json={})).json()
        address = f"ws://{urlsplit(url).netloc}/web/socket"
        async with connect(address, proxy=None, compression=None) as socket:
            await socket.send(json.dumps({"type": "hello", "token": session["token"], "after": 0}))
            while (began := time.perf_counter()) < ends:
                said = {"type": "message", "id": str(uuid4()), "text": "tokens:1@0", "files": []}
                await socket.send(json.dumps(said))
                async for frame in socket:
                    event = json.loads(frame)
                    if event["type"] == "message" and event["role"] == "agent":
                        break
                waits.append(time.perf_counter() - began)

    await asyncio.gather(*(one(urls[n % len(urls)]) for n in range(CONNECTIONS)))
    return waits
