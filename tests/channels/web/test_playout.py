"""What a browser must have played by when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.web.playout import PlayOut

RATE = 32_000


@pytest.fixture
def playout() -> PlayOut:
    return PlayOut(RATE, buffer=0.1)


def test_a_mark_is_due_when_the_audio_before_it_was_played(playout: PlayOut) -> None:
    playout.sent(RATE, now=10)
    playout.mark("a")
    playout.sent(RATE, now=10.2)
    playout.mark("b")
    assert playout.get_timer() == pytest.approx(11.1)
    assert playout.due(11.0) == []
    assert playout.due(11.11) == ["a"]
    assert playout.due(13) == ["b"]
    assert playout.get_timer() is None


def test_a_browser_that_ran_dry_buffers_anew(playout: PlayOut) -> None:
    playout.sent(RATE, now=0)
    playout.sent(RATE, now=5)
    assert playout.left(5) == pytest.approx(1.1)


def test_audio_that_comes_in_time_adds_no_buffer(playout: PlayOut) -> None:
    playout.sent(RATE, now=0)
    playout.sent(RATE, now=1.05)
    assert playout.left(1.05) == pytest.approx(1.05)


def test_a_mark_without_audio_is_due_at_once(playout: PlayOut) -> None:
    playout.mark("a")
    assert playout.due(0) == ["a"]


def test_a_clear_makes_every_mark_due_and_silence_of_the_rest(playout: PlayOut) -> None:
    playout.sent(RATE, now=0)
    playout.mark("a")
    playout.sent(RATE, now=0)
    playout.mark("b")
    playout.clear(now=0.5)
    assert playout.due(0.5) == ["a", "b"]
    assert playout.left(0.5) == 0


@given(st.lists(st.tuples(st.sampled_from(["sent", "mark", "clear", "due"]), st.floats(0, 3))))
def test_every_mark_comes_back_once_and_in_order(steps: list[tuple[str, float]]) -> None:
    playout, now, given_marks = PlayOut(RATE), 0.0, 0
    back: list[str] = []
    for step, amount in steps:
        now += amount
        if step == "sent":
            playout.sent(int(amount * RATE), now)
        elif step == "mark":
            playout.mark(str(given_marks))
            given_marks += 1
        elif step == "clear":
            playout.clear(now)
        else:
            back += playout.due(now)
    back += playout.due(now + playout.left(now) + 1e-6)
    assert back == [str(n) for n in range(given_marks)]
