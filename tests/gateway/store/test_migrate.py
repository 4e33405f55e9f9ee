"""An old database is brought up to date, and an empty one looks no different."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from channels.events import Text
from gateway.errors import StoreError
from gateway.store import inbox, migrate
from gateway.store.engine import Database
from gateway.store.tables import metadata


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    yield database
    database.close()


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrate.VERSION_TABLE}
        )
        return list(compare_metadata(context, metadata))


def test_an_empty_database_gets_todays_schema(empty: Database) -> None:
    assert migrate.current(empty.engine) is None
    migrate.upgrade(empty.engine)
    assert migrate.current(empty.engine) == migrate.head()
    assert differences(empty) == []


def test_the_migrations_lead_to_the_same_schema(empty: Database) -> None:
    migrate.migrate(empty.engine)
    assert migrate.current(empty.engine) == migrate.head()
    assert differences(empty) == []


def test_what_was_said_before_an_upgrade_is_there_after_it(empty: Database) -> None:
    migrate.migrate(empty.engine, "0001")
    with empty.engine.begin() as connection:
        for statement in (
            "INSERT INTO persons VALUES ('p', 1)",
            "INSERT INTO addresses VALUES ('paper:1', 'p', '', '', '', 'platform', true)",
            "INSERT INTO conversations VALUES ('c', 'person:p', 'c', 1, 0, NULL, NULL, 0, '')",
            """INSERT INTO messages (id, conversation_id, seq, role, state, ref, album, edited,
            group_chat, parts, at) VALUES ('m', 'c', 1, 'agent', 'done', '', '', false, false,
            '[{"type": "text", "text": "hello"}]', 1)""",
        ):
            connection.execute(text(statement))
    migrate.upgrade(empty.engine)
    assert migrate.current(empty.engine) == migrate.head()
    assert differences(empty) == []
    with empty.engine.connect() as connection:
        assert inbox.history(connection, "c", 0, 9)[0].parts == (Text("hello"),)


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    migrate.upgrade(empty.engine)
    migrate.upgrade(empty.engine)
    assert differences(empty) == []


def test_a_newer_database_is_left_alone(empty: Database) -> None:
    migrate.upgrade(empty.engine)
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE frontdoor_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer"):
        migrate.upgrade(empty.engine)


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/door", "sqlite:////proc/no/x.db"])
def test_a_url_that_is_no_use_is_refused_in_plain_words(url: str) -> None:
    with pytest.raises(StoreError, match="DATABASE_URL"):
        Database(url)


def test_a_file_that_is_no_database_is_refused_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_text("What I did on my holidays")
    with pytest.raises(StoreError, match="not a database"):
        migrate.upgrade(Database(f"sqlite:///{tmp_path / 'test.db'}").engine)
