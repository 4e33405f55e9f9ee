"""A concierge, records and a person, for each test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.brain.concierge import Concierge
from agents.records.base import Records
from agents.records.engine import Database
from agents.records.schema import ensure
from tests.agents.brain.stage import Clock, Person, temporary_records


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once; migrating is slow."""
    path = tmp_path_factory.mktemp("records") / "records.db"
    database = Database(f"sqlite:///{path}")
    ensure(database.engine)
    database.close()
    return path


@pytest.fixture
async def records(tmp_path: Path, clock: Clock, empty_database: Path) -> AsyncIterator[Records]:
    shutil.copy(empty_database, tmp_path / "records.db")
    async with temporary_records(tmp_path, clock) as records:
        yield records


@pytest.fixture
def ann(records: Records, clock: Clock) -> Person:
    return Person(Concierge(records, clock), records)
