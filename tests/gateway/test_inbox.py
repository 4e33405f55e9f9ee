"""What an address may send, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from channels.base import RateLimited
from channels.events import Address, Amended, Sender, Text, Trust
from gateway.bus.memory import MemoryBus
from gateway.inbox import StoringInbox
from gateway.store import leases, migrate
from gateway.store.engine import Database
from gateway.store.files import FileStore
from tests.gateway.doubles import message, sender

pytestmark = pytest.mark.anyio

A_MINUTE = 6
STRANGER = Sender(Address("paper", "9"), trust=Trust.ANONYMOUS)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    migrate.upgrade(database.engine)
    yield database
    database.close()


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus(clock=lambda: 0.0)


@pytest.fixture
def inbox(database: Database, bus: MemoryBus, tmp_path: Path) -> StoringInbox:
    return StoringInbox(
        database,
        bus,
        FileStore(database, tmp_path, 1000),
        debounce=0.5,
        per_minute=A_MINUTE,
        on_due=lambda _: None,
        on_cancel=lambda _: None,
        clock=lambda: 100.0,
    )


async def send(inbox: StoringInbox, who: Sender, count: int) -> int:
    """How many of `count` messages are stored."""
    stored = 0
    for n in range(count):
        with suppress(RateLimited):
            stored += (await inbox.accept(message(f"{who.address}-{n}", who=who))).fresh
    return stored


async def test_who_reads_along_sees_a_message_corrected(
    bus: MemoryBus, inbox: StoringInbox
) -> None:
    receipt = await inbox.accept(message("e1", "helo", ref="42"))
    async with bus.follow(receipt.conversation) as events:
        await inbox.accept(message("e2", "hello", ref="42", edits="42"))
        with anyio.fail_after(1):
            assert await anext(events) == Amended(receipt.id, (Text("hello"),))


async def test_whoever_can_keep_a_message_is_refused_what_is_too_much(
    inbox: StoringInbox,
) -> None:
    assert await send(inbox, STRANGER, 20) == A_MINUTE


async def test_a_platform_is_not_held_up_by_one_who_writes_too_much(inbox: StoringInbox) -> None:
    assert await send(inbox, sender("1"), 20) == 20
    assert await send(inbox, sender("2"), 1) == 1


async def test_even_a_platform_is_refused_a_flood(inbox: StoringInbox) -> None:
    assert await send(inbox, sender("1"), 20 * A_MINUTE) == 10 * A_MINUTE


async def test_too_much_puts_off_nothing_that_is_due(
    inbox: StoringInbox, database: Database
) -> None:
    await send(inbox, sender("1"), 3 * A_MINUTE)
    due, _ = await database.write(leases.claim, "w", now=100.5, until=200.0, limit=9)
    assert len(due) == 1
