"""Files people send and receive: bytes in a folder, descriptions in the database."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from sqlalchemy import Connection, select

from channels.base import TooLarge
from channels.events import Address, File
from gateway.store.engine import Database
from gateway.store.tables import files

CHUNK = 64 * 1024
"""Bytes read at a time."""


class FileStore:
    """Stores a file once and hands it to whoever knows its unguessable id."""

    def __init__(self, database: Database, folder: Path, limit: int) -> None:
        self._database = database
        self._folder = folder
        self._limit = limit

    async def put(
        self,
        owner: Address,
        file: File,
        chunks: AsyncIterator[bytes],
        *,
        now: float,
        limit: int | None = None,
    ) -> File:
        """Store `chunks`; the file exists only once all of them are there. Raises TooLarge.

        `limit` is for what is not somebody's upload.
        """
        limit = limit or self._limit
        id = secrets.token_urlsafe(24)
        path = anyio.Path(self._path(id))
        await path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        try:
            async with await path.open("wb") as out:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(limit)
                    await out.write(chunk)
            stored = File(file.name, file.media_type, size, id, kind=file.kind)
            await self._database.write(_insert, str(owner), stored, now)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await path.unlink(missing_ok=True)
            raise
        return stored

    async def get(self, id: str) -> tuple[File, AsyncIterator[bytes]] | None:
        """A file's description and bytes; None when there is no such file."""
        # PostgreSQL would not even look for a NUL.
        file = None if "\0" in id else await self._database.read(_find, id)
        if file is None or not await anyio.Path(self._path(id)).is_file():
            return None
        return file, self._read(id)

    async def read(self, id: str) -> bytes:
        """All bytes of a file that is there. Raises FileNotFoundError."""
        return await anyio.Path(self._path(id)).read_bytes()

    async def _read(self, id: str) -> AsyncIterator[bytes]:
        async with await anyio.open_file(self._path(id), "rb") as source:
            while chunk := await source.read(CHUNK):
                yield chunk

    def _path(self, id: str) -> Path:
        # Only ids that the database knows get here, so no path can be made of them.
        return self._folder / id[:2] / id


def _insert(connection: Connection, owner: str, file: File, now: float) -> None:
    connection.execute(
        files.insert(),
        {
            "id": file.id,
            "owner": owner,
            "name": file.name,
            "media_type": file.media_type,
            "kind": file.kind,
            "size": file.size,
            "created_at": now,
        },
    )


def _find(connection: Connection, id: str) -> File | None:
    row = connection.execute(select(files).where(files.c.id == id)).first()
    return File(row.name, row.media_type, row.size, row.id, kind=row.kind) if row else None
