"""How conversations stand, for those who follow them from afar."""

from __future__ import annotations

import pytest

from gateway.store import inbox, leases, turns
from gateway.store.base import Closing, Saying, Turn, TurnStage
from gateway.store.engine import Database
from gateway.store.standing import PAGE, stands
from tests.gateway.doubles import message, sender

pytestmark = pytest.mark.anyio


async def accept(database: Database, event: str, who: str = "1") -> tuple[str, str]:
    accepted = await database.write(
        inbox.accept, message(event, who=sender(who)), now=100.0, due_at=100.0
    )
    return accepted.receipt.conversation, accepted.receipt.id


async def begin(database: Database, conversation: str) -> Turn:
    await database.write(leases.claim, "w", now=101.0, until=200.0, limit=10)
    turn = await database.write(turns.next_work, "w", conversation, now=101.0)
    assert isinstance(turn, Turn)
    return turn


async def test_who_wants_no_entries_is_told_where_to_begin(database: Database) -> None:
    conversation, _ = await accept(database, "e1")
    stand = (await database.read(stands, {conversation: None}))[conversation]
    assert (stand.seq, stand.entries, stand.turn, stand.stage) == (1, (), 0, None)


async def test_entries_after_what_is_known_are_told_in_order(database: Database) -> None:
    mine, _ = await accept(database, "e1")
    others, _ = await accept(database, "e2", who="2")
    await accept(database, "e3")
    await accept(database, "e4")
    found = await database.read(stands, {mine: 1, others: 1, "unknown": 5})
    assert [entry.seq for entry in found[mine].entries] == [2, 3]
    assert found[others].entries == ()
    assert "unknown" not in found


async def test_an_open_turn_is_told_with_what_it_answers(database: Database) -> None:
    conversation, id = await accept(database, "e1")
    await begin(database, conversation)
    stand = (await database.read(stands, {conversation: 1}))[conversation]
    assert (stand.turn, stand.stage, stand.answers) == (1, TurnStage.OPEN, (id,))


async def test_a_turn_that_ended_unheard_is_told_with_what_it_answered(
    database: Database,
) -> None:
    conversation, id = await accept(database, "e1")
    turn = await begin(database, conversation)
    said = Saying("reply", ())
    await database.write(turns.close, "w", turn, Closing(TurnStage.FAILED), said, now=102.0)
    stand = (await database.read(stands, {conversation: 1}))[conversation]
    assert [entry.id for entry in stand.entries] == ["reply"]
    assert (stand.turn, stand.stage, stand.answers) == (1, TurnStage.FAILED, (id,))


async def test_many_entries_are_told_a_page_at_a_time(database: Database) -> None:
    conversation, _ = await accept(database, "e0")
    for n in range(1, PAGE + 2):
        await accept(database, f"e{n}")
    stand = (await database.read(stands, {conversation: 0}))[conversation]
    assert stand.seq == PAGE + 2
    assert [entry.seq for entry in stand.entries] == list(range(1, PAGE + 1))
