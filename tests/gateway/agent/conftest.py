"""Shared by the tests of the agent boundary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from gateway.agent.a2a import A2AAgent, A2AConfig

Connecting = Callable[..., AbstractAsyncContextManager[A2AAgent]]


@asynccontextmanager
async def _connecting(url: str, **config: Any) -> AsyncIterator[A2AAgent]:
    hasty: dict[str, Any] = {
        "connect_timeout": 20.0,
        "request_timeout": 20.0,
        "silence_timeout": 20.0,
        "patience": 0.2,
        "shortest_poll": 0.01,
        "longest_poll": 0.05,
    }
    agent = A2AAgent(A2AConfig(url=url, **{**hasty, **config}))
    try:
        yield agent
    finally:
        await agent.close()


@pytest.fixture
def connecting() -> Connecting:
    """`connecting(url, **config)` makes a client with little patience, closed in the end."""
    return _connecting
