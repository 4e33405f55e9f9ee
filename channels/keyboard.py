"""What somebody types, for the commands that talk with a person."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import suppress

import anyio


async def lines_of(fd: int) -> AsyncIterator[str]:
    """Lines of an open file, without a thread that could keep us from leaving."""
    rest = b""
    while True:
        # Regular files are always ready, so that there is no waiting for them.
        with suppress(PermissionError):
            await anyio.wait_readable(fd)
        chunk = os.read(fd, 65_536)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if not chunk:
            if rest:
                yield rest.decode("utf-8", "replace")
            return
