"""Calls at once on one core: how soon the house answers, and how soon it falls silent.

The peer is Pipecat in its leanest form (`pipecat_line.py`), in the same run, installed into an
environment of its own under build/.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.doubles import LONG, SHORT, TOKEN, doubles, program
from tests.bench.measure import LOAD_CORE, SERVER_CORE, house_on_one_core, pin, quantile, resident
from tests.bench.phones import Figures, Phrase, Switchboard, Target, phrases
from tests.kill.house import ROOT, free_port

PEER = ROOT / "build" / "pipecat"
PEER_VERSION = "1.14.0"
WARM_SECONDS = 6.0


@dataclass(frozen=True)
class Server:
    """Who is called."""

    name: str
    target: Target
    pid: int


async def run(options: Sequence[str] = ()) -> None:
    plan = _plan(options)
    said = phrases()
    for barges in (False, True) if plan.scenario == "both" else (plan.scenario == "barge",):
        print(
            f"\n{'barge-in' if barges else 'turns'}, pause {plan.end_of_turn * 1000:.0f} ms; "
            "added: caller's last sample to first reply frame, minus the pause"
        )
        print(HEADING)
        if "house" in plan.who:
            async with house(plan.end_of_turn, said, barges=barges) as server:
                await ramp(server, plan.calls, plan, said, barges=barges)
        if "pipecat" in plan.who and await asyncio.to_thread(peer_installed):
            async with peer(plan.end_of_turn, barges=barges) as server:
                await ramp(server, plan.peer_calls, plan, said, barges=barges)
        if "floor" in plan.who:
            async with floor(barges=barges) as server:
                await ramp(server, plan.calls, plan, said, barges=barges)


def _plan(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench calls")
    parser.add_argument("--calls", type=_numbers, default=[1, 10, 60, 100])
    parser.add_argument("--peer-calls", type=_numbers, default=[1, 10, 15])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--end-of-turn", type=float, default=0.2)
    parser.add_argument("--scenario", choices=["turns", "barge", "both"], default="both")
    parser.add_argument(
        "--who",
        type=lambda text: text.split(","),
        default=["house", "pipecat"],
        help="of house, pipecat, floor",
    )
    return parser.parse_args(list(options))


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


HEADING = (
    f"{'':8} {'calls':>5} {'turns':>6} {'added p50':>9} {'p95':>7} {'early':>5} {'miss':>5} "
    f"{'dry':>5} {'silent p50':>10} {'p95':>7} {'unheard':>7} {'idle clr':>8} {'lost':>4} "
    f"{'CPU %':>6} {'RSS MB':>7} {'MB/call':>7} {'load %':>6} {'late %':>6}"
)


async def ramp(
    server: Server,
    steps: Sequence[int],
    plan: argparse.Namespace,
    said: Sequence[Phrase],
    *,
    barges: bool,
) -> None:
    """More and more calls, until there are as many as were asked for."""
    base, first = 0.0, steps[0]
    for step, calls in enumerate(steps):
        board = Switchboard(server.target, said, barges=barges)
        opening = asyncio.ensure_future(board.open(calls, first=step * 10_000))
        # Those that are up must be kept talking while others come.
        while not opening.done():
            await board.run(0.2, counting=False)
        await opening
        await board.run(WARM_SECONDS, counting=False)
        seconds = max(plan.seconds, min(90.0, plan.seconds * 3 / calls))
        cpu, load, began = cpu_seconds(server.pid), cpu_of_load(server.pid), time.perf_counter()
        await board.run(seconds)
        passed = time.perf_counter() - began
        used = (cpu_seconds(server.pid) - cpu) / passed
        loaded = (cpu_of_load(server.pid) - load) / passed
        rss = resident(server.pid)
        base = base or rss
        cost = Cost(used, loaded, rss, (rss - base) / max(1, calls - first))
        show(server.name, calls, board.figures, plan.end_of_turn, cost)
        await board.close()
        await asyncio.sleep(2)


@dataclass(frozen=True)
class Cost:
    """What a run cost; shares of one core, and MB."""

    server: float
    others: float
    """The load and the doubles."""
    resident: float
    each: float
    """More than with as many calls as at first, by call."""


def show(name: str, calls: int, figures: Figures, pause: float, cost: Cost) -> None:
    def ms(values: Sequence[float], q: float, less: float = 0.0) -> str:
        return f"{(quantile(values, q) - less) * 1000:.0f}" if values else "-"

    late = sum(lag > 0.005 for lag in figures.lags) / max(1, len(figures.lags))
    print(
        f"{name:8} {calls:5} {len(figures.turns):6} {ms(figures.turns, 0.5, pause):>9} "
        f"{ms(figures.turns, 0.95, pause):>7} {figures.early:5} {figures.missed:5} "
        f"{figures.underruns:5} {ms(figures.reactions, 0.5):>10} "
        f"{ms(figures.reactions, 0.95):>7} {figures.unheard:7} {figures.idle_clears:8} "
        f"{figures.lost:4} {cost.server * 100:6.0f} {cost.resident:7.0f} {cost.each:7.2f} "
        f"{cost.others * 100:6.0f} {late * 100:6.2f}",
        flush=True,
    )


@asynccontextmanager
async def house(pause: float, said: Sequence[Phrase], *, barges: bool) -> AsyncIterator[Server]:
    async with doubles(said, reply=LONG if barges else SHORT) as settings:
        ours = {**settings, "END_OF_TURN_SECONDS": f"{pause:g}"}
        async with house_on_one_core(ours) as door:
            yield Server("house", Target(door.url, TOKEN), door.pid)


@asynccontextmanager
async def peer(pause: float, *, barges: bool) -> AsyncIterator[Server]:
    async with line(
        "pipecat",
        str(ROOT / "tests/bench/pipecat_line.py"),
        f"{pause:g}",
        *(["long"] if barges else []),
        interpreter=str(PEER / "bin" / "python"),
    ) as server:
        yield server


@asynccontextmanager
async def floor(*, barges: bool) -> AsyncIterator[Server]:
    async with line(
        "floor", "-m", "tests.bench.echo_line", *(["long"] if barges else [])
    ) as server:
        yield server


@asynccontextmanager
async def line(name: str, *args: str, interpreter: str = sys.executable) -> AsyncIterator[Server]:
    """A server that is only a socket; its port comes after what it is."""
    port = free_port()
    at = 2 if args[0] == "-m" else 1
    args = (*args[:at], str(port), *args[at:])
    url = f"http://127.0.0.1:{port}"
    async with program(
        *args, ready=f"{url}/health", interpreter=interpreter, cores=SERVER_CORE
    ) as process:
        pin(0, LOAD_CORE)
        yield Server(name, Target(url), process.pid)


def peer_installed() -> bool:
    """Install the peer where it is not; whether it is there now."""
    python = str(PEER / "bin" / "python")
    uv = str(Path(sys.executable).parent / "uv")
    wanted = f"pipecat-ai[silero,websocket]=={PEER_VERSION}"
    try:
        if not Path(python).is_file():
            subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(PEER)], check=True)
        check = [python, "-c", "import pipecat.transports.websocket.fastapi, uvloop, uvicorn"]
        if subprocess.run(check, check=False, capture_output=True).returncode:
            install = [uv, "pip", "install", "-q", "-p", python, wanted, "uvicorn", "uvloop"]
            subprocess.run(install, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"pipecat  skipped, for it cannot be installed here: {error}")
        return False
    return True


TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of_load(server: int) -> float:
    """Processor time that we and the doubles have used."""
    children = Path("/proc/self/task").glob("*/children")
    pids = {int(pid) for each in children for pid in each.read_text().split()}
    return cpu_seconds(os.getpid()) + sum(cpu_seconds(pid) for pid in pids - {server})
