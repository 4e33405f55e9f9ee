"""Messages stored together: the same as one after the other, and no more than once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select
from sqlalchemy.engine import ExceptionContext

from channels.events import Address, Message, Sender, Trust
from gateway.store import inbox, leases, turns
from gateway.store.engine import Database
from gateway.store.inbox import Accepted, Arrival, accept_all
from gateway.store.people import padded
from gateway.store.tables import addresses, conversations, messages, metadata, persons
from gateway.store.tables import turns as turns_table
from tests.gateway.doubles import message, sender

pytestmark = pytest.mark.anyio


def at(number: int, message: Message, *, late: bool = False) -> Arrival:
    return Arrival(message, 100.0 + number, 100.5 + number, late)


async def store(database: Database, *those: Message) -> list[Accepted]:
    arrivals = [at(number, each) for number, each in enumerate(those)]
    return await database.write(accept_all, arrivals)


UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# -- as one after the other ------------------------------------------------------------------

SENDERS = st.builds(
    Sender,
    st.sampled_from([Address("paper", "1"), Address("paper", "2"), Address("web", "1")]),
    st.sampled_from(["", "Ann", "Anna"]),
    st.sampled_from(["", "de"]),
    trust=st.sampled_from([Trust.PLATFORM, Trust.VERIFIED]),
)
REFS = st.sampled_from(["", "1", "2"])
MESSAGES = st.builds(
    message,
    st.uuids().map(str),
    st.sampled_from(["one", "two"]),
    who=SENDERS,
    command=st.sampled_from([None, None, "help", "cancel"]),
    ref=REFS,
    edits=REFS,
    group=st.booleans(),
)


@st.composite
def batches(draw: st.DrawFn) -> list[list[Arrival]]:
    """What arrives, some of it several times, in batches; the first is one alone."""
    events = draw(st.lists(MESSAGES, min_size=1, max_size=8))
    coming = events + draw(st.lists(st.sampled_from(events), max_size=4))
    arrivals = [
        at(number, each, late=draw(st.booleans()))
        for number, each in enumerate(draw(st.permutations(coming)))
    ]
    cuts = [0, 1, *sorted(draw(st.sets(st.integers(2, 12), max_size=3)))]
    return [arrivals[i:j] for i, j in pairwise([*cuts, len(arrivals)])]


@given(batches())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_batches_leave_what_one_after_the_other_leaves(
    database: Database, batches: list[list[Arrival]]
) -> None:
    together = left_by(database, batches)
    alone = left_by(database, [[arrival] for batch in batches for arrival in batch])
    assert together == alone


def left_by(database: Database, batches: list[list[Arrival]]) -> list[Any]:
    """What came of each arrival, and all rows in the end; a worker has taken up the first."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        first, *later = (batch for batch in batches if batch)
        outcomes = accept_all(connection, first)
        conversation = outcomes[0].receipt.conversation
        leases.claim(connection, "w", now=1e6, until=2e6, limit=1)
        turns.next_work(connection, "w", conversation, now=1e6)
        for batch in later:
            outcomes += accept_all(connection, batch)
        left = plainly(connection, outcomes)
        transaction.rollback()
    return left


def plainly(connection: Connection, outcomes: list[Accepted]) -> list[Any]:
    """All there is, with the ids that chance made replaced by what they stand for."""
    names: dict[str, str] = {}

    def plain(value: object) -> str:
        return re.sub(UUID, lambda found: names.get(found[0], found[0]), str(value))

    for row in connection.execute(select(addresses).order_by(addresses.c.id.desc())):
        names[row.person_id] = f"whose {row.id} is"
    for row in connection.execute(select(conversations)):
        names[row.id] = plain(row.key)
    for row in connection.execute(select(turns_table)):
        names[row.id] = f"turn {row.number} of {plain(row.conversation_id)}"
    rows = [
        sorted(plain(dict(row)) for row in connection.execute(select(table)).mappings())
        for table in metadata.sorted_tables
    ]
    return [[plain(each) for each in outcomes], *rows]


# -- what the property is made of, by name ---------------------------------------------------


async def test_the_same_event_twice_in_a_batch_is_stored_once(database: Database) -> None:
    first, again = await store(database, message("e1", "one"), message("e1", "another text"))
    assert first.receipt.fresh
    assert not again.receipt.fresh
    assert again.news is None
    assert (again.receipt.id, again.receipt.seq) == (first.receipt.id, 1)


