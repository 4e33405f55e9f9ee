"""The database behind the records: one transaction a call, on a worker thread.

Every hop between threads costs more than most statements, so a whole transaction is one
plain function that is handed a connection, and runs in one hop.

What only SQLite needs is in `_sqlite`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

T = TypeVar("T")

READERS = 4


@dataclass(frozen=True, slots=True)
class _Unit:
    """A transaction that spans several calls."""

    database: Database
    connection: Connection
    afterwards: list[Callable[[], None]] = field(default_factory=list)


_unit: ContextVar[_Unit | None] = ContextVar("_unit", default=None)


class Database:
    """An engine and the threads its work runs on; `close` it when done."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite(parsed) if sqlite else _server(parsed)
        self._readers = CapacityLimiter(READERS)
        # SQLite has one writer: waiting for a thread is fairer than waiting for its lock.
        self._writers = CapacityLimiter(1 if sqlite else READERS)

    async def read(self, work: Callable[[Connection], T]) -> T:
        if unit := self._open_unit():
            return await to_thread.run_sync(work, unit.connection, limiter=self._readers)
        return await to_thread.run_sync(self._run, work, limiter=self._readers)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that is rolled back when it raises."""
        if unit := self._open_unit():
            return await to_thread.run_sync(_nested, unit.connection, work, limiter=self._readers)
        return await to_thread.run_sync(self._run_writing, work, limiter=self._writers)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[None]:
        """Make all that the block reads and writes one transaction, undone when it raises.

        Others wait for their turn to write meanwhile, so the block must wait for nobody.
        """
        async with self._writers:
            connection = await to_thread.run_sync(self._begin, limiter=self._readers)
            unit = _Unit(self, connection)
            token = _unit.set(unit)
            end = connection.rollback
            try:
                yield
                end = connection.commit
            finally:
                _unit.reset(token)
                with CancelScope(shield=True):
                    await to_thread.run_sync(_ended, connection, end, limiter=self._readers)
        for call in unit.afterwards:
            call()

    def once_written(self, call: Callable[[], None]) -> None:
        """Call when what was written is there for everybody: now, or at the end of the unit."""
        if unit := self._open_unit():
            unit.afterwards.append(call)
        else:
            call()

    def close(self) -> None:
        self.engine.dispose()

    def _open_unit(self) -> _Unit | None:
        unit = _unit.get()
        return unit if unit and unit.database is self else None

    def _begin(self) -> Connection:
        connection = self.engine.connect().execution_options(writes=True)
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection

    def _run(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def _run_writing(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)  # noqa: PLW2901 - itself
            with connection.begin():
                return work(connection)


def _nested(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Part of a unit, which can go on when it fails."""
    with connection.begin_nested():
        return work(connection)


def _ended(connection: Connection, end: Callable[[], None]) -> None:
    with connection:
        end()


def _server(url: URL) -> Engine:
    # Errors are logged, and what was to be stored is what people wrote.
    return create_engine(url, pool_pre_ping=True, hide_parameters=True)


def _sqlite(url: URL) -> Engine:
    """An engine in WAL mode whose transactions begin as we say, not as pysqlite guesses."""
    arguments = {"timeout": 10, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True)

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
