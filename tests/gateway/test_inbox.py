"""What an address may send, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import anyio
import anyio.from_thread
import pytest
from sqlalchemy import Connection, event

from channels.base import RateLimited
from channels.events import Address, Amended, Entry, Message, Receipt, Sender, Text, Trust
from gateway.bus.memory import MemoryBus
from gateway.errors import StoreUnavailable
from gateway.inbox import StoringInbox
from gateway.store import inbox as transactions
from gateway.store import leases, migrate
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.store.inbox import Accepted, Arrival
from tests.gateway.doubles import message, route, sender

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
    return inbox_of(database, bus, tmp_path)


def inbox_of(
    database: Database, bus: MemoryBus, folder: Path, per_minute: int = A_MINUTE
) -> StoringInbox:
    return StoringInbox(
        database,
        bus,
        FileStore(database, folder, 1000),
        debounce=0.5,
        per_minute=per_minute,
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


class Crowd:
    """Those who write at the same time, and what each was told."""

    def __init__(self, inbox: StoringInbox) -> None:
        self._inbox = inbox
        self.told: dict[str, Receipt | Exception] = {}
        self.changed = anyio.Event()

    async def write(self, message: Message) -> None:
        try:
            self.told[message.event] = await self._inbox.accept(message)
        except (KeyError, StoreUnavailable) as error:
            self.told[message.event] = error
        self.changed.set()
        self.changed = anyio.Event()

    async def until_told(self, *events: str) -> None:
        with anyio.fail_after(10):
            while not self.told.keys() >= set(events):
                await self.changed.wait()


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


async def test_a_crowd_is_stored_in_a_few_transactions_and_in_order(
    inbox: StoringInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    accept_all = transactions.accept_all

    def counting(connection: Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
        sizes.append(len(arrivals))
        return accept_all(connection, arrivals)

    monkeypatch.setattr(transactions, "accept_all", counting)
    crowd = Crowd(inbox)
    async with anyio.create_task_group() as tasks:
        for n in range(30):
            tasks.start_soon(crowd.write, message(f"e{n:02}"))
    receipts = [receipt for _, receipt in sorted(crowd.told.items())]
    assert [isinstance(each, Receipt) and each.seq for each in receipts] == [*range(1, 31)]
    assert sizes == [1, 29]


async def test_a_message_that_cannot_be_stored_takes_no_other_along(inbox: StoringInbox) -> None:
    crowd = Crowd(inbox)
    broken = message("broken", parts=(cast("Text", "no part at all"),))
    async with anyio.create_task_group() as tasks:
        for each in (message("e1"), message("e2"), broken, message("e3")):
            tasks.start_soon(crowd.write, each)
    assert isinstance(crowd.told.pop("broken"), KeyError)
    assert {e: isinstance(t, Receipt) and t.seq for e, t in crowd.told.items()} == {
        "e1": 1, "e2": 2, "e3": 3
    }  # fmt: skip


async def test_one_whose_conversation_is_held_up_holds_up_nobody(
    postgres: str, bus: MemoryBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "_PATIENCE", "SET LOCAL lock_timeout = '20ms'")
    database = Database(postgres)
    crowd = Crowd(inbox_of(database, bus, tmp_path))
    await crowd.write(message("e1", who=sender("1")))
    held = crowd.told["e1"]
    assert isinstance(held, Receipt)
    async with anyio.create_task_group() as tasks:
        with database.engine.begin() as holder:
            transactions.next_seq(holder, held.conversation)
            for event, who in (("e2", "2"), ("e3", "1"), ("e4", "3")):
                tasks.start_soon(crowd.write, message(event, who=sender(who)))
            await crowd.until_told("e2", "e4")
            assert "e3" not in crowd.told
            # And whoever comes later.
            tasks.start_soon(crowd.write, message("e5", who=sender("2")))
            await crowd.until_told("e5")
    database.close()
    told = crowd.told["e3"]
    assert isinstance(told, Receipt)
    assert told.seq == 3


async def test_who_leaves_while_theirs_is_stored_takes_nothing_along(
    inbox: StoringInbox, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = (await inbox.accept(message("e0"))).conversation
    accept_all = transactions.accept_all
    crowd = Crowd(inbox)
    async with (
        bus.follow(conversation) as events,
        anyio.create_task_group() as staying,
        anyio.create_task_group() as leaving,
    ):

        def leave_meanwhile(connection: Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
            if len(arrivals) > 1:
                anyio.from_thread.run_sync(leaving.cancel_scope.cancel)
            return accept_all(connection, arrivals)

        monkeypatch.setattr(transactions, "accept_all", leave_meanwhile)
        for tasks, event in ((staying, "e1"), (leaving, "e2"), (leaving, "e3"), (staying, "e4")):
            tasks.start_soon(crowd.write, message(event))
            await anyio.lowlevel.checkpoint()
        # Whoever led: all of them are stored, and told to who reads along.
        with anyio.CancelScope(shield=True), anyio.fail_after(10):
            told = [await anext(events) for _ in range(4)]
    assert [each.seq for each in told if isinstance(each, Entry)] == [2, 3, 4, 5]
    assert isinstance(crowd.told["e4"], Receipt)


async def test_a_crowd_that_comes_back_is_told_where_it_was_in_a_few_looks(
    inbox: StoringInbox, database: Database
) -> None:
    crowd = [sender(str(n)) for n in range(20)]
    for who in crowd:
        await inbox.accept(message(f"by {who.address.id}", who=who))
    looks: list[str] = []
    event.listen(database.engine, "begin", lambda _: looks.append("look"))
    found: dict[str, list[str]] = {}

    async def come_back(who: Sender) -> None:
        conversation = await inbox.open(who, route(who.address.id))
        assert await inbox.last_seq(conversation) == 1
        found[who.address.id] = [e.client_id for e in await inbox.history(conversation, 0, 9)]

    async with anyio.create_task_group() as tasks:
        for who in crowd:
            tasks.start_soon(come_back, who)
    assert found == {who.address.id: [f"by {who.address.id}"] for who in crowd}
    assert 0 < len(looks) < len(crowd)


async def test_who_is_new_or_tells_something_new_is_written_down(inbox: StoringInbox) -> None:
    first = await inbox.open(sender("1", locale="en"), route())
    assert await inbox.open(sender("1", locale="fr"), route()) == first
    assert await inbox.open(sender("2"), route("2")) != first
