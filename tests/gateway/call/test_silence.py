"""Which silence is broken, and when."""

from __future__ import annotations

from gateway.call.events import Filler
from gateway.call.policy import Policy
from gateway.call.silence import Silence

POLICY = Policy(moment=1.0, working=8.0, later=30.0, reminder=10.0, goodbye=30.0)


def told(silence: Silence, until: float) -> list[tuple[float, Filler]]:
    """What silence calls for until then, each at its time."""
    said = []
    while (at := silence.timer) is not None and at <= until:
        kind = silence.due(at)
        assert kind
        said.append((at, kind))
    return said


def test_who_waits_is_told_on_a_ladder_that_ends_in_an_offer() -> None:
    silence = Silence(POLICY)
    silence.wait(100.0)
    assert told(silence, 130.0) == [
        (101.0, Filler.MOMENT),
        (109.0, Filler.WORKING),
        (117.0, Filler.WORKING),
        (125.0, Filler.WORKING),
        (130.0, Filler.LATER),
    ]


def test_who_heard_half_the_answer_is_not_told_one_moment() -> None:
    silence = Silence(POLICY)
    silence.wait(100.0, afresh=False)
    assert told(silence, 110.0) == [(108.0, Filler.WORKING)]


def test_an_answer_ends_the_ladder() -> None:
    silence = Silence(POLICY)
    silence.wait(100.0)
    silence.answered()
    assert silence.timer is None


def test_who_says_nothing_is_asked_once_and_then_bidden_goodbye() -> None:
    silence = Silence(POLICY)
    silence.spoke(100.0)
    silence.rest(quiet=True)
    assert silence.timer == 110.0
    assert silence.due(110.0) is Filler.THERE
    silence.rest(quiet=True)
    assert told(silence, 200.0) == [(130.0, Filler.GOODBYE)]


def test_whatever_is_said_begins_the_silence_anew() -> None:
    silence = Silence(POLICY)
    silence.spoke(100.0)
    silence.rest(quiet=True)
    silence.due(110.0)
    silence.spoke(115.0)
    silence.rest(quiet=True)
    assert silence.timer == 125.0


def test_it_is_no_silence_while_somebody_speaks() -> None:
    silence = Silence(POLICY)
    silence.rest(quiet=True)
    silence.rest(quiet=False)
    assert silence.timer is None
