"""Sound as bytes."""

from __future__ import annotations

import io
import math
import subprocess
import sys
import wave

import numpy as np
import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.speech import audio

PCM8 = AudioFormat("pcm16", 8000)


def tone(format: AudioFormat, hertz: float, seconds: float, amplitude: float = 0.5) -> bytes:
    times = np.arange(round(seconds * format.rate)) / format.rate
    return audio.from_float32((amplitude * np.sin(2 * np.pi * hertz * times)).astype("f4"), format)


def loudest(sound: bytes, format: AudioFormat) -> float:
    """The frequency that sounds loudest, Hz."""
    spectrum = np.abs(np.fft.rfft(audio.float32(sound, format)))
    return float(np.argmax(spectrum) * format.rate / (2 * (len(spectrum) - 1)))


def wav_file(frames: bytes, *, channels: int = 1, width: int = 2, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(frames)
    return file.getvalue()


def test_every_mulaw_step_survives_the_way_there_and_back() -> None:
    steps = bytes(range(256))
    back = audio.pcm16_to_mulaw(audio.mulaw_to_pcm16(steps))
    # G.711 has two zeroes, which sound the same.
    assert back.replace(b"\x7f", b"\xff") == steps.replace(b"\x7f", b"\xff")


def test_numbers_and_bytes_tell_the_same_samples() -> None:
    steps = bytes(range(256))
    pcm = audio.mulaw_to_pcm16(steps)
    assert np.array_equal(audio.float32(steps, PHONE), audio.float32(pcm, PCM8))
    assert audio.from_float32(audio.float32(pcm, PCM8), PCM8) == pcm


def test_what_is_too_loud_for_the_format_is_cut_off() -> None:
    assert audio.from_float32(np.array([2.0, -2.0], "f4"), PCM8) == b"\xff\x7f\x00\x80"


@pytest.mark.parametrize("format", [PHONE, BROWSER])
def test_level_of_a_sine_is_three_decibels_below_its_peak(format: AudioFormat) -> None:
    expected = 20 * math.log10(0.5) - 3.01
    assert audio.level(tone(format, 440, 0.1), format) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("format", [PHONE, BROWSER])
def test_silence_is_as_quiet_as_it_gets_and_as_long_as_asked(format: AudioFormat) -> None:
    quiet = audio.silence(format, 0.02)
    assert len(quiet) / format.bytes_per_second == 0.02
    assert audio.level(quiet, format) == audio.QUIETEST
    assert audio.level(b"", format) == audio.QUIETEST


@pytest.mark.parametrize("source", [PHONE, BROWSER, AudioFormat("pcm16", 24000)])
@pytest.mark.parametrize("target", [PHONE, BROWSER])
def test_a_clip_keeps_its_length_pitch_and_level(source: AudioFormat, target: AudioFormat) -> None:
    sound = tone(source, 1000, 0.5)
    converted = audio.convert(sound, source, target)
    assert len(converted) / target.bytes_per_second == pytest.approx(0.5, abs=0.001)
    assert loudest(converted, target) == pytest.approx(1000, abs=3)
    assert audio.level(converted, target) == pytest.approx(audio.level(sound, source), abs=0.2)


def test_what_the_lower_rate_cannot_hold_does_not_come_back_as_another_tone() -> None:
    source = AudioFormat("pcm16", 24000)
    converted = audio.convert(tone(source, 5000, 0.5), source, PCM8)
    middle = converted[2000:-2000]  # The tone's abrupt ends are sounds of their own.
    assert audio.level(middle, PCM8) < -60


def test_the_phone_at_its_own_rate_is_converted_without_a_filter() -> None:
    sound = tone(PHONE, 440, 0.02)
    assert audio.convert(sound, PHONE, PCM8) == audio.mulaw_to_pcm16(sound)
    assert audio.convert(sound, PHONE, PHONE) is sound


def test_a_wav_file_reads_back_as_what_was_written() -> None:
    sound = tone(PHONE, 440, 0.1)
    assert audio.read_wav(audio.wav(sound, PHONE)) == (PCM8, audio.mulaw_to_pcm16(sound))


@pytest.mark.parametrize(
    ("file", "samples"),
    [
        (wav_file(b"\x80\xff\x00", width=1), [0, 32512, -32768]),
        (wav_file(b"\x00\x00\x40\x00\x00\xc0", width=3), [16384, -16384]),
        (wav_file(np.array([100, 300, -8, 8], "<i2").tobytes(), channels=2), [200, 0]),
    ],
    ids=["8 bits", "24 bits", "stereo"],
)
def test_wav_files_of_other_shapes_become_mono_of_16_bits(file: bytes, samples: list[int]) -> None:
    _, pcm = audio.read_wav(file)
    assert np.frombuffer(pcm, "<i2").tolist() == samples


@pytest.mark.parametrize("file", [b"", b"OggS nothing of the kind", wav_file(b"", channels=3)])
def test_what_is_not_a_wav_file_we_can_play_is_told_so(file: bytes) -> None:
    with pytest.raises(ValueError, match="WAV file"):
        audio.read_wav(file)


@pytest.mark.parametrize("format", [PHONE, BROWSER])
def test_fading_touches_the_edge_alone(format: AudioFormat) -> None:
    sound = tone(format, 440, 0.1)
    edge = format.bytes_per_second // 100
    faded = audio.fade_out(audio.fade_in(sound, format, 0.01), format, 0.01)
    assert len(faded) == len(sound)
    assert faded[edge:-edge] == sound[edge:-edge]
    assert audio.level(faded[: edge // 4], format) < audio.level(sound[: edge // 4], format) - 12
    assert audio.level(faded[-edge // 4 :], format) < audio.level(sound[-edge // 4 :], format) - 12


def test_a_sound_shorter_than_its_fade_is_faded_whole() -> None:
    sound = tone(PHONE, 440, 0.005)
    assert len(audio.fade_out(sound, PHONE, 1.0)) == len(sound)
    assert audio.fade_in(b"", PHONE) == b""


def test_nothing_heavy_is_loaded_and_nothing_complains_before_there_is_sound() -> None:
    code = (
        "import sys; from gateway.speech import audio\n"
        "assert not {'numpy', 'soxr', 'audioop'} & set(sys.modules)\n"
        "assert audio.mulaw_to_pcm16(b'\\xff') == b'\\0\\0'"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False)
    assert run.returncode == 0
