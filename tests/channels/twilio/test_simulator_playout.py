"""Twilio's buffer: real time, marks where they were set, `clear` at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from channels.twilio.simulator.playout import RATE, Playout

SECOND = bytes(range(100)) * 80


def test_a_mark_is_due_when_all_before_it_was_played() -> None:
    playout = Playout()
    playout.add(SECOND, 1.0)
    playout.mark("a")
    playout.add(SECOND, 1.1)
    playout.mark("b")
    assert playout.due(1.9) == []
    assert playout.next_mark() == 2.0
    assert playout.due(2.0) == ["a"]
    assert playout.due(2.5) == []
    assert playout.due(3.0) == ["b"]
    assert playout.next_mark() is None


def test_a_mark_with_nothing_before_it_is_due_at_once() -> None:
    playout = Playout()
    playout.mark("a")
    assert playout.due(0.0) == ["a"]
    playout.add(SECOND, 0.0)
    assert playout.due(2.0) == []
    playout.mark("b")
    assert playout.due(2.0) == ["b"]


def test_clear_drops_what_was_not_heard_and_returns_all_marks() -> None:
    playout = Playout()
    playout.add(SECOND, 0.0)
    playout.mark("a")
    playout.add(SECOND, 0.0)
    playout.mark("b")
    assert playout.clear(0.5) == ["a", "b"]
    assert playout.queued(0.5) == 0
    assert playout.due(9.0) == []
    assert b"".join(p.audio for p in playout.played(9.0)) == SECOND[: RATE // 2]


def test_sound_after_a_clear_plays_at_once() -> None:
    playout = Playout()
    playout.add(SECOND, 0.0)
    playout.clear(0.25)
    playout.add(SECOND, 0.3)
    assert [p.start for p in playout.played(2.0)] == [0, round(0.3 * RATE)]


def test_sound_is_told_once_and_only_as_far_as_it_was_played() -> None:
    playout = Playout()
    playout.add(SECOND, 0.0)
    assert len(playout.played(0.25)[0].audio) == RATE // 4
    assert playout.played(0.25) == []
    [rest] = playout.played(5.0)
    assert (rest.start, rest.audio) == (RATE // 4, SECOND[RATE // 4 :])


def test_a_short_gap_in_speech_is_an_underrun() -> None:
    playout = Playout()
    playout.add(SECOND, 0.0)
    assert playout.add(SECOND, 1.1) == 0.1
    assert playout.underruns == [(1.1, 0.1)]


def test_a_pause_or_an_interruption_is_no_underrun() -> None:
    playout = Playout()
    assert playout.add(SECOND, 0.1) is None
    assert playout.add(SECOND, 1.6) is None
    playout.clear(1.7)
    assert playout.add(SECOND, 1.8) is None
    assert playout.underruns == []


@given(
    st.lists(
        st.tuples(
            st.floats(0, 0.5),
            st.one_of(st.integers(1, 4000).map(bytes), st.just("mark"), st.just("clear")),
        )
    )
)
def test_every_mark_comes_back_once_in_order_and_no_sample_is_heard_twice(
    steps: list[tuple[float, bytes | str]],
) -> None:
    playout, now, back, set_ = Playout(), 0.0, [], []
    heard = []
    for number, (pause, step) in enumerate(steps):
        now += pause
        back += playout.due(now)
        heard += playout.played(now)
        if isinstance(step, bytes):
            playout.add(step, now)
        elif step == "mark":
            set_.append(str(number))
            playout.mark(str(number))
        else:
            back += playout.clear(now)
            assert playout.queued(now) == 0
    heard += playout.played(now + 3600)
    assert back + playout.due(now + 3600) == set_
    ends = [p.start + len(p.audio) for p in heard]
    assert all(p.start >= end for p, end in zip(heard[1:], ends[:-1], strict=True))
