"""Transactions of duties: what only one worker does at a time."""

from __future__ import annotations

from sqlalchemy import Connection, delete, or_, update

from gateway.store.engine import insert_new
from gateway.store.tables import duties


def take(connection: Connection, name: str, owner: str, *, now: float, until: float) -> bool:
    """Take a duty, or keep it; whether it is the owner's until then."""
    insert_new(connection, duties, name=name, owner=owner, until=until)
    taken = connection.execute(
        update(duties)
        .where(duties.c.name == name, or_(duties.c.owner == owner, duties.c.until <= now))
        .values(owner=owner, until=until)
    )
    return taken.rowcount == 1


def give_back(connection: Connection, name: str, owner: str) -> None:
    """Let somebody else take it at once."""
    connection.execute(delete(duties).where(duties.c.name == name, duties.c.owner == owner))
