"""Running transactions: on threads, again after a lost race, and by one clock for all replicas.

Transactions run synchronously on worker threads, one hop each: what costs on SQLite is
the hop, not the statement. SQLite gets a single writer, which is what it has anyway.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import anyio
import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, QueuePool, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.errors import StoreBusy, StoreUnavailable
from gateway.store import trouble
from gateway.store.opening import open_engine
from gateway.telemetry import asking

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()

RACES = 5
"""Times a transaction that lost a race against another is run before we give up."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
"""Seconds between two looks whether a database that went away is back; they double."""

TELL_EVERY = 10.0
"""Seconds between two lines in the log about a database that is away."""


class Database:
    """An engine, and threads to run its transactions on. Raises StoreError for a wrong URL.

    `write` and `read` raise StoreUnavailable when the database cannot be reached. Then it is
    unknown whether a `write` was committed, so every transaction bears being run twice.
    """

    def __init__(self, url: str, pool_size: int = 5) -> None:
        self._ahead = 0.0
        self.engine = open_engine(url, pool_size, self._compare_clocks)
        embedded = self.engine.dialect.name == "sqlite"
        self._writers = CapacityLimiter(1 if embedded else pool_size)
        # No more threads than connections: waiting for a thread is fairer, and can be left.
        self._readers = CapacityLimiter(pool_size) if embedded else self._writers
        self._reading = {"reads": True} if embedded else {"isolation_level": "AUTOCOMMIT"}

    def clock(self) -> float:
        """Epoch seconds, as the database counts them: the same for all replicas.

        So leases mean the same to all, whatever their machines' clocks say or are set to.
        """
        return time.monotonic() + self._ahead if self._ahead else time.time()

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work(connection, …)` in one transaction; it may be run again after a lost race."""

        def transact() -> T:
            with self.engine.begin() as connection:
                return work(connection, *args, **kwargs)

        return await to_thread.run_sync(_stubbornly, transact, limiter=self._writers)

    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work(connection, …)`, which only reads, beside any writer."""

        def look() -> T:
            with self.engine.connect().execution_options(**self._reading) as connection:
                return work(connection, *args, **kwargs)

        return await to_thread.run_sync(_stubbornly, look, limiter=self._readers)

    def connections(self) -> dict[str, int]:
        """How many connections there are, by what they do; and who waits for one."""
        pool = cast("QueuePool", self.engine.pool)
        return {
            "in_use": pool.checkedout(),
            "idle": pool.checkedin(),
            "most": pool.size(),
            "waited_for": self._writers.statistics().tasks_waiting,
        }

    def close(self) -> None:
        self.engine.dispose()

    def _compare_clocks(self, connection: Any) -> None:
        # A connection is fresh here, and must not be left in a transaction.
        connection.autocommit = True
        asked = time.monotonic()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        connection.autocommit = False
        self._ahead = row[0] - (asked + time.monotonic()) / 2


class PatientDatabase(Database):
    """The same database for those who have nobody to refuse: it is waited for while it is away.

    One of them asks whether it is back, with growing pauses; the others wait for that one.
    """

    def __init__(self, database: Database) -> None:
        self._impatient = database
        self.engine = database.engine
        self._asking = anyio.Lock()
        self._told = 0.0

    def clock(self) -> float:
        return self._impatient.clock()

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._wait_for(lambda: self._impatient.write(work, *args, **kwargs))

    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._wait_for(lambda: self._impatient.read(work, *args, **kwargs))

    async def _wait_for(self, attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            return await attempt()
        except StoreUnavailable as error:
            self._tell(error)
        async with self._asking:
            pause = 0.0
            while True:
                await anyio.sleep(pause)
                try:
                    done = await attempt()
                except StoreUnavailable as error:
                    self._tell(error)
                    pause = min(max(FIRST_PAUSE, pause * 2), LONGEST_PAUSE)
                    continue
                if self._told:
                    log.info("database_back")
                    self._told = 0.0
                return done

    def _tell(self, error: StoreUnavailable) -> None:
        if time.monotonic() - self._told > TELL_EVERY or not self._told:
            self._told = time.monotonic()
            log.warning("database_away", error=str(error))


def insert_new(connection: Connection, table: Table, **values: Any) -> None:
    """INSERT … ON CONFLICT DO NOTHING, which SQL does not standardise."""
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
        return
    # Loading another dialect takes longer than many a start-up can spare.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    connection.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())


def _stubbornly(work: Callable[[], T]) -> T:
    """Run a transaction until it is through, or not to be had."""
    reconnected = False
    for last in (False,) * (RACES - 1) + (True,):
        try:
            with asking("database", (DBAPIError, PoolTimeout)):
                return work()
        except PoolTimeout as error:
            raise StoreUnavailable("The database has no connection free for us.") from error
        except DBAPIError as error:
            if trouble.lost_a_race(error) and not last:
                continue
            if trouble.gone(error) and not reconnected and not last:
                # A restart leaves a pool of dead connections: one try tells them from an outage.
                reconnected = True
                continue
            if trouble.away(error):
                kind = StoreBusy if trouble.busy(error) else StoreUnavailable
                raise kind(f"The database is away ({trouble.plain(error)}).") from error
            raise
    raise AssertionError  # pragma: no cover - the last round returns or raises
