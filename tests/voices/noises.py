"""Sounds on a line that are nobody talking to us."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from channels.events import PHONE, AudioFormat
from gateway.speech.audio import from_float32
from tests.voices.making import (
    ESPEAK_RATE,
    Clip,
    Samples,
    at_level,
    at_rate,
    band,
    filtered,
    line_band,
    line_noise,
    seeded,
    spoken,
)
from tests.voices.texts import BABBLE

SECONDS = 3.0
EACH = 6

Maker = Callable[[np.random.Generator, int], Samples]
"""Makes SECONDS of a noise at a rate."""


def _blank(rate: int) -> Samples:
    return np.zeros(round(SECONDS * rate), "f4")


def _hiss(
    random: np.random.Generator, rate: int, seconds: float, low: float, high: float
) -> Samples:
    white = random.standard_normal(round(seconds * rate)).astype("f4")
    return filtered(white, band(rate, low, min(high, rate * 0.48), taps=101))


def _put(sound: Samples, onto: Samples, at: float, rate: int) -> None:
    start = round(at * rate)
    piece = sound[: len(onto) - start]
    onto[start : start + len(piece)] += piece


def cough(random: np.random.Generator, rate: int) -> Samples:
    """Two or three bursts of broad noise, sudden and dying away."""
    out = _blank(rate)
    at = 1.0
    for loudness in (1.0, 0.6, 0.4)[: int(random.integers(2, 4))]:
        length = float(random.uniform(0.09, 0.22))
        burst = _hiss(random, rate, length, 400, float(random.uniform(1800, 3200)))
        times = np.arange(len(burst)) / rate
        burst *= (np.minimum(times / 0.006, 1) * np.exp(-times / (length / 3))).astype("f4")
        _put((loudness * burst / np.abs(burst).max()).astype("f4"), out, at, rate)
        at += length + float(random.uniform(0.05, 0.3))
    return (out * random.uniform(0.1, 0.35)).astype("f4")


def clicks(random: np.random.Generator, rate: int) -> Samples:
    """A switch, a bad contact."""
    out = _blank(rate)
    for at in random.uniform(0.5, SECONDS - 0.5, int(random.integers(1, 5))):
        click = _hiss(random, rate, float(random.uniform(0.002, 0.008)), 300, 3800)
        _put((click / np.abs(click).max() * random.uniform(0.1, 0.6)).astype("f4"), out, at, rate)
    return out


def keyboard(random: np.random.Generator, rate: int) -> Samples:
    """Somebody types."""
    out = _blank(rate)
    at = 0.6
    while at < SECONDS - 0.4:
        key = _hiss(random, rate, 0.03, 800, 3600)
        key *= np.exp(-np.arange(len(key)) / (0.006 * rate)).astype("f4")
        _put((key / np.abs(key).max() * random.uniform(0.04, 0.2)).astype("f4"), out, at, rate)
        at += float(random.uniform(0.08, 0.25))
    return out


def breath(random: np.random.Generator, rate: int) -> Samples:
    """In or out, close to the microphone."""
    out = _blank(rate)
    sound = _hiss(random, rate, float(random.uniform(0.4, 0.9)), 300, 2500)
    sound *= np.hanning(len(sound)).astype("f4")
    _put(at_level(sound, float(random.uniform(-48, -34))), out, 1.0, rate)
    return out


def bump(random: np.random.Generator, rate: int) -> Samples:
    """A door, a hand on the microphone."""
    out = _blank(rate)
    thud = _hiss(random, rate, 0.25, 80, float(random.uniform(500, 900)))
    thud *= np.exp(-np.arange(len(thud)) / (0.05 * rate)).astype("f4")
    _put((thud / np.abs(thud).max() * random.uniform(0.2, 0.6)).astype("f4"), out, 1.0, rate)
    return out


def hum(random: np.random.Generator, rate: int) -> Samples:
    """Mains, and its harmonics that a phone lets through; comes on in the middle."""
    times = np.arange(round(SECONDS * rate)) / rate
    base = float(random.choice([50.0, 60.0]))
    tones = sum(
        random.uniform(0.2, 1) * np.sin(2 * np.pi * base * k * times + random.uniform(0, 6))
        for k in range(1, 16)
    )
    out = at_level(np.asarray(tones, "f4"), float(random.uniform(-50, -35)))
    out[: rate // 2] = 0
    return out


def steady(random: np.random.Generator, rate: int) -> Samples:
    """A fan or a road that comes on and stays."""
    out = _hiss(random, rate, SECONDS, 200, float(random.uniform(1500, 3800)))
    out[: rate // 2] = 0
    return at_level(out, float(random.uniform(-50, -30)))


def babble(random: np.random.Generator, rate: int) -> Samples:
    """People talking in the room, 25 dB below somebody who talks to us."""
    out = _blank(rate)
    for text in random.permutation(BABBLE)[:6]:
        voice = str(random.choice(["en-us", "en-us+f3", "en+m3", "en-us+f5"]))
        said = spoken(
            str(text), voice, int(random.integers(150, 190)), int(random.integers(30, 70))
        )
        talk = at_rate(said.samples, ESPEAK_RATE, rate)
        skip = int(random.integers(0, rate))
        _put(talk[skip:], out, 0.0, rate)
    return at_level(out, float(random.uniform(-23, -19)) - 25)


def beeps(random: np.random.Generator, rate: int) -> Samples:
    """The far end's machine, or a key held down: two tones (ITU-T Q.23)."""
    out = _blank(rate)
    low, high = float(random.choice([697, 770, 852, 941])), float(random.choice([1209, 1336, 1477]))
    for at in (0.8, 1.4, 2.0)[: int(random.integers(1, 4))]:
        times = np.arange(round(0.15 * rate)) / rate
        tone = np.sin(2 * np.pi * low * times) + np.sin(2 * np.pi * high * times)
        _put((0.1 * tone).astype("f4"), out, at, rate)
    return out


MAKERS: tuple[Maker, ...] = (
    cough,
    clicks,
    keyboard,
    breath,
    bump,
    hum,
    steady,
    babble,
    beeps,
)


@cache
def noises(format: AudioFormat = PHONE) -> tuple[Clip, ...]:
    """Every kind several times, each on a line with a little noise of its own."""
    return tuple(
        _noise(f"{maker.__name__} {number}", maker, format)
        for maker in MAKERS
        for number in range(EACH)
    )


def _noise(name: str, maker: Maker, format: AudioFormat) -> Clip:
    random = seeded(name)
    sound = line_band(maker(random, format.rate), format)
    sound += at_level(line_noise(random, len(sound), format), float(random.uniform(-62, -50)))
    return Clip(name, from_float32(sound, format), format)
