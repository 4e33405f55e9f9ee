"""What was said long ago is forgotten, and nothing that somebody still waits for."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, func, select

from channels.events import PHONE, Call, Route, Text
from gateway.store import calls, inbox, leases, outbox, retention, turns
from gateway.store.base import Closing, Saying, Turn, TurnStage
from gateway.store.engine import Database
from gateway.store.tables import call_turns, deliveries, messages
from gateway.store.tables import turns as turn_rows
from tests.gateway.doubles import message, sender

pytestmark = pytest.mark.anyio

LATER = 1e6


async def answered(
    database: Database, event: str, *, now: float, stage: TurnStage = TurnStage.DONE
) -> str:
    """Write, and have it answered; the conversation."""
    accepted = await database.write(inbox.accept, message(event), now=now, due_at=now)
    conversation = accepted.receipt.conversation
    await database.write(leases.claim, "w", now=now, until=now + 1, limit=1)
    turn = await database.write(turns.next_work, "w", conversation, now=now)
    assert isinstance(turn, Turn)
    said = Saying(f"a-{event}", (Text("hi"),), ({"text": "hi"},))
    await database.write(turns.close, "w", turn, Closing(stage), said, now=now)
    await database.write(leases.release, "w", conversation)
    return conversation


async def send_all(database: Database, now: float) -> None:
    for delivery in await database.write(outbox.claim, "w", now=now, until=now + 1, limit=9):
        await database.write(outbox.sent, "w", delivery.id, "r")


async def forget(database: Database, before: float, limit: int = 100) -> int:
    return await database.write(retention.forget_messages, before=before, limit=limit)


def counts(connection: Connection) -> list[int]:
    tables = (messages, turn_rows, deliveries)
    return [connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables]


async def test_what_is_old_goes_with_its_turns_and_deliveries(database: Database) -> None:
    conversation = await answered(database, "old", now=100.0)
    await send_all(database, 101.0)
    await answered(database, "new", now=200.0)
    await send_all(database, 201.0)
    assert await forget(database, before=150.0) == 2
    assert await database.read(counts) == [2, 1, 1]
    kept = await database.read(inbox.history, conversation, 0, 9)
    assert [entry.seq for entry in kept] == [3, 4]


async def test_what_nobody_has_answered_or_sent_yet_stays(database: Database) -> None:
    await answered(database, "unsent", now=100.0)
    assert await forget(database, before=LATER) == 1  # the question, whose answer is on its way
    await send_all(database, 101.0)
    await answered(database, "followed", now=102.0, stage=TurnStage.BACKGROUND)
    await send_all(database, 103.0)
    await database.write(inbox.accept, message("pending"), now=104.0, due_at=104.0)
    assert await forget(database, before=LATER) == 1
    assert await database.read(counts) == [3, 1, 1]


async def test_it_is_done_in_batches(database: Database) -> None:
    for n in range(3):
        await answered(database, f"e{n}", now=100.0 + n)
        await send_all(database, 101.0 + n)
    assert [await forget(database, before=LATER, limit=4) for _ in range(3)] == [4, 2, 0]
    assert await database.read(counts) == [0, 0, 0]


async def test_a_conversation_goes_on_after_all_of_it_was_forgotten(database: Database) -> None:
    conversation = await answered(database, "old", now=100.0)
    await send_all(database, 101.0)
    await forget(database, before=LATER)
    again = (await database.write(inbox.accept, message("new"), now=300.0, due_at=300.0)).receipt
    assert (again.conversation, again.seq) == (conversation, 3)


async def test_a_call_that_is_over_is_forgotten_with_what_was_said(database: Database) -> None:
    for id in ("CA1", "CA2"):
        call = Call(id, sender("1"), Route("phone", "+1", "+2"), PHONE)
        await database.write(calls.begin, call, now=100.0)
        await database.write(calls.note_turn, id, calls.CallTurn(1, 105.0, "hello"))
    await database.write(calls.finish, "CA1", ended_by="caller", now=160.0)
    assert await database.write(retention.forget_calls, before=LATER, limit=9) == 1
    assert await database.read(calls.read, "CA1") is None
    assert await database.read(calls.read, "CA2") is not None
    left = await database.read(lambda c: c.scalars(select(call_turns.c.call_id)).all())
    assert list(left) == ["CA2"]
