"""Two thousand idle widgets in one process: memory each, and catching up after a break."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.measure import house_on_one_core, resident, spread

SOCKETS = 2000
AT_ONCE = 50
LOG = 60
"""Messages of each side in the conversation that is replayed."""
REPLAYS = 50


async def run() -> None:
    settings = {"DEBOUNCE_SECONDS": "3600"}
    async with house_on_one_core(settings) as door, httpx.AsyncClient(trust_env=False) as client:

        async def session() -> str:
            return str((await client.post(f"{door.url}/web/sessions", json={})).json()["token"])

        address = f"ws://{urlsplit(door.url).netloc}/web/socket"
        token = await session()
        socket = await hello(address, token)
        before = resident(door.pid)
        gate = asyncio.Semaphore(AT_ONCE)

        # As behind a proxy: each visitor has an address and an allowance of their own.
        visitors = (f"10.0.{n // 256}.{n % 256}" for n in itertools.count())

        async def one() -> ClientConnection:
            async with gate:
                answer = await client.post(
                    f"{door.url}/web/sessions",
                    json={},
                    headers={"X-Forwarded-For": next(visitors)},
                )
                return await hello(address, answer.json()["token"])

        open_sockets = await asyncio.gather(*(one() for _ in range(SOCKETS)))
        after = resident(door.pid)
        print(
            f"{SOCKETS} idle sockets: {(after - before) * 1024 / SOCKETS:.1f} kB each, "
            f"{after:.0f} MB in all"
        )
        for n in range(LOG):
            id = f"00000000-0000-4000-8000-{n:012d}"
            said = {"type": "message", "id": id, "text": f"message {n} " + "x" * 200, "files": []}
            await socket.send(json.dumps(said))
        waits = [await replay(address, token) for _ in range(REPLAYS)]
        print(f"replay of {LOG} messages after a reconnect: {spread(waits)}")
        await asyncio.gather(*(s.close() for s in open_sockets))


async def hello(address: str, token: str) -> ClientConnection:
    socket = await connect(address, proxy=None, compression=None, ping_interval=None)
    await socket.send(json.dumps({"type": "hello", "token": token, "after": 0}))
    while json.loads(await socket.recv())["type"] != "welcome":
        pass
    return socket


async def replay(address: str, token: str) -> float:
    """Seconds from dialling to having everything."""
    started = time.perf_counter()
    async with connect(address, proxy=None, compression=None) as socket:
        await socket.send(json.dumps({"type": "hello", "token": token, "after": 0}))
        seen, newest = 0, None
        while newest is None or seen < LOG:
            event = json.loads(await socket.recv())
            if event["type"] == "welcome":
                newest = event["seq"]
            elif event["type"] == "message":
                seen += 1
        return time.perf_counter() - started
