"""Shared by the tests of the agent boundary."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.agent.a2a import A2AAgent, A2AConfig


@asynccontextmanager
async def client_of(url: str, **config: object) -> AsyncIterator[A2AAgent]:
    """A client with little patience, closed in the end."""
    settings: dict[str, object] = {
        "connect_timeout": 1.0,
        "request_timeout": 2.0,
        "silence_timeout": 5.0,
        "patience": 0.3,
        "shortest_poll": 0.01,
        "longest_poll": 0.05,
    }
    agent = A2AAgent(A2AConfig(url=url, **{**settings, **config}))  # type: ignore[arg-type]
    try:
        yield agent
    finally:
        await agent.close()
