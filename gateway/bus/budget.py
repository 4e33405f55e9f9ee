"""Allowances that replicas share, by GCRA in Redis; see `allowances` for those of one process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.bus.allowances import Allowances


class Away(Exception):
    """Redis did not answer in time, or said no."""


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, and the name Redis knows it by."""

    text: str
    sha: str


class Runner(Protocol):
    """Who has Redis run scripts."""

    async def run_script(self, script: Script, keys: list[str], *arguments: Any) -> Any:
        """What a script returns. Raises Away."""


# Microseconds throughout, by the clock of Redis: replicas may disagree about the time. A double
# holds them exactly, and Lua's own way to print one does not.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst, reserve = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
local wait = math.max(full_at - (burst - reserve) * interval - now,
                      redis.call('PTTL', KEYS[2]) * 1000)
if wait > 1 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full_at),
           'PX', string.format('%.0f', math.ceil((full_at - now) / 1000) + 1000))
return 0
"""
_PAUSE = """
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])
end
return 0
"""


def _script(text: str) -> Script:
    # It is how Redis names scripts, not a secret.
    return Script(text, hashlib.sha1(text.encode()).hexdigest())  # noqa: S324


TAKE, PAUSE = _script(_TAKE), _script(_PAUSE)


class SharedAllowances:
    """One allowance for all replicas; while Redis is away, each has a share of it to itself."""

    def __init__(self, runner: Runner | None, prefix: str, clock: Callable[[], float]) -> None:
        self._runner = runner
        self._prefix = prefix
        self._own = Allowances(clock)
        self.replicas = 1
        """How many share."""

    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        # It was told to this process, whatever Redis has forgotten.
        if paused := self._own.paused(key):
            return paused
        if self._runner:
            microseconds = max(1, round(interval * 1e6))
            with suppress(Away):
                wait: int = await self._runner.run_script(
                    TAKE, self._keys(key), microseconds, burst, reserve
                )
                return wait / 1e6
        return self._own.take(
            key,
            interval=interval * self.replicas,
            burst=max(reserve + 1, burst // self.replicas),
            reserve=reserve,
        )

    async def pause(self, key: str, seconds: float) -> None:
        self._own.pause(key, seconds)
        if self._runner:
            milliseconds = max(1, round(seconds * 1000))
            with suppress(Away):
                await self._runner.run_script(PAUSE, self._keys(key), milliseconds)

    def _keys(self, key: str) -> list[str]:
        # The braces keep both in one slot of a cluster.
        tag = f"{self._prefix}:{{{key}}}"
        return [f"{tag}:full", f"{tag}:pause"]
