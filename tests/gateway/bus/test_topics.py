"""What followers are told, and what is asked for, when news come late, twice or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels.events import Delta, Entry, Live, Status, TurnState
from gateway.bus.base import Standing
from gateway.bus.growing import Numbered
from gateway.bus.topics import BACKLOG, Need, SoFar, Topic
from tests.gateway.bus.paper import entry

pytestmark = pytest.mark.anyio

WORKING = Status(1, TurnState.WORKING)
RETRYING = Status(1, TurnState.RETRYING)
DONE = Status(1, TurnState.DONE)


class Reader:
    """A topic that begins after entry 1, and one follower."""

    def __init__(self) -> None:
        self.topic = Topic()
        self.topic.catch_up(Standing(1), polling=False)
        self._send, self.events = self.topic.join()

    def heard(self) -> list[Live]:
        waiting = self.events.statistics().current_buffer_used
        return [self.events.receive_nowait() for _ in range(waiting)]

    def leave(self) -> None:
        self._send.close()
        self.events.close()


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.leave()


def delta(text: str, offset: int, run: float = 1.0) -> Numbered:
    return Numbered(Delta(1, text), run, offset)


async def test_a_hole_in_the_text_is_asked_for_once_and_filled(reader: Reader) -> None:
    reader.topic.hear(Numbered(WORKING, 1.0))
    reader.topic.hear(delta("One", 0))
    assert reader.topic.hear(delta("three", 5)) == Need.TEXT
    assert reader.topic.hear(delta("four", 10)) == Need.NOTHING
    reader.topic.hear(SoFar(1.0, WORKING, "One, three, four"))
    reader.topic.hear(delta("!", 16))
    assert reader.heard() == [WORKING, Delta(1, "One"), Delta(1, ", three, four"), Delta(1, "!")]


async def test_text_that_is_known_is_not_told_again(reader: Reader) -> None:
    reader.topic.hear(SoFar(1.0, WORKING, "Hello"))
    reader.topic.hear(delta("lo", 3))
    reader.topic.hear(delta("lo you", 3))
    assert reader.heard() == [WORKING, Delta(1, "Hello"), Delta(1, " you")]


async def test_a_worker_that_has_lost_the_turn_is_not_believed(reader: Reader) -> None:
    reader.topic.hear(SoFar(2.0, WORKING, "New"))
    reader.topic.hear(Numbered(WORKING, 1.0))
    reader.topic.hear(delta("old", 3))
    reader.topic.hear(SoFar(1.0, WORKING, "Quite old"))
    assert reader.heard() == [WORKING, Delta(1, "New")]


async def test_a_turn_that_has_ended_does_not_come_back(reader: Reader) -> None:
    reader.topic.hear(Numbered(WORKING, 1.0))
    reader.topic.hear(Numbered(DONE))
    for late in (Numbered(WORKING, 1.0), delta("late", 0), SoFar(1.0, WORKING, "late")):
        assert reader.topic.hear(late) == Need.NOTHING
    assert reader.heard() == [WORKING, DONE]


async def test_a_turn_whose_end_was_missed_ends_when_the_next_begins(reader: Reader) -> None:
    following = Status(2, TurnState.WORKING)
    reader.topic.hear(Numbered(WORKING, 1.0))
    reader.topic.hear(Numbered(following, 2.0))
    assert reader.heard() == [WORKING, DONE, following]


async def test_an_attempt_anew_wipes_the_text_of_the_one_before(reader: Reader) -> None:
    reader.topic.hear(SoFar(1.0, WORKING, "Hel"))
    reader.topic.hear(SoFar(2.0, WORKING, "Good"))
    assert reader.heard() == [WORKING, Delta(1, "Hel"), RETRYING, WORKING, Delta(1, "Good")]


async def test_what_comes_after_a_missing_entry_waits_for_it(reader: Reader) -> None:
    assert reader.topic.hear(Numbered(entry(3))) == Need.STORE
    reader.topic.hear(Numbered(DONE))
    assert reader.heard() == []
    reader.topic.catch_up(Standing(4, [entry(2), entry(3), entry(4)]), polling=False)
    assert reader.heard() == [entry(2), entry(3), DONE, entry(4)]
    reader.topic.hear(Numbered(entry(4)))
    assert reader.heard() == []


async def test_an_entry_that_the_store_does_not_have_holds_nobody_up(reader: Reader) -> None:
    reader.topic.hear(Numbered(entry(4)))
    assert reader.topic.catch_up(Standing(1), polling=False) == Need.NOTHING
    assert reader.heard() == [entry(4)]


async def test_a_long_absence_is_caught_up_with_page_by_page(reader: Reader) -> None:
    reader.topic.hold()
    assert reader.topic.catch_up(Standing(3, [entry(2)]), polling=False) == Need.STORE
    reader.topic.hear(Numbered(entry(4)))
    assert reader.topic.catch_up(Standing(3, [entry(3)]), polling=False) == Need.NOTHING
    assert [e.seq for e in reader.heard() if isinstance(e, Entry)] == [2, 3, 4]


async def test_the_store_ends_a_turn_whose_worker_could_not_say_so(reader: Reader) -> None:
    reader.topic.hear(Numbered(WORKING, 1.0))
    ended = Status(1, TurnState.CANCELED, messages=("m1",))
    reader.topic.catch_up(Standing(2, [entry(2)], ended), polling=False)
    assert reader.heard() == [WORKING, entry(2), Status(1, TurnState.CANCELED)]


async def test_an_answer_of_the_store_from_before_what_was_heard_changes_nothing(
    reader: Reader,
) -> None:
    reader.topic.hear(Numbered(WORKING, 1.0))
    reader.topic.hear(Numbered(DONE))
    reader.topic.catch_up(Standing(1, (), WORKING), polling=True)
    assert reader.heard() == [WORKING, DONE]


async def test_followers_are_let_go_when_the_store_does_not_answer_for_too_long(
    reader: Reader,
) -> None:
    reader.topic.hold()
    for n in range(BACKLOG + 1):
        reader.topic.hear(Numbered(Delta(1, str(n))))
    assert [event async for event in reader.events] == []
    assert not reader.topic.followers
