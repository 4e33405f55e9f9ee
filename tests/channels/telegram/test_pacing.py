from __future__ import annotations

from channels.telegram.pacing import Pacing


def test_there_is_nothing_to_do_before_there_is_news() -> None:
    assert Pacing(private=True).next(5.0) == (None, float("inf"))


def test_the_first_words_are_shown_at_once() -> None:
    pacing = Pacing(private=True, text="Hello")
    assert pacing.next(5.0) == ("show", 0.0)


def test_the_next_words_wait_for_their_turn_and_the_newest_win() -> None:
    pacing = Pacing(private=True, text="Hello")
    pacing.was_shown("Hello", 5.0)
    pacing.text = "Hello there"
    step, wait = pacing.next(5.1)
    assert step is None
    assert 0.1 < wait < 0.2
    pacing.text = "Hello there, Ada"
    assert pacing.next(5.3) == ("show", 0.0)


def test_a_longer_text_is_shown_less_often() -> None:
    for private in (True, False):
        pacing = Pacing(private=private)
        assert pacing.interval(4000) > pacing.interval(10) + 0.3


def test_a_group_is_edited_no_more_than_about_once_a_second() -> None:
    assert Pacing(private=False).interval(0) > 1


def test_an_unchanged_text_is_not_shown_again() -> None:
    pacing = Pacing(private=False, text="Hello")
    pacing.was_shown("Hello", 5.0)
    assert pacing.next(500.0) == (None, float("inf"))


def test_a_draft_is_renewed_before_it_fades() -> None:
    pacing = Pacing(private=True, text="Hello")
    pacing.was_shown("Hello", 5.0)
    assert pacing.next(6.0) == (None, 19.0)
    assert pacing.next(25.0) == ("show", 0.0)


def test_typing_is_shown_every_four_seconds_while_working() -> None:
    pacing = Pacing(private=True, busy=True)
    assert pacing.next(1.0) == ("type", 0.0)
    pacing.was_typed(1.0)
    assert pacing.next(2.0) == (None, 3.0)
    assert pacing.next(5.0) == ("type", 0.0)


def test_growing_text_makes_typing_needless() -> None:
    pacing = Pacing(private=True, busy=True, text="Hello")
    pacing.was_shown("Hello", 5.0)
    assert pacing.next(6.0) == (None, 3.0)
    assert pacing.next(9.0) == ("type", 0.0)


def test_a_wait_holds_everything_back_and_then_the_newest_is_shown() -> None:
    pacing = Pacing(private=False, busy=True, text="old")
    pacing.hold(30.0, now=1.0)
    pacing.text = "new"
    assert pacing.next(2.0) == (None, 29.0)
    assert pacing.next(31.0) == ("show", 0.0)


def test_failures_slow_it_down_more_each_time() -> None:
    pacing = Pacing(private=True, text="x")
    pacing.failed(0.0)
    assert pacing.next(0.0) == (None, 2.0)
    pacing.failed(2.0)
    assert pacing.next(2.0) == (None, 4.0)
    pacing.was_shown("x", 6.0)
    pacing.failed(10.0)
    pacing.text = "y"
    assert pacing.next(10.0) == (None, 2.0)


def test_a_chat_that_takes_no_previews_is_only_shown_typing() -> None:
    pacing = Pacing(private=True, busy=True, text="x", mute=True)
    assert pacing.next(0.0) == ("type", 0.0)
