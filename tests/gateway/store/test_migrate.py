"""An old database is brought up to date, and an empty one looks no different."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from channels.events import Text
from gateway.errors import StoreError
from gateway.store import calls, inbox, migrate
from gateway.store.engine import Database
from gateway.store.tables import metadata
from tests.services import Postgres


@pytest.fixture
def empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with nothing in it, not even tables."""
    if kind == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'test.db'}")
        yield database
        database.close()
        return
    server: Postgres = request.getfixturevalue("postgres_service")
    url = server.database()
    database = Database(url)
    yield database
    database.close()
    server.drop(url)


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


PEOPLE = (
    "INSERT INTO persons VALUES ('p', 1)",
    "INSERT INTO addresses VALUES ('paper:1', 'p', '', '', '', 'platform', true)",
    "INSERT INTO conversations VALUES ('c', 'person:p', 'c', 1, 0, NULL, NULL, 0, '')",
)
MESSAGE = """INSERT INTO messages (id, conversation_id, seq, role, state, ref, album, edited,
    group_chat, parts, at) VALUES (:id, 'c', :seq, 'agent', 'done', '', '', false, false,
    '[{"type": "text", "text": "hello"}]', 1)"""
RECORDED_CALL = (
    """INSERT INTO files (id, owner, name, media_type, kind, size, created_at)
    VALUES ('f', '', '', '', 'audio', 1, 1)""",
    """INSERT INTO calls (id, channel, direction, state, started_at, answered_at, ended_by, turns,
    recording, figures) VALUES ('CA1', 'phone', 'in', 'completed', 1, 2, 'caller', 0, 'f', '{}')""",
)


def put(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def say(database: Database, seq: int) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(MESSAGE), {"id": f"m{seq}", "seq": seq})


@pytest.mark.parametrize("old", ["0001", "0002", "0003"])
def test_what_was_said_before_an_upgrade_is_there_after_it(empty: Database, old: str) -> None:
    migrate.migrate(empty.engine, old)
    put(empty, *PEOPLE)
    say(empty, 1)
    migrate.upgrade(empty.engine)
    assert migrate.current(empty.engine) == migrate.head()
    assert differences(empty) == []
    with empty.engine.connect() as connection:
        assert inbox.history(connection, "c", 0, 9)[0].parts == (Text("hello"),)


def test_the_recording_of_an_old_call_is_one_of_its_recordings(empty: Database) -> None:
    migrate.migrate(empty.engine, "0002")
    put(empty, *RECORDED_CALL)
    migrate.upgrade(empty.engine)
    with empty.engine.connect() as connection:
        call = calls.read(connection, "CA1")
        assert call is not None
        assert call.recordings == ("f",)


def test_a_database_that_was_made_between_two_versions_is_upgraded_too(empty: Database) -> None:
    migrate.migrate(empty.engine, "0002")
    double = "DOUBLE" if empty.engine.dialect.name == "sqlite" else "DOUBLE PRECISION"
    put(
        empty,
        f"ALTER TABLE calls ADD COLUMN seen_at {double}",
        "CREATE INDEX ix_calls_open ON calls (seen_at) WHERE ended_at IS NULL",
        f"""CREATE TABLE call_recordings (
            call_id VARCHAR NOT NULL CONSTRAINT fk_call_recordings_call_id REFERENCES calls (id),
            file_id VARCHAR NOT NULL CONSTRAINT fk_call_recordings_file_id REFERENCES files (id),
            began_at {double} NOT NULL,
            CONSTRAINT pk_call_recordings PRIMARY KEY (call_id, file_id))""",
    )
    migrate.upgrade(empty.engine)
    assert differences(empty) == []


def test_people_go_on_writing_through_the_old_version_during_an_upgrade(empty: Database) -> None:
    migrate.migrate(empty.engine, "0001")
    put(empty, *PEOPLE)
    begun, upgraded = threading.Event(), threading.Event()
    said = 0

    def write() -> None:
        nonlocal said
        while not upgraded.is_set():
            say(empty, said + 1)
            said += 1
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(10)
        migrate.upgrade(empty.engine)
    finally:
        upgraded.set()
        writer.join()
    with empty.engine.connect() as connection:
        assert len(inbox.history(connection, "c", 0, said + 1)) == said


@pytest.mark.parametrize("old", ["", "0001"])
def test_of_several_that_upgrade_at_once_one_does_it(empty: Database, old: str) -> None:
    if old:
        migrate.migrate(empty.engine, old)
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            migrate.upgrade(empty.engine)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told below
            failures.append(error)

    replicas = [threading.Thread(target=upgrade) for _ in range(4)]
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.join()
    assert not failures
    assert differences(empty) == []


def test_what_is_not_up_to_date_is_not_served_on(empty: Database) -> None:
    with pytest.raises(StoreError, match="frontdoor migrate"):
        migrate.check(empty.engine)
    migrate.upgrade(empty.engine)
    migrate.check(empty.engine)


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    migrate.upgrade(empty.engine)
    migrate.upgrade(empty.engine)
    assert differences(empty) == []


def test_an_older_version_serves_on_while_a_newer_one_is_rolled_out(empty: Database) -> None:
    migrate.upgrade(empty.engine)
    put(empty, "UPDATE frontdoor_version SET version_num = '0999'")
    migrate.upgrade(empty.engine)
    assert migrate.current(empty.engine) == "0999"


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
