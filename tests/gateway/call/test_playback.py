"""What was heard of what was said."""

from __future__ import annotations

import pytest

from gateway.call.events import AudioSent
from gateway.call.playback import MARK_PATIENCE, Playback


def sent(playback: Playback, clause: int, seconds: float, now: float, **more: object) -> None:
    playback.sent(AudioSent(clause, seconds, **more), now)  # type: ignore[arg-type]  # as given


def saying(text: str = "one two three four", turn: int = 1) -> Playback:
    playback = Playback()
    playback.say(1, turn, text, 0.0)
    return playback


def test_what_the_line_holds_is_heard_in_real_time() -> None:
    playback = saying()
    sent(playback, 1, 0.5, 10.0)
    sent(playback, 1, 0.5, 10.1)
    assert playback.ahead(10.4) == pytest.approx(0.6)
    assert playback.position(10.4) == pytest.approx(0.4)
    assert not playback.audible(11.1)


def test_a_mark_that_is_late_moves_the_rest() -> None:
    playback = saying()
    sent(playback, 1, 1.0, 10.0, mark="a")
    sent(playback, 1, 1.0, 10.0, mark="b", last=True)
    playback.played("a", 11.5)
    assert playback.position(11.5) == pytest.approx(1.0)
    assert not playback.finished(12.4)
    playback.played("b", 12.5)
    assert playback.finished(12.5)


def test_a_mark_that_never_comes_back_is_waited_for_so_long_and_no_longer() -> None:
    playback = saying()
    sent(playback, 1, 1.0, 10.0, mark="a", last=True)
    assert playback.finish_due(10.5) == pytest.approx(11.0 + MARK_PATIENCE)
    assert not playback.finished(11.0)
    assert playback.finished(11.0 + MARK_PATIENCE)


def test_unknown_marks_tell_nothing() -> None:
    playback = saying()
    sent(playback, 1, 1.0, 10.0, mark="a", last=True)
    playback.played("z", 10.1)
    assert playback.position(10.1) == pytest.approx(0.1)


def test_words_heard_are_whole_and_counted_by_the_length_of_the_sound() -> None:
    playback = saying("one two three four")
    sent(playback, 1, 0.9, 10.0, length=1.8)
    assert playback.heard(1, 10.9) == "one two"
    sent(playback, 1, 0.9, 10.9, last=True)
    assert playback.heard(1, 12.0) == "one two three four"


def test_without_a_known_length_as_much_is_heard_as_people_say_in_that_time() -> None:
    playback = saying("one two three four " * 10)
    sent(playback, 1, 1.0, 10.0)
    assert playback.heard(1, 11.0) == "one two three"


def test_a_pause_forgets_the_sound_and_keeps_the_place() -> None:
    playback = saying()
    sent(playback, 1, 1.0, 10.0, mark="a", last=True)
    assert playback.pause(10.4)
    assert not playback.finished(99.0)
    place = playback.resume()
    assert place
    assert place == pytest.approx((1, 0.4))
    sent(playback, 1, 0.6, 12.0, last=True)
    assert playback.heard(1, 12.3) == "one two"
    assert playback.finished(12.6)


def test_a_pause_when_nothing_is_held_has_nothing_to_clear() -> None:
    playback = saying()
    assert not playback.pause(10.0)
    assert playback.resume() == (1, 0.0)


def test_what_was_hushed_is_never_resumed() -> None:
    playback = saying()
    playback.say(2, 1, "more", 0.0)
    sent(playback, 1, 1.0, 10.0)
    assert playback.hush(10.5)
    assert playback.finished(10.5)
    assert playback.heard(1, 99.0) == "one"


def test_a_stuck_clause_is_the_first_that_ought_to_sound() -> None:
    playback = saying()
    playback.say(2, 1, "more", 0.0)
    sent(playback, 1, 1.0, 10.0, last=True)
    stuck = playback.stuck(10.5)
    assert stuck
    assert stuck == pytest.approx((2, 11.0))


def test_what_waits_behind_a_clause_that_is_given_up_has_its_own_time() -> None:
    playback = saying()
    playback.say(2, 1, "more", 0.0)
    playback.drop(1, 5.0)
    assert playback.stuck(5.0) == (2, 5.0)


def test_what_is_left_is_told_in_seconds() -> None:
    playback = saying()
    sent(playback, 1, 0.5, 10.0, length=2.0)
    assert playback.remaining(10.5) == pytest.approx(1.5)


def test_what_was_heard_to_its_end_can_be_forgotten() -> None:
    playback = saying()
    sent(playback, 1, 1.0, 10.0, last=True)
    playback.forget(1)
    assert playback.heard(1, 99.0) == ""
