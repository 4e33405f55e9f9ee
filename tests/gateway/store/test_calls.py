"""What is kept of a call, by whoever tells of it first."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from channels.events import PHONE, Address, Call, Route, Sender
from gateway.store import calls
from gateway.store.calls import CallRecord, CallTurn
from gateway.store.engine import Database
from gateway.store.tables import files

pytestmark = pytest.mark.anyio

ANN = Sender(Address("phone", "+33612345678"), "Ann", "en")
CALL = Call("CA1", ANN, Route("phone", "+15005550006", "+33612345678"), PHONE)


async def record(database: Database, id: str = "CA1") -> CallRecord:
    found = await database.read(calls.read, id)
    assert found is not None
    return found


async def test_a_call_is_kept_from_its_beginning_to_its_end(database: Database) -> None:
    conversation = await database.write(calls.begin, CALL, now=100.0)
    await database.write(calls.finish, "CA1", ended_by="caller", now=160.0, figures={"cost": 0.02})
    kept = await record(database)
    assert (kept.address, kept.name, kept.conversation) == (ANN.address, "Ann", conversation)
    assert (kept.channel, kept.direction, kept.state) == ("phone", "in", "completed")
    assert (kept.started_at, kept.answered_at, kept.ended_at) == (100.0, 100.0, 160.0)
    assert (kept.ended_by, kept.seconds, kept.figures) == ("caller", 60.0, {"cost": 0.02})


async def test_what_was_said_is_kept_turn_by_turn(database: Database) -> None:
    await database.write(calls.begin, CALL, now=100.0)
    first = CallTurn(1, 105.0, "what's on my list", "Two th", cut=True, figures={"audio": 0.7})
    second = CallTurn(2, 110.0, None)
    await database.write(calls.note_turn, "CA1", second)
    await database.write(calls.note_turn, "CA1", first)
    kept = await record(database)
    assert (kept.told, kept.turns) == ((first, second), 2)


async def test_what_becomes_known_of_a_turn_later_replaces_what_was_known(
    database: Database,
) -> None:
    await database.write(calls.begin, CALL, now=100.0)
    await database.write(calls.note_turn, "CA1", CallTurn(1, 105.0, "hello"))
    whole = CallTurn(1, 105.0, "hello", "Hello there.")
    await database.write(calls.note_turn, "CA1", whole)
    kept = await record(database)
    assert (kept.told, kept.turns) == ((whole,), 1)


async def test_a_call_that_has_ended_stays_so(database: Database) -> None:
    await database.write(calls.begin, CALL, now=100.0)
    await database.write(calls.status, "CA1", "completed", 42, now=142.0)
    await database.write(calls.status, "CA1", "ringing", now=143.0)
    await database.write(calls.status, "CA1", "failed", now=144.0)
    kept = await record(database)
    assert (kept.state, kept.ended_at, kept.seconds) == ("completed", 142.0, 42.0)


async def test_the_platforms_length_of_a_call_is_what_counts(database: Database) -> None:
    await database.write(calls.begin, CALL, now=100.0)
    await database.write(calls.status, "CA1", "completed", 42, now=142.0)
    await database.write(calls.finish, "CA1", ended_by="lost", now=150.0)
    kept = await record(database)
    assert (kept.seconds, kept.ended_at, kept.ended_by) == (42.0, 142.0, "lost")


async def test_a_call_that_nobody_answered_is_kept_as_well(database: Database) -> None:
    await database.write(calls.status, "CA9", "no-answer", now=100.0)
    kept = await record(database, "CA9")
    assert (kept.address, kept.state, kept.seconds) == (None, "no-answer", None)


async def test_a_call_of_ours_rings_before_it_is_answered(database: Database) -> None:
    ours = Call("CA1", ANN, CALL.route, PHONE, outbound=True)
    await database.write(calls.begin, ours, now=100.0, answered=False)
    ringing = await record(database)
    assert (ringing.direction, ringing.state, ringing.answered_at) == ("out", "ringing", None)
    await database.write(calls.begin, ours, now=107.0)
    answered = await record(database)
    assert (answered.started_at, answered.answered_at) == (100.0, 107.0)


async def test_a_call_whose_line_broke_goes_on_in_the_same_record(database: Database) -> None:
    await database.write(calls.begin, CALL, now=100.0)
    await database.write(calls.note_turn, "CA1", CallTurn(1, 105.0, "hello"))
    await database.write(calls.finish, "CA1", ended_by="lost", now=110.0)
    await database.write(calls.begin, CALL, now=112.0)
    again = await record(database)
    assert (again.state, again.ended_at, again.ended_by) == ("in-progress", None, "")
    await database.write(calls.finish, "CA1", ended_by="caller", now=130.0)
    assert (await record(database)).seconds == 30.0


async def test_recordings_are_told_in_the_order_they_began(database: Database) -> None:
    def keep(connection: Connection, id: str) -> None:
        file = {"owner": "", "name": "", "media_type": "", "kind": "audio", "size": 1}
        connection.execute(files.insert(), {"id": id, "created_at": 0.0, **file})

    await database.write(calls.begin, CALL, now=100.0)
    for id, began in (("z-second", 112.0), ("a-third", 130.0), ("m-first", 100.0)):
        await database.write(keep, id)
        await database.write(calls.note_recording, "CA1", id, at=began)
    assert (await record(database)).recordings == ("m-first", "z-second", "a-third")


async def test_calls_are_listed_newest_first(database: Database) -> None:
    for n in range(5):
        await database.write(calls.status, f"CA{n}", "busy", now=100.0 + n)
    listed = await database.read(calls.latest, limit=3)
    assert [call.id for call in listed] == ["CA4", "CA3", "CA2"]


async def test_there_is_no_record_of_a_call_that_never_was(database: Database) -> None:
    assert await database.read(calls.read, "CA0") is None
