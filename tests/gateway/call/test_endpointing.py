"""When the caller speaks, pauses and has ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.call.endpointing import Endpointer, Heard
from gateway.call.events import SpeechEnded, SpeechPaused, SpeechResumed, SpeechStarted
from gateway.call.policy import Policy

FRAME, WINDOW = 0.02, 0.032
NOISE, VOICE = -60.0, -25.0


class Line:
    """Feeds an endpointer as a line does; the clock starts at 100."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.endpointer = Endpointer(policy or Policy())
        self.now = 100.0
        self.told: list[Heard] = []
        self.times: list[float] = []
        self._frames = self._windows = 0
        self.hears(NOISE, 0.0, seconds=1.0)

    def hears(
        self, level: float, probability: float, *, seconds: float, swing: float = 3.0
    ) -> list[Heard]:
        """So many seconds of a sound; what was told during them."""
        before = len(self.told)
        for _ in range(round(seconds / FRAME)):
            self.now += FRAME
            self._frames += 1
            up = swing if self._frames % 2 and level > NOISE else 0.0
            self._tell(self.endpointer.frame(level + up, FRAME, self.now))
            while (self._windows + 1) * WINDOW <= self._frames * FRAME + 1e-9:
                self._windows += 1
                end = self._windows * WINDOW
                self._tell(self.endpointer.window(probability, end, self.now))
        return self.told[before:]

    def says(self, seconds: float = 1.0) -> list[Heard]:
        return self.hears(VOICE, 0.95, seconds=seconds)

    def is_silent(self, seconds: float, *, hangover: float = 0.1) -> list[Heard]:
        """Silence, in which voice activity still hears a voice for a moment."""
        first = self.hears(NOISE, 0.7, seconds=min(hangover, seconds))
        return first + self.hears(NOISE, 0.05, seconds=max(seconds - hangover, 0.0))

    def _tell(self, facts: list[Heard]) -> None:
        self.told += facts
        self.times += [self.now] * len(facts)


def kinds(facts: list[Heard]) -> list[type[Heard]]:
    return [type(fact) for fact in facts]


def since(fact: Heard, kind: type[Heard]) -> float:
    """What the fact dates, which is to be of that kind."""
    assert isinstance(fact, kind)
    assert not isinstance(fact, SpeechResumed)
    return fact.since


def test_a_tenth_of_a_second_of_speech_has_started_when_it_was_first_heard() -> None:
    line = Line()
    assert line.says(0.08) == []
    (fact,) = line.says(0.04)
    assert since(fact, SpeechStarted) == pytest.approx(101.0, abs=FRAME)


def test_a_sound_without_a_voice_in_it_is_not_speech_however_loud() -> None:
    assert Line().hears(-10.0, 0.3, seconds=2.0) == []


def test_a_click_that_voice_activity_falls_for_is_too_short() -> None:
    line = Line()
    assert line.hears(-15.0, 0.9, seconds=0.06) + line.hears(NOISE, 0.6, seconds=1.0) == []


def test_a_tone_is_too_steady_to_be_a_voice() -> None:
    line = Line()
    # Its first and last frames are partly quiet.
    told = line.hears(-26.0, 0.1, seconds=0.02, swing=0.0)
    told += line.hears(-20.0, 0.9, seconds=0.5, swing=0.0)
    told += line.hears(-32.0, 0.9, seconds=0.02, swing=0.0)
    assert told + line.is_silent(0.5) == []


def test_a_voice_in_the_background_is_not_meant_for_us() -> None:
    assert Line().hears(-47.0, 0.95, seconds=2.0) == []


def test_a_pause_is_told_early_and_dated_back_to_the_last_speech() -> None:
    line = Line()
    line.says(1.0)
    quiet_since = line.now
    told = line.is_silent(0.12)
    (fact,) = told
    assert since(fact, SpeechPaused) == pytest.approx(quiet_since, abs=FRAME)
    assert line.times[-1] == pytest.approx(quiet_since + 0.1, abs=FRAME)


