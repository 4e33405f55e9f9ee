"""A duty has one owner until its lease runs out or is given back."""

from __future__ import annotations

import pytest

from gateway.store import duties
from gateway.store.engine import Database

pytestmark = pytest.mark.anyio


async def test_the_first_takes_it_and_may_keep_it(database: Database) -> None:
    assert await database.write(duties.take, "poll", "a", now=0.0, until=5.0)
    assert await database.write(duties.take, "poll", "a", now=1.0, until=6.0)
    assert not await database.write(duties.take, "poll", "b", now=5.5, until=9.0)


async def test_who_is_gone_loses_it(database: Database) -> None:
    await database.write(duties.take, "poll", "a", now=0.0, until=5.0)
    assert await database.write(duties.take, "poll", "b", now=5.0, until=9.0)
    assert not await database.write(duties.take, "poll", "a", now=6.0, until=9.0)


async def test_who_gives_it_back_leaves_it_to_the_next_at_once(database: Database) -> None:
    await database.write(duties.take, "poll", "a", now=0.0, until=5.0)
    await database.write(duties.give_back, "poll", "b")
    assert not await database.write(duties.take, "poll", "b", now=1.0, until=6.0)
    await database.write(duties.give_back, "poll", "a")
    assert await database.write(duties.take, "poll", "b", now=1.0, until=6.0)


async def test_one_duty_is_not_another(database: Database) -> None:
    await database.write(duties.take, "poll", "a", now=0.0, until=5.0)
    assert await database.write(duties.take, "sweep", "b", now=0.0, until=5.0)
