"""Telegram updates taken and stored a second, beside a bare webhook that stores nothing.

The peer is python-telegram-bot's Application behind the same server, with a handler that
does nothing: what one gets by following its documentation, and what a crash loses.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from channels.telegram.config import TelegramConfig
from channels.telegram.simulator import TelegramSimulator
from tests.bench.measure import SERVER_CORE, Client, house_on_one_core, pin, spread
from tests.kill.house import ROOT, free_port

CONNECTIONS = 40
"""As many as Telegram opens by default."""
CHATS = 500
FLAT_OUT = 5000
STEADY_RATE, STEADY_SECONDS = 200, 15


async def run() -> None:
    bot = TelegramSimulator()
    config = TelegramConfig(token=bot.api.token)
    headers = f"X-Telegram-Bot-Api-Secret-Token: {config.webhook_secret}\r\n"
    async with bot.serving() as bot_url:
        port = free_port()
        settings = {
            "TELEGRAM_BOT_TOKEN": bot.api.token,
            "TELEGRAM_API_URL": bot_url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            # Accepting is what is measured: nobody reads meanwhile.
            "DEBOUNCE_SECONDS": "3600",
        }
        async with house_on_one_core(settings) as door:
            ours = await load(
                "ours, stored before the 200", door.port, "/telegram/webhook", headers
            )
            records = sqlite3.connect(door.folder / "data" / "frontdoor.db")
            [(stored,)] = records.execute("SELECT count(*) FROM messages").fetchall()
            records.close()
            sent = FLAT_OUT + STEADY_RATE * STEADY_SECONDS
            print(f"  stored {stored} of {sent}")
        async with bare(bot.api.token, bot_url) as peer_port:
            theirs = await load("bare python-telegram-bot", peer_port, "/", headers)
    print(f"  ratio ours / bare: {ours / theirs:.2f}")


async def load(name: str, port: int, path: str, headers: str) -> float:
    clients = [Client("127.0.0.1", port) for _ in range(CONNECTIONS)]
    for client in clients:
        await client.open()
    numbers = iter(range(1, 10_000_000))

    async def flat_out(client: Client) -> None:
        for number in numbers:
            if number > FLAT_OUT:
                return
            assert await client.post(path, update(number), headers) == 200

    started = time.perf_counter()
    await asyncio.gather(*map(flat_out, clients))
    rate = FLAT_OUT / (time.perf_counter() - started)

    waits: list[float] = []

    async def steady(client: Client, place: int) -> None:
        # Open loop: a slow answer does not slow the questions down.
        for n in range(place, STEADY_RATE * STEADY_SECONDS, CONNECTIONS):
            due = begun + n / STEADY_RATE
            await anyio.sleep(max(0.0, due - time.perf_counter()))
            assert await client.post(path, update(FLAT_OUT + 10 + n), headers) == 200
            waits.append(time.perf_counter() - due)

    begun = time.perf_counter()
    await asyncio.gather(*(steady(client, place) for place, client in enumerate(clients)))
    for client in clients:
        client.close()
    print(f"{name}: {rate:.0f} messages/s flat out; at {STEADY_RATE}/s {spread(waits)}")
    return rate


def update(number: int) -> bytes:
    chat = 1000 + number % CHATS
    return json.dumps(
        {
            "update_id": number,
            "message": {
                "message_id": number,
                "date": 1_790_000_000,
                "chat": {"id": chat, "type": "private", "first_name": "Ada"},
                "from": {"id": chat, "is_bot": False, "first_name": "Ada", "language_code": "en"},
                "text": "What is on my list for tomorrow?",
            },
        }
    ).encode()


@asynccontextmanager
async def bare(token: str, api_url: str) -> AsyncIterator[int]:
    """python-telegram-bot's own way, in a process on the server's core."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        [sys.executable, "-m", "tests.bench.bare_bot", token, api_url, str(port)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                await anyio.sleep(0.1)
        pin(process.pid, SERVER_CORE)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
