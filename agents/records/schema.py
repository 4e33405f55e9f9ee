"""Brings the database to the schema this code was written for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, DBAPIError

from agents.records.opening import away

VERSION_TABLE = "agents_version"
HEAD = "0002"

LOCK = 0x4368696566537461
"""Whoever migrates holds this advisory lock of PostgreSQL (its docs, 13.3.5): "ChiefSta"."""

PATIENCE_SECONDS = 60.0
"""How long a server is waited for that is starting itself."""


class SchemaError(Exception):
    """The database cannot be opened, or has a schema that this program does not know."""


def ensure(engine: Engine) -> None:
    """Migrate to head, if it is not there already; of several at once, one does it.

    Alembic is slow to import, and mostly there is nothing to do: so look first. Raises SchemaError.
    """
    _wait_for(engine)
    if _serves(_version(engine)):
        return
    with _alone(engine):
        if not _serves(_version(engine)):
            _migrate(engine)


def check(engine: Engine) -> None:
    """Raise SchemaError unless the database has been brought up to date."""
    _wait_for(engine)
    if not _serves(_version(engine)):
        raise SchemaError("The agent's database is not up to date: run frontdoor migrate first.")


def _serves(version: str | None) -> bool:
    # Migrations of one series, told by the first digit, only add: who is older serves on.
    return version is not None and version >= HEAD and version[0] == HEAD[0]


def _wait_for(engine: Engine) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with engine.connect():
                return
        except DBAPIError as error:
            if not away(error) or time.monotonic() > deadline:
                return  # what comes next says what is wrong
        time.sleep(1)


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Keep other replicas from migrating meanwhile; on SQLite there are none."""
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Whoever comes second waits as long as the first needs.
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SET statement_timeout = 0"))
        try:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            yield
        finally:
            # Whoever gets this connection next gets it without lock and with its time limits.
            connection.invalidate()


def _version(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - our own constant
            version: str | None = connection.scalar(query)
            return version
    except DatabaseError:
        return None  # no such table: a new database


def _migrate(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - only who migrates pays for it
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        raise SchemaError(
            f"The agent's database cannot be used ({str(error.orig).splitlines()[0]}). "
            "Check its URL, and that it can be written."
        ) from error
    except CommandError as error:
        raise SchemaError(
            "The agent's database was made by a newer version of this program; "
            "run that version, or point DATABASE_URL to another database."
        ) from error
