"""Five thousand idle widgets at two replicas, one of which is killed.

Each comes back as the widget does: at once, then with growing pauses and some chance, at whichever
door answers. Told is when the last of them is caught up with what was written meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.bench.many import replicas
from tests.bench.measure import quantile, resident

SOCKETS = 5000
AT_ONCE = 100


@dataclass
class Person:
    """One widget."""

    token: str
    doors: list[str]
    ready: asyncio.Event
    back: float = 0.0
    """When it was caught up again; 0 while it never lost its door."""

    async def stay(self) -> None:
        dice = random.Random(self.token)  # noqa: S311 - no secret
        lost, tries = False, 0
        for door in itertools.cycle(self.doors):
            try:
                async with connect(
                    f"ws://{urlsplit(door).netloc}/web/socket",
                    proxy=None,
                    compression=None,
                    ping_interval=None,
                    open_timeout=20,
                ) as socket:
                    hello = {"type": "hello", "token": self.token, "after": 0}
                    await socket.send(json.dumps(hello))
                    async for frame in socket:
                        if json.loads(frame)["type"] == "welcome":
                            tries = 0
                            self.ready.set()
                            if lost and not self.back:
                                self.back = time.monotonic()
            except (OSError, WebSocketException, TimeoutError):
                pass
            lost = lost or self.ready.is_set()
            await anyio.sleep(min(5.0, 0.25 * 2**tries) * dice.uniform(0.5, 1.0))
            tries += 1


async def run() -> None:
    limits = {"MAX_SOCKETS": str(2 * SOCKETS), "DEBOUNCE_SECONDS": "3600"}
    async with (
        replicas(2, limits) as (stays, dies),
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        anyio.create_task_group() as tasks,
    ):
        gate = asyncio.Semaphore(AT_ONCE)
        people: list[Person] = []

        async def come(number: int) -> None:
            async with gate:
                visitor = {"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"}
                answer = await client.post(f"{stays.url}/web/sessions", json={}, headers=visitor)
                doors = [stays.url, dies.url] if number % 2 else [dies.url, stays.url]
                person = Person(answer.json()["token"], doors, asyncio.Event())
                people.append(person)
                tasks.start_soon(person.stay)
                await person.ready.wait()

        began = time.monotonic()
        await asyncio.gather(*(come(number) for number in range(SOCKETS)))
        print(
            f"{SOCKETS} sockets open after {time.monotonic() - began:.1f} s; "
            f"{resident(stays.pid):.0f} + {resident(dies.pid):.0f} MB",
            flush=True,
        )
        moved = [person for person in people if person.doors[0] == dies.url]
        killed = time.monotonic()
        dies.kill()
        with anyio.move_on_after(60):
            while not all(person.back for person in moved):  # noqa: ASYNC110 - of many, the last
                await anyio.sleep(0.05)
        waits = [person.back - killed for person in moved if person.back]
        print(
            f"{len(moved)} lost their replica: {len(waits)} are back, p50 "
            f"{quantile(waits, 0.5):.2f} s, p95 {quantile(waits, 0.95):.2f} s, "
            f"all after {max(waits):.2f} s; {resident(stays.pid):.0f} MB",
            flush=True,
        )
        tasks.cancel_scope.cancel()
