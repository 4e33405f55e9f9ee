"""From the caller's last word to the first sound, with services as slow as real ones.

Recognition takes 350 ms and 1.5 s once in twenty times, the agent's first token 375 ms, the
voice's first sound 100 ms; the house waits 600 ms before it takes a turn for over. Side by side:
working ahead of that, and not.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from tests.bench.calls import WARM_SECONDS
from tests.bench.doubles import TOKEN, Timing, doubles
from tests.bench.measure import house_on_one_core, quantile
from tests.bench.phones import Phrase, Switchboard, Target, phrases

REAL = Timing(stt=350, stt_tail=1500, first_token=375, first_audio=100)
PAUSE = 0.6

WAYS: dict[str, dict[str, str]] = {
    "all of it, and while they speak": {
        "ROLLING_SECONDS": "0.1",
        "SPECULATE_SECONDS": "0.06",
    },
    "all of it": {},
    "recognition ahead, agent not": {"VOICE_PREEMPT": "never"},
    "nothing ahead": {"VOICE_PREEMPT": "never", "SPECULATE_SECONDS": f"{PAUSE:g}"},
}
"""How far the house works ahead, as settings."""


async def run(options: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench mouth_to_ear")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0)
    plan = parser.parse_args(list(options))
    said = phrases()
    async with doubles(said, REAL) as services:
        for way, settings in WAYS.items():
            ours = {**services, "END_OF_TURN_SECONDS": f"{PAUSE:g}", **settings}
            async with house_on_one_core(ours) as door:
                await once(way, Target(door.url, TOKEN), plan.calls, plan.seconds, said)


async def once(
    way: str, target: Target, calls: int, seconds: float, said: Sequence[Phrase]
) -> None:
    board = Switchboard(target, said)
    opening = asyncio.ensure_future(board.open(calls))
    while not opening.done():
        await board.run(0.2, counting=False)
    await opening
    await board.run(WARM_SECONDS, counting=False)
    await board.run(seconds)
    await board.close()
    turns, figures = board.figures.turns, board.figures
    spread = "  ".join(f"{name} {quantile(turns, q) * 1000:5.0f} ms" for name, q in QUANTILES)
    print(
        f"{way:30} {spread}  ({len(turns)} turns, {figures.early} early, "
        f"{figures.missed} missed, {figures.underruns} dry)",
        flush=True,
    )


QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
