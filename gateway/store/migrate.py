"""Bringing the database up to date.

An empty one gets today's schema at once; Alembic, slow to load, only where there is
something to migrate. A test holds both ways to the same result.

Replicas of two versions serve side by side while a new one is rolled out. So a migration only
adds: what the older version writes and reads must go on to be there. What takes something away
begins a new series, by the first digit of its number, and no older version serves on that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from gateway.errors import StoreError, StoreUnavailable
from gateway.store import trouble
from gateway.store.tables import metadata

VERSION_TABLE = "frontdoor_version"

LOOK_SECONDS = 0.2
"""Between two looks whether another replica has migrated."""

LOCK = 0x46726F6E74446F6F
"""Whoever migrates holds this advisory lock of PostgreSQL (its docs, 13.3.5): "FrontDoo"."""

_migrating = threading.Lock()


def head() -> str:
    """The newest schema this code knows."""
    versions = files("gateway.store") / "migrations" / "versions"
    return max(f.name[:4] for f in versions.iterdir() if f.name[:4].isdigit())


def current(engine: Engine) -> str | None:
    """The schema the database has; None for an empty one."""
    with engine.connect() as connection:
        return _current(connection)


def upgrade(engine: Engine) -> None:
    """Migrate to `head()`, if it is not there already; of several at once, one does it.

    Raises StoreUnavailable, and StoreError when the database cannot be used or is too new.
    """
    with _in_plain_words():
        if _serves(current(engine)):
            return
        with _alone(engine):
            now = current(engine)
            if now is None:
                _create(engine)
            elif now < head():
                migrate(engine)


def check(engine: Engine) -> None:
    """Raise StoreError unless the database has been brought up to date."""
    with _in_plain_words():
        if not _serves(current(engine)):
            raise StoreError("The database is not up to date: run frontdoor migrate first.")


def migrate(engine: Engine, to: str = "head") -> None:
    """Run Alembic's migrations up to `to`."""
    from alembic import command  # noqa: PLC0415 - slow to import, rarely needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("gateway.store") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = engine
    command.upgrade(config, to)


def _serves(now: str | None) -> bool:
    """Whether this code serves on the schema `now`. Raises StoreError when it never will."""
    if now is None or now < head():
        return False
    if now[0] != head()[0]:
        raise StoreError(
            f"The database has schema {now}, newer than this version's {head()} can serve on: "
            "update frontdoor, or point DATABASE_URL elsewhere."
        )
    return True


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return str(found) if found else None


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Keep others from migrating meanwhile; on SQLite they can only be threads of ours."""
    if engine.dialect.name == "sqlite":
        # Alembic keeps what it is doing in one place for the whole process.
        with _migrating:
            yield
        return
    # Of the session, and in no transaction: an index that is built beside writers waits for those.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Asked again and again: a statement that waited would be one that the index waits for.
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}):
            time.sleep(LOOK_SECONDS)
        try:
            yield
        finally:
            # With it goes the lock, whatever became of us.
            connection.invalidate()


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        said = trouble.plain(error)
        if trouble.away(error):
            raise StoreUnavailable(
                f"The database cannot be reached ({said}). "
                "Check DATABASE_URL and that its server runs, or that DATA_DIR can be written."
            ) from error
        raise StoreError(
            f"The database cannot be used ({said}). "
            "Check DATABASE_URL, or that DATA_DIR can be written and holds our files."
        ) from error


def _create(engine: Engine) -> None:
    with engine.begin() as connection:
        if _current(connection):
            # On SQLite this is the first moment at which we are alone.
            return
        metadata.create_all(connection)
        connection.execute(
            text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) PRIMARY KEY)")
        )
        connection.execute(
            text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"),  # noqa: S608 - a constant
            {"head": head()},
        )
