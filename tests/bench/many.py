"""What the benches of several replicas share: one PostgreSQL, one Redis, so many front doors."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.kill.house import House, house
from tests.services import Postgres, Redis

SECRET = "a key that all replicas of the bench share"


@asynccontextmanager
async def replicas(
    count: int, settings: Mapping[str, str] | None = None, *, durable: bool = True
) -> AsyncIterator[list[House]]:
    """So many front doors on one PostgreSQL, which syncs each commit if `durable`, and one Redis.

    Nothing is pinned: PostgreSQL needs processor time as well, and on a small machine all share.
    """
    with Postgres(durable=durable, connections=200) as postgres, Redis() as redis:
        database = postgres.database()
        shared = {
            "LOG_LEVEL": "warning",
            "MESSAGES_PER_MINUTE": "1000000",
            "DATABASE_URL": database,
            "REDIS_URL": redis.url,
            "SECRET_KEY": SECRET,
            **(settings or {}),
        }
        async with AsyncExitStack() as stack:
            built: list[House] = []
            for _ in range(count):
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                built.append(await stack.enter_async_context(house(folder, shared)))
            yield built
