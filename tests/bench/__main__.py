"""Run benchmarks by name, all of them by default; options go to the one that is named."""

from __future__ import annotations

import sys
from functools import partial

import anyio

from tests.bench import (
    across,
    calls,
    frames,
    hearing,
    mouth_to_ear,
    moving,
    plans,
    scale,
    soak,
    sockets,
    start,
    steady,
    tokens,
    webhook,
)

BENCHES = {
    "start": start.run,
    "webhook": webhook.run,
    "tokens": tokens.run,
    "sockets": sockets.run,
    "hearing": hearing.run,
    "frames": frames.run,
    "plans": plans.run,
    "scale": scale.run,
    "across": across.run,
    "moving": moving.run,
}
ADJUSTABLE = {
    "calls": calls.run,
    "mouth_to_ear": mouth_to_ear.run,
    "soak": soak.run,
    "steady": steady.run,
}
"""Those that take options."""
BY_NAME_ONLY = {"soak", "steady"}
"""Half an hour is too long for `make bench`."""


def main() -> None:
    given = sys.argv[1:]
    options = [place for place, word in enumerate(given) if word.startswith("-")]
    names = given[: options[0]] if options else given
    names = names or [name for name in (*BENCHES, *ADJUSTABLE) if name not in BY_NAME_ONLY]
    known = [*BENCHES, *ADJUSTABLE]
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]}; there are {', '.join(known)}.")
    if options and (len(names) != 1 or names[0] not in ADJUSTABLE):
        sys.exit(f"Options are for one of {', '.join(ADJUSTABLE)}, by its name.")
    for name in names:
        print(f"\n== {name}")
        if name in ADJUSTABLE:
            work = partial(ADJUSTABLE[name], given[len(names) :])
        else:
            work = partial(BENCHES[name])
        anyio.run(work, backend_options={"use_uvloop": True})


main()
