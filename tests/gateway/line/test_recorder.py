"""Recording a call as it goes: both sides in their place, and never whole in memory."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import av
import pytest
import structlog.testing

from channels.base import Refused
from channels.events import (
    BROWSER,
    PHONE,
    Address,
    AudioFormat,
    AudioIn,
    AudioOut,
    Caption,
    Clear,
    File,
    HungUp,
    LineEvent,
    LineOrder,
    Mark,
)
from gateway.line import recorder
from gateway.line.recorder import LEAD_SECONDS, UNWRITTEN, Recording, header, interleaved, recorded
from gateway.store import migrate
from gateway.store.engine import Database
from gateway.store.files import FileStore
from tests.gateway.lines import PaperLine, a_call

pytestmark = pytest.mark.anyio

FRAME = 160
"""Bytes of 20 ms on a phone."""


class FrameLine(PaperLine):
    """Its frames are those that the test gives it, at once."""

    def __init__(self, format: AudioFormat, *frames: LineEvent) -> None:
        super().__init__(a_call(format=format))
        self.frames = frames
        self.passed: list[LineOrder] = []

    async def receive(self) -> AsyncIterator[LineEvent]:
        for frame in self.frames:
            await anyio.lowlevel.checkpoint()
            yield frame
        yield HungUp()

    def send(self, order: LineOrder) -> None:
        self.passed.append(order)


@dataclass
class Shelf:
    database: Database
    files: FileStore


@asynccontextmanager
async def shelf(folder: Path) -> AsyncIterator[Shelf]:
    database = Database(f"sqlite:///{folder / 'test.db'}")
    migrate.upgrade(database.engine)
    try:
        yield Shelf(database, FileStore(database, folder / "files", 1000))
    finally:
        database.close()


class SlowShelf(FileStore):
    """A disk that takes nothing until it may, and then all."""

    def __init__(self) -> None:
        self.may = anyio.Event()
        self.took: list[bytes] = []

    async def put(
        self,
        owner: Address,
        file: File,
        chunks: AsyncIterator[bytes],
        *,
        now: float,
        limit: int | None = None,
    ) -> File:
        async for chunk in chunks:
            self.took.append(chunk)
            await self.may.wait()
        return File(file.name, file.media_type, id="id")


async def heard_through(line: PaperLine, files: FileStore, *orders: LineOrder) -> Recording:
    """A call in which we say all of `orders` at its first frame."""
    recording = Recording()
    async with recorded(line, files, recording, now=1.0) as copied:
        said = False
        async for event in copied.receive():
            if isinstance(event, AudioIn) and not said:
                said = True
                for order in orders:
                    copied.send(order)
    return recording


def sides(sound: bytes) -> tuple[bytes, bytes]:
    """Left and right of stereo mu-law behind its header."""
    data = sound[len(header(PHONE)) :]
    return data[0::2], data[1::2]


async def test_the_caller_is_on_the_left_and_we_are_on_the_right(tmp_path: Path) -> None:
    frames = [AudioIn(bytes([number]) * FRAME) for number in range(1, 6)]
    ours = b"\x41" * FRAME + b"\x42" * FRAME
    async with shelf(tmp_path) as it:
        recording = await heard_through(FrameLine(PHONE, *frames), it.files, AudioOut(ours))
        left, right = sides(await it.files.read(recording.id))
    assert left == b"".join(frame.audio for frame in frames)
    # What we said at the first frame is heard from the next one on.
    assert right == b"\xff" * FRAME + ours + b"\xff" * FRAME * 2


async def test_what_was_cleared_was_not_heard(tmp_path: Path) -> None:
    frames = [AudioIn(b"\x01" * FRAME)] * 4
    async with shelf(tmp_path) as it:
        orders = (AudioOut(b"\x41" * FRAME * 3), Clear(), AudioOut(b"\x42" * FRAME))
        recording = await heard_through(FrameLine(PHONE, *frames), it.files, *orders)
        _, right = sides(await it.files.read(recording.id))
    assert b"\x41" not in right
    assert right.count(b"\x42") == FRAME


async def test_the_line_hears_all_that_is_said_through_it() -> None:
    line = FrameLine(PHONE, AudioIn(b"\x01" * FRAME), Mark("m"))
    orders = (AudioOut(b"\x41" * FRAME), Mark("m"), Clear(), Caption("user", "hi"))
    events = []
    files = SlowShelf()
    files.may.set()
    async with recorded(line, files, Recording(), now=1.0) as copied:
        for order in orders:
            copied.send(order)
        events = [event async for event in copied.receive()]
        await copied.hang_up()
        await copied.transfer("sales", "A quote.")
    assert line.passed == list(orders)
    assert events == [AudioIn(b"\x01" * FRAME), Mark("m"), HungUp()]
    assert line.put_down
    assert line.handed == [("sales", "A quote.")]


async def test_a_line_that_cannot_hand_over_says_so_through_it() -> None:
    line = FrameLine(PHONE)
    line.refuses = Refused("no")
    files = SlowShelf()
    files.may.set()
    async with recorded(line, files, Recording(), now=1.0) as copied:
        with pytest.raises(Refused):
            await copied.transfer("sales", "")


async def test_without_a_place_to_keep_it_nothing_is_recorded() -> None:
    line, recording = FrameLine(PHONE), Recording()
    async with recorded(line, None, recording, now=1.0) as same:
        assert same is line
    assert recording.id == ""


async def test_a_recording_in_pcm_is_read_by_the_standard_library(tmp_path: Path) -> None:
    theirs, ours = struct.pack("<h", 1000) * 320, struct.pack("<h", -2000) * 320
    frames = [AudioIn(theirs)] * 60
    async with shelf(tmp_path) as it:
        recording = await heard_through(FrameLine(BROWSER, *frames), it.files, AudioOut(ours))
        sound = await it.files.read(recording.id)
    with wave.open(io.BytesIO(sound)) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (2, 2, 16000)
        samples = read.readframes(1 << 20)
    assert len(samples) == 60 * 320 * 4
    assert struct.unpack_from("<hh", samples, 320 * 4) == (1000, -2000)


@pytest.mark.parametrize(("format", "silence"), [(PHONE, b"\xff"), (BROWSER, b"\0")])
async def test_a_recording_is_read_by_players(
    tmp_path: Path, format: AudioFormat, silence: bytes
) -> None:
    frame = silence * (format.bytes_per_second // 50)
    async with shelf(tmp_path) as it:
        recording = await heard_through(FrameLine(format, *[AudioIn(frame)] * 100), it.files)
        sound = await it.files.read(recording.id)
    with av.open(io.BytesIO(sound), "r") as read:
        stream = read.streams.audio[0]
        assert (stream.rate, stream.channels) == (format.rate, 2)
        samples = 0
        for decoded in read.decode(stream):
            samples += decoded.samples
    assert samples == 2 * format.rate


async def test_ten_minutes_are_never_in_memory() -> None:
    """The largest piece that is ever handed over is one second's, and few of them wait."""
    files = SlowShelf()
    files.may.set()
    frame = AudioIn(b"\x01" * FRAME)
    line = FrameLine(PHONE, *[frame] * (50 * 600))
    await heard_through(line, files, AudioOut(b"\x41" * FRAME))
    assert max(map(len, files.took)) == 2 * PHONE.bytes_per_second
    assert sum(map(len, files.took)) == len(header(PHONE)) + 600 * 2 * PHONE.bytes_per_second


