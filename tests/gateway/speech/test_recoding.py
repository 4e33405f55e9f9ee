"""Recordings as people's devices make them, and back."""

from __future__ import annotations

import array
import io
import math
from itertools import pairwise

import av
import pytest

from gateway.errors import SpeechRefused
from gateway.speech.recoding import DECODED, decoded, seconds_of, voice_message

pytestmark = pytest.mark.anyio


def tone(seconds: float, rate: int = 16000, hertz: float = 440.0) -> bytes:
    wave = (math.sin(2 * math.pi * hertz * n / rate) for n in range(round(seconds * rate)))
    return array.array("h", (round(12000 * value) for value in wave)).tobytes()


def pitch(pcm: bytes, rate: int) -> float:
    """The tone's frequency, by how often it crosses zero."""
    samples = array.array("h", pcm)
    crossings = sum(a < 0 <= b for a, b in pairwise(samples))
    return crossings / (len(samples) / rate)


def recorded(container: str, codec: str, seconds: float = 1.0, rate: int = 48000) -> bytes:
    """A stereo recording, as another program makes it."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        mono = av.AudioFrame(format="s16", layout="mono", samples=round(seconds * rate))
        mono.planes[0].update(tone(seconds, rate).ljust(mono.planes[0].buffer_size, b"\0"))
        mono.rate, mono.pts = rate, 0
        resampler = av.AudioResampler(
            format=stream.format.name, layout="stereo", rate=rate, frame_size=stream.frame_size
        )
        for frame in (*resampler.resample(mono), *resampler.resample(None)):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


KINDS = [("ogg", "libopus"), ("mp4", "aac"), ("mp3", "libmp3lame"), ("webm", "libopus")]


@pytest.mark.parametrize(("container", "codec"), KINDS)
async def test_any_recording_becomes_what_recognisers_take(container: str, codec: str) -> None:
    speech = await decoded(recorded(container, codec))
    assert speech.format == DECODED
    assert speech.seconds == pytest.approx(1.0, abs=0.1)
    assert pitch(speech.audio, DECODED.rate) == pytest.approx(440, rel=0.1)


@pytest.mark.parametrize(("container", "codec"), KINDS)
async def test_the_length_of_a_recording_is_known_without_decoding_it(
    container: str, codec: str
) -> None:
    assert await seconds_of(recorded(container, codec, 2.0)) == pytest.approx(2.0, abs=0.1)


async def test_a_voice_message_sounds_as_what_was_said() -> None:
    message = await voice_message(tone(1.5, 16000), 16000)
    assert message.startswith(b"OggS")
    assert b"OpusHead" in message[:64]
    again = await decoded(message)
    assert again.seconds == pytest.approx(1.5, abs=0.1)
    assert pitch(again.audio, DECODED.rate) == pytest.approx(440, rel=0.05)


async def test_a_voice_message_of_a_minute_is_small_enough_to_be_shown_as_one() -> None:
    assert len(await voice_message(tone(60.0, 8000), 8000)) < 250_000


async def test_a_recording_without_an_end_is_not_followed_to_it() -> None:
    with pytest.raises(SpeechRefused, match="longer than 1 s"):
        await decoded(recorded("ogg", "libopus", 3.0), longest=1.0)


@pytest.mark.parametrize("junk", [b"", b"OggS", b"not sound at all" * 100])
async def test_what_is_no_recording_is_refused(junk: bytes) -> None:
    with pytest.raises(SpeechRefused):
        await decoded(junk)
    with pytest.raises(SpeechRefused):
        await seconds_of(junk)


async def test_a_film_without_sound_is_refused() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        file.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        file.mux(stream.encode(None))
    with pytest.raises(SpeechRefused, match="no sound"):
        await decoded(out.getvalue())


async def test_a_recording_that_was_cut_off_gives_what_is_there() -> None:
    whole = recorded("ogg", "libopus", 4.0)
    assert 0.5 < (await decoded(whole[: len(whole) // 2])).seconds < 3.5
