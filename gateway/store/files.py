"""Files people send and receive: descriptions in the database, bytes wherever they are kept."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import anyio
import structlog

from channels.base import FilesAway, TooLarge
from channels.events import Address, File
from gateway.store import shelf
from gateway.store.engine import Database
from gateway.store.objects import Folder, Objects

log = structlog.get_logger()

LINK_SECONDS = 60.0
"""How long a link to a file's bytes is good; a download that has begun goes on."""


class FileStore:
    """Stores a file once and hands it to whoever knows its unguessable id.

    Everything that concerns bytes raises FilesAway while the place they are in is away.
    """

    def __init__(self, database: Database, place: Objects | Path, limit: int) -> None:
        """`place` is a folder or any other place; `limit` the bytes of the largest upload."""
        self._database = database
        self._place = Folder(place) if isinstance(place, Path) else place
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
        named = File(file.name, file.media_type, 0, id, kind=file.kind)
        # Told of first: should we be killed, what is left of it is found and swept.
        await self._database.write(shelf.begin, str(owner), named, now=now)
        size = 0
        try:
            async with self._place.writing(_key(id), named) as write:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(limit)
                    await write(chunk)
            if not await self._database.write(shelf.arrive, id, size):
                raise FilesAway("the file took longer than files may take")
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._undo(id)
            raise
        return File(file.name, file.media_type, size, id, kind=file.kind)

    async def find(self, id: str) -> File | None:
        """A file's description; None when there is no such file."""
        # PostgreSQL would not even look for a NUL.
        return None if "\0" in id else await self._database.read(shelf.find, id)

    async def get(self, id: str) -> tuple[File, AsyncIterator[bytes]] | None:
        """A file's description and bytes; None when there is no such file."""
        file = await self.find(id)
        if file is None:
            return None
        try:
            return file, await self._place.reading(_key(id))
        except FileNotFoundError:
            log.warning("file_lost", file=id)
            return None

    async def link(self, id: str) -> str | None:
        """A URL that gives the file for `LINK_SECONDS`; None where there are no links, or it."""
        if not self._place.origin or not await self.find(id):
            return None
        return await self._place.link(_key(id), LINK_SECONDS)

    async def read(self, id: str) -> bytes:
        """All bytes of a file that is there. Raises FileNotFoundError."""
        chunks = await self._place.reading(_key(id))
        return b"".join([chunk async for chunk in chunks])

    async def sweep(
        self, expired: Callable[..., Sequence[str]], *, before: float, limit: int
    ) -> int:
        """Delete up to `limit` of the files that `expired` finds; how many it were.

        Bytes go first: if the rest fails, the file is found again.
        """
        ids = await self._database.read(expired, before=before, limit=limit)
        if ids:
            await self._place.delete([_key(id) for id in ids])
            await self._database.write(shelf.forget, ids)
        return len(ids)

    async def _undo(self, id: str) -> None:
        try:
            await self._place.delete([_key(id)])
            await self._database.write(shelf.forget, [id])
        except Exception as error:  # noqa: BLE001 - the sweep finds it; what went wrong is told elsewhere
            log.warning("file_not_undone", file=id, error=type(error).__name__)


def _key(id: str) -> str:
    # Only ids that we made or that the database knows get here, so no path can be made of them.
    return f"{id[:2]}/{id}"
