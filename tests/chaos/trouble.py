"""What goes wrong, by the dice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from tests.chaos.parts import Parts
from tests.kill.house import House

SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 1.6
"""Between two misfortunes."""
AWAY_SECONDS = 0.6
"""The longest until what was killed is started again."""
UP_SECONDS = 60.0
"""The longest until all is well again after the last misfortune."""
HANGS_SECONDS = 20.0
"""How long a replica that runs may not be ready, though everything it needs is there."""
BUSY = 0.7
"""Share of kills that wait for somebody to be answered."""
STARTING = 0.2
"""Share of kills that may hit a replica which is not ready yet."""

REMEMBERS = 0.7
"""Share of deaths after which the agent still knows its tasks."""

KINDS = {
    "kill": 60,
    "kill all": 2,
    "stop postgres": 3,
    "crash postgres": 3,
    "stop redis": 5,
    "flush redis": 5,
    "cut": 16,
    "agent dies": 6,
}
"""What happens, and how often beside the others."""


class Restart(Protocol):
    """End something, and start it again after so many seconds."""

    def __call__(self, *, down: float) -> Awaitable[None]: ...


@dataclass(frozen=True)
class Kill:
    """A replica's end."""

    replica: int
    at: float
    """Epoch seconds."""
    left: frozenset[int] = frozenset()
    """Who was ready besides."""


@dataclass
class Trouble:
    """Goes on until so many replicas were killed."""

    parts: Parts
    dice: Random
    kills: list[Kill] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    fell: list[str] = field(default_factory=list)
    """Replicas that ended by themselves, and how."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the database or the agent was away, epoch seconds."""
    _away: set[str] = field(default_factory=set)
    _green_at: dict[int, float] = field(default_factory=dict)

    async def make(self, kills: int) -> None:
        """Kill so many replicas, and do the rest beside; all is up again afterwards."""
        until = len(self.kills) + kills
        async with anyio.create_task_group() as tasks:
            while len(self.kills) < until:
                await anyio.sleep(self.dice.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
                (kind,) = self.dice.choices([*KINDS], [*KINDS.values()])
                if kind == "kill":
                    await self._until_it_hurts(tasks)
                self._happen(kind, tasks)
                self._look_after(tasks)
            with anyio.fail_after(UP_SECONDS):
                while self._away or not all(map(self._green, self.parts.houses)):
                    await anyio.sleep(0.05)
                    # What it met while it started may have ended it.
                    self._look_after(tasks)

    async def agent_dies(self, after: float = 3.0) -> None:
        """Have the agent die once, by no dice."""
        await anyio.sleep(after)
        self.happened["agent dies"] += 1
        await self._gone("agent", self._agent, AWAY_SECONDS)

    def _happen(self, kind: str, tasks: TaskGroup) -> None:
        parts, dice = self.parts, self.dice
        away = dice.uniform(0, AWAY_SECONDS)
        match kind:
            case "kill" if alive := self._busy() or self._alive():
                self._kill(dice.choice(alive), away, tasks)
            case "kill all" if alive := self._alive():
                for n in alive:
                    self._kill(n, away, tasks)
            case "stop postgres" | "crash postgres" if "postgres" not in self._away:
                restart = (
                    parts.postgres.restart if kind.startswith("stop") else parts.postgres.crash
                )
                tasks.start_soon(self._gone, "postgres", restart, away)
            case "stop redis" if "redis" not in self._away:
                tasks.start_soon(self._gone, "redis", parts.redis.restart, away)
            case "flush redis" if "redis" not in self._away:
                parts.redis.flush()
            case "cut":
                name = dice.choice([*parts.wires, "balancer"])
                wire = parts.balancer if name == "balancer" else parts.wires[name]
                wire.cut(dice.choice([0.5, 1.0]), dice)
            case "agent dies" if "agent" not in self._away:
                tasks.start_soon(self._gone, "agent", self._agent, away)
            case _:
                return
        self.happened[kind] += 1

    async def _until_it_hurts(self, tasks: TaskGroup) -> None:
        """Wait until somebody is left to go on, and mostly until there is something to go on with.

        A slow machine would otherwise be without any replica for most of the time.
        """
        idle = self.dice.random() >= BUSY
        with anyio.move_on_after(UP_SECONDS):
            while len(self.parts.balancer.ready) < 2:
                await anyio.sleep(0.05)
                self._look_after(tasks)
        with anyio.move_on_after(LONGEST_SECONDS):
            while not (idle or self._busy()):  # noqa: ASYNC110 - a file tells nobody
                await anyio.sleep(0.01)

    def _busy(self) -> list[int]:
        """Who hears the agent speak right now."""
        hearers = {self.parts.replica_of(by) for by in self.parts.agent.hearers()}
        return [n for n in self._alive() if n in hearers]

    def _alive(self) -> list[int]:
        houses = self.parts.houses
        alive = [n for n, house in enumerate(houses) if house.running]
        if self.dice.random() < STARTING:
            return alive
        return [n for n in alive if self._green(houses[n])] or alive

    def _green(self, house: House) -> bool:
        return ("127.0.0.1", house.port) in self.parts.balancer.ready

    def _kill(self, n: int, away: float, tasks: TaskGroup) -> None:
        house = self.parts.houses[n]
        self._green_at.pop(n, None)
        left = (m for m, other in enumerate(self.parts.houses) if m != n and self._green(other))
        self.kills.append(Kill(n, time.time(), frozenset(left)))
        house.kill()
        tasks.start_soon(self._start, house, away)

    async def _start(self, house: House, away: float) -> None:
        await anyio.sleep(away)
        house.start()

    def _look_after(self, tasks: TaskGroup) -> None:
        """Start again whoever ended by itself or hangs, as any host would, and remember it."""
        now = anyio.current_time()
        for n, house in enumerate(self.parts.houses):
            if (code := house.fallen()) is not None:
                if house.worked:
                    self.fell.append(f"replica {n} ended by itself with {code}")
                else:
                    # Without a database there is nothing it could start with.
                    self.happened["gave up starting"] += 1
                tasks.start_soon(self._start, house, 0.5)
            elif self._away or not house.running or self._green(house):
                self._green_at[n] = now
            elif now - self._green_at.setdefault(n, now) > HANGS_SECONDS:
                self.fell.append(f"replica {n} hung")
                house.abort()
                del self._green_at[n]
                tasks.start_soon(self._start, house, 0.0)

    async def _agent(self, *, down: float) -> None:
        self.parts.agent.kill()
        await anyio.sleep(down)
        await self.parts.agent.start(remembers=self.dice.random() < REMEMBERS)

    async def _gone(self, name: str, restart: Restart, away: float) -> None:
        self._away.add(name)
        began = time.time()
        try:
            await restart(down=away)
        finally:
            self._away.discard(name)
            if name != "redis":
                self.outages.append((began, time.time()))
