"""The books must not balance when something is amiss, or the kill test could not fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.books import Books, Received, Said, Shown

ANN, BOB = "web:1", "telegram:2"


def good() -> Books:
    """Two messages of Ann's, answered together, and one of Bob's, whose answer came twice."""
    return Books(
        said=[Said("web1x0", ANN), Said("web1x1", ANN), Said("bot2x0", BOB)],
        shown=[
            Shown(ANN, "Here is web1x0. Here is web1x1."),
            Shown(BOB, "Here is bot2x0."),
            Shown(BOB, "(Again.) Here is bot2x0.", labelled=True),
        ],
        stored={"web1x0": [("a", 1)], "web1x1": [("a", 2)], "bot2x0": [("b", 1)]},
        received=[
            Received("m1", ("web1x0", "web1x1"), 1, again=False),
            Received("m2", ("bot2x0",), 1, again=False),
            Received("m2", ("bot2x0",), 1, again=True),
        ],
    )


def kinds(books: Books) -> set[str]:
    return {kind for kind, _ in books.complaints()}


def test_nothing_is_wrong_with_what_adds_up() -> None:
    assert list(good().complaints()) == []
    assert good().labelled == 1


def test_an_answer_that_never_came_is_a_loss() -> None:
    books = good()
    del books.shown[1:]
    assert list(books.complaints()) == [("lost", "bot2x0")]


def test_a_labelled_answer_is_an_answer() -> None:
    books = good()
    del books.shown[1]
    assert kinds(books) == set()


def test_a_second_answer_without_a_label_is_one_too_many() -> None:
    books = good()
    books.shown[2] = replace(books.shown[2], labelled=False)
    assert kinds(books) == {"said twice"}


def test_an_answer_elsewhere_is_in_the_wrong_place() -> None:
    books = good()
    books.shown.append(Shown(ANN, "Here is bot2x0.", labelled=True))
    assert kinds(books) == {"wrong place"}


@pytest.mark.parametrize("times", [0, 2])
def test_a_message_is_stored_once(times: int) -> None:
    books = good()
    books.stored = {**books.stored, "bot2x0": [("b", 1)] * times}
    assert kinds(books) == {"stored wrongly"}


def test_answers_come_in_the_order_of_the_log() -> None:
    books = good()
    books.shown[0] = Shown(ANN, "Here is web1x1.")
    books.shown.append(Shown(ANN, "Here is web1x0."))
    assert kinds(books) == {"out of order"}


def test_messages_are_stored_in_the_order_they_were_written() -> None:
    books = good()
    books.stored = {**books.stored, "web1x0": [("a", 2)], "web1x1": [("a", 1)]}
    assert kinds(books) == {"out of order"}


def test_who_overtook_on_the_way_may_come_first() -> None:
    books = good()
    books.said[1] = replace(books.said[1], overtaking=True)
    books.stored = {**books.stored, "web1x0": [("a", 2)], "web1x1": [("a", 1)]}
    books.shown[0] = Shown(ANN, "Here is web1x1. Here is web1x0.")
    assert kinds(books) == set()


def test_a_late_answer_and_those_asked_with_it_may_come_last() -> None:
    books = good()
    books.said += [Said("web1x2", ANN)]
    books.said[0] = replace(books.said[0], late=True)
    books.stored = {**books.stored, "web1x2": [("a", 3)]}
    books.received.append(Received("m3", ("web1x2",), 1, again=False))
    books.shown.insert(0, Shown(ANN, "Here is web1x2."))
    assert kinds(books) == set()


def test_the_agent_is_asked_under_one_id() -> None:
    books = good()
    books.received.append(Received("m9", ("bot2x0",), 1, again=False))
    assert kinds(books) == {"asked twice"}


def test_the_agent_begins_a_message_again_only_after_it_forgot() -> None:
    books = good()
    books.received[2] = replace(books.received[2], again=False, life=2)
    assert kinds(books) == set()
    books.received[2] = replace(books.received[2], life=1)
    assert kinds(books) == {"begun twice"}
