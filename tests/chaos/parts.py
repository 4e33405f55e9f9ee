"""The processes that are killed and the servers they stand on, with a wire to cut between each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import anyio
from anyio import to_thread

from prompts import sentence
from tests.chaos.agent import numbers
from tests.chaos.bot import UnreliableTelegram
from tests.chaos.relay import Balancer, Relay, place_of
from tests.kill.house import ROOT, House, free_port
from tests.services import Postgres, Redis

REPLICAS = 3
AUTH_TOKEN, API_TOKEN = "an auth token", "a token for operators"
NEVER_ENDING = 10_000
"""Messages a minute that one person may write: more than anybody does here."""


@dataclass
class AgentProcess:
    """The agent double in a process of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _read: int = 0
    _news: list[dict[str, Any]] = field(default_factory=list)
    _open: list[tuple[str, str]] = field(default_factory=list)

    @property
    def journal(self) -> Path:
        return self.folder / "agent.jsonl"

    async def start(self, *, remembers: bool = False) -> None:
        memory = "remembers" if remembers else "forgets"
        with (self.folder / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
                [
                    *(sys.executable, "-m", "tests.chaos.agent"),
                    *(str(self.port), str(self.journal), memory),
                ],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        with anyio.fail_after(30):
            while True:
                try:
                    await (await anyio.connect_tcp("127.0.0.1", self.port)).aclose()
                except OSError:
                    assert self._process.poll() is None, "the agent double ended by itself"
                    await anyio.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.deaths += 1

    def news(self) -> list[dict[str, Any]]:
        """What it wrote down since the last time."""
        self._catch_up()
        news, self._news = self._news, []
        return news

    def hearers(self) -> set[str]:
        """Where those asked who are being answered right now."""
        self._catch_up()
        return {by for by, _ in self._open}

    def _catch_up(self) -> None:
        with self.journal.open(encoding="utf-8") as file:
            file.seek(self._read)
            lines = [json.loads(line) for line in file]
            self._read = file.tell()
        self._news += lines
        for line in lines:
            match line:
                case {"kind": "born"}:
                    self._open.clear()
                case {"kind": "asked", "turn": turn, "by": by}:
                    self._open.append((by, turn))
                case {"kind": "answered" | "broken", "turn": turn, "by": by}:
                    with suppress(ValueError):
                        self._open.remove((by, turn))


@dataclass
class ShippedAgent(AgentProcess):
    """The agent that ships, on the same PostgreSQL; it tells nobody what it sees."""

    settings: Mapping[str, str] = field(default_factory=dict)
    _house: House | None = None

    async def start(self, *, remembers: bool = True) -> None:
        if self._house is None:
            own = self.folder / "agent"
            own.mkdir()
            self.journal.touch()
            self._house = House(own, {**self.settings, "ROLE": "agent"}, self.port)
        self._house.start()
        await self._house.ready()

    def kill(self) -> None:
        if self._house and self._house.running:
            self._house.kill()
            self.deaths += 1


@dataclass
class Parts:
    """Everything there is."""

    postgres: Postgres
    redis: Redis
    database: str
    """URL, past the wire that can be cut."""
    agent: AgentProcess
    telegram: UnreliableTelegram
    houses: list[House]
    balancer: Balancer
    wires: Mapping[str, Relay]
    """By what they lead to: `database`, `redis`, `telegram`, `agent0` for replica 0's agent…"""

    async def ask(self, statement: str) -> list[tuple[Any, ...]]:
        return await to_thread.run_sync(self.postgres.run, statement, self.database)

    async def unsettled(self) -> int:
        """Messages, turns and deliveries that something is still to become of."""
        ((count,),) = await self.ask(
            "SELECT (SELECT count(*) FROM messages WHERE state = 'pending')"
            " + (SELECT count(*) FROM turns WHERE state IN ('open', 'detached'))"
            " + (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending', 'unknown'))"
        )
        return int(count)

    async def log(self) -> dict[str, list[tuple[str, int]]]:
        """Where in which conversation's log each number that people said stands."""
        rows = await self.ask(
            "SELECT conversation_id, seq, parts FROM messages WHERE role = 'user' ORDER BY seq"
        )
        found: dict[str, list[tuple[str, int]]] = {}
        for conversation, seq, said in rows:
            for number in numbers(json.dumps(said)):
                found.setdefault(number, []).append((conversation, seq))
        return found

    async def alone(self) -> set[str]:
        """What people said in turns that went on alone, for which nobody waited any more."""
        words = sentence("gateway", "detached").replace("'", "''")
        rows = await self.ask(
            "SELECT CAST(parts AS TEXT) FROM messages WHERE role = 'user' AND turn_id IN"  # noqa: S608 - our own words
            " (SELECT turn_id FROM messages WHERE role = 'agent'"
            f" AND CAST(parts AS TEXT) LIKE '%{words}%')"
        )
        return {number for (said,) in rows for number in numbers(said)}

    async def taken_back(self) -> set[str]:
        """What people had stopped before it was answered, or before it was asked of the agent."""
        rows = await self.ask(
            "SELECT CAST(parts AS TEXT) FROM messages WHERE role = 'user' AND state = 'done'"
            " AND (turn_id IS NULL OR turn_id IN (SELECT id FROM turns WHERE state = 'canceled'))"
        )
        return {number for (said,) in rows for number in numbers(said)}

    def replica_of(self, asked_at: str) -> int:
        """Which replica asks the agent by this host and port."""
        port = int(asked_at.rpartition(":")[2])
        return next(n for n in range(REPLICAS) if self.wires[f"agent{n}"].port == port)


@asynccontextmanager
async def parts(
    folder: Path,
    dice: Random,
    settings: Mapping[str, str] | None = None,
    *,
    shipped: bool = False,
) -> AsyncIterator[Parts]:
    """Everything, up and running; the agent is the double or `shipped`. Raises ServiceMissing."""
    async with AsyncExitStack() as stack:
        postgres, redis = stack.enter_context(Postgres()), stack.enter_context(Redis())
        database = postgres.database()
        telegram = UnreliableTelegram(dice)
        telegram_url = await stack.enter_async_context(telegram.serving())
        agent = AgentProcess(folder)
        if shipped:
            known = {"DATABASE_URL": database, "API_TOKEN": API_TOKEN}
            agent = ShippedAgent(folder, settings=known)
        stack.callback(agent.kill)
        await agent.start()
        leads_to = {
            "database": ("127.0.0.1", postgres.port),
            "redis": ("127.0.0.1", redis.port),
            "telegram": place_of(telegram_url),
            **{f"agent{n}": ("127.0.0.1", agent.port) for n in range(REPLICAS)},
        }
        wires = {name: Relay([place].copy) for name, place in leads_to.items()}
        ports = [free_port() for _ in range(REPLICAS)]
        balancer = Balancer(ports)
        for relay in (*wires.values(), balancer):
            await stack.enter_async_context(relay.listening())
        shared = {
            "DATABASE_URL": database.replace(str(postgres.port), str(wires["database"].port)),
            "REDIS_URL": redis.url.replace(str(redis.port), str(wires["redis"].port)),
            "DATA_DIR": str(folder / "data"),
            "PUBLIC_URL": balancer.url,
            "API_TOKEN": API_TOKEN,
            "AGENT_TOKEN": API_TOKEN if shipped else "",
            "TELEGRAM_BOT_TOKEN": telegram.api.token,
            "TELEGRAM_API_URL": wires["telegram"].url,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "LEASE_SECONDS": "1",
            "DEBOUNCE_SECONDS": "0.1",
            "DETACH_SECONDS": "4",
            "MESSAGES_PER_MINUTE": str(NEVER_ENDING),
            **(settings or {}),
        }
        houses = []
        for n, port in enumerate(ports):
            own = folder / f"replica{n}"
            own.mkdir()
            house = House(own, {**shared, "AGENT_URL": wires[f"agent{n}"].url}, port)
            stack.callback(_end, house)
            houses.append(house)
        for house in houses:
            house.start()
        for house in houses:
            await house.ready()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(balancer.watch)
            await telegram.until(lambda: telegram.api.webhook.get("url"), seconds=30)
            yield Parts(postgres, redis, database, agent, telegram, houses, balancer, wires)
            tasks.cancel_scope.cancel()


def _end(house: House) -> None:
    if house.running:
        house.kill()
