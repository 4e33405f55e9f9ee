"""Calls for a long time: memory, threads and open files of the house are to stay as they are."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from tests.bench.doubles import TOKEN, doubles
from tests.bench.measure import house_on_one_core, resident
from tests.bench.phones import Switchboard, Target, phrases

LIFE_SECONDS = 60.0
"""Of a call; then others take its place."""


async def run(options: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--calls", type=int, default=20)
    plan = parser.parse_args(list(options))
    said = phrases()
    async with doubles(said) as settings, house_on_one_core(settings) as door:
        target = Target(door.url, TOKEN)
        began, rounds, turns, missed, lost, dry = time.monotonic(), 0, 0, 0, 0, 0
        print(f"{'minute':>6} {'RSS MB':>7} {'threads':>7} {'files':>6} {'tasks':>6}  turns so far")
        while time.monotonic() - began < plan.minutes * 60:
            board = Switchboard(target, said, barges=bool(rounds % 2))
            opening = asyncio.ensure_future(board.open(plan.calls, first=rounds * 1000))
            while not opening.done():
                await board.run(0.2)
            await opening
            await board.run(LIFE_SECONDS)
            await board.close()
            rounds += 1
            turns += len(board.figures.turns)
            missed += board.figures.missed
            lost += board.figures.lost
            dry += board.figures.underruns
            await asyncio.sleep(2)
            print(
                f"{(time.monotonic() - began) / 60:6.1f} {resident(door.pid):7.1f} "
                f"{count(door.pid, 'task'):7} {count(door.pid, 'fd'):6} "
                f"{await _tasks(door.url):>6}  {turns}, {missed} missed, {lost} lost, {dry} dry",
                flush=True,
            )


def count(pid: int, what: str) -> int:
    """Threads (`task`) or open files (`fd`) of a process."""
    return sum(1 for _ in Path(f"/proc/{pid}/{what}").iterdir())


async def _tasks(url: str) -> str:
    """The event loop's tasks, if the house tells."""
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"{url}/metrics")).text
    lines = (
        line.split() for line in text.splitlines() if line.startswith("frontdoor_event_loop_tasks")
    )
    return next((value.split(".")[0] for _, value in lines), "-")
