"""Leases and turns: one worker at a time, and nothing forgotten when it dies."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from channels.events import Text
from gateway.store import checks, inbox, leases, outbox, turns
from gateway.store.base import (
    Closing,
    CommandWork,
    DeliveryState,
    Given,
    LeaseLost,
    Saying,
    Turn,
    TurnStage,
)
from gateway.store.engine import Database
from tests.gateway.doubles import message, sender

pytestmark = pytest.mark.anyio

NOW = 100.0


async def accept(database: Database, *args: object, **kwargs: object) -> str:
    accepted = await database.write(
        inbox.accept,
        message(*args, **kwargs),  # type: ignore[arg-type]
        now=NOW,
        due_at=NOW + 0.5,
    )
    return accepted.receipt.conversation


async def claim(database: Database, worker: str, now: float, until: float = 200.0) -> list[str]:
    ids, _ = await database.write(leases.claim, worker, now=now, until=until, limit=10)
    return ids


async def begin(database: Database, conversation: str, now: float = 101.0) -> Turn:
    await claim(database, "w", now)
    turn = await database.write(turns.next_work, "w", conversation, now=now)
    assert isinstance(turn, Turn)
    return turn


async def test_a_conversation_is_not_due_while_its_person_is_writing(database: Database) -> None:
    conversation = await accept(database, "e1")
    ids, next_due = await database.write(leases.claim, "w", now=100.1, until=200.0, limit=10)
    assert (ids, next_due) == ([], 100.5)
    assert await claim(database, "w", 100.5) == [conversation]


async def test_who_waits_longest_comes_first(database: Database) -> None:
    later = await accept(database, "e1", who=sender("1"))
    first = await accept(database, "e2", who=sender("2"))
    await database.write(leases.claim, "w", now=101.0, until=102.0, limit=2)
    await database.write(leases.rest, "w", first, until=100.1)
    await database.write(leases.rest, "w", later, until=100.2)
    for conversation in (first, later):
        claimed, _ = await database.write(leases.claim, "w", now=103.0, until=200.0, limit=1)
        assert claimed == [conversation]


async def test_a_leased_conversation_is_nobody_elses_until_the_lease_ends(
    database: Database,
) -> None:
    conversation = await accept(database, "e1")
    assert await claim(database, "one", 101.0, until=105.0) == [conversation]
    assert await claim(database, "two", 104.0) == []
    assert await claim(database, "two", 105.0) == [conversation]
    with pytest.raises(LeaseLost):
        await database.write(turns.next_work, "one", conversation, now=105.0)


async def test_all_that_is_pending_becomes_one_turn(database: Database) -> None:
    conversation = await accept(database, "e1", "first")
    await accept(database, "e2", "second")
    turn = await begin(database, conversation)
    assert [m.parts for m in turn.messages] == [(Text("first"),), (Text("second"),)]
    assert turn.number == 1


async def test_what_goes_back_to_different_places_is_answered_apart(database: Database) -> None:
    conversation = await accept(database, "e1", "here")
    there = message("e2", "there")
    there = replace(there, route=replace(there.route, thread="7"))
    await database.write(inbox.accept, there, now=NOW, due_at=NOW + 0.5)
    turn = await begin(database, conversation)
    assert [m.parts for m in turn.messages] == [(Text("here"),)]
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), None, now=102.0)
    other = await database.write(turns.next_work, "w", conversation, now=102.0)
    assert isinstance(other, Turn)
    assert ([m.parts for m in other.messages], other.route.thread) == ([(Text("there"),)], "7")


async def test_a_command_stands_between_what_came_before_and_after(database: Database) -> None:
    conversation = await accept(database, "e1", "before")
    await accept(database, "e2", "", command="new")
    await accept(database, "e3", "after")
    turn = await begin(database, conversation)
    assert len(turn.messages) == 1
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), None, now=102.0)
    work = await database.write(turns.next_work, "w", conversation, now=102.0)
    assert isinstance(work, CommandWork)
    said = Saying("a1", (Text("A fresh start."),))
    await database.write(
        turns.answer_command, "w", conversation, work, said, now=102.0, fresh_context=True
    )
    after = await database.write(turns.next_work, "w", conversation, now=102.0)
    assert isinstance(after, Turn)
    assert after.context != turn.context


async def test_the_next_worker_finds_the_turn_of_the_dead_one(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    await database.write(turns.note_task, turn.id, "task-7")
    assert await claim(database, "other", 200.0, until=300.0) == [conversation]
    again = await database.write(turns.next_work, "other", conversation, now=200.0)
    assert isinstance(again, Turn)
    assert (again.id, again.ask_id, again.task) == (turn.id, turn.ask_id, "task-7")


async def test_a_worker_that_lost_its_lease_cannot_speak(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    await claim(database, "other", 200.0, until=300.0)
    said = Saying("a1", (Text("late"),), ({"text": "late"},))
    with pytest.raises(LeaseLost):
        await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), said, now=201.0)
    assert await database.read(inbox.last_seq, conversation) == 1
    assert await database.write(outbox.claim, "x", now=201.0, until=300.0, limit=9) == []


async def test_a_turn_ends_once(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    said = Saying("a1", (Text("hi"),))
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), said, now=102.0)
    twin = Saying("a2", (Text("hi"),))
    with pytest.raises(LeaseLost):
        await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), twin, now=103.0)
    assert await database.read(inbox.last_seq, conversation) == 2


async def test_a_conversation_being_played_is_not_claimed_again(database: Database) -> None:
    conversation = await accept(database, "e1")
    assert await claim(database, "w", 101.0, until=105.0) == [conversation]
    free, next_due = await database.write(
        leases.claim, "w", now=106.0, until=200.0, limit=10, held=[conversation]
    )
    assert (free, next_due) == ([], math.inf)
    # Nobody else took it, so it is still ours.
    assert isinstance(await database.write(turns.next_work, "w", conversation, now=106.0), Turn)


async def test_the_reply_and_its_deliveries_are_stored_together(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    said = Saying("a1", (Text("hi"),), ({"n": 1}, {"n": 2}), preview_ref="p9")
    entry = await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), said, now=102.0)
    assert entry is not None
    assert (entry.seq, entry.role) == (2, "agent")
    [first] = await database.write(outbox.claim, "x", now=102.0, until=110.0, limit=9)
    assert (first.outgoing, first.ref) == ({"n": 1}, "p9")
    await database.write(outbox.sent, "x", first.id, "p9")
    [second] = await database.write(outbox.claim, "x", now=102.0, until=110.0, limit=9)
    assert (second.outgoing, second.ref) == ({"n": 2}, "")


async def test_what_arrives_during_a_turn_waits_for_the_next(database: Database) -> None:
    conversation = await accept(database, "e1", "one")
    turn = await begin(database, conversation)
    await accept(database, "e2", "two")
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), None, now=102.0)
    # They may still be writing.
    assert await database.write(turns.next_work, "w", conversation, now=100.4) is None
    following = await database.write(turns.next_work, "w", conversation, now=102.0)
    assert isinstance(following, Turn)
    assert [m.parts for m in following.messages] == [(Text("two"),)]


async def test_a_conversation_given_back_is_due_again_only_if_something_waits(
    database: Database,
) -> None:
    conversation = await accept(database, "e1", "one")
    turn = await begin(database, conversation)
    await accept(database, "e2", "two")
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), None, now=100.2)
    assert await database.write(leases.release, "w", conversation) == 100.5
    turn = await begin(database, conversation)
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), None, now=102.0)
    assert await database.write(leases.release, "w", conversation) is None
    assert await claim(database, "w", 1000.0) == []


async def test_an_agents_question_is_answered_by_the_next_message(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    asked = Closing(TurnStage.DONE, asking_task="task-1")
    await database.write(turns.close, "w", turn, asked, None, now=102.0)
    await accept(database, "e2", "blue")
    answer = await database.write(turns.next_work, "w", conversation, now=102.0)
    assert isinstance(answer, Turn)
    assert answer.answers_task == "task-1"
    await database.write(turns.close, "w", answer, Closing(TurnStage.DONE), None, now=103.0)
    await accept(database, "e3", "thanks")
    thanks = await database.write(turns.next_work, "w", conversation, now=104.0)
    assert isinstance(thanks, Turn)
    assert thanks.answers_task == ""


async def test_a_question_of_before_a_fresh_start_is_not_answered(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    asked = Closing(TurnStage.DETACHED, check_at=103.0)
    await database.write(turns.note_task, turn.id, "task-1")
    await database.write(turns.close, "w", turn, asked, None, now=102.0)
    await accept(database, "e2", "", command="new")
    work = await database.write(turns.next_work, "w", conversation, now=102.0)
    assert isinstance(work, CommandWork)
    await database.write(
        turns.answer_command, "w", conversation, work, Saying("a1", ()), now=102.0,
        fresh_context=True,
    )  # fmt: skip
    [due] = await database.write(checks.claim, now=103.0, again_at=130.0, limit=9)
    asking = Closing(TurnStage.DONE, asking_task="task-1")
    await database.write(checks.follow_up, due, asking, Saying("a2", (Text("Which?"),)), now=104.0)
    await accept(database, "e3", "hello")
    fresh = await database.write(turns.next_work, "w", conversation, now=105.0)
    assert isinstance(fresh, Turn)
    assert fresh.answers_task == ""


async def test_a_postponed_turn_comes_back_and_its_person_is_told_once(
    database: Database,
) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    said = Saying("a1", (Text("not now"),), ({"text": "not now"},))
    await database.write(turns.postpone, "w", turn, until=150.0, entry=said, now=102.0)
    assert await claim(database, "w", 149.0) == []
    assert await claim(database, "w", 150.0) == [conversation]
    again = await database.write(turns.next_work, "w", conversation, now=150.0)
    assert isinstance(again, Turn)
    assert (again.id, again.told, again.attempts) == (turn.id, True, 2)


async def detach(database: Database) -> Turn:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    await database.write(turns.note_task, turn.id, "task-1")
    closing = Closing(TurnStage.DETACHED, Given("so far"), check_at=103.0)
    await database.write(turns.close, "w", turn, closing, None, now=102.0)
    [due] = await database.write(checks.claim, now=103.0, again_at=130.0, limit=9)
    return due


async def test_a_detached_turn_is_asked_after_and_told_once(database: Database) -> None:
    due = await detach(database)
    assert (due.stage, due.task, due.given.text) == (TurnStage.DETACHED, "task-1", "so far")
    said = Saying("a1", (Text("done!"),), ({"text": "done!"},))
    told = await database.write(checks.follow_up, due, Closing(TurnStage.DONE), said, now=104.0)
    assert told is not None
    twin = Saying("a2", (Text("done!"),), ({"text": "done!"},))
    assert (
        await database.write(checks.follow_up, due, Closing(TurnStage.DONE), twin, now=104.0)
        is None
    )
    assert await database.write(checks.claim, now=999.0, again_at=1000.0, limit=9) == []


async def test_an_open_turn_to_be_stopped_is_left_to_who_plays_it(database: Database) -> None:
    conversation = await accept(database, "e1")
    await begin(database, conversation)
    assert await database.write(inbox.ask_to_stop, conversation, now=102.0)
    assert await database.write(checks.claim, now=999.0, again_at=1000.0, limit=9) == []


async def test_a_detached_turn_to_be_stopped_is_looked_at_now(database: Database) -> None:
    due = await detach(database)
    assert await database.write(inbox.ask_to_stop, due.conversation, now=104.0)
    [again] = await database.write(checks.claim, now=104.0, again_at=130.0, limit=9)
    assert again.cancel


async def test_a_notification_brings_the_next_look_forward(database: Database) -> None:
    due = await detach(database)
    assert await database.write(checks.claim, now=104.0, again_at=130.0, limit=9) == []
    assert await database.write(checks.hurry, "task-1") == 1
    # A look that was under way must not put it off again.
    await database.write(checks.again, due, at=500.0)
    assert await database.write(checks.claim, now=104.0, again_at=130.0, limit=9)
    assert await database.write(checks.hurry, "another task") == 0


async def test_stopping_gives_everything_back_at_once(database: Database) -> None:
    conversation = await accept(database, "e1")
    await begin(database, conversation)
    await database.write(leases.yield_up, "w", now=102.0)
    assert await claim(database, "other", 102.0) == [conversation]


async def test_a_delivery_whose_sender_died_comes_back_doubtful(database: Database) -> None:
    conversation = await accept(database, "e1", who=sender())
    turn = await begin(database, conversation)
    said = Saying("a1", (Text("hi"),), ({"text": "hi"},))
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), said, now=102.0)
    [first] = await database.write(outbox.claim, "x", now=102.0, until=110.0, limit=9)
    assert not first.doubtful
    assert await database.write(outbox.claim, "y", now=109.0, until=120.0, limit=9) == []
    [again] = await database.write(outbox.claim, "y", now=110.0, until=120.0, limit=9)
    assert (again.id, again.doubtful, again.attempts) == (first.id, True, 2)


async def test_doubt_stays_until_it_is_settled(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    said = Saying("a1", (Text("hi"),), ({"text": "hi"},))
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), said, now=102.0)
    for state in (DeliveryState.UNKNOWN, DeliveryState.PENDING):
        [delivery] = await database.write(outbox.claim, "x", now=102.0, until=110.0, limit=9)
        await database.write(outbox.again, "x", delivery.id, state=state, due_at=102.0, error="")
    [delivery] = await database.write(outbox.claim, "x", now=102.0, until=110.0, limit=9)
    assert delivery.doubtful


async def test_a_sender_that_lost_its_delivery_has_no_say(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    said = Saying("a1", (Text("hi"),), ({"text": "hi"},))
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), said, now=102.0)
    [first] = await database.write(outbox.claim, "x", now=102.0, until=110.0, limit=9)
    # What it sends itself it does not take up again.
    mine = await database.write(outbox.claim, "x", now=111.0, until=120.0, limit=9, held=[first.id])
    assert mine == []
    [_] = await database.write(outbox.claim, "y", now=111.0, until=120.0, limit=9)
    await database.write(
        outbox.again, "x", first.id, state=DeliveryState.PENDING, due_at=112.0, error="late"
    )
    assert await database.write(outbox.claim, "z", now=113.0, until=120.0, limit=9) == []


async def test_what_surely_did_not_go_out_comes_back_without_doubt(database: Database) -> None:
    conversation = await accept(database, "e1")
    turn = await begin(database, conversation)
    said = Saying("a1", (Text("hi"),), ({"text": "hi"},))
    await database.write(turns.close, "w", turn, Closing(TurnStage.DONE), said, now=102.0)
    [first] = await database.write(outbox.claim, "x", now=102.0, until=110.0, limit=9)
    await database.write(
        outbox.again, "x", first.id, state=DeliveryState.PENDING, due_at=105.0, error="refused"
    )
    assert await database.write(outbox.claim, "x", now=104.0, until=110.0, limit=9) == []
    [again] = await database.write(outbox.claim, "x", now=105.0, until=110.0, limit=9)
    assert not again.doubtful
