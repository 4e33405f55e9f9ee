"""Opening the database by its URL: what SQLite and PostgreSQL each need to be told."""

from __future__ import annotations

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

_POSTGRES = {
    "application_name": "frontdoor-agent",
    # Without these a server that vanished from the network is waited for a quarter of an hour.
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # A transaction that takes so long must not hold up the others for ever.
    "options": "-c lock_timeout=10s -c statement_timeout=30s"
    " -c idle_in_transaction_session_timeout=30s -c timezone=UTC",
}
"""Parameters of libpq (PostgreSQL 15, 34.1.2); what the URL says comes first."""

_AWAY = ("08", "53", "57", "58")
"""Connection, resources, operator intervention, system: PostgreSQL, appendix A."""


def away(error: DBAPIError) -> bool:
    """Whether the server is out of reach or out of room: later it may do what it was asked."""
    if getattr(error.orig, "sqlite_errorname", ""):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    # libpq itself has no code for a server that cannot be reached.
    unreachable = not state and type(error.orig).__name__ == "OperationalError"
    return unreachable or error.connection_invalidated or state.startswith(_AWAY)


def open_server(url: URL, connections: int) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_recycle=600,
        pool_use_lifo=True,
        connect_args={name: value for name, value in _POSTGRES.items() if name not in url.query},
        # Errors are logged, and what was to be stored is what people wrote.
        hide_parameters=True,
    )


def open_sqlite(url: URL) -> Engine:
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
