"""What the inbox keeps, and what it refuses to keep twice."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from channels.events import Amended, Text
from gateway.store import inbox, leases, reading, turns
from gateway.store.base import Closing, Turn, TurnStage
from gateway.store.engine import Database
from gateway.store.inbox import Accepted
from tests.gateway.doubles import message, sender

pytestmark = pytest.mark.anyio


async def accept(database: Database, *args: object, **kwargs: object) -> Accepted:
    return await database.write(
        inbox.accept,
        message(*args, **kwargs),  # type: ignore[arg-type]
        now=100.0,
        due_at=100.5,
    )


async def test_a_message_gets_the_next_place_in_its_conversation(database: Database) -> None:
    first = (await accept(database, "e1", "one")).receipt
    second = (await accept(database, "e2", "two")).receipt
    assert (first.seq, second.seq) == (1, 2)
    assert first.conversation == second.conversation
    log = await database.read(inbox.history, first.conversation, 0, 10)
    assert [entry.parts for entry in log] == [(Text("one"),), (Text("two"),)]


async def test_a_repeated_event_changes_nothing_and_gives_the_first_receipt(
    database: Database,
) -> None:
    first = (await accept(database, "e1", "one")).receipt
    again = await accept(database, "e1", "another text")
    assert (again.receipt.id, again.receipt.seq, again.receipt.fresh) == (first.id, 1, False)
    assert again.news is None
    assert await database.read(inbox.last_seq, first.conversation) == 1


async def test_the_same_event_arriving_at_once_is_stored_once(database: Database) -> None:
    receipts = []

    async def one() -> None:
        receipts.append((await accept(database, "e1")).receipt)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(one)
    assert sum(receipt.fresh for receipt in receipts) == 1
    assert len({receipt.id for receipt in receipts}) == 1


async def test_two_people_have_two_conversations(database: Database) -> None:
    ann = (await accept(database, "e1", who=sender("1"))).receipt
    bob = (await accept(database, "e2", who=sender("2"))).receipt
    assert ann.conversation != bob.conversation


async def test_a_group_is_a_conversation_of_its_own(database: Database) -> None:
    direct = (await accept(database, "e1")).receipt
    group = (await accept(database, "e2", group=True)).receipt
    assert direct.conversation != group.conversation


async def test_replay_starts_after_what_the_reader_has(database: Database) -> None:
    for n in range(5):
        receipt = (await accept(database, f"e{n}", str(n))).receipt
    log = await database.read(inbox.history, receipt.conversation, 3, 10)
    assert [entry.seq for entry in log] == [4, 5]


async def test_an_edit_corrects_a_message_that_nobody_has_read(database: Database) -> None:
    original = (await accept(database, "e1", "helo", ref="c:1")).receipt
    edit = await accept(database, "e2", "hello", ref="c:1", edits="c:1")
    assert edit.receipt.id == original.id
    assert edit.news == Amended(original.id, (Text("hello"),))
    [entry] = await database.read(inbox.history, original.conversation, 0, 10)
    assert entry.parts == (Text("hello"),)


async def test_an_edit_of_a_message_in_work_is_a_message_of_its_own(database: Database) -> None:
    original = (await accept(database, "e1", "helo", ref="c:1")).receipt
    await database.write(leases.claim, "w", now=101.0, until=200.0, limit=1)
    await database.write(turns.next_work, "w", original.conversation, now=101.0)
    edit = await accept(database, "e2", "hello", ref="c:1", edits="c:1")
    assert edit.receipt.fresh
    assert edit.receipt.seq == 2


async def test_what_a_channel_does_not_tell_stays_known(database: Database) -> None:
    await accept(database, "e1", who=sender("1", locale="de"))
    receipt = (await accept(database, "e2", who=sender("1", locale=""))).receipt
    await database.write(leases.claim, "w", now=101.0, until=200.0, limit=1)
    turn = await database.write(turns.next_work, "w", receipt.conversation, now=101.0)
    assert turn is not None
    assert turn.sender.locale == "de"


async def test_a_cancel_command_reaches_the_turn_under_way(database: Database) -> None:
    receipt = (await accept(database, "e1")).receipt
    await database.write(leases.claim, "w", now=101.0, until=200.0, limit=1)
    await database.write(turns.next_work, "w", receipt.conversation, now=101.0)
    assert (await accept(database, "e2", command="cancel")).cancels
    held = await database.write(leases.renew, "w", [receipt.conversation], until=300.0)
    assert held == {receipt.conversation: True}


async def test_a_secret_is_made_once_and_shared(database: Database) -> None:
    first = await database.write(inbox.secret, "signing")
    assert await database.write(inbox.secret, "signing") == first
    assert len(first) >= 32


async def test_the_id_of_a_message_is_known_before_it_is_stored(database: Database) -> None:
    one, two = message("e1"), message("e2")
    assert (await accept(database, "e1")).receipt.id == inbox.message_id(one.route, "e1")
    assert (await accept(database, "e2")).receipt.id == inbox.message_id(two.route, "e2")
    assert inbox.message_id(one.route, "e1") != inbox.message_id(one.route, "e2")


async def test_what_was_heard_of_a_cut_reply_is_kept_with_what_cut_it(database: Database) -> None:
    spoken = replace(message("e1"), heard="I have")
    receipt = (await database.write(inbox.accept, spoken, now=100.0, due_at=100.0)).receipt
    await database.write(leases.claim, "w", now=101.0, until=200.0, limit=1)
    turn = await database.write(turns.next_work, "w", receipt.conversation, now=101.0)
    assert isinstance(turn, Turn)
    assert turn.messages[0].heard == "I have"


async def test_who_asks_ahead_is_told_where_and_whether_somebody_else_is_first(
    database: Database,
) -> None:
    quiet = message("e1")
    conversation = await database.write(inbox.open_direct, quiet.sender, now=100.0)
    free = await database.read(reading.place, conversation)
    assert (free.context, free.asking_task, free.busy) == (conversation, "", False)
    await accept(database, "e1")
    assert (await database.read(reading.place, conversation)).busy
    await database.write(leases.claim, "w", now=101.0, until=200.0, limit=1)
    turn = await database.write(turns.next_work, "w", conversation, now=101.0)
    assert isinstance(turn, Turn)
    assert (await database.read(reading.place, conversation)).busy
    assert turn.person == free.person
    closing = Closing(TurnStage.DONE, asking_task="t1")
    await database.write(turns.close, "w", turn, closing, None, now=102.0)
    after = await database.read(reading.place, conversation)
    assert (after.asking_task, after.busy) == ("t1", False)
