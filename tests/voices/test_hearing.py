"""What hearing must reach on the evaluation set; the figures are in tests/bench/hearing.py."""

from __future__ import annotations

import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from tests.voices import backchannels, noises, sentences
from tests.voices.hearing import hear

pytestmark = pytest.mark.anyio

END_OF_TURN = 0.6
QUICK = 0.2
"""The shortest end of turn that is measured."""


@pytest.mark.parametrize("format", [PHONE, BROWSER], ids=["phone", "browser"])
async def test_sentences_are_heard_and_not_cut_off(format: AudioFormat) -> None:
    hearings = await hear(sentences(format))
    assert len(hearings) >= 80
    assert [h.clip.name for h in hearings if h.started is None] == []
    assert [h.clip.name for h in hearings if not h.commits(END_OF_TURN)] == []
    cut = [h.clip.name for h in hearings if h.talked_over(END_OF_TURN)]
    assert len(cut) <= 0.05 * len(hearings), cut
    whole = [h for h in hearings if not h.clip.pauses]
    assert [h.clip.name for h in whole if h.talked_over(QUICK, audible=True)] == []


async def test_backchannels_are_heard() -> None:
    hearings = await hear(backchannels())
    assert [h.clip.name for h in hearings if h.started is None] == []


async def test_noises_are_not_taken_for_speech() -> None:
    hearings = await hear(noises())
    fooled = [h.clip.name for h in hearings if h.started is not None]
    assert len(fooled) <= 0.05 * len(hearings), fooled


def test_the_set_is_the_same_every_time() -> None:
    again = sentences.__wrapped__()
    assert [clip.audio for clip in again] == [clip.audio for clip in sentences()]


def test_the_truth_of_a_clip_fits_its_sound() -> None:
    for clip in (*sentences(), *backchannels()):
        start, end = clip.audible
        assert 0 < clip.speech_start <= start + 0.01 < end <= clip.speech_end + 0.02
        assert clip.speech_end < clip.seconds
        assert clip.words
        assert all(word.end <= clip.speech_end + 1e-6 for word in clip.words)
        assert all(0.19 < loud - quiet < 0.51 for quiet, loud in clip.pauses)
