"""Run benchmarks by name, all of them by default."""

from __future__ import annotations

import sys

import anyio

from tests.bench import frames, sockets, start, tokens, webhook

BENCHES = {
    "start": start.run,
    "webhook": webhook.run,
    "tokens": tokens.run,
    "sockets": sockets.run,
    "frames": frames.run,
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]}; there are {', '.join(BENCHES)}.")
    for name in names:
        print(f"\n== {name}")
        anyio.run(BENCHES[name], backend_options={"use_uvloop": True})


main()
