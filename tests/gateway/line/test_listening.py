"""Hearing one caller, by the real model."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio.lowlevel
import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.call.endpointing import Heard
from gateway.call.events import SpeechEnded, SpeechPaused, SpeechResumed, SpeechStarted
from gateway.call.policy import Policy
from gateway.line.listening import PRE_ROLL, TAIL, Listener
from gateway.speech.silero import SileroActivity
from tests.voices import speech
from tests.voices.making import Clip

pytestmark = pytest.mark.anyio


@pytest.fixture
async def activity() -> AsyncIterator[SileroActivity]:
    silero = SileroActivity()
    await silero.warm()
    async with silero.running():
        yield silero


class Caller:
    """A line with somebody on it; its clock starts at 100."""

    def __init__(
        self, activity: SileroActivity, format: AudioFormat = PHONE, policy: Policy | None = None
    ) -> None:
        self.activity = activity
        self.told: list[Heard] = []
        self.format = format
        self.listener = Listener(format, activity, policy or Policy(), self.told.append)

    async def plays(self, audio: bytes, *, piece: float = 0.02) -> None:
        step = round(piece * self.format.bytes_per_second / 2) * 2
        for at in range(0, len(audio), step):
            sound = audio[at : at + step]
            length = len(sound) / self.format.bytes_per_second
            self.listener.hear(sound, 100.0 + self.listener.seconds + length)
            while self.activity.busy:
                await anyio.lowlevel.checkpoint()

    def kinds(self) -> list[type[Heard]]:
        return [type(fact) for fact in self.told]


def cut(clip: Clip, start: float, end: float) -> bytes:
    rate = clip.format.bytes_per_second
    return clip.audio[round(start * rate / 2) * 2 : round(end * rate / 2) * 2]


@pytest.mark.parametrize("format", [PHONE, BROWSER])
async def test_a_sentence_is_told_and_dated_on_the_shells_clock(
    activity: SileroActivity, format: AudioFormat
) -> None:
    clip = speech("Delete it", format=format, noise_below=40)
    caller = Caller(activity, format)
    await caller.plays(clip.audio)
    assert caller.kinds() == [SpeechStarted, SpeechPaused, SpeechEnded]
    started, _, ended = caller.told
    assert isinstance(started, SpeechStarted)
    assert isinstance(ended, SpeechEnded)
    start, end = clip.audible
    assert started.since == pytest.approx(100 + start, abs=0.05)
    assert ended.since == pytest.approx(100 + end, abs=0.08)


async def test_the_turn_is_taken_with_a_little_before_and_after_it(
    activity: SileroActivity,
) -> None:
    clip = speech("Delete it", noise_below=40)
    caller = Caller(activity)
    await caller.plays(clip.audio)
    taken = caller.listener.take()
    start, end = clip.audible
    assert taken.format == PHONE
    assert taken.seconds == pytest.approx(end - start + PRE_ROLL + TAIL, abs=0.1)
    at = clip.audio.index(taken.audio) / PHONE.rate
    assert at == pytest.approx(start - PRE_ROLL, abs=0.05)


async def test_while_somebody_speaks_all_of_it_is_taken(activity: SileroActivity) -> None:
    clip = speech("Delete it", noise_below=40)
    start, end = clip.audible
    caller = Caller(activity)
    await caller.plays(cut(clip, 0, end - 0.1))
    taken = caller.listener.take()
    assert taken.seconds == pytest.approx(end - 0.1 - start + PRE_ROLL, abs=0.05)
    assert clip.audio[: round((end - 0.1) * PHONE.rate)].endswith(taken.audio[-800:])


async def test_a_pause_in_the_middle_is_part_of_the_turn(activity: SileroActivity) -> None:
    clip = speech("Find a plumber | who can come this week.", noise_below=40)
    caller = Caller(activity)
    await caller.plays(clip.audio)
    assert [k for k in caller.kinds() if k is not SpeechPaused][:2] == [SpeechStarted, SpeechEnded]
    assert SpeechResumed in caller.kinds()
    assert caller.listener.take().seconds == pytest.approx(
        clip.audible[1] - clip.audible[0] + PRE_ROLL + TAIL, abs=0.15
    )


async def test_before_anybody_spoke_there_is_nothing_to_take(activity: SileroActivity) -> None:
    clip = speech("Delete it")
    caller = Caller(activity)
    await caller.plays(cut(clip, 0, 0.6))
    assert caller.listener.take().audio == b""


async def test_what_was_forgotten_is_not_taken_again(activity: SileroActivity) -> None:
    first, second = speech("Delete it", before=0.6), speech("Yes please", before=0.0)
    caller = Caller(activity)
    await caller.plays(cut(first, 0, first.audible[1] + 0.15))
    caller.listener.forget()
    assert caller.listener.take().audio == b""
    await caller.plays(second.audio)
    taken = caller.listener.take()
    # The pre-roll of the second would reach into the first.
    assert taken.seconds < second.audible[1] + 0.15 + TAIL + 0.05
    assert taken.audio not in first.audio
    assert caller.kinds().count(SpeechStarted) == 2


async def test_a_turn_cut_in_the_middle_goes_on_as_another(activity: SileroActivity) -> None:
    clip = speech("Write a letter to the landlord and ask him about the heating.", noise_below=40)
    caller = Caller(activity)
    await caller.plays(cut(clip, 0, 2.0))
    first = caller.listener.take().audio
    caller.listener.forget()
    await caller.plays(cut(clip, 2.0, clip.seconds))
    second = caller.listener.take().audio
    assert caller.kinds().count(SpeechStarted) == 2
    assert first + second in clip.audio or second in clip.audio[round(1.9 * PHONE.rate) :]


async def test_sound_may_come_in_any_pieces(activity: SileroActivity) -> None:
    clip = speech("Delete it", noise_below=40)
    regular, odd, bursts = (Caller(activity) for _ in range(3))
    await regular.plays(clip.audio)
    await odd.plays(clip.audio, piece=0.013)
    await bursts.plays(clip.audio, piece=0.2)
    for caller in (odd, bursts):
        assert caller.kinds() == regular.kinds()
        assert caller.listener.take().seconds == pytest.approx(
            regular.listener.take().seconds, abs=0.1
        )


async def test_memory_is_bounded_by_the_longest_turn(activity: SileroActivity) -> None:
    clip = speech("Write a letter to the landlord and ask him about the heating.", noise_below=40)
    start, end = clip.audible
    caller = Caller(activity, policy=Policy(longest_turn=2.0))
    await caller.plays(cut(clip, 0, start + 0.2))
    for _ in range(10):
        await caller.plays(cut(clip, start + 0.2, end))
    assert caller.listener.seconds > 20
    assert 10 < caller.listener.take().seconds < 15
    assert len(caller.listener._audio) < 15 * PHONE.rate


async def test_silence_is_not_kept(activity: SileroActivity) -> None:
    clip = speech("Delete it")
    caller = Caller(activity)
    for _ in range(20):
        await caller.plays(cut(clip, 0, 0.5))
    assert caller.listener.seconds == pytest.approx(10)
    assert len(caller.listener._audio) <= 3 * PHONE.rate


async def test_a_listener_that_was_closed_tells_no_more_of_voices(
    activity: SileroActivity,
) -> None:
    clip = speech("Delete it")
    caller = Caller(activity)
    caller.listener.close()
    await caller.plays(clip.audio)
    assert caller.told == []


async def test_a_turn_may_be_forgotten_while_it_is_told(activity: SileroActivity) -> None:
    clip = speech("Delete it", noise_below=40)
    told: list[Heard] = []

    def on_fact(fact: Heard) -> None:
        told.append(fact)
        if isinstance(fact, SpeechPaused):
            caller.listener.forget()

    caller = Caller(activity)
    caller.listener = Listener(PHONE, activity, Policy(), on_fact)
    await caller.plays(clip.audio)
    assert [type(fact) for fact in told] == [SpeechStarted, SpeechPaused]
