"""A duty is one replica's at a time, and another's soon after that one is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from gateway.alone import Leased
from gateway.store import duties, migrate
from gateway.store.engine import Database
from tests.waiting import until

pytestmark = pytest.mark.anyio

LEASE = 0.3


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    migrate.upgrade(database.engine)
    yield database
    database.close()


class Worker:
    """Works whenever it may, and says so."""

    def __init__(self, database: Database, name: str) -> None:
        self.leased = Leased(name, database, LEASE)
        self.scope = anyio.CancelScope()
        self.at_work = False
        self.began = anyio.Event()

    async def run(self) -> None:
        with self.scope:
            await self.leased("polling", self.work)

    async def work(self) -> None:
        self.at_work = True
        self.began.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.at_work = False
            self.began = anyio.Event()


async def test_one_works_and_the_next_begins_when_it_leaves(database: Database) -> None:
    first, second = Worker(database, "a"), Worker(database, "b")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first.run)
        await first.began.wait()
        tasks.start_soon(second.run)
        # Longer than a lease: it is kept up.
        with anyio.move_on_after(2 * LEASE):
            await second.began.wait()
        assert (first.at_work, second.at_work) == (True, False)
        first.scope.cancel()
        with anyio.fail_after(5):
            await second.began.wait()
        assert not first.at_work
        second.scope.cancel()


async def test_who_lost_it_stops_at_once_and_begins_again_later(database: Database) -> None:
    worker = Worker(database, "a")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        await worker.began.wait()
        lost = worker.began
        await database.write(duties.give_back, "polling", "a")
        now = worker.leased.clock()
        await database.write(duties.take, "polling", "b", now=now, until=now + LEASE)
        with anyio.fail_after(5):
            await until(lambda: worker.began is not lost)
            await worker.began.wait()
        worker.scope.cancel()
