"""Transactions of files: what is told of each, and which are to go.

A file is told of before its first byte is kept and again once all are. So whatever breaks off in
between is found here, without looking through the storage.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, select, update

from channels.events import File
from gateway.store.tables import call_recordings, calls, files


def begin(connection: Connection, owner: str, file: File, *, now: float) -> None:
    """Tell of a file whose bytes are to come. Nobody finds it yet."""
    connection.execute(
        files.insert(),
        {
            "id": file.id,
            "owner": owner,
            "name": file.name,
            "media_type": file.media_type,
            "kind": file.kind,
            "size": 0,
            "created_at": now,
            "arrived": False,
        },
    )


def arrive(connection: Connection, id: str, size: int) -> bool:
    """All bytes are here. False for a file that was given up meanwhile."""
    told = connection.execute(update(files).where(files.c.id == id).values(arrived=True, size=size))
    return bool(told.rowcount)


def find(connection: Connection, id: str) -> File | None:
    """A file that is here."""
    row = connection.execute(select(files).where(files.c.id == id)).first()
    if row is None or not row.arrived:
        return None
    return File(row.name, row.media_type, row.size, row.id, kind=row.kind)


def unfinished(connection: Connection, *, before: float, limit: int) -> Sequence[str]:
    """Files that broke off: told of `before`, and still not here."""
    return connection.scalars(
        select(files.c.id)
        .where(files.c.arrived.is_(False), files.c.created_at < before)
        .order_by(files.c.created_at)
        .limit(limit)
    ).all()


def old_recordings(connection: Connection, *, before: float, limit: int) -> Sequence[str]:
    """Recordings of calls that began `before`, the oldest first."""
    return connection.scalars(
        select(call_recordings.c.file_id)
        .where(call_recordings.c.began_at < before)
        .order_by(call_recordings.c.began_at)
        .limit(limit)
    ).all()


def old_files(connection: Connection, *, before: float, limit: int) -> Sequence[str]:
    """All other files of `before`, the oldest first."""
    recorded = exists().where(call_recordings.c.file_id == files.c.id)
    return connection.scalars(
        select(files.c.id)
        .where(files.c.created_at < before, ~recorded)
        .order_by(files.c.created_at)
        .limit(limit)
    ).all()


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Tell of these no more. Where messages name them, there is no such file."""
    connection.execute(update(calls).where(calls.c.recording.in_(ids)).values(recording=None))
    connection.execute(delete(call_recordings).where(call_recordings.c.file_id.in_(ids)))
    connection.execute(delete(files).where(files.c.id.in_(ids)))
