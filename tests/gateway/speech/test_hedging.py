"""When a request counts as late, and how long who failed is left alone."""

from __future__ import annotations

import pytest

from gateway.errors import SpeechMissing, SpeechRefused, SpeechUnreachable
from gateway.speech.hedging import Standing, line_up


def known(*seconds: float) -> Standing:
    standing = Standing("groq")
    for each in seconds:
        standing.answered(each)
    return standing


def test_patience_is_half_a_second_until_something_is_known() -> None:
    assert known(0.3, 0.3).patience == 0.5


def test_then_it_is_what_nine_in_ten_answers_keep_to() -> None:
    assert known(*[0.3] * 9, 2.0).patience == 0.3
    assert known(*[0.3] * 8, 0.7, 2.0).patience == 0.7


@pytest.mark.parametrize(("usual", "patience"), [(0.01, 0.25), (5.0, 1.0)])
def test_it_has_bounds(usual: float, patience: float) -> None:
    assert known(*[usual] * 10).patience == patience


def test_races_that_were_lost_count_as_slow_answers() -> None:
    standing = known(*[0.3] * 10)
    for _ in range(10):
        standing.outrun(0.6)
    assert standing.patience == 0.6


def test_only_the_last_answers_count() -> None:
    assert known(*[0.9] * 50, *[0.3] * 20).patience == 0.3


def test_rest_doubles_with_failures_and_ends_with_an_answer() -> None:
    standing, now, rests = known(), 0.0, []
    for _ in range(7):
        standing.failed(SpeechUnreachable("down"), now)
        rests.append(standing.rests_until - now)
        now = standing.rests_until
    assert rests == [2, 4, 8, 16, 32, 60, 60]
    standing.answered(0.3)
    standing.failed(SpeechUnreachable("down"), now)
    assert standing.rests_until - now == 2


def test_turns_that_fail_together_count_once() -> None:
    standing = known()
    for _ in range(60):
        standing.failed(SpeechUnreachable("down"), 10.0)
    standing.failed(SpeechUnreachable("down"), 20.0)
    assert standing.rests_until - 20.0 == 4


@pytest.mark.parametrize("error", [SpeechRefused("no key", lasting=True), SpeechMissing("none")])
def test_what_only_the_operator_can_change_brings_a_long_rest(
    error: SpeechRefused | SpeechMissing,
) -> None:
    standing = known()
    standing.failed(error, 0.0)
    assert standing.rests_until == 300


def test_a_provider_cannot_ask_to_be_left_alone_for_ever() -> None:
    standing = known()
    standing.failed(SpeechUnreachable("busy", retry_after=1e6), 0.0)
    assert standing.rests_until == 300


def test_who_rests_longest_comes_last() -> None:
    one, two, three = Standing("one"), Standing("two"), Standing("three")
    one.failed(SpeechUnreachable("busy", retry_after=30), 0.0)
    two.failed(SpeechUnreachable("busy", retry_after=10), 0.0)
    assert [each.name for each in line_up([one, two, three], 1.0).runners] == [
        "three",
        "two",
        "one",
    ]


def test_nobody_is_asked_before_the_one_that_is_asked_is_late() -> None:
    race = line_up([Standing("one"), Standing("two")], 0.0)
    assert race.next(0.0) == "one"
    assert race.due == 0.5
    assert race.next(0.4) is None
    assert race.next(0.5) == "two"
    assert race.next(9.0) is None
    assert not race.lost


def test_a_race_is_lost_when_nobody_is_left() -> None:
    race = line_up([Standing("one"), Standing("two")], 0.0)
    for name in ("one", "two"):
        assert race.next(0.0) == name
        race.failed(name, fatal=True)
    assert race.next(0.0) is None
    assert race.lost
