"""Recordings as sound, and sound as recordings: any container in, OGG/Opus out.

FFmpeg does it, from the wheel of PyAV. On worker threads: an answer of ten seconds takes 0.1 s to
encode, which would stop every call on the event loop.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from channels.events import AudioFormat
from gateway.errors import SpeechRefused
from gateway.speech.base import Speech

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

DECODED = AudioFormat("pcm16", 16000)
"""What recognisers on this machine take."""

LONGEST_SECONDS = 15 * 60.0

_AT_ONCE = 2
"""Recordings in work at the same time; more would only take the cores from calls."""

_OPUS_RATE = 48000
"""Samples a second; Opus in OGG is always told of as that (RFC 7845, 5.1)."""

_BITRATE = 24_000
"""Bits a second, as Telegram's own voice messages have."""

_limiter = RunVar[CapacityLimiter]("recoding")


async def seconds_of(recording: bytes) -> float:
    """How long a recording is. Raises SpeechRefused when there is no sound in it."""
    return await to_thread.run_sync(_seconds_of, recording, limiter=_workers())


async def decoded(recording: bytes, *, longest: float = LONGEST_SECONDS) -> Speech:
    """The first sound track of a recording, as `DECODED`.

    Raises SpeechRefused when there is none, or it is longer than `longest` seconds.
    """
    pcm = await to_thread.run_sync(_decoded, recording, longest, limiter=_workers())
    return Speech(pcm, DECODED)


async def voice_message(pcm: bytes, rate: int) -> bytes:
    """Signed 16-bit mono samples as OGG/Opus, as messengers show a voice message."""
    return await to_thread.run_sync(_encoded, pcm, rate, limiter=_workers())


def _workers() -> CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        _limiter.set(limiter := CapacityLimiter(_AT_ONCE))
        return limiter


def _seconds_of(recording: bytes) -> float:
    import av  # noqa: PLC0415 - heavy, and most recordings need none of it

    with _opened(recording) as container:
        track = _track(container)
        if container.duration is not None:
            return container.duration / av.time_base
        # Streamed containers do not say, so their packets have to.
        last = 0.0
        for packet in container.demux(track):
            if packet.pts is not None and packet.time_base is not None:
                last = float((packet.pts + (packet.duration or 0)) * packet.time_base)
        return last


def _decoded(recording: bytes, longest: float) -> bytes:
    import av  # noqa: PLC0415 - heavy, as above

    most = round(longest * DECODED.rate) * 2
    pcm = bytearray()
    with _opened(recording) as container:
        track = _track(container)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=DECODED.rate)
        try:
            for frame in container.decode(track):
                pcm += _samples(resampler.resample(frame))
                if len(pcm) > most:
                    raise SpeechRefused(f"the recording is longer than {longest:.0f} s")
            pcm += _samples(resampler.resample(None))
        except av.FFmpegError as error:
            raise SpeechRefused(f"the recording breaks off: {error.strerror}") from error
    return bytes(pcm)


def _opened(recording: bytes) -> InputContainer:
    import av  # noqa: PLC0415 - heavy, as above

    try:
        return av.open(io.BytesIO(recording), "r")
    except (av.FFmpegError, ValueError) as error:
        raise SpeechRefused("this is no recording that can be read") from error


def _track(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise SpeechRefused("there is no sound in it")
    return container.streams.audio[0]


def _samples(frames: Iterator[AudioFrame] | list[AudioFrame]) -> bytes:
    # The plane is padded beyond its samples.
    return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)


def _encoded(pcm: bytes, rate: int) -> bytes:
    import av  # noqa: PLC0415 - heavy, as above

    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as container:
        stream = container.add_stream(
            "libopus",
            rate=_OPUS_RATE,
            layout="mono",
            options={"application": "voip", "vbr": "constrained"},
        )
        stream.bit_rate = _BITRATE
        resampler = av.AudioResampler(format="s16", layout="mono", rate=_OPUS_RATE)
        for frame in (*resampler.resample(_frame(pcm, rate)), *resampler.resample(None)):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def _frame(pcm: bytes, rate: int) -> AudioFrame:
    import av  # noqa: PLC0415 - heavy, as above

    frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm + bytes(frame.planes[0].buffer_size - len(pcm)))
    frame.rate = rate
    frame.pts = 0
    return frame
