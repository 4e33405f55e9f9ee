"""A message taken by one replica whose reader sits at another, beside both at the same.

From the agent's token to the reader's socket. Every other conversation has two sockets, one at
each replica, and writes at the first.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from urllib.parse import urlsplit

import anyio
import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.many import replicas
from tests.bench.measure import spread
from tests.bench.tokens import agent

PEOPLE = 40
TURNS = 5
TOKENS, INTERVAL = 5, 0.2


async def run() -> None:
    async with agent() as agent_url:
        settings = {"AGENT_URL": agent_url, "DEBOUNCE_SECONDS": "0"}
        async with replicas(2, settings) as (one, other):
            for name, read_at in (("same replica", one.url), ("another replica", other.url)):
                firsts: list[float] = []
                rest: list[float] = []
                await asyncio.gather(
                    *(talk(one.url, read_at, n, firsts, rest) for n in range(PEOPLE))
                )
                print(f"{name}: first token {spread(firsts)} ({len(firsts)} turns)")
                print(f"{name}: the others  {spread(rest)} ({len(rest)} tokens)", flush=True)


async def talk(
    write_at: str, read_at: str, place: int, firsts: list[float], rest: list[float]
) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        session = (await client.post(f"{write_at}/web/sessions", json={})).json()
    async with (
        socket_at(write_at) as writer,
        socket_at(read_at) as reader,
        anyio.create_task_group() as tasks,
    ):
        for socket in (writer, reader):
            await socket.send(json.dumps({"type": "hello", "token": session["token"], "after": 0}))
        tasks.start_soon(drain, writer)
        await anyio.sleep(1 + place / PEOPLE)
        for turn in range(TURNS):
            id = f"00000000-0000-4000-8000-{place:06d}{turn:06d}"
            said = {"type": "message", "id": id, "text": f"tokens:{TOKENS}@{INTERVAL}", "files": []}
            await writer.send(json.dumps(said))
            await hear(reader, firsts, rest)
        tasks.cancel_scope.cancel()


def socket_at(url: str) -> connect:
    return connect(f"ws://{urlsplit(url).netloc}/web/socket", proxy=None, compression=None)


async def drain(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


async def hear(reader: ClientConnection, firsts: list[float], rest: list[float]) -> None:
    """Read one answer, and note how old each token was."""
    first = True
    async for frame in reader:
        now = time.monotonic_ns()
        event = json.loads(frame)
        if event["type"] == "delta":
            for sent in re.findall(r"\d+", event["text"]):
                (firsts if first else rest).append((now - int(sent)) / 1e9)
                first = False
        if event["type"] == "message" and event["role"] == "agent":
            return
