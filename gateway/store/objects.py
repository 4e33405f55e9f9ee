"""Where the bytes of files are kept: a folder. `store.s3` is the other place.

What either is asked:

    async with place.writing(key, file) as write:      whole once the block is left in order,
        await write(chunk)                             and else nothing of it is there
    async for chunk in await place.reading(key): …
    await place.delete([key, …])

Keys are ours, never a stranger's, and no key is written twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio

from channels.base import FilesAway
from channels.events import File

CHUNK = 64 * 1024
"""Bytes read at a time."""

Write = Callable[[bytes], Awaitable[object]]


class Objects(ABC):
    """Keeps bytes under keys. Everything raises FilesAway when the place cannot be reached."""

    origin: str = ""
    """Of the links; empty for a place that gives none."""

    @abstractmethod
    def writing(self, key: str, file: File) -> AbstractAsyncContextManager[Write]:
        """Keep what is written while the block lasts; `file` says what it is."""

    @abstractmethod
    async def reading(self, key: str) -> AsyncIterator[bytes]:
        """The bytes, chunk by chunk. Raises FileNotFoundError."""

    @abstractmethod
    async def delete(self, keys: Sequence[str]) -> None:
        """Let go of them, also of those that are not there."""

    async def link(self, key: str, seconds: float) -> str | None:
        """A URL under which anybody may fetch it for so long; None where there are none."""
        return None


class Folder(Objects):
    """Files under a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def writing(self, key: str, file: File) -> AsyncIterator[Write]:
        path = anyio.Path(self._folder / key)

        async def write(chunk: bytes) -> None:
            with _at_hand():
                await out.write(chunk)

        try:
            with _at_hand():
                await path.parent.mkdir(parents=True, exist_ok=True)
                out = await path.open("wb")
            async with out:
                yield write
                with _at_hand():
                    await out.flush()
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(OSError):
                await path.unlink(missing_ok=True)
            raise

    async def reading(self, key: str) -> AsyncIterator[bytes]:
        with _at_hand():
            source = await anyio.open_file(self._folder / key, "rb")
        return _chunks(source)

    async def delete(self, keys: Sequence[str]) -> None:
        with _at_hand():
            for key in keys:
                await anyio.Path(self._folder / key).unlink(missing_ok=True)


async def _chunks(source: anyio.AsyncFile[bytes]) -> AsyncIterator[bytes]:
    async with source:
        while chunk := await source.read(CHUNK):
            yield chunk


@contextmanager
def _at_hand() -> Iterator[None]:
    """A disk that is full, broken or not ours is a place that cannot be reached."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FilesAway(f"{error.strerror or type(error).__name__}, in the folder") from error
