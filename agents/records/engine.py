"""The database behind the records: one transaction a call, on a worker thread.

Every hop between threads costs more than most statements, so a whole transaction is one
plain function that is handed a connection, and runs in one hop.

A server that goes away is waited for a while. Whether what was asked when it went was still done
is unknown, so a transaction bears being run twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import structlog
from anyio import CancelScope, CapacityLimiter, to_thread
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from agents.records.opening import away, open_server, open_sqlite

T = TypeVar("T")

log = structlog.get_logger()

CONNECTIONS = 8
"""To a server, at most; half of them for who writes."""

PATIENCE_SECONDS = 60.0
"""How long a server that went away is waited for."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two looks whether it is back; they double."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A transaction that spans several calls."""

    database: Database
    connection: Connection
    afterwards: list[Callable[[], None]] = field(default_factory=list)


_unit: ContextVar[_Unit | None] = ContextVar("_unit", default=None)


class Database:
    """An engine and the threads its work runs on; `close` it when done."""

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        """At most so many `connections` to a server; SQLite has its own number."""
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        self.shared = not sqlite
        """Whether other processes may work on it at the same time."""
        self.engine = open_sqlite(parsed) if sqlite else open_server(parsed, connections)
        # Units keep a connection while their parts pass through here.
        self._readers = CapacityLimiter(max(1, connections // 2))
        # SQLite has one writer: waiting for a thread is fairer than waiting for its lock.
        self._writers = CapacityLimiter(1 if sqlite else max(1, connections // 2))

    async def read(self, work: Callable[[Connection], T]) -> T:
        if unit := self._open_unit():
            return await to_thread.run_sync(work, unit.connection, limiter=self._readers)
        return await _outlasting(lambda: to_thread.run_sync(self._run, work, limiter=self._readers))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that is rolled back when it raises."""
        if unit := self._open_unit():
            return await to_thread.run_sync(_nested, unit.connection, work, limiter=self._readers)
        return await _outlasting(
            lambda: to_thread.run_sync(self._run_writing, work, limiter=self._writers)
        )

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[None]:
        """Make all that the block reads and writes one transaction, undone when it raises.

        Others wait for their turn to write meanwhile, so the block must wait for nobody.
        """
        async with self._writers:
            connection = await _outlasting(
                lambda: to_thread.run_sync(self._begin, limiter=self._readers)
            )
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


async def _outlasting(attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until the server is there again, or too long away."""
    deadline, pause = anyio.current_time() + PATIENCE_SECONDS, 0.0
    while True:
        try:
            return await attempt()
        except DBAPIError as error:
            if not away(error) or anyio.current_time() > deadline:
                raise
            if pause:
                log.warning("database_away", error=type(error.orig).__name__)
        # The first time at once: a restart leaves nothing but dead connections.
        await anyio.sleep(pause)
        pause = min(max(FIRST_PAUSE, pause * 2), LONGEST_PAUSE)


def _nested(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Part of a unit, which can go on when it fails."""
    with connection.begin_nested():
        return work(connection)


def _ended(connection: Connection, end: Callable[[], None]) -> None:
    with connection:
        end()
