"""All of it for some minutes, elsewhere each time: `python -m tests.fuzz --minutes 10`.

Exits with 1 at the first thing that does not hold, and says how to see it again.
"""

from __future__ import annotations

import argparse
import logging
import random
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import structlog
from anyio import to_thread
from hypothesis import HealthCheck, given, settings

from tests.fuzz import api, doors, slowness, streams
from tests.fuzz.test_doors import kept, resident, token_of
from tests.fuzz.test_streams import CALLED, open_calls, well_answered
from tests.fuzz.wires import WIRES
from tests.kill.house import House, house

EXAMPLES = 500


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=10)
    seconds = parser.parse_args().minutes * 60
    # Each thing that is refused is told of, and that is not what is to be seen here.
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    # Here, for only the main thread hears signals.
    for name in slowness.READERS:
        found = slowness.slow(name, slowness.TAILS)
        assert not found, f"{name} is slow for {found}"
    anyio.run(run, seconds)


async def run(seconds: float) -> None:
    limits = {"MESSAGES_PER_MINUTE": "100000", "LOG_LEVEL": "debug"}
    with tempfile.TemporaryDirectory() as written, tempfile.TemporaryDirectory() as called:
        async with house(Path(written), limits) as door, house(Path(called), CALLED) as phone:
            await well_answered(phone)
            counts = await to_thread.run_sync(all_of_it, door, phone, seconds)
            await well_answered(phone)
            for each in (door, phone):
                await each.ready(10)
                assert "Traceback" not in each.log, each.log[-5000:]
    for name, count in counts.items():
        print(f"{name:24} {count:>9,}")


def all_of_it(door: House, phone: House, seconds: float) -> Counter[str]:
    until, counts, dice = time.monotonic() + seconds, Counter[str](), random.Random()  # noqa: S311 - for variety
    operations = list(api.operations(door.url))
    before, first, first_phone = kept(door), 0, 0
    while time.monotonic() < until:
        for name, wire in WIRES.items():
            settings(
                max_examples=EXAMPLES,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )(given(wire.drawn)(wire.holds))()
            counts[name] += EXAMPLES
        for operation in operations:
            api.ask(operation, 20, None)
            counts["/v1 requests"] += 40
        counts["raw peers"] += raw(door, dice)
        counts["calls"] += calls(phone, dice)
        # The first round warms its caches.
        first, first_phone = first or resident(door), first_phone or resident(phone)
        told = f"{resident(door)} and {resident(phone)} MiB"
        print(f"{told}, {sum(counts.values()):,} so far", flush=True)
    assert kept(door) == before
    counts["MiB at first"], counts["MiB in the end"] = first, resident(door)
    counts["MiB at first, phone"], counts["MiB in the end, phone"] = first_phone, resident(phone)
    return counts


def calls(phone: House, dice: random.Random, sockets: int = 100) -> int:
    seeds = [dice.getrandbits(64) for _ in range(sockets)]

    def one(seed: int) -> None:
        try:
            streams.exchange(phone, streams.drawn(random.Random(seed)), leave=True)  # noqa: S311
        except doors.Lingers:
            raise AssertionError(f"the house lingers on the stream of {seed}") from None

    with streams.nothing_left(phone), ThreadPoolExecutor(8) as pool:
        list(pool.map(one, seeds))
    assert open_calls(phone) == 0
    return sockets


def raw(door: House, dice: random.Random, peers: int = 300) -> int:
    seeds = doors.seeds(token_of(door))
    drawn = [doors.mutated(dice.choice(seeds)(), dice) for _ in range(peers)]

    def one(data: bytes) -> None:
        try:
            doors.exchange(door.port, data, leave=True)
        except doors.Lingers:
            raise AssertionError(f"the house lingers on {data!r}") from None

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, drawn))
    return peers


if __name__ == "__main__":
    main()
