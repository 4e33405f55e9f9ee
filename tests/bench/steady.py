"""People who write all the time at two replicas: what they cost is to stay as it is."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import httpx
from websockets.asyncio.client import connect

from tests.bench.many import replicas
from tests.bench.measure import resident
from tests.bench.soak import count
from tests.bench.tokens import agent
from tests.kill.house import House

PEOPLE = 20
PAUSE_SECONDS = 3.0
MESSAGES_EACH = 20
"""Then somebody else comes: conversations are to leave nothing behind, either."""


async def run(options: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench steady")
    parser.add_argument("--minutes", type=float, default=30.0)
    plan = parser.parse_args(list(options))
    async with (
        agent() as agent_url,
        replicas(2, {"AGENT_URL": agent_url}) as doors,
        anyio.create_task_group() as tasks,
    ):
        answered: list[float] = []
        for place in range(PEOPLE):
            tasks.start_soon(people, doors[place % 2].url, answered)
        began = time.monotonic()
        print(f"{'minute':>6}  MB, threads, files, tasks of each replica; answers so far")
        while time.monotonic() - began < plan.minutes * 60:
            await anyio.sleep(60)
            figures = [await standing(door) for door in doors]
            minute = (time.monotonic() - began) / 60
            print(f"{minute:6.1f}  {'   '.join(figures)}   {len(answered)}", flush=True)
        tasks.cancel_scope.cancel()


async def people(url: str, answered: list[float]) -> None:
    """One after the other."""
    while True:
        async with httpx.AsyncClient(trust_env=False) as client:
            session = (await client.post(f"{url}/web/sessions", json={})).json()
        address = f"ws://{urlsplit(url).netloc}/web/socket"
        async with connect(address, proxy=None, compression=None) as socket:
            await socket.send(json.dumps({"type": "hello", "token": session["token"], "after": 0}))
            for _ in range(MESSAGES_EACH):
                said = {"type": "message", "id": str(uuid4()), "text": "tokens:5@0.05", "files": []}
                began = time.perf_counter()
                await socket.send(json.dumps(said))
                async for frame in socket:
                    event = json.loads(frame)
                    if event["type"] == "message" and event["role"] == "agent":
                        break
                answered.append(time.perf_counter() - began)
                await asyncio.sleep(PAUSE_SECONDS)


async def standing(door: House) -> str:
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"{door.url}/metrics")).text
    lines = (
        line.split() for line in text.splitlines() if line.startswith("frontdoor_event_loop_tasks")
    )
    tasks = next((value.split(".")[0] for _, value in lines), "-")
    threads, files = count(door.pid, "task"), count(door.pid, "fd")
    return f"{resident(door.pid):6.1f} {threads:3} {files:3} {tasks:>4}"
