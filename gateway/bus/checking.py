"""Looking at a Redis as the bus would use it, and telling in plain words what is wrong with it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError

from gateway.bus.budget import TAKE
from gateway.bus.link import plain, pool

PATIENCE_SECONDS = 5.0
SLOW_SECONDS = 0.05
"""Of one question and its answer, beyond which readers elsewhere notice."""

KEY = "frontdoor-doctor"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    text: str
    remedy: str = ""
    """What to do about it; empty when all is well."""
    works: bool = True


async def inspect(url: str, ca_file: str = "") -> Report:
    """Try all that the bus needs of a Redis. Raises nothing."""
    try:
        client = Redis(connection_pool=pool(url, ca_file))
    except (ValueError, OSError) as error:
        return Report(str(error), "Check REDIS_URL and REDIS_CA_FILE.", works=False)
    try:
        with anyio.fail_after(PATIENCE_SECONDS):
            return await _tried(client)
    except (RedisError, OSError, TimeoutError) as error:
        return Report(plain(error), _remedy(error), works=False)
    finally:
        with anyio.CancelScope(shield=True):
            await client.aclose()
            await client.connection_pool.disconnect()


async def _tried(client: Any) -> Report:
    await client.execute_command("PING")
    began = time.perf_counter()
    await client.execute_command("PING")
    took = time.perf_counter() - began
    needs: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        ("PUBLISH", lambda: client.execute_command("PUBLISH", KEY, "")),
        ("EVAL", lambda: _take(client)),
    ]
    for name, attempt in needs:
        try:
            await attempt()
        except RedisError as error:
            if isinstance(error, OutOfMemoryError):
                return Report("it is full", "Set maxmemory-policy to allkeys-lru, or give it more.")
            remedy = f"Allow its user {name}, and our keys and channels."
            return Report(f"{name}: {error}", remedy, works=False)
    version = (await client.info("server")).get("redis_version", "?")
    words = f"Redis {version}, answers in {took * 1000:.1f} ms"
    if took > SLOW_SECONDS:
        return Report(words, "That is far away: readers on other replicas will notice.")
    return Report(words)


async def _take(client: Any) -> None:
    await client.execute_command(
        "EVAL", TAKE.text, 2, f"{{{KEY}}}:full", f"{{{KEY}}}:pause", 1, 1, 0
    )


def _remedy(error: BaseException) -> str:
    words = str(error)
    if isinstance(error, AuthenticationError) or "NOAUTH" in words or "WRONGPASS" in words:
        return "Write user and password into REDIS_URL: rediss://user:password@host:6379."
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLError):
            return "Set REDIS_CA_FILE to the certificate authority that Redis's certificate is of."
        cause = cause.__cause__ or cause.__context__
    if "CERTIFICATE" in words or "SSL" in words:
        return "Set REDIS_CA_FILE to the certificate authority that Redis's certificate is of."
    return "Check host and port in REDIS_URL, and that Redis runs and may be reached from here."
