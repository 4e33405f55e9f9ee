"""Durable Telegram messages a second through one, two and three replicas on one PostgreSQL.

What is counted is stored (a synced commit) before it is acknowledged. Beside it, in the same run,
a bare python-telegram-bot webhook that stores nothing. All share this machine's cores.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence

from channels.telegram.config import TelegramConfig
from channels.telegram.simulator import TelegramSimulator
from tests.bench.calls import cpu_seconds
from tests.bench.many import replicas
from tests.bench.measure import Client, spread
from tests.bench.webhook import bare, update
from tests.kill.house import House

SECONDS = 8.0
CONNECTIONS = 40
COUNTS = (1, 2, 3)


async def run() -> None:
    bot = TelegramSimulator()
    config = TelegramConfig(token=bot.api.token)
    headers = f"X-Telegram-Bot-Api-Secret-Token: {config.webhook_secret}\r\n"
    numbers = itertools.count(1)
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
                used = [cpu_seconds(door.pid) for door in doors]
                rate, waits = await flat_out(ports(doors), "/telegram/webhook", headers, numbers)
                shares = [
                    (cpu_seconds(door.pid) - before) / SECONDS
                    for door, before in zip(doors, used, strict=True)
                ]
                cpu = " + ".join(f"{share:.0%}" for share in shares)
                print(
                    f"{count} replicas: {rate:.0f} stored/s, {spread(waits)}; CPU of ours {cpu}",
                    flush=True,
                )
        async with bare(bot.api.token, bot_url) as port:
            rate, waits = await flat_out([port], "/", headers, numbers)
            print(f"bare python-telegram-bot, one process: {rate:.0f}/s, {spread(waits)}")


def ports(doors: Sequence[House]) -> list[int]:
    return [door.port for door in doors]


async def flat_out(
    doors: Sequence[int], path: str, headers: str, numbers: itertools.count[int]
) -> tuple[float, list[float]]:
    """Post as fast as it goes, each connection to its door; a second's messages, and the waits."""
    clients = [Client("127.0.0.1", doors[n % len(doors)]) for n in range(CONNECTIONS)]
    for client in clients:
        await client.open()
    waits: list[float] = []
    ends = time.perf_counter() + SECONDS

    async def post(client: Client) -> None:
        while (began := time.perf_counter()) < ends:
            assert await client.post(path, update(next(numbers)), headers) == 200
            waits.append(time.perf_counter() - began)

    await asyncio.gather(*map(post, clients))
    for client in clients:
        client.close()
    return len(waits) / SECONDS, waits
