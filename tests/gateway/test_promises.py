"""Reminders of the shipped agent, told through the whole gateway."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import Column, select

from agents.app import AgentConfig, now, running
from agents.base import Brain
from agents.records.base import Clock, Records
from channels.loopback import serving
from gateway.store.tables import turns
from tests.agents.doubles import Obedient
from tests.gateway.doubles import message
from tests.gateway.rig import Rig, rig
from tests.waiting import until

pytestmark = pytest.mark.anyio


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def shipped(folder: Path, port: int) -> AsyncIterator[str]:
    """The shipped agent with a brain that does as it is told, under a clock that goes."""

    def make(_config: Any, records: Records, clock: Clock) -> Brain:
        brain = Obedient()
        brain.records, brain.clock = records, clock
        return brain

    url = f"http://127.0.0.1:{port}"
    config = AgentConfig(base_url=url, database_url=f"sqlite:///{folder / 'agent.db'}")
    async with running(config, make, now) as app, serving(app, port):
        yield url


async def comes_to(house: Rig, column: Column[Any], wanted: Callable[[list[Any]], bool]) -> None:
    """Wait until a column of the turns stands as wanted."""
    with anyio.fail_after(5):
        while not wanted(await house.database.read(lambda c: list(c.scalars(select(column))))):  # noqa: ASYNC110 - rows are what is waited for
            await anyio.sleep(0.01)


async def test_each_of_several_reminders_is_told_once_and_the_last_ends_the_task(
    tmp_path: Path,
) -> None:
    async with shipped(tmp_path, free_port()) as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "remind:0.1,one;remind:0.6,two;remind:0.6,three;say:ok"))
        await until(lambda: "three" in "".join(house.channel.texts))
        async with httpx.AsyncClient(base_url=url, headers={"A2A-Version": "1.0"}) as http:
            [task] = (await http.get("/a2a/tasks")).json()["tasks"]
        assert task["status"]["state"] == "TASK_STATE_COMPLETED"
        told = "".join(house.channel.texts)
        assert [told.count(word) for word in ("ok", "one", "two", "three")] == [1, 1, 1, 1]
        await comes_to(house, turns.c.state, lambda stages: stages == ["done"])


async def test_a_reminder_is_told_while_another_is_still_to_come(tmp_path: Path) -> None:
    async with shipped(tmp_path, free_port()) as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "remind:0.6,one;remind:100,two;say:ok"))
        await until(lambda: "one" in "".join(house.channel.texts))
        assert await house.database.read(lambda c: list(c.scalars(select(turns.c.state)))) == [
            "background"
        ]


async def test_a_reminder_that_is_cancelled_is_not_told(tmp_path: Path) -> None:
    async with shipped(tmp_path, free_port()) as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "remind:100,one;say:ok"))
        await house.channel.until_sent(1)
        async with httpx.AsyncClient(base_url=url) as http:
            [record] = (await http.get("/v1/tasks")).json()["items"]
            await http.patch(f"/v1/tasks/{record['id']}", json={"state": "canceled"})
        await house.accept(message("e2", "say:next"))
        await house.channel.until_sent(2)
        await comes_to(house, turns.c.check_at, lambda times: times == [None, None])
        assert house.channel.texts == ["ok", "next"]


async def test_reminders_that_fell_due_while_both_sides_were_down_are_told_once(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with shipped(tmp_path, port) as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "remind:0.9,one;remind:1,two;say:ok"))
        await house.channel.until_sent(1)
        # A look that is cut short is taken up only half a minute later.
        await comes_to(house, turns.c.checks, lambda looks: looks == [1])
        assert house.channel.texts == ["ok"]
    async with shipped(tmp_path, port) as url, rig(tmp_path, url) as house:
        await until(lambda: "two" in "".join(house.channel.texts))
        told = "".join(house.channel.texts)
        assert (told.count("one"), told.count("two")) == (1, 1)
