"""Many who come back at once, in one look."""

from __future__ import annotations

from dataclasses import replace

from channels.events import Address, Sender
from gateway.store import inbox, returning
from gateway.store.engine import Database
from tests.gateway.doubles import message

ONE, TWO, NEW = (
    Sender(Address("web", name), name=name, locale="de") for name in ("one", "two", "new")
)


def test_each_finds_their_own_conversation_and_who_is_new_finds_none(database: Database) -> None:
    with database.engine.begin() as connection:
        mine = [inbox.open_direct(connection, who, now=1) for who in (ONE, TWO)]
        found = returning.known_direct(connection, [TWO, NEW, ONE, TWO])
    assert found == [mine[1], None, mine[0], mine[1]]


def test_who_tells_something_new_has_it_written_down(database: Database) -> None:
    with database.engine.begin() as connection:
        mine = inbox.open_direct(connection, ONE, now=1)
        less, more = replace(ONE, locale=""), replace(ONE, locale="fr")
        assert returning.known_direct(connection, [less, more]) == [mine, None]
        assert inbox.open_direct(connection, more, now=2) == mine
        assert returning.known_direct(connection, [more]) == [mine]


def test_the_newest_of_each_is_told_in_the_order_asked(database: Database) -> None:
    with database.engine.begin() as connection:
        said = [
            inbox.accept(connection, message(event, who=who), now=1, due_at=2).receipt
            for event, who in (("a", ONE), ("b", TWO), ("c", TWO))
        ]
        one, two = said[0].conversation, said[1].conversation
        assert returning.newest(connection, [two, "unknown", one]) == [2, 0, 1]


def test_everybody_reads_on_from_where_they_were(database: Database) -> None:
    with database.engine.begin() as connection:
        for event in ("a", "b", "c"):
            told = inbox.accept(connection, message(event, who=ONE), now=1, due_at=2).receipt
        other = inbox.accept(connection, message("d", who=TWO), now=1, due_at=2).receipt
        asked = [
            (told.conversation, 1, 9),
            (other.conversation, 1, 9),
            (told.conversation, 0, 2),
            (other.conversation, 0, 9),
        ]
        pages = returning.pages(connection, asked)
    assert [[entry.seq for entry in page] for page in pages] == [[2, 3], [], [1, 2], [1]]
    assert pages[3][0].id == other.id