async def test_what_arrives_together_is_read_in_the_order_of_arrival(database: Database) -> None:
    accepted = await store(database, *(message(f"e{n}", str(n)) for n in range(5)))
    assert [each.receipt.seq for each in accepted] == [1, 2, 3, 4, 5]
    log = await database.read(inbox.history, accepted[0].receipt.conversation, 0, 10)
    assert [entry.client_id for entry in log] == ["e0", "e1", "e2", "e3", "e4"]


async def test_people_who_first_write_together_are_made_each_once(database: Database) -> None:
    ann, bob, ann_again = await store(
        database,
        message("e1", who=sender("1")),
        message("e2", who=sender("2")),
        message("e3", who=sender("1")),
    )
    assert ann.receipt.conversation == ann_again.receipt.conversation
    assert ann.receipt.conversation != bob.receipt.conversation


async def test_an_edit_finds_what_came_with_it(database: Database) -> None:
    original, edit = await store(
        database, message("e1", "helo", ref="1"), message("e2", "hello", ref="1", edits="1")
    )
    assert edit.receipt.id == original.receipt.id
    [entry] = await database.read(inbox.history, original.receipt.conversation, 0, 10)
    assert entry.parts == message("e2", "hello").parts


async def test_a_cancel_takes_back_what_came_before_it_and_nothing_after(
    database: Database,
) -> None:
    [begun] = await store(database, message("e0"))
    await database.write(leases.claim, "w", now=1e3, until=2e3, limit=1)
    await database.write(turns.next_work, "w", begun.receipt.conversation, now=1e3)
    _, cancel, _ = await store(
        database, message("e1"), message("e2", command="cancel"), message("e3")
    )
    assert cancel.cancels

    def states(connection: Connection) -> list[str]:
        return list(connection.scalars(select(messages.c.state).order_by(messages.c.seq)))

    assert (await database.read(states))[1:] == ["done", "done", "pending"]


async def test_a_batch_that_breaks_off_leaves_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        accept_all(connection, [at(0, message("e1")), at(1, message("e2", who=sender("2")))])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await database.write(half)

    def rows(connection: Connection) -> list[Any]:
        tables = (persons, addresses, conversations, messages)
        return [row for table in tables for row in connection.execute(select(table))]

    assert not await database.read(rows)


async def test_repeats_alone_write_nothing(database: Database) -> None:
    await store(database, message("e1"), message("e2"))
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    again = await store(database, message("e1"), message("e2"))
    assert [each.receipt.seq for each in again] == [1, 2]
    assert len([each for each in statements if not each.startswith(("SET", "BEGIN"))]) == 1


async def test_many_people_cost_no_more_statements_than_one(database: Database) -> None:
    people = [sender(str(n)) for n in range(30)]

    def count(events: Sequence[Message]) -> int:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        with database.engine.begin() as connection:
            accept_all(connection, [at(n, each) for n, each in enumerate(events)])
        event.remove(database.engine, "before_cursor_execute", note)
        return len([each for each in seen if not each.startswith(("SET", "BEGIN"))])

    await store(database, *(message(f"a{who.address}", who=who) for who in people))
    one = count([message("b", who=people[0])])
    assert count([message(f"c{who.address}", who=who) for who in people]) == one == 5


@pytest.mark.parametrize("kind", ["postgres"])
async def test_replicas_that_store_for_the_same_people_never_wait_for_each_other_in_a_circle(
    database: Database,
) -> None:
    people = [sender(str(n)) for n in range(12)]
    await store(database, *(message(f"a{who.address}", who=who) for who in people))
    errors: list[str] = []

    @event.listens_for(database.engine, "handle_error")
    def note(context: ExceptionContext) -> None:
        errors.append(str(context.original_exception))

    async def replica(name: str, order: Sequence[Sender]) -> None:
        for turn in range(15):
            # What they are called changes each time, so that addresses are written as well.
            heard = (replace(who, name=f"{name}{turn}") for who in order)
            await store(
                database, *(message(f"{name}{turn}{who.address}", who=who) for who in heard)
            )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(replica, "b", people)
        tasks.start_soon(replica, "c", people[::-1])
        tasks.start_soon(replica, "d", people[6:] + people[:6])
    assert not errors

    def log_ends(connection: Connection) -> set[int]:
        return set(connection.scalars(select(conversations.c.last_seq)))

    assert await database.read(log_ends) == {1 + 3 * 15}


def test_keys_are_padded_to_few_lengths() -> None:
    assert {len(padded([str(n) for n in range(size)])) for size in range(1, 129)} == {
        1, 2, 4, 8, 16, 32, 64, 128
    }  # fmt: skip
    assert set(padded(["a", "b", "c"])) == {"a", "b", "c"}
    assert padded([]) == []
