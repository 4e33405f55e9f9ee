"""Recording a call as it goes: both sides, caller left and house right, never whole in memory."""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from channels.base import Line
from channels.events import AudioFormat, AudioIn, AudioOut, Clear, File, LineEvent, LineOrder
from gateway.store.files import FileStore

log = structlog.get_logger()

PIECE_SECONDS = 1
"""Written at once; a disk is not to be asked fifty times a second for each call."""
UNWRITTEN = 30
"""Pieces that wait for the disk; one slower than that loses some."""
LEAD_SECONDS = 2.0
"""Of our sound that waits for the caller's; with more, theirs is not coming."""
LARGEST = 1 << 30
"""Bytes of a recording: nine hours of a phone call."""
UNKNOWN = 0xFFFFFFFF
"""The length of a WAV that is written while it grows, as ffmpeg writes it to a pipe."""
_MULAW, _PCM = 7, 1


@dataclass(slots=True)
class Recording:
    """Where the recording is."""

    id: str = ""
    """Of the stored file, once the call is over; empty for none."""


@asynccontextmanager
async def recorded(
    line: Line, files: FileStore | None, recording: Recording, *, now: float
) -> AsyncIterator[Line]:
    """The line, recorded into `files` while the block lasts; as it is without them."""
    if files is None:
        yield line
        return
    sound, heard = anyio.create_memory_object_stream[bytes](UNWRITTEN)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_keep, line, files, heard, recording, now)
        copied = _RecordedLine(line, sound)
        with sound:
            try:
                yield copied
            finally:
                copied.flush()


async def _keep(
    line: Line,
    files: FileStore,
    heard: MemoryObjectReceiveStream[bytes],
    recording: Recording,
    now: float,
) -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield header(line.call.format)
        async for stereo in heard:
            yield stereo

    file = File(f"{line.call.id}.wav", "audio/wav", kind="audio")
    # Our being told to stop ends the call, not what is kept of it.
    with anyio.CancelScope(shield=True), heard:
        try:
            async with aclosing(chunks()) as sound:
                stored = await files.put(
                    line.call.sender.address, file, sound, now=now, limit=LARGEST
                )
        except Exception:
            # A call goes on though nothing is kept of it.
            log.exception("call_not_recorded")
        else:
            recording.id = stored.id


class _RecordedLine:
    """A line whose sound is copied: the house's is laid where the caller hears it.

    The caller's sound comes in real time, so it is the clock: for each of its frames as much of
    ours was played.
    """

    def __init__(self, line: Line, sound: MemoryObjectSendStream[bytes]) -> None:
        self.call = line.call
        self._line = line
        self._sound = sound
        self._ours, self._mixed = bytearray(), bytearray()
        self._piece = 2 * line.call.format.bytes_per_second * PIECE_SECONDS
        self._lead = int(line.call.format.bytes_per_second * LEAD_SECONDS)
        self._silence = b"\xff" if line.call.format.encoding == "mulaw" else b"\0"

    async def receive(self) -> AsyncIterator[LineEvent]:
        async for event in self._line.receive():
            if type(event) is AudioIn:
                self._mix(event.audio)
            yield event

    def send(self, order: LineOrder) -> None:
        match order:
            case AudioOut(audio):
                self._ours += audio
                if (due := len(self._ours) - self._lead) > 0:
                    # They are muted, and their line sends nothing: ours is heard all the same.
                    self._mix(self._silence * due)
            case Clear():
                self._ours.clear()
            case _:
                pass
        self._line.send(order)

    async def hang_up(self) -> None:
        await self._line.hang_up()

    async def transfer(self, to: str, summary: str) -> None:
        await self._line.transfer(to, summary)

    def _mix(self, theirs: bytes) -> None:
        ours = bytes(self._ours[: len(theirs)]).ljust(len(theirs), self._silence)
        del self._ours[: len(theirs)]
        self._mixed += interleaved(theirs, ours, self.call.format)
        if len(self._mixed) >= self._piece:
            self.flush()

    def flush(self) -> None:
        """Hand over what was mixed."""
        if not self._mixed:
            return
        try:
            self._sound.send_nowait(bytes(self._mixed))
        except anyio.WouldBlock:
            log.warning("recording_behind", call=self.call.id)
        except anyio.BrokenResourceError:
            pass  # It was told that nothing is recorded.
        self._mixed.clear()


def interleaved(left: bytes, right: bytes, format: AudioFormat) -> bytes:
    """Two mono sounds of the same length as one in stereo."""
    width = 1 if format.encoding == "mulaw" else 2
    stereo = bytearray(2 * len(left))
    for byte in range(width):
        stereo[byte :: 2 * width] = left[byte::width]
        stereo[width + byte :: 2 * width] = right[byte::width]
    return bytes(stereo)


def header(format: AudioFormat) -> bytes:
    """A WAV header for stereo sound of unknown length (RIFF, WAVEFORMATEX)."""
    kind, bits = (_MULAW, 8) if format.encoding == "mulaw" else (_PCM, 16)
    width = 2 * bits // 8
    body = struct.pack("<HHIIHHH", kind, 2, format.rate, format.rate * width, width, bits, 0)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", UNKNOWN, b"WAVE"),
            struct.pack("<4sI", b"fmt ", len(body)),
            body,
            struct.pack("<4sI", b"data", UNKNOWN),
        )
    )
