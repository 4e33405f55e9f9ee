"""The database behind the records: one transaction a call, on a worker thread.

Every hop between threads costs more than most statements, so a whole transaction is one
plain function that is handed a connection, and runs in one hop.

What only SQLite needs is in `_sqlite`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

T = TypeVar("T")

READERS = 4


class Database:
    """An engine and the threads its work runs on; `close` it when done."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite(parsed) if sqlite else create_engine(parsed, pool_pre_ping=True)
        self._readers = CapacityLimiter(READERS)
        # SQLite has one writer: waiting for a thread is fairer than waiting for its lock.
        self._writers = CapacityLimiter(1 if sqlite else READERS)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await to_thread.run_sync(self._run, work, limiter=self._readers)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that is rolled back when it raises."""
        return await to_thread.run_sync(self._run_writing, work, limiter=self._writers)

    def close(self) -> None:
        self.engine.dispose()

    def _run(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def _run_writing(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)  # noqa: PLW2901 - itself
            with connection.begin():
                return work(connection)


def _sqlite(url: URL) -> Engine:
    """An engine in WAL mode whose transactions begin as we say, not as pysqlite guesses."""
    engine = create_engine(url, connect_args={"timeout": 10, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined] # sqlite3's own attribute
        for pragma in (
            "journal_mode=WAL",
            # A commit survives the process; only a power cut may lose the last ones.
            "synchronous=NORMAL",
            "busy_timeout=10000",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined] # as above

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # A writer that first reads and then upgrades its lock may be refused; take it at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
