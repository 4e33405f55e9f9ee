"""How the clips of the evaluation set are made: voices, rooms, lines and their noise.

Everything follows from its seed, so that a figure that moved was moved by the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from zlib import crc32

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from channels.events import PHONE, AudioFormat
from gateway.speech.audio import from_float32
from gateway.speech.espeak import Word, synthesise

Samples = NDArray[np.float32]

ESPEAK_RATE = 22050
EDGE_DB = -40.0
"""Speech begins and ends where it is so far below its loudest 5 ms."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound of the set, with what is true of it; times are seconds from its beginning."""

    name: str
    audio: bytes
    format: AudioFormat
    text: str = ""
    """Empty for a noise."""
    speech_start: float = 0.0
    """The first sample of speech."""
    speech_end: float = 0.0
    """The last one."""
    audible: tuple[float, float] = (0.0, 0.0)
    """Between which the line lets speech be heard: not the s in "facts", under its noise."""
    words: tuple[Word, ...] = ()
    pauses: tuple[tuple[float, float], ...] = ()
    """Where the speaker stopped to think: the last sample before, the first one after."""
    language: str = "en"

    @property
    def seconds(self) -> float:
        return len(self.audio) / self.format.bytes_per_second


@dataclass(frozen=True, slots=True)
class Spoken:
    """Clean speech at eSpeak's rate, cut to its first and last sample."""

    samples: Samples
    words: tuple[Word, ...]
    pauses: tuple[tuple[float, float], ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / ESPEAK_RATE

    def words_from(self, start: float) -> tuple[Word, ...]:
        """The words, where the utterance begins at `start`."""
        return tuple(replace(w, start=w.start + start, end=w.end + start) for w in self.words)


def seeded(name: str) -> np.random.Generator:
    return np.random.default_rng(crc32(name.encode()))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype="f8")))) + 1e-12


def at_level(samples: Samples, decibels: float) -> Samples:
    """The same sound with a root mean square of so many dBFS."""
    return (samples * (10 ** (decibels / 20) / rms(samples))).astype("f4")


def edges(samples: Samples, rate: int, noise: float = 0.0) -> tuple[int, int]:
    """The first sample of the sound that is louder than `noise`, and the one after its last."""
    block = rate // 200
    count = len(samples) // block
    power = np.square(samples[: count * block].reshape(count, block), dtype="f8").mean(axis=1)
    loud = np.flatnonzero(power > max(noise**2, power.max() * 10 ** (EDGE_DB / 10)))
    return int(loud[0]) * block, int(loud[-1] + 1) * block


@cache
def spoken(text: str, voice: str, rate: int, pitch: int) -> Spoken:
    audio, words = synthesise(text, voice=voice, rate=rate, pitch=pitch)
    samples = np.frombuffer(audio, "<i2") * np.float32(1 / 32768)
    first, last = edges(samples, ESPEAK_RATE)
    end = (last - first) / ESPEAK_RATE
    moved = (
        replace(
            word,
            start=max(word.start - first / ESPEAK_RATE, 0.0),
            end=min(word.end - first / ESPEAK_RATE, end),
        )
        for word in words
    )
    return Spoken(samples[first:last], tuple(moved))


def joined(parts: Sequence[Spoken], gaps: Sequence[float]) -> Spoken:
    """One utterance, with a pause of so many seconds after each part but the last."""
    pieces: list[Samples] = []
    words: list[Word] = []
    pauses: list[tuple[float, float]] = []
    at = 0.0
    for part, gap in zip(parts, [*gaps, 0.0], strict=True):
        words += part.words_from(at)
        quiet = np.zeros(round(gap * ESPEAK_RATE), "f4")
        pieces += [part.samples, quiet]
        if gap:
            pauses.append((at + part.seconds, at + part.seconds + len(quiet) / ESPEAK_RATE))
        at += part.seconds + len(quiet) / ESPEAK_RATE
    return Spoken(np.concatenate(pieces), tuple(words), tuple(pauses))


def trailing_off(said: Spoken, decibels: float, seconds: float = 0.5) -> Spoken:
    """Ever softer towards the end, as people are and eSpeak is not."""
    count = min(round(seconds * ESPEAK_RATE), len(said.samples))
    gain = np.ones(len(said.samples), "f4")
    gain[len(gain) - count :] = 10 ** (np.linspace(0, -decibels, count) / 20)
    return replace(said, samples=said.samples * gain)


def band(rate: int, low: float, high: float, taps: int = 257) -> Samples:
    """A filter that lets these frequencies through."""
    n = np.arange(taps) - taps // 2
    sinc = [2 * f / rate * np.sinc(2 * f / rate * n) for f in (high, low)]
    return np.asarray((sinc[0] - sinc[1]) * np.hamming(taps), "f4")


def filtered(samples: Samples, taps: Samples) -> Samples:
    size = 1 << (len(samples) + len(taps) - 1).bit_length()
    whole = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(taps, size), size)
    start = len(taps) // 2
    return np.asarray(whole[start : start + len(samples)], "f4")


def line_band(samples: Samples, format: AudioFormat) -> Samples:
    """What of it a telephone lets through; a browser passes nearly all."""
    low, high = (300.0, 3400.0) if format.rate == PHONE.rate else (60.0, format.rate * 0.48)
    return filtered(samples, band(format.rate, low, high))


def at_rate(samples: Samples, rate: int, to: int) -> Samples:
    resampled: Samples = soxr.resample(samples, rate, to, quality="HQ")
    return resampled


def line_noise(random: np.random.Generator, count: int, format: AudioFormat) -> Samples:
    """Half white, half falling towards the high notes, as lines and rooms are."""
    white = random.standard_normal(count)
    brown = np.convolve(random.standard_normal(count + 63), 0.95 ** np.arange(64), mode="valid")
    mixed = white / white.std() + brown / brown.std()
    return line_band(mixed.astype("f4"), format)


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance at our end of the line."""

    audio: bytes
    start: float
    """Seconds, of its first sample."""
    audible: tuple[float, float]
    """Seconds, between which it is louder than the noise."""


def on_the_line(
    said: Spoken,
    name: str,
    format: AudioFormat,
    *,
    decibels: float,
    noise_below: float,
    before: float,
    after: float,
) -> Heard:
    """The utterance as it comes in, at so many dBFS over noise."""
    random = seeded(name)
    speech = line_band(at_rate(said.samples, ESPEAK_RATE, format.rate), format)
    lead, tail = round(before * format.rate), round(after * format.rate)
    active = speech[np.abs(speech) > 0.01 * np.abs(speech).max()]
    gain = 10 ** (decibels / 20) / rms(active)
    samples = np.concatenate([np.zeros(lead, "f4"), speech * gain, np.zeros(tail, "f4")])
    first, last = edges(samples, format.rate, 10 ** ((decibels - noise_below) / 20))
    samples += at_level(line_noise(random, len(samples), format), decibels - noise_below)
    return Heard(
        from_float32(samples, format), lead / format.rate, (first / format.rate, last / format.rate)
    )
