"""What an error of the database means for us: run it again, wait for it, or mend the program."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError

_SQLITE_AWAY = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")
"""https://sqlite.org/rescode.html, with what is derived of them."""

_CLASSES_AWAY = ("08", "53", "57", "58")
"""Connection, resources, operator intervention, system: PostgreSQL, appendix A."""

_LOCKED = "55P03"
"""lock_not_available"""

_CODES_AWAY = ("25006", _LOCKED)
"""A standby that is not promoted yet; a lock that was not to be had."""


def lost_a_race(error: DBAPIError) -> bool:
    """Whether another transaction was quicker, and this one may find its work done."""
    if isinstance(error, IntegrityError):
        return True
    # serialization_failure, deadlock_detected: PostgreSQL, appendix A
    return _state(error) in ("40001", "40P01")


def gone(error: DBAPIError) -> bool:
    """Whether the connection was lost: the next one may be good, if the server came back."""
    return error.connection_invalidated


def away(error: DBAPIError) -> bool:
    """Whether the database is out of reach or out of room: later it may do what it was asked."""
    sqlite = getattr(error.orig, "sqlite_errorname", "")
    if sqlite:
        return sqlite.startswith(_SQLITE_AWAY)
    state = _state(error)
    if state:
        return state.startswith(_CLASSES_AWAY) or state in _CODES_AWAY
    # libpq itself has no code for a server that cannot be reached.
    return error.connection_invalidated or type(error.orig).__name__ == "OperationalError"


def busy(error: DBAPIError) -> bool:
    """Whether it is only that somebody else does not let go of a row."""
    return _state(error) == _LOCKED


def plain(error: DBAPIError) -> str:
    """What the database said of it, without what we had asked."""
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
