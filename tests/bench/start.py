"""From process start to ready, and how much memory that takes; no key set."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import anyio
import httpx

from tests.bench.measure import resident
from tests.kill.house import House

RUNS = 5


async def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first start, empty database", "later starts"):
            rounds = RUNS if name == "later starts" else 1
            figures = [await once(Path(folder)) for _ in range(rounds)]
            ready, everything, memory = (statistics.median(f) for f in zip(*figures, strict=True))
            print(
                f"{name}: ready {ready:.2f} s, with the agent {everything:.2f} s, {memory:.0f} MB"
            )


async def once(folder: Path) -> tuple[float, float, float]:
    """Seconds to ready, seconds until the shipped agent answers too, MB resident then."""
    built = House(folder)
    started = time.perf_counter()
    built.start()
    ready = 0.0
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    answer = await client.get(f"{built.url}/readyz")
                    now = time.perf_counter() - started
                    if answer.status_code == 200:
                        ready = ready or now
                        if "starting" not in answer.text:
                            await anyio.sleep(1)
                            return ready, now, resident(built.pid)
                except httpx.TransportError:
                    pass
                await anyio.sleep(0.005)
    finally:
        built.stop()
