"""A database that goes away: who asked is told, who works waits, and all comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest
from sqlalchemy import Connection, text

from gateway.errors import StoreUnavailable
from gateway.store import inbox, migrate
from gateway.store.engine import Database, PatientDatabase
from tests.gateway.doubles import message
from tests.services import Postgres

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One of this module's own, so that nobody else's goes away."""
    with Postgres() as server:
        yield server


@pytest.fixture
def database(server: Postgres) -> Iterator[Database]:
    database = Database(server.database(), pool_size=2)
    migrate.upgrade(database.engine)
    yield database
    database.close()


async def accept(database: Database, event: str = "e1") -> inbox.Accepted:
    return await database.write(inbox.accept, message(event), now=1.0, due_at=1.0)


async def test_who_asks_a_database_that_is_away_is_told_so(
    database: Database, server: Postgres
) -> None:
    await accept(database)
    server.stop()
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="away"):
            await accept(database, "e2")
    with pytest.raises(StoreUnavailable):
        await database.read(inbox.last_seq, "c")
    server.start()
    assert (await accept(database, "e2")).receipt.seq == 2


@pytest.mark.parametrize("end", ["restart", "crash"])
async def test_nobody_notices_a_restart_between_two_transactions(
    end: str, database: Database, server: Postgres
) -> None:
    await accept(database)
    await getattr(server, end)()
    again = (await accept(database)).receipt
    assert (again.seq, again.fresh) == (1, False)


async def test_who_works_waits_until_the_database_is_back(
    database: Database, server: Postgres
) -> None:
    patient = PatientDatabase(database)
    seqs = []

    async def work(event: str) -> None:
        seqs.append((await accept(patient, event)).receipt.seq)

    server.kill()
    async with anyio.create_task_group() as tasks:
        for n in range(10):
            tasks.start_soon(work, f"e{n}")
        await anyio.wait_all_tasks_blocked()
        assert not seqs
        await server.resume()
    assert sorted(seqs) == list(range(1, 11))


async def test_a_transaction_that_breaks_off_leaves_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        inbox.accept(connection, message("e1"), now=1.0, due_at=1.0)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await database.write(half)
    assert (await accept(database)).receipt.fresh


async def test_who_waits_may_be_called_away(database: Database, server: Postgres) -> None:
    server.stop()
    with anyio.move_on_after(0.05) as waiting:
        await accept(PatientDatabase(database))
    server.start()
    assert waiting.cancelled_caught


async def test_a_lock_that_nobody_gives_back_is_no_end_of_everything(database: Database) -> None:
    receipt = (await accept(database)).receipt

    def impatient(connection: Connection) -> None:
        connection.execute(text("SET LOCAL lock_timeout = '20ms'"))
        inbox.next_seq(connection, receipt.conversation)

    with database.engine.begin() as holder:
        inbox.next_seq(holder, receipt.conversation)
        with pytest.raises(StoreUnavailable):
            await database.write(impatient)
    await database.write(impatient)


async def test_all_replicas_have_the_clock_of_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def now(connection: Connection) -> float:
        return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)

    # An hour off, as machines are that never heard of NTP.
    monkeypatch.setattr("time.time", lambda: 3600.0)
    before = database.clock()
    told = await database.read(now)
    assert before - 0.1 <= told <= database.clock() + 0.1
