"""A fresh database for each test, of either kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import migrate
from gateway.store.engine import Database


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def database(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database with today's schema."""
    if kind == "postgres":
        database = Database(request.getfixturevalue("postgres"))
    else:
        database = Database(f"sqlite:///{tmp_path / 'test.db'}")
        migrate.upgrade(database.engine)
    yield database
    database.close()
