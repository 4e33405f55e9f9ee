"""Files are there whole or not at all, wherever they are kept."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest
from sqlalchemy import Connection, select

from channels.base import FilesAway, TooLarge
from channels.events import Address, File
from gateway.errors import SettingsError
from gateway.keeping import DAY_SECONDS, Keeping
from gateway.store import calls, shelf
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.store.objects import Folder, Objects
from gateway.store.s3 import PART, Bucket, BucketConfig
from gateway.store.tables import files
from gateway.wiring.storing import trial
from tests.storage import Storage

pytestmark = pytest.mark.anyio

OWNER = Address("web", "someone")
PICTURE = File("é.png", "image/png", kind="image")
LIMIT = 12_000_000


async def pieces(size: int, piece: int = 1_000_000) -> AsyncIterator[bytes]:
    for start in range(0, size, piece):
        yield b"x" * min(piece, size - start)


async def breaking(size: int) -> AsyncIterator[bytes]:
    async for piece in pieces(size):
        yield piece
    raise ConnectionError("they went away")


class Shelf:
    """A file store, and a look at what is really there."""

    def __init__(self, database: Database, place: Objects, kept: Callable[[], list[str]]) -> None:
        self.database, self.place, self.kept = database, place, kept
        self.store = FileStore(database, place, LIMIT)

    async def put(self, data: bytes, *, now: float = 1.0, file: File = PICTURE) -> File:
        async def once() -> AsyncIterator[bytes]:
            yield data

        return await self.store.put(OWNER, file, once(), now=now)

    async def told(self) -> list[str]:
        def look(connection: Connection) -> list[str]:
            return list(connection.scalars(select(files.c.id)))

        return await self.database.read(look)

    async def empty(self) -> bool:
        return not self.kept() and not await self.told()


@pytest.fixture(params=["folder", "bucket"])
def it(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        folder = tmp_path / "files"
        return Shelf(
            database,
            Folder(folder),
            lambda: [str(path) for path in folder.rglob("*") if path.is_file()],
        )
    storage: Storage = request.getfixturevalue("storage_service")
    config = storage.bucket()
    return Shelf(
        database,
        Bucket(config),
        lambda: storage.keys(config.bucket) + storage.uploads(config.bucket),
    )


@pytest.fixture
def kind() -> str:
    # What is asked of the database here is the same for both; the contract is tested next door.
    return "sqlite"


@pytest.mark.parametrize("size", [0, 1, 2 * PART + 7])
async def test_what_goes_in_comes_out(it: Shelf, size: int) -> None:
    stored = await it.store.put(OWNER, PICTURE, pieces(size), now=1)
    found = await it.store.get(stored.id)
    assert found
    file, chunks = found
    assert file == stored == replace(PICTURE, id=stored.id, size=size)
    assert sum([len(chunk) async for chunk in chunks]) == size
    assert len(await it.store.read(stored.id)) == size
    assert len(it.kept()) == 1


async def test_what_is_too_large_leaves_nothing(it: Shelf) -> None:
    with pytest.raises(TooLarge):
        await it.store.put(OWNER, PICTURE, pieces(LIMIT + 1), now=1)
    assert await it.empty()


async def test_what_breaks_off_leaves_nothing(it: Shelf) -> None:
    with pytest.raises(ConnectionError):
        await it.store.put(OWNER, PICTURE, breaking(2 * PART), now=1)
    assert await it.empty()


async def test_an_upload_that_is_cancelled_leaves_nothing(it: Shelf) -> None:
    async def stopping() -> AsyncIterator[bytes]:
        async for piece in pieces(2 * PART):
            yield piece
        scope.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        await it.store.put(OWNER, PICTURE, stopping(), now=1)
    assert scope.cancelled_caught
    assert await it.empty()


async def test_a_file_is_not_found_before_all_of_it_is_there(it: Shelf) -> None:
    found: list[object] = []

    async def looking() -> AsyncIterator[bytes]:
        yield b"half"
        [id] = await it.told()
        found.extend([await it.store.find(id), await it.store.get(id)])
        yield b"half"

    await it.store.put(OWNER, PICTURE, looking(), now=1)
    assert found == [None, None]


@pytest.mark.parametrize("id", ["", "nope", "../../etc/passwd", "a\0b"])
async def test_what_is_not_known_is_not_looked_for(it: Shelf, id: str) -> None:
    assert await it.store.find(id) is None
    assert await it.store.get(id) is None
    assert await it.store.link(id) is None


async def test_a_file_whose_bytes_are_gone_is_not_there(it: Shelf) -> None:
    stored = await it.put(b"x")
    await it.place.delete([f"{stored.id[:2]}/{stored.id}"])
    assert await it.store.get(stored.id) is None
    with pytest.raises(FileNotFoundError):
        await it.store.read(stored.id)


async def test_what_a_kill_left_behind_is_swept_after_a_day(it: Shelf) -> None:
    # As a kill leaves it: told of, with its bytes or some of them, and not arrived.
    for id, now in (("old", 0.0), ("new", 10.0)):
        await it.database.write(shelf.begin, str(OWNER), replace(PICTURE, id=id), now=now)
        async with it.place.writing(f"{id[:2]}/{id}", PICTURE) as write:
            await write(b"x")
    assert await Keeping(it.store, 0, 0, clock=lambda: DAY_SECONDS + 5).sweep() == 1
    assert await it.told() == ["new"]
    assert len(it.kept()) == 1


async def test_files_and_recordings_each_go_in_their_time(it: Shelf) -> None:
    recording, old, new = [await it.put(b"x", now=at) for at in (0.0, 0.0, 6 * DAY_SECONDS)]
    await it.database.write(calls.status, "CA1", "completed", now=0.0)
    await it.database.write(calls.note_recording, "CA1", recording.id, at=0.0)

    def sweep(retention: float, recordings: float, day: float) -> Keeping:
        return Keeping(it.store, retention, recordings, clock=lambda: day * DAY_SECONDS)

    assert await sweep(0, 0, 1000).sweep() == 0
    assert await sweep(5, 30, 5.5).sweep() == 1
    assert set(await it.told()) == {recording.id, new.id}
    assert await it.store.get(old.id) is None
    assert await sweep(0, 30, 30.5).sweep() == 1
    assert await it.told() == [new.id]
    record = await it.database.read(calls.read, "CA1")
    assert record
    assert record.recordings == ()
    assert await sweep(1, 0, 31).sweep() == 1
    assert await it.empty()


async def test_a_place_that_works_passes_its_trial_and_keeps_nothing_of_it(it: Shelf) -> None:
    assert await trial(it.place) == ""
    assert it.kept() == []


async def test_a_link_gives_the_file_as_we_would(
    database: Database, storage_service: Storage
) -> None:
    bucket = Bucket(storage_service.bucket(links=True))
    it = Shelf(database, bucket, list)
    assert bucket.origin == storage_service.url
    for file, place in ((PICTURE, "inline"), (File("a.html", "text/html"), "attachment")):
        stored = await it.put(b"<b>", file=file)
        link = await it.store.link(stored.id)
        assert link
        assert "X-Amz-Expires=60&" in link
        async with httpx.AsyncClient(trust_env=False) as browser:
            answer = await browser.get(link)
        assert (answer.content, answer.headers["content-type"]) == (b"<b>", file.media_type)
        assert answer.headers["content-disposition"].startswith(f"{place}; filename*=UTF-8''")


async def test_a_bucket_without_links_gives_none(
    database: Database, storage_service: Storage
) -> None:
    it = Shelf(database, Bucket(storage_service.bucket()), list)
    assert await it.store.link((await it.put(b"x")).id) is None


async def test_storage_that_is_away_is_said_to_be_and_what_it_missed_is_found_again(
    database: Database, storage_service: Storage
) -> None:
    config = storage_service.bucket()
    away = Bucket(replace(config, endpoint="http://127.0.0.1:1"))
    it, there = Shelf(database, away, list), FileStore(database, Bucket(config), LIMIT)
    with pytest.raises(FilesAway, match="does not answer"):
        await it.store.put(OWNER, PICTURE, pieces(2 * PART), now=1)
    [left] = await it.told()
    assert await it.store.find(left) is None
    keeping = Keeping(there, 0, 0, clock=lambda: 2 * DAY_SECONDS)
    assert await keeping.sweep() == 1
    stored = await there.put(OWNER, PICTURE, pieces(5), now=1)
    with pytest.raises(FilesAway):
        await it.store.get(stored.id)
    with pytest.raises(FilesAway):
        await it.store.read(stored.id)
    late = Keeping(it.store, 1, 0, clock=lambda: 2 * DAY_SECONDS)
    with pytest.raises(FilesAway):
        await late.sweep()
    # Nothing was forgotten that is still there.
    assert await there.read(stored.id) == b"x" * 5


async def test_a_folder_that_cannot_be_written_is_a_place_away(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "files").write_text("a file where the folder should be")
    it = Shelf(database, Folder(tmp_path / "files"), list)
    with pytest.raises(FilesAway, match="in the folder"):
        await it.put(b"x")
    [left] = await it.told()
    assert await it.store.find(left) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bucket": "there-is-none"}, "write: there is no such bucket"),
        ({"endpoint": "http://127.0.0.1:1"}, "write: the storage does not answer"),
    ],
)
async def test_a_trial_says_what_is_wrong_in_plain_words(
    storage_service: Storage, change: dict[str, str], words: str
) -> None:
    assert await trial(Bucket(replace(storage_service.bucket(), **change))) == words  # type: ignore[arg-type]


async def test_without_its_library_a_bucket_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(SettingsError, match=r"frontdoor\[s3\]"):
        Bucket(BucketConfig("b"))
