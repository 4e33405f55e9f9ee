"""Sound in pieces at a lower rate."""

from __future__ import annotations

import numpy as np
import pytest

from channels.events import AudioFormat
from gateway.speech.audio import level
from gateway.speech.downsampling import Downsampler
from gateway.speech.simulator.sounds import tone

FROM = AudioFormat("pcm16", 24000)


def recoded(audio: bytes, to: int, piece: int = 960) -> bytes:
    samples = Downsampler(24000, to)
    pieces = [samples.feed(audio[at : at + piece]) for at in range(0, len(audio), piece)]
    return b"".join([*pieces, samples.rest()])


@pytest.mark.parametrize("to", [8000, 16000])
def test_what_a_phone_carries_stays(to: int) -> None:
    heard = recoded(tone(0.5, FROM, 1000), to)

    expected = np.frombuffer(tone(0.5, AudioFormat("pcm16", to), 1000), "<i2").astype(float)
    told = np.frombuffer(heard, "<i2").astype(float)[: len(expected)]
    assert len(heard) // 2 == pytest.approx(len(expected), abs=2)
    inner = slice(100, len(expected) - 100)
    assert np.abs(told[inner] - expected[inner]).max() < 0.01 * 8192


@pytest.mark.parametrize(("to", "hertz"), [(8000, 5000), (8000, 8000), (16000, 9500)])
def test_what_it_cannot_carry_is_not_folded_back(to: int, hertz: float) -> None:
    middle = recoded(tone(0.5, FROM, hertz), to)[1000:-1000]

    assert level(middle, AudioFormat("pcm16", to)) < -70


@pytest.mark.parametrize("to", [8000, 16000])
@pytest.mark.parametrize("piece", [1, 7, 960, 100_000])
def test_where_it_was_cut_cannot_be_heard(to: int, piece: int) -> None:
    audio = tone(0.1, FROM)

    assert recoded(audio, to, piece) == recoded(audio, to, len(audio))


@pytest.mark.parametrize("to", [8000, 16000])
def test_hardly_anything_is_held_back(to: int) -> None:
    samples = Downsampler(24000, to)
    told = sum(len(samples.feed(tone(0.02, FROM))) for _ in range(10))

    assert 0.2 - told / 2 / to < 0.002