async def test_a_muted_caller_does_not_make_us_pile_up() -> None:
    """Where nothing comes in, what we say goes by without them."""
    files = SlowShelf()
    files.may.set()
    line, recording = FrameLine(PHONE), Recording()
    async with recorded(line, files, recording, now=1.0) as copied:
        assert isinstance(copied, recorder._RecordedLine)
        for second in range(60):
            copied.send(AudioOut(bytes([second]) * 8000))
            await anyio.lowlevel.checkpoint()
            assert len(copied._ours) <= LEAD_SECONDS * 8000
    left, right = sides(b"".join(files.took))
    assert set(left) == {0xFF}
    assert right == b"".join(bytes([second]) * 8000 for second in range(58))


async def test_a_disk_that_is_too_slow_loses_pieces_and_the_log_says_so() -> None:
    files = SlowShelf()
    seconds = UNWRITTEN + 10
    line = FrameLine(PHONE, *[AudioIn(b"\x01" * FRAME)] * (50 * seconds))
    recording = Recording()
    with structlog.testing.capture_logs() as logs:
        async with recorded(line, files, recording, now=1.0) as copied:
            async for _ in copied.receive():
                pass
            files.may.set()
    behind = [entry for entry in logs if entry["event"] == "recording_behind"]
    # One piece more than wait is in the disk's hands.
    assert len(behind) == seconds - UNWRITTEN
    assert len(files.took) == 1 + UNWRITTEN
    assert recording.id == "id"


@pytest.mark.parametrize("failure", [OSError("the disk is full"), RuntimeError("a bug")])
async def test_a_disk_that_fails_costs_the_recording_and_not_the_call(failure: Exception) -> None:
    class Broken(FileStore):
        def __init__(self) -> None:
            pass

        async def put(
            self,
            owner: Address,
            file: File,
            chunks: AsyncIterator[bytes],
            *,
            now: float,
            limit: int | None = None,
        ) -> File:
            async for _ in chunks:
                raise failure
            raise AssertionError

    line = FrameLine(PHONE, *[AudioIn(b"\x01" * FRAME)] * 500)
    with structlog.testing.capture_logs() as logs:
        recording = await heard_through(line, Broken())
    assert recording.id == ""
    assert [entry["event"] for entry in logs] == ["call_not_recorded"]


async def test_a_call_that_fails_is_kept_as_far_as_it_went(tmp_path: Path) -> None:
    recording = Recording()
    async with shelf(tmp_path) as it:
        line = FrameLine(PHONE, *[AudioIn(b"\x01" * FRAME)] * 10)

        async def call() -> None:
            async with recorded(line, it.files, recording, now=1.0) as copied:
                async for _ in copied.receive():
                    pass
                raise RuntimeError("a bug")

        with pytest.raises(ExceptionGroup):
            await call()
        left, _ = sides(await it.files.read(recording.id))
    assert left == b"\x01" * FRAME * 10


async def test_being_told_to_stop_keeps_what_there_is(tmp_path: Path) -> None:
    recording = Recording()
    async with shelf(tmp_path) as it:
        line = FrameLine(PHONE, *[AudioIn(b"\x01" * FRAME)] * 10)
        with anyio.CancelScope() as scope:
            async with recorded(line, it.files, recording, now=1.0) as copied:
                async for event in copied.receive():
                    if isinstance(event, HungUp):
                        scope.cancel()
                        await anyio.lowlevel.checkpoint()
        left, _ = sides(await it.files.read(recording.id))
    assert left == b"\x01" * FRAME * 10


def test_a_header_says_that_the_length_is_not_known() -> None:
    made = header(PHONE)
    assert made[:4] == b"RIFF"
    assert made[4:8] == made[-4:] == b"\xff\xff\xff\xff"


def test_two_sounds_are_laid_side_by_side_sample_by_sample() -> None:
    assert interleaved(b"ab", b"AB", PHONE) == b"aAbB"
    assert interleaved(b"abcd", b"ABCD", BROWSER) == b"abABcdCD"
