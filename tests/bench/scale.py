"""Durable Telegram messages a second through one, two and three replicas on one PostgreSQL.

What is counted is stored (a synced commit) before it is acknowledged; nobody reads it meanwhile.
Beside it, in the same run, a bare python-telegram-bot webhook that stores nothing. All share this
machine's cores, so what a message costs whom says more than the rate.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from channels.telegram.config import TelegramConfig
from channels.telegram.simulator import TelegramSimulator
from tests.bench.calls import cpu_seconds
from tests.bench.many import replicas
from tests.bench.measure import Client, spread
from tests.bench.webhook import bare, update

SECONDS = 8.0
CONNECTIONS = 40
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
                await measured(f"{count} replicas", ports, "/telegram/webhook", headers)
        async with bare(bot.api.token, bot_url) as port:
            await measured("bare python-telegram-bot, one process", [port], "/", headers)


async def measured(name: str, ports: Sequence[int], path: str, headers: str) -> None:
    """Print how many messages a second these doors take, and what one costs whom."""
    before = processor_seconds()
    waits = await flat_out(ports, path, headers)
    used = processor_seconds()
    costs = ", ".join(
        f"{who} {(used[who] - before[who]) / len(waits) * 1e3:.2f}" for who in sorted(used)
    )
    rate = len(waits) / SECONDS
    print(f"{name}: {rate:.0f}/s, {spread(waits)}; CPU ms a message: {costs}", flush=True)


def processor_seconds() -> dict[str, float]:
    """What we, who are the load, and the programs that we started have used so far."""
    used = defaultdict(float, {"load": cpu_seconds(os.getpid())})
    for pid in descendants(os.getpid()):
        used[Path(f"/proc/{pid}/comm").read_text().strip()] += cpu_seconds(pid)
    return used


def descendants(pid: int) -> Iterator[int]:
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            yield child
            yield from descendants(child)


async def flat_out(ports: Sequence[int], path: str, headers: str) -> list[float]:
    """Post as fast as it goes, each connection to its door; how long each answer took."""
    clients = [Client("127.0.0.1", ports[n % len(ports)]) for n in range(CONNECTIONS)]
    for client in clients:
        await client.open()
    numbers = itertools.count(1)
    waits: list[float] = []
    ends = time.perf_counter() + SECONDS

    async def post(client: Client) -> None:
        while (began := time.perf_counter()) < ends:
            assert await client.post(path, update(next(numbers)), headers) == 200
            waits.append(time.perf_counter() - began)

    await asyncio.gather(*map(post, clients))
    for client in clients:
        client.close()
    return waits
