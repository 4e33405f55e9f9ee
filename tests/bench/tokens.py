"""From the agent's token to the widget's socket, a hundred conversations streaming at once."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
import httpx
from websockets.asyncio.client import connect

from tests.bench.measure import LOAD_CORE, house_on_one_core, pin, spread
from tests.kill.house import ROOT, free_port

CONVERSATIONS = 100
TOKENS, INTERVAL = 20, 0.5
"""Each agent says so many tokens, so many seconds apart."""
SPREAD_SECONDS = 2.0
"""People do not all write in the same millisecond."""


async def run() -> None:
    async with agent() as agent_url:
        settings = {"AGENT_URL": agent_url, "DEBOUNCE_SECONDS": "0"}
        async with house_on_one_core(settings) as door:
            firsts: list[float] = []
            rest: list[float] = []
            await asyncio.gather(*(one(door.url, n, firsts, rest) for n in range(CONVERSATIONS)))
    print(f"first token: {spread(firsts)} ({len(firsts)} conversations)")
    print(f"the others:  {spread(rest)} ({len(rest)} tokens)")


async def one(url: str, place: int, firsts: list[float], rest: list[float]) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        session = (await client.post(f"{url}/web/sessions", json={})).json()
    address = f"ws://{urlsplit(url).netloc}/web/socket"
    async with connect(address, proxy=None, compression=None) as socket:
        await socket.send(json.dumps({"type": "hello", "token": session["token"], "after": 0}))
        await anyio.sleep(2 + SPREAD_SECONDS * place / CONVERSATIONS)
        id = f"00000000-0000-4000-8000-{place:012d}"
        said = {"type": "message", "id": id, "text": f"tokens:{TOKENS}@{INTERVAL}", "files": []}
        await socket.send(json.dumps(said))
        first = True
        async for frame in socket:
            now = time.monotonic_ns()
            event = json.loads(frame)
            if event["type"] == "delta":
                for sent in re.findall(r"\d+", event["text"]):
                    (firsts if first else rest).append((now - int(sent)) / 1e9)
                    first = False
            if event["type"] == "message" and event["role"] == "agent":
                return


@asynccontextmanager
async def agent() -> AsyncIterator[str]:
    """The scripted agent in a process of its own, beside the load."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        [
            sys.executable,
            "-m",
            "gateway",
            "sim",
            "agent",
            "--port",
            str(port),
            "--script",
            "x=say:x",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.get(f"{url}/.well-known/agent-card.json")
                    break
                except httpx.TransportError:
                    assert process.poll() is None, "the agent did not start"
                    await anyio.sleep(0.1)
        pin(process.pid, LOAD_CORE)
        yield url
    finally:
        process.kill()
        process.wait()
