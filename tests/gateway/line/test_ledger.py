"""The ledger is right about calls, also about those whose process was killed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import anyio
import pytest
import structlog.testing

from gateway.line.figures import Figures
from gateway.line.ledger import SIGN_SECONDS, Ledger
from gateway.store import calls, migrate
from gateway.store.calls import LOST_SECONDS, CallRecord
from gateway.store.engine import Database
from tests.gateway.lines import a_call
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio

CALL = a_call()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    migrate.upgrade(database.engine)
    yield database
    database.close()


async def record(database: Database) -> CallRecord:
    found = await database.read(calls.read, CALL.id)
    assert found
    return found


async def killed(database: Database, clock: Clock) -> None:
    """A call began at 100, its process was seen at 130, and then never again."""
    process = Ledger(database, clock)
    with process.living(CALL):
        await process.open(CALL, now=clock())
        clock.now = 130.0
        await process.look_through()


async def test_a_call_whose_process_was_killed_ended_at_its_last_sign_of_life(
    database: Database, clock: Clock
) -> None:
    await killed(database, clock)
    other = Ledger(database, clock)
    clock.now = 130.0 + LOST_SECONDS
    await other.look_through()
    assert (await record(database)).state == "in-progress"
    clock.now += 0.1
    await other.look_through()
    lost = await record(database)
    assert (lost.state, lost.ended_by, lost.ended_at) == ("completed", "lost", 130.0)
    assert lost.seconds == 30.0


async def test_a_call_that_is_under_way_is_never_written_off(
    database: Database, clock: Clock
) -> None:
    process, other = Ledger(database, clock), Ledger(database, clock)
    # Its line broke and was taken up again before that was noticed.
    with process.living(CALL):
        with process.living(CALL):
            await process.open(CALL, now=clock())
        for _ in range(10):
            clock.now += SIGN_SECONDS
            await process.look_through()
            await other.look_through()
    assert (await record(database)).ended_by == ""


async def test_what_the_platform_says_later_of_a_lost_call_counts(
    database: Database, clock: Clock
) -> None:
    await killed(database, clock)
    clock.now = 300.0
    ledger = Ledger(database, clock)
    await ledger.look_through()
    await ledger.note_status(CALL.id, "completed", 47)
    assert (await record(database)).seconds == 47.0


async def test_a_lost_call_that_is_taken_up_again_goes_on(database: Database, clock: Clock) -> None:
    await killed(database, clock)
    clock.now = 300.0
    ledger = Ledger(database, clock)
    await ledger.look_through()
    await ledger.open(CALL, now=clock())
    await ledger.look_through()
    again = await record(database)
    assert (again.state, again.ended_by, again.ended_at) == ("in-progress", "", None)


async def test_a_call_that_was_written_off_too_soon_ends_when_it_does(
    database: Database, clock: Clock
) -> None:
    await killed(database, clock)
    clock.now = 300.0
    ledger = Ledger(database, clock)
    await ledger.look_through()
    await ledger.close(CALL, Figures(), "caller", offset=0.0)
    ended = await record(database)
    assert (ended.ended_by, ended.ended_at, ended.seconds) == ("caller", 300.0, 200.0)


class TestSigns:
    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, object]]:
        return "asyncio", {"loop_factory": VirtualLoop}

    async def test_a_sign_that_does_not_get_through_is_not_the_last(self, clock: Clock) -> None:
        class Moody:
            writes = 0

            async def write(self, *_: object, **__: object) -> list[str]:
                self.writes += 1
                if self.writes == 1:
                    raise OSError("the disk is full")
                return []

        moody = Moody()
        with structlog.testing.capture_logs() as logs:
            with anyio.move_on_after(2.5 * SIGN_SECONDS):
                await Ledger(cast("Database", moody), clock).run()
        assert moody.writes == 3
        assert [entry["event"] for entry in logs] == ["ledger_not_kept"]
