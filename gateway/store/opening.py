"""Opening a database by its URL: what SQLite and PostgreSQL each need to be told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from gateway.errors import StoreError

_KINDS = "Set it to postgresql://… or sqlite:///…, or leave it unset for SQLite in DATA_DIR."

# Errors are logged, and what was to be stored is what people wrote.
_COMMON: dict[str, Any] = {"max_overflow": 0, "hide_parameters": True}

_POSTGRES = {
    "application_name": "frontdoor",
    # Without these a server that vanished from the network is waited for a quarter of an hour.
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # No transaction of ours takes a second; one that does must not hold up the others for ever.
    "options": "-c lock_timeout=10s -c statement_timeout=30s"
    " -c idle_in_transaction_session_timeout=30s -c timezone=UTC",
}
"""Parameters of libpq (PostgreSQL 15, 34.1.2); what the URL says comes first."""

RECYCLE_SECONDS = 600.0
"""How long a connection to a server is used: others are balanced to, and clocks compared, anew."""


def open_engine(url: str, pool_size: int, connected: Callable[[Any], None]) -> Engine:
    """An engine of `pool_size` connections; `connected` is handed each new one of a server.

    Raises StoreError when the URL is no use.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"DATABASE_URL is no database's URL. {_KINDS}") from error
    if parsed.get_backend_name() == "postgresql":
        return _postgres(parsed, pool_size, connected)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, pool_size)
    raise StoreError(f"DATABASE_URL names a database we do not speak. {_KINDS}")


def _postgres(url: URL, pool_size: int, connected: Callable[[Any], None]) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    arguments = {name: value for name, value in _POSTGRES.items() if name not in url.query}
    try:
        engine = create_engine(
            url,
            pool_size=pool_size,
            pool_recycle=RECYCLE_SECONDS,
            # The one used last is warm; the others are there for a crowd.
            pool_use_lifo=True,
            connect_args=arguments,
            **_COMMON,
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            f"DATABASE_URL needs a driver ({error.name}): pip install 'frontdoor[postgres]'"
        ) from error
    event.listen(engine, "connect", lambda connection, _: connected(connection))
    return engine


def _sqlite(url: URL, pool_size: int) -> Engine:
    if url.database:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} cannot be made ({error.strerror}). "
                "Set DATA_DIR or DATABASE_URL to a place that can be written."
            ) from error
    engine = create_engine(url, pool_size=pool_size + 1, **_COMMON)
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