def test_speech_has_ended_when_voice_activity_agrees() -> None:
    line = Line()
    line.says(1.0)
    quiet_since = line.now
    line.is_silent(0.6, hangover=0.3)
    assert kinds(line.told) == [SpeechStarted, SpeechPaused, SpeechEnded]
    assert since(line.told[-1], SpeechEnded) == pytest.approx(quiet_since, abs=FRAME)
    assert line.times[-1] == pytest.approx(quiet_since + 0.3 + 2 * WINDOW, abs=WINDOW)


def test_silence_in_which_a_voice_goes_on_is_not_the_end() -> None:
    line = Line()
    line.says(1.0)
    assert SpeechEnded not in kinds(line.hears(NOISE, 0.6, seconds=3.0))


def test_the_closure_of_a_consonant_is_not_a_pause() -> None:
    line = Line()
    line.says(0.5)
    assert line.hears(NOISE, 0.9, seconds=0.08) + line.says(0.5) == []


def test_speech_after_a_pause_is_resumed_within_a_few_frames() -> None:
    line = Line()
    line.says(1.0)
    line.is_silent(0.4)
    again = line.now
    assert line.says(0.1) == [SpeechResumed()]
    assert line.times[-1] <= again + 0.06 + 1e-6


def test_speech_resumes_also_before_it_had_ended() -> None:
    line = Line()
    line.says(1.0)
    line.is_silent(0.14, hangover=0.14)
    line.says(0.5)
    assert kinds(line.told) == [SpeechStarted, SpeechPaused, SpeechResumed]


def test_a_noise_in_the_pause_does_not_move_the_end_of_speech() -> None:
    line = Line()
    line.says(1.0)
    quiet_since = line.now
    line.is_silent(0.3)
    line.hears(-20.0, 0.1, seconds=0.1)
    line.is_silent(0.5, hangover=0.0)
    assert kinds(line.told)[-3:] == [SpeechResumed, SpeechPaused, SpeechEnded]
    assert since(line.told[-1], SpeechEnded) == pytest.approx(quiet_since, abs=FRAME)


def test_a_noise_that_begins_in_the_pause_and_stays_holds_the_turn_up_once() -> None:
    line = Line()
    line.says(1.0)
    quiet_since = line.now
    line.is_silent(0.3)
    line.hears(-30.0, 0.1, seconds=2.0, swing=0.5)
    assert kinds(line.told) == [
        SpeechStarted,
        SpeechPaused,
        SpeechEnded,
        SpeechResumed,
        SpeechPaused,
        SpeechEnded,
    ]
    assert since(line.told[-1], SpeechEnded) == pytest.approx(quiet_since, abs=FRAME)


def test_a_click_in_the_pause_is_not_told() -> None:
    line = Line()
    line.says(1.0)
    line.is_silent(0.3)
    assert line.hears(-15.0, 0.1, seconds=0.02) + line.is_silent(0.5, hangover=0.0) == []


def test_speech_ends_also_where_a_noise_goes_on() -> None:
    line = Line()
    line.says(1.0)
    quiet_since = line.now
    line.hears(-30.0, 0.7, seconds=0.1)
    line.hears(-30.0, 0.1, seconds=1.0)
    assert kinds(line.told) == [SpeechStarted, SpeechPaused, SpeechEnded]
    assert since(line.told[-1], SpeechEnded) == pytest.approx(quiet_since, abs=0.05)


def test_speech_over_a_noise_that_goes_on_is_heard_again() -> None:
    line = Line()
    line.says(1.0)
    line.hears(-30.0, 0.1, seconds=0.6)
    assert line.says(0.5) == [SpeechResumed()]


def test_a_line_that_grows_noisier_is_learned() -> None:
    line = Line()
    line.hears(-45.0, 0.05, seconds=3.0, swing=0.5)
    line.says(1.0)
    quiet_since = line.now
    line.hears(-45.0, 0.05, seconds=0.5, swing=0.5)
    assert since(line.told[-1], SpeechEnded) == pytest.approx(quiet_since, abs=FRAME)


def test_a_stall_on_the_network_is_no_pause() -> None:
    line = Line()
    line.says(1.0)
    line.now += 2.0
    assert line.says(0.5) == []


