"""Opening the database: the one place that knows SQLite from PostgreSQL.

Transactions run synchronously on worker threads, one hop each: what costs on SQLite is
the hop, not the statement. SQLite gets a single writer, which is what it has anyway.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError

from gateway.errors import StoreError

P = ParamSpec("P")
T = TypeVar("T")

RACES = 5
"""Times a transaction that lost a race against another is run before we give up."""


class Database:
    """An engine, and threads to run its transactions on. Raises StoreError for a wrong URL."""

    def __init__(self, url: str, pool_size: int = 5) -> None:
        self.engine = _open(url, pool_size)
        embedded = self.engine.dialect.name == "sqlite"
        self._writers = CapacityLimiter(1 if embedded else pool_size)
        self._readers = CapacityLimiter(pool_size)

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work(connection, …)` in one transaction; it may be run again after a lost race."""

        def transact() -> T:
            for last in (False,) * (RACES - 1) + (True,):
                try:
                    with self.engine.begin() as connection:
                        return work(connection, *args, **kwargs)
                except (IntegrityError, OperationalError) as error:
                    if last or not _lost_a_race(error):
                        raise
            raise AssertionError  # pragma: no cover - the last round returns or raises

        return await to_thread.run_sync(transact, limiter=self._writers)

    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work(connection, …)`, which only reads, beside any writer."""

        def look() -> T:
            with self.engine.connect().execution_options(reads=True) as connection:
                return work(connection, *args, **kwargs)

        return await to_thread.run_sync(look, limiter=self._readers)

    def close(self) -> None:
        self.engine.dispose()


def insert_new(connection: Connection, table: Table, **values: Any) -> None:
    """INSERT … ON CONFLICT DO NOTHING, which SQL does not standardise."""
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
        return
    # Loading another dialect takes longer than many a start-up can spare.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    connection.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())


def _lost_a_race(error: DBAPIError) -> bool:
    if isinstance(error, IntegrityError):
        return True
    # serialization_failure, deadlock_detected: PostgreSQL, appendix A
    return getattr(error.orig, "sqlstate", "") in ("40001", "40P01")


_KINDS = "Set it to postgresql://… or sqlite:///…, or leave it unset for SQLite in DATA_DIR."


# Errors are logged, and what was to be stored is what people wrote.
_COMMON: dict[str, Any] = {"max_overflow": 0, "hide_parameters": True}


def _open(url: str, pool_size: int) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"DATABASE_URL is no database's URL. {_KINDS}") from error
    if parsed.get_backend_name() == "postgresql":
        try:
            return create_engine(parsed, pool_pre_ping=True, pool_size=pool_size, **_COMMON)
        except ModuleNotFoundError as error:
            raise StoreError(f"DATABASE_URL needs a driver: pip install {error.name}") from error
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(f"DATABASE_URL names a database we do not speak. {_KINDS}")
    if parsed.database:
        folder = Path(parsed.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} cannot be made ({error.strerror}). "
                "Set DATA_DIR or DATABASE_URL to a place that can be written."
            ) from error
    engine = create_engine(parsed, pool_size=pool_size + 1, **_COMMON)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # We say BEGIN ourselves: the driver would start transactions late and as readers.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    # A killed process loses nothing; only a power cut may take the last moments.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=10000")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that starts as a reader can find at its first write that it must start over.
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
