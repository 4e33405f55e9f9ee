"""Transactions of call records: who rang, how long, what was said, and how fast we were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, update

from channels.base import CallState
from channels.events import Address, Call
from gateway.store.engine import insert_new
from gateway.store.inbox import open_direct
from gateway.store.tables import addresses, call_recordings, call_turns, calls, is_

Figures = Mapping[str, float]
"""Seconds, counts and dollars by name. Of a turn, `STEPS` are seconds since the caller's last
word; `reaction` is the seconds from being interrupted to falling silent, `underruns` how often
the line ran dry, `cost` US dollars. Of a call, `underruns` and `cost` are totals."""

STEPS = ("transcript", "commit", "text", "audio")
"""The words were there, the turn was over, the agent's first words came, the first sound went."""

LOST_SECONDS = 90.0
"""Without a sign of life, after which a call's process must have died."""

Direction = Literal["in", "out"]
EndedBy = Literal["caller", "house", "lost", "transfer"]

_ENDED: tuple[CallState, ...] = ("completed", "busy", "failed", "no-answer", "canceled")
_ORDER: dict[str, int] = {"ringing": 0, "in-progress": 1, **dict.fromkeys(_ENDED, 2)}
"""Platforms tell of a call's states out of order; it only ever moves on."""


@dataclass(frozen=True, slots=True)
class CallTurn:
    """One thing the caller said, and what became of it."""

    number: int
    at: float
    """When the caller finished, epoch seconds."""
    asked: str | None = None
    """What we understood; None when there were no words in it."""
    heard: str = ""
    """What the caller heard of the answer."""
    cut: bool = False
    """Whether they interrupted it."""
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call. Times are epoch seconds."""

    id: str
    address: Address | None
    """None for a call of which only the platform told."""
    name: str
    conversation: str
    channel: str
    direction: Direction
    state: CallState
    started_at: float
    answered_at: float | None
    ended_at: float | None
    ended_by: EndedBy | Literal[""]
    seconds: float | None
    """From being answered to the end."""
    turns: int
    figures: Figures
    told: tuple[CallTurn, ...] = ()
    """Its turns; only `read` fills them in."""
    recordings: tuple[str, ...] = ()
    """Ids of the files, one for each line that the call was on; only `read` fills them in."""


def begin(connection: Connection, call: Call, *, now: float, answered: bool = True) -> str:
    """Open the record of a call, or go on with it; the id of the caller's conversation.

    Not `answered` is a call of ours that still rings.
    """
    conversation = open_direct(connection, call.sender, now=now)
    _know(connection, call.id, now)
    values: dict[str, Any] = {
        "conversation_id": conversation,
        "address_id": str(call.sender.address),
        "channel": call.route.channel,
        "direction": "out" if call.outbound else "in",
    }
    if answered:
        values |= {"answered_at": func.coalesce(calls.c.answered_at, now), "seen_at": now}
        row = connection.execute(select(calls).where(calls.c.id == call.id)).one()
        # A line that broke may be taken up again, even if its end was noted already.
        if row.state not in _ENDED or row.ended_by == "lost":
            values |= {"state": "in-progress", "ended_at": None, "ended_by": "", "seconds": None}
    connection.execute(update(calls).where(calls.c.id == call.id).values(values))
    return conversation


def note_turn(connection: Connection, call: str, turn: CallTurn) -> None:
    """Keep a turn of a call; what was kept of the same turn before is replaced."""
    values = {
        "at": turn.at,
        "asked": turn.asked,
        "heard": turn.heard,
        "cut": turn.cut,
        "figures": dict(turn.figures),
    }
    known = connection.execute(
        update(call_turns)
        .where(call_turns.c.call_id == call, call_turns.c.number == turn.number)
        .values(values)
    )
    if known.rowcount:
        return
    connection.execute(call_turns.insert(), {"call_id": call, "number": turn.number, **values})
    connection.execute(update(calls).where(calls.c.id == call).values(turns=calls.c.turns + 1))


def finish(
    connection: Connection,
    id: str,
    *,
    ended_by: EndedBy,
    now: float,
    figures: Figures | None = None,
) -> None:
    """Close the record of a call that we were on. What the platform said of it stays."""
    row = connection.execute(select(calls).where(calls.c.id == id)).one()
    # Written off, and yet we were on it until now: only our signs of life did not get through.
    still = row.ended_at is None or row.ended_by == "lost"
    connection.execute(
        update(calls)
        .where(calls.c.id == id)
        .values(
            state=row.state if row.state in _ENDED else "completed",
            ended_at=now if still else row.ended_at,
            ended_by=ended_by,
            seconds=_length(row, now) if still or row.seconds is None else row.seconds,
            figures=dict(figures or row.figures),
        )
    )


def note_recording(connection: Connection, id: str, file: str, *, at: float) -> None:
    """Keep where a recording of a call is that began `at`."""
    connection.execute(call_recordings.insert(), {"call_id": id, "file_id": file, "began_at": at})


def show_life(connection: Connection, ids: Collection[str], *, now: float) -> None:
    """Show that these calls are under way."""
    connection.execute(update(calls).where(calls.c.id.in_(ids)).values(seen_at=now))


def write_off(connection: Connection, *, now: float) -> list[str]:
    """Close the records of calls that nobody has shown to live for long, as lost; their ids.

    What the platform says of them later still counts, and so does their being taken up again.
    """
    lost = connection.execute(
        update(calls)
        .where(
            calls.c.ended_at.is_(None),
            is_(calls.c.state, "in-progress"),
            calls.c.seen_at < now - LOST_SECONDS,
        )
        .values(
            state="completed",
            ended_at=calls.c.seen_at,
            ended_by="lost",
            seconds=calls.c.seen_at - calls.c.answered_at,
        )
        .returning(calls.c.id)
    )
    return list(lost.scalars())


def status(
    connection: Connection, id: str, state: CallState, seconds: int = 0, *, now: float
) -> None:
    """Note what the platform says of a call, also of one that was never answered.

    It may say so late and out of order: a call that has ended stays so.
    """
    _know(connection, id, now)
    row = connection.execute(select(calls).where(calls.c.id == id)).one()
    values: dict[str, Any] = {}
    if _ORDER[state] > _ORDER[row.state]:
        values["state"] = state
        if state in _ENDED:
            values |= {"ended_at": now, "seconds": _length(row, now)}
    if seconds:
        values["seconds"] = float(seconds)
    if values:
        connection.execute(update(calls).where(calls.c.id == id).values(values))


def latest(connection: Connection, *, limit: int = 20) -> list[CallRecord]:
    """The newest calls, newest first, without their turns."""
    rows = connection.execute(_records().order_by(calls.c.started_at.desc()).limit(limit))
    return [_record(row) for row in rows]


def find(connection: Connection, beginning: str) -> str | None:
    """The id of the newest call whose id begins so."""
    begins = calls.c.id.startswith(beginning, autoescape=True)
    newest = select(calls.c.id).where(begins).order_by(calls.c.started_at.desc()).limit(1)
    return connection.execute(newest).scalar()


def ended_by(connection: Connection, id: str) -> str:
    """Who ended a call; empty while nobody has."""
    return connection.scalar(select(calls.c.ended_by).where(calls.c.id == id)) or ""


def read(connection: Connection, id: str) -> CallRecord | None:
    """A call with its turns; None when there is none of that id."""
    row = connection.execute(_records().where(calls.c.id == id)).first()
    if row is None:
        return None
    told = connection.execute(
        select(call_turns).where(call_turns.c.call_id == id).order_by(call_turns.c.number)
    )
    recordings = connection.scalars(
        select(call_recordings.c.file_id)
        .where(call_recordings.c.call_id == id)
        .order_by(call_recordings.c.began_at)
    )
    return replace(
        _record(row),
        told=tuple(CallTurn(t.number, t.at, t.asked, t.heard, t.cut, t.figures) for t in told),
        recordings=tuple(recordings),
    )


def _know(connection: Connection, id: str, now: float) -> None:
    insert_new(
        connection,
        calls,
        id=id,
        channel="",
        direction="in",
        state="ringing",
        started_at=now,
        ended_by="",
        turns=0,
        figures={},
    )


def _length(row: Row[Any], now: float) -> float | None:
    return None if row.answered_at is None else max(0.0, now - row.answered_at)


def _records() -> Any:
    return select(calls, addresses.c.name).join(
        addresses, addresses.c.id == calls.c.address_id, isouter=True
    )


def _record(row: Row[Any]) -> CallRecord:
    return CallRecord(
        id=row.id,
        address=Address.parse(row.address_id) if row.address_id else None,
        name=row.name or "",
        conversation=row.conversation_id or "",
        channel=row.channel,
        direction=row.direction,
        state=row.state,
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        seconds=row.seconds,
        turns=row.turns,
        figures=row.figures,
    )
