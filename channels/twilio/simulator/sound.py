"""Sound as a telephone carries it: G.711 mu-law at 8 kHz, line noise, WAV files."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from channels.twilio.simulator.playout import RATE

Samples = npt.NDArray[np.int16]

FRAME = 160
"""Bytes, and samples, of 20 ms."""
FRAME_SECONDS = FRAME / RATE

_BIAS, _CLIP, _SEGMENTS = 0x84, 32635, 8
_QUIET = bytes([*range(0x70, 0x80), *range(0xF0, 0x100)])
"""mu-law codes of at most 120 of 32,768, some -49 dBFS: what a quiet line's noise is made of."""
_LOUD_SHARE = 1 / 16


@cache
def _tables() -> tuple[Samples, npt.NDArray[np.uint8]]:
    """Decoding of each code, and encoding of each sample read as unsigned (ITU-T G.711)."""
    codes = ~np.arange(256, dtype=np.uint8)
    sign, exponent, mantissa = codes & 0x80, (codes >> 4) & 7, codes & 15
    size = (((mantissa.astype(np.int32) << 3) + _BIAS) << exponent) - _BIAS
    decode = np.where(sign, -size, size).astype(np.int16)

    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    # Fourteen bits count; the rest is cut off, as audioop and the standard's tables do.
    size = np.minimum(np.abs(samples >> 2), _CLIP >> 2) + (_BIAS >> 2)
    exponent = (np.log2(size).astype(np.int32) - 5).clip(0, _SEGMENTS - 1)
    mantissa = (size >> (exponent + 1)) & 15
    encode = ~(np.where(samples < 0, 0x80, 0) | (exponent << 4) | mantissa)
    return decode, encode.astype(np.uint8)


def from_mulaw(audio: bytes) -> Samples:
    return _tables()[0][np.frombuffer(audio, np.uint8)]


def to_mulaw(samples: Samples) -> bytes:
    return _tables()[1][samples.view(np.uint16)].tobytes()


def is_silent(audio: bytes) -> bool:
    """Whether nobody would call this mu-law sound a sound."""
    return len(audio.translate(None, _QUIET)) <= len(audio) * _LOUD_SHARE


def line_noise(seconds: float, level: float = -60.0, seed: int = 0) -> Samples:
    """What a quiet line sounds like; `level` is its loudness in dBFS."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(0.0, 32768 * 10 ** (level / 20), round(seconds * RATE))
    return noise.round().clip(-32768, 32767).astype(np.int16)


def mixed(one: Samples, other: Samples) -> Samples:
    """Both at once; as long as the first, the second repeated as often as that takes."""
    other = np.resize(other, one.shape)
    return (one.astype(np.int32) + other).clip(-32768, 32767).astype(np.int16)


def bounds(audio: bytes) -> tuple[float, float]:
    """Seconds at which the sound in some mu-law audio begins and ends; equal when there is none.

    A sound is what is within 34 dB of the loudest 20 ms, and not silence.
    """
    samples = from_mulaw(audio).astype(np.float64)
    whole = samples[: len(samples) // 40 * 40].reshape(-1, 40)
    if not whole.size:
        return 0.0, 0.0
    level = np.sqrt((whole**2).mean(axis=1))
    loud = np.flatnonzero(level > max(56.0, level.max() / 50))
    if not loud.size:
        return 0.0, 0.0
    return float(loud[0]) * 40 / RATE, float(loud[-1] + 1) * 40 / RATE


def read_wav(file: str | Path | IO[bytes]) -> bytes:
    """A WAV file of 16-bit samples, of any rate, as mu-law. Raises ValueError for others."""
    try:
        with wave.open(str(file) if isinstance(file, Path) else file, "rb") as reader:
            width, rate = reader.getsampwidth(), reader.getframerate()
            channels, raw = reader.getnchannels(), reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"This is no WAV file that can be read: {error}.") from error
    if width != 2:  # noqa: PLR2004 - bytes of 16 bits
        raise ValueError(f"The WAV file has {8 * width}-bit samples; 16 bits are needed.")
    samples = np.frombuffer(raw, "<i2").reshape(-1, channels).mean(axis=1).astype(np.int16)
    return to_mulaw(resampled(samples, rate))


def resampled(samples: Samples, rate: int) -> Samples:
    """A whole clip at the telephone's rate."""
    if rate == RATE:
        return samples
    import soxr  # type: ignore[import-untyped]  # noqa: PLC0415 - most clips are at our rate

    result: Samples = soxr.resample(samples, rate, RATE)
    return result
