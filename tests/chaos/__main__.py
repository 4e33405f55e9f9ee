"""`make chaos`: as many kills as CHAOS_KILLS asks for, 1,000 by default.

CHAOS_SEED throws the same dice again; what the machine makes of it differs all the same.
CHAOS_LEASE is how long a dead replica's lease lasts, in seconds; 1 by default.
"""
# ruff: noqa: T201 - it tells how it goes

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from pathlib import Path
from random import Random

import anyio

from tests.chaos.callers import hearing
from tests.chaos.parts import parts
from tests.chaos.report import show, spread
from tests.chaos.rounds import Rounds
from tests.services import ServiceMissing

KILLS = 1000
A_ROUND = 20


async def main() -> bool:
    """Play it all; whether everything added up."""
    kills = int(os.environ.get("CHAOS_KILLS") or KILLS)
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
    dice = Random(seed)  # noqa: S311 - a script to be repeated, not a secret
    print(f"{kills} kills, CHAOS_SEED={seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="frontdoor-chaos-"))
    lease = {"LEASE_SECONDS": os.environ.get("CHAOS_LEASE") or "1"}
    async with hearing() as (speech, ears), parts(folder, dice, ears | lease) as built:
        rounds = Rounds(built, dice, speech=speech)
        while len(rounds.trouble.kills) < kills:
            await rounds.play(min(A_ROUND, kills - len(rounds.trouble.kills)))
            result = rounds.result
            print(
                f"{len(rounds.trouble.kills):5} kills, {result.messages.total():5} messages, "
                f"{result.labelled:4} labelled, {result.complaints.total()} wrong; "
                f"went on after {spread(result.recoveries)}",
                flush=True,
            )
        show(rounds, seed)
    print(f"The logs are in {folder}")
    return not rounds.result.complaints


if __name__ == "__main__":
    try:
        passed = anyio.run(main, backend_options={"use_uvloop": True})
    except ServiceMissing as missing:
        sys.exit(str(missing))
    sys.exit(0 if passed else 1)