def test_audio_that_arrives_all_at_once_is_dated_by_its_length() -> None:
    line = Line()
    line.says(0.5)
    late = Endpointer(Policy())
    told: list[Heard] = []
    for number in range(1, 101):
        level = NOISE if number <= 50 else VOICE + 3 * (number % 2)
        told += late.frame(level, FRAME, 500.0)
        told += late.window(0.9 if number > 50 else 0.0, number * FRAME, 500.0)
    (fact,) = told
    assert isinstance(fact, SpeechStarted)
    assert 499.8 <= fact.since <= 500.0


def test_after_a_turn_is_forgotten_more_of_it_begins_another() -> None:
    line = Line()
    line.says(1.0)
    line.endpointer.forget()
    forgotten = line.now
    (fact,) = line.says(0.5)
    assert since(fact, SpeechStarted) == pytest.approx(forgotten, abs=FRAME)


def test_a_turn_that_was_forgotten_in_its_pause_does_not_end_again() -> None:
    line = Line()
    line.says(1.0)
    line.is_silent(0.15)
    line.endpointer.forget()
    assert line.endpointer.quiet
    assert line.is_silent(1.0) == []


def test_what_was_loud_long_before_the_voice_is_not_part_of_the_speech() -> None:
    line = Line()
    line.hears(-30.0, 0.3, seconds=1.0)
    voice = line.now
    line.says(0.3)
    (fact,) = line.told
    assert isinstance(fact, SpeechStarted)
    assert fact.since >= voice - 0.5


def test_late_verdicts_on_an_earlier_pause_do_not_end_the_speech_after_it() -> None:
    def is_voice(number: int) -> bool:
        return 50 < number <= 100 or 130 < number <= 142 or number > 150

    endpointer = Endpointer(Policy())
    told: list[Heard] = []
    for number in range(1, 201):
        level = VOICE + 3 * (number % 2) if is_voice(number) else NOISE
        told += endpointer.frame(level, FRAME, number * FRAME)
        judged = number - 20  # 0.4 s late, as on a machine with too much to do
        if judged > 0:
            probability = 0.9 if is_voice(judged) else 0.1
            told += endpointer.window(probability, judged * FRAME, number * FRAME)
    first_pause, second_pause = [SpeechPaused, SpeechEnded], [SpeechPaused]
    assert kinds(told) == [
        SpeechStarted,
        *first_pause,
        SpeechResumed,
        *second_pause,
        SpeechResumed,
    ]


LEGAL: dict[type[Heard] | None, set[type[Heard]]] = {
    None: {SpeechStarted},
    SpeechStarted: {SpeechPaused},
    SpeechPaused: {SpeechResumed, SpeechEnded},
    SpeechResumed: {SpeechPaused},
    SpeechEnded: {SpeechResumed},
}

Piece = tuple[float, float, int, float, bool]


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    level = draw(st.sampled_from([-96.0, NOISE, -50.0, -35.0, VOICE, -5.0]))
    probability = draw(st.sampled_from([0.0, 0.1, 0.3, 0.4, 0.6, 1.0]))
    frames = draw(st.integers(1, 40))
    stall = draw(st.sampled_from([0.0, 0.0, 0.5]))
    return level, probability, frames, stall, draw(st.booleans()) and frames > 30


def fed(script: list[Piece]) -> Iterator[tuple[float, Heard | None]]:
    """What is told of a script, and when; None where the turn was forgotten."""
    endpointer, now, heard, judged = Endpointer(Policy()), 50.0, 0, 0
    for level, probability, frames, stall, forget in script:
        now += stall
        for _ in range(frames):
            heard += 1
            now += FRAME
            facts = endpointer.frame(level + 2 * (heard % 3), FRAME, now)
            if (judged + 1) * WINDOW <= heard * FRAME:
                judged += 1
                facts += endpointer.window(probability, judged * WINDOW, now)
            yield from ((now, fact) for fact in facts)
        if forget:
            endpointer.forget()
            yield now, None


@given(st.lists(pieces(), max_size=30))
def test_whatever_is_heard_the_facts_follow_in_order_and_none_is_of_the_future(
    script: list[Piece],
) -> None:
    latest: type[Heard] | None = None
    for now, fact in fed(script):
        if fact is not None:
            assert type(fact) in LEGAL[latest]
            if not isinstance(fact, SpeechResumed):
                assert fact.since <= now
        latest = type(fact) if fact is not None else None
