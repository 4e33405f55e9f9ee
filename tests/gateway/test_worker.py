"""A worker that is told to stop, or that stalled: what it leaves, and what it may still say."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, select, update

from channels.base import Outgoing
from channels.events import Reply, Route
from gateway import chat
from gateway.agent.scripted import ScriptedAgent
from gateway.store import inbox, leases, outbox
from gateway.store.base import Delivery
from gateway.store.engine import Database
from gateway.store.tables import conversations, deliveries
from tests.gateway.doubles import PaperChannel, message, sender
from tests.gateway.rig import Rig, rig
from tests.waiting import until

pytestmark = pytest.mark.anyio


class SlowChannel(PaperChannel):
    """Sends only once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = anyio.Event()
        self.may = anyio.Event()

    async def send(self, outgoing: Outgoing, ref: str) -> str:
        self.asked.set()
        await self.may.wait()
        return await super().send(outgoing, ref)


class Unrenderable(PaperChannel):
    """Cannot put anything into words for one chat."""

    stumbled = False

    def render(self, route: Route, reply: Reply) -> list[Outgoing]:
        if route.chat == "broken":
            self.stumbled = True
            raise RuntimeError
        return super().render(route, reply)


async def test_a_worker_told_to_stop_gives_its_conversations_back(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;gate:never")
    async with agent.serving() as url:
        with anyio.CancelScope() as work:
            async with rig(tmp_path, url, lease=60.0) as house:
                await house.accept(message("e1"))
                await until(lambda: house.channel.previews and house.channel.previews[0].shown)
                work.cancel()
                await anyio.sleep_forever()
    assert await _lease_owners(tmp_path) == [None]


async def test_a_sending_under_way_is_finished_before_we_stop(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hi")
    channel = SlowChannel()
    async with agent.serving() as url, anyio.create_task_group() as beside:
        with anyio.CancelScope() as work:
            async with rig(tmp_path, url, channel=channel, lease=60.0) as house:
                await house.accept(message("e1"))
                await channel.asked.wait()
                beside.start_soon(_shortly, channel.may.set)
                work.cancel()
                await anyio.sleep_forever()
    assert channel.texts == ["Hi"]
    assert await _unsettled(tmp_path) == []


async def test_a_sending_that_hangs_is_left_in_doubt(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hi")
    channel = SlowChannel()
    async with agent.serving() as url:
        with anyio.CancelScope() as work, anyio.fail_after(10):
            async with rig(tmp_path, url, channel=channel, lease=0.2) as house:
                await house.accept(message("e1"))
                await channel.asked.wait()
                work.cancel()
                await anyio.sleep_forever()
    [left] = await _unsettled(tmp_path)
    assert left.doubtful


async def test_a_worker_whose_lease_ran_out_says_nothing_twice(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;gate:go;say:lo;done")
    channel = SlowChannel()
    async with agent.serving() as url, rig(tmp_path, url, channel=channel, lease=60.0) as house:
        receipt = await house.accept(message("e1"))
        await until(lambda: channel.previews and channel.previews[0].shown)
        await _stall(house)
        agent.open("go")
        await channel.asked.wait()
        await _stall(house)
        channel.may.set()
        await until(lambda: not house.chat._holds)
        await until(lambda: channel.sent)
        assert channel.sent == [{"to": "1", "text": "Hello"}]
        assert [e.role for e in await house.log(receipt.conversation)] == ["user", "agent"]
    assert await _unsettled(tmp_path) == []


async def test_a_worker_that_lost_a_conversation_drops_it(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;gate:go;say:lo;done")
    async with agent.serving() as url, rig(tmp_path, url, lease=0.2) as house:
        await house.accept(message("e1"))
        await until(lambda: house.channel.previews and house.channel.previews[0].shown)
        taken = update(conversations).values(lease_owner="another", lease_until=time.time() + 3600)
        await house.database.write(lambda connection: connection.execute(taken))
        await until(lambda: not house.chat._holds)
        assert house.channel.previews[0].closed
        agent.open("go")
    assert house.channel.texts == []


async def test_a_turn_is_stopped_for_whom_another_worker_heard(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Once;gate:never")
    async with agent.serving() as url, rig(tmp_path, url, lease=0.2) as house:
        receipt = await house.accept(message("e1"))
        await until(lambda: house.channel.previews and house.channel.previews[0].shown)
        now = time.time()
        await house.database.write(inbox.ask_to_stop, receipt.conversation, now=now)
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Once\n\nStopped."]


async def test_a_sending_that_takes_longer_than_a_lease_stays_ours(tmp_path: Path) -> None:
    agent, channel = ScriptedAgent("say:Hi"), SlowChannel()
    async with agent.serving() as url, rig(tmp_path, url, channel=channel, lease=0.2) as house:
        await house.accept(message("e1"))
        await channel.asked.wait()
        leased = _leased_until(house.database)
        await until(lambda: _leased_until(house.database) > leased)
        channel.may.set()
        await channel.until_sent(1)


async def test_a_conversation_that_cannot_be_played_rests_and_holds_up_no_other(
    tmp_path: Path,
) -> None:
    agent, channel = ScriptedAgent("say:Hi"), Unrenderable()
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        broken = await house.accept(message("e1", who=sender("broken")))
        await until(lambda: channel.stumbled and not house.chat._holds)
        await house.accept(message("e2", who=sender("2")))
        assert await channel.until_sent(1) == [{"to": "2", "text": "Hi"}]
        rests = (conversations.c.id == broken.conversation) & (
            conversations.c.due_at > time.time() + 10
        )
        resting = select(conversations.c.lease_owner).where(rests)
        assert await house.database.read(lambda c: list(c.scalars(resting))) == [None]


async def test_what_becomes_due_during_a_look_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "SWEEP_SECONDS", 3600.0)
    async with rig(tmp_path, "http://127.0.0.1:1") as house:
        looks = 0
        write = house.database.write

        async def crossing(work: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal looks
            done = await write(work, *args, **kwargs)
            if work is leases.claim:
                looks += 1
                if looks == 1:
                    house.chat.due(0.0)
            return done

        monkeypatch.setattr(house.database, "write", crossing)
        house.chat.due(0.0)
        await until(lambda: looks == 2)


def _leased_until(database: Database) -> float:
    with database.engine.connect() as connection:
        return float(connection.scalar(select(deliveries.c.lease_until)) or 0)


async def _shortly(act: Callable[[], None]) -> None:
    await anyio.sleep(0.05)
    act()


async def _stall(house: Rig) -> None:
    """Have all leases run out, and every look for work find them so."""

    def lapse(connection: Connection) -> None:
        connection.execute(update(conversations).values(lease_until=0.0, due_at=0.0))
        connection.execute(update(deliveries).values(lease_until=0.0))

    await house.database.write(lapse)
    house.chat.due(0.0)
    house.chat.on_delivery()
    await until(lambda: house.chat._due_at > 0)
    # Looks are transactions, which SQLite does one after the other.
    await house.database.write(lapse)


@asynccontextmanager
async def _database(folder: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{folder / 'test.db'}")
    try:
        yield database
    finally:
        database.close()


async def _lease_owners(folder: Path) -> list[str | None]:
    async with _database(folder) as database:
        owners = select(conversations.c.lease_owner)
        return await database.read(lambda connection: list(connection.scalars(owners)))


async def _unsettled(folder: Path) -> list[Delivery]:
    """What a worker that comes after would send."""
    later = time.time() + 3600
    async with _database(folder) as database:
        return await database.write(outbox.claim, "after", now=later, until=later, limit=9)
