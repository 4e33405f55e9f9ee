"""Waiting for what is in somebody else's hands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

PATIENCE = 30.0
"""Seconds until a test that waits has failed: long, for the machine may be slow and busy."""


async def until(
    condition: Callable[[], object | Awaitable[object]], seconds: float = PATIENCE
) -> None:
    """Wait until `condition()` holds. Raises TimeoutError."""
    with anyio.fail_after(seconds):
        while True:
            now = condition()
            if await now if isinstance(now, Awaitable) else now:
                return
            await anyio.sleep(0.005)
