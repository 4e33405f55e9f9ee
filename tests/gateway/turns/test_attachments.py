"""Files on their way to us and to the person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.base import Channel, FilesAway, NotSent
from channels.events import File, Text
from gateway.agent.base import Attachment
from gateway.errors import AgentUnreachable
from gateway.store import inbox, leases, migrate, turns
from gateway.store.base import Turn, TurnStage
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.turns.attachments import carried, fetched, received
from gateway.turns.heard import Verdict
from tests.gateway.doubles import PaperChannel, message

pytestmark = pytest.mark.anyio

LIMIT = 10


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FileStore]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    migrate.upgrade(database.engine)
    yield FileStore(database, tmp_path / "files", LIMIT)
    database.close()


class Unwilling(PaperChannel):
    """Does not give its files away."""

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        raise NotSent("come back later")
        yield b""  # type: ignore[unreachable]  # makes this an async generator


async def begin(store: FileStore, *parts: Text | File) -> Turn:
    database = store._database
    stored = await database.write(inbox.accept, message("e1", parts=parts), now=1.0, due_at=1.0)
    await database.write(leases.claim, "w", now=1.0, until=9.0, limit=1)
    work = await database.write(turns.next_work, "w", stored.receipt.conversation, now=1.0)
    assert isinstance(work, Turn)
    return work


async def fetch(store: FileStore, channel: Channel | None) -> tuple[Turn, File]:
    turn = await begin(store, Text("look"), File("a.txt", "text/plain", source="src"))
    turn = await fetched(turn, channel, store, store._database, 2.0)
    [text, file] = turn.messages[0].parts
    assert text == Text("look")
    assert isinstance(file, File)
    return turn, file


async def test_a_file_is_brought_over_once(store: FileStore) -> None:
    channel = PaperChannel(files={"src": b"hello"})
    turn, file = await fetch(store, channel)
    assert await store.read(file.id) == b"hello"
    # Whoever takes the turn over finds it, though the platform's link is gone.
    assert await fetched(turn, Unwilling(), store, store._database, 3.0) == turn


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        (Unwilling(), "come back later"),
        (PaperChannel(files={"src": b"x" * (LIMIT + 1)}), "larger than 10 bytes"),
        (None, "is off"),
    ],
)
async def test_a_file_that_cannot_be_had_says_why(
    store: FileStore, channel: Channel | None, reason: str
) -> None:
    _, file = await fetch(store, channel)
    assert not file.id
    assert reason in file.error


async def test_what_the_agent_made_is_kept_or_linked_or_missed(store: FileStore) -> None:
    made = (
        Attachment("a.txt", "text/plain", b"hello"),
        Attachment("b.png", "image/png", b""),
        Attachment("c.pdf", "application/pdf", url="https://agent.example/c.pdf"),
        Attachment("d.txt", "text/plain", b"x" * (LIMIT + 1)),
    )
    turn = await begin(store, Text("write"))
    text, files = await received(Verdict("Here.", made, (), TurnStage.DONE), turn, store, 2.0)
    assert [(file.name, file.kind, file.size) for file in files] == [
        ("a.txt", "file", 5),
        ("b.png", "image", 0),
    ]
    [said, link, missed] = text.split("\n\n")
    assert (said, link) == ("Here.", "[c.pdf](https://agent.example/c.pdf)")
    assert "d.txt" in missed


class Away(FileStore):
    def __init__(self) -> None:
        """Its storage is away."""

    async def put(self, *args: object, **kwargs: object) -> File:
        raise FilesAway("the storage does not answer")

    async def read(self, id: str) -> bytes:
        raise FilesAway("the storage does not answer")


async def test_storage_that_is_away_costs_a_file_and_not_the_answer(store: FileStore) -> None:
    made = (Attachment("a.txt", "text/plain", b"hello"),)
    turn = await begin(store, Text("write"))
    text, files = await received(Verdict("Here.", made, (), TurnStage.DONE), turn, Away(), 2.0)
    assert files == ()
    assert text.startswith("Here.")
    assert "a.txt" in text


async def test_a_file_that_cannot_be_stored_says_why(store: FileStore) -> None:
    turn = await begin(store, File("b.txt", "text/plain", source="src"))
    turn = await fetched(turn, PaperChannel(files={"src": b"b"}), Away(), store._database, 2.0)
    [part] = turn.messages[0].parts
    assert isinstance(part, File)
    assert part.error == "the storage does not answer"


async def test_the_agent_gets_the_files_that_are_still_here(store: FileStore) -> None:
    _, file = await fetch(store, PaperChannel(files={"src": b"hello"}))
    swept = File("swept.txt", "text/plain", 3, "swept")
    [carrying] = await carried([swept, file], store)
    assert (carrying.name, carrying.data) == ("a.txt", b"hello")


async def test_the_agent_is_asked_later_when_its_files_cannot_be_fetched() -> None:
    with pytest.raises(AgentUnreachable):
        await carried([File("a.txt", "text/plain", 3, "a")], Away())
