"""Runs somebody else's stream so that leaving it really ends it.

Closing Strands' generator does not close the ones within it: the model would go on talking
to nobody until the garbage is collected. A cancelled task, in contrast, is woken in its
innermost wait, the socket's, and everything on the way out is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

import anyio

T = TypeVar("T")


async def pumped(source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The items of `source`, which is cancelled when this is closed or cancelled.

    Nothing bounds what waits in between, so that the source is never caught waiting for its
    reader; the source must be bounded itself, as a model's answer is.
    """
    items: asyncio.Queue[tuple[T] | None] = asyncio.Queue()

    async def fill() -> None:
        try:
            async for item in source:
                items.put_nowait((item,))
        finally:
            items.put_nowait(None)

    task = asyncio.create_task(fill())
    try:
        while (boxed := await items.get()) is not None:
            yield boxed[0]
        await task
    finally:
        task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait((task,))
