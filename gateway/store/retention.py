"""Transactions that forget: what was said longer ago than the operator wants to keep."""

from __future__ import annotations

from sqlalchemy import Connection, Delete, delete, or_, select

from gateway.store.tables import (
    UNSETTLED,
    call_recordings,
    call_turns,
    calls,
    deliveries,
    is_,
    messages,
    turns,
)


def forget_messages(connection: Connection, *, before: float, limit: int) -> int:
    """Delete up to `limit` messages of before then, with their deliveries and turns; how many.

    What is still to be answered, sent or followed stays, however old it is.
    """
    owed = select(deliveries.c.id).where(
        deliveries.c.message_id == messages.c.id, is_(deliveries.c.state, *UNSETTLED)
    )
    over = select(turns.c.id).where(turns.c.id == messages.c.turn_id, turns.c.ended_at.is_not(None))
    old = connection.execute(
        select(messages.c.id, messages.c.turn_id)
        .where(
            messages.c.at < before,
            is_(messages.c.state, "done"),
            or_(messages.c.turn_id.is_(None), over.exists()),
            ~owed.exists(),
        )
        .order_by(messages.c.at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=messages)
    ).all()
    if not old:
        return 0
    ids = [row.id for row in old]
    connection.execute(delete(deliveries).where(deliveries.c.message_id.in_(ids)))
    connection.execute(delete(messages).where(messages.c.id.in_(ids)))
    connection.execute(_without_messages({row.turn_id for row in old if row.turn_id}))
    return len(ids)


def forget_calls(connection: Connection, *, before: float, limit: int) -> int:
    """Delete up to `limit` calls of before then, with what was said; those with a recording stay.

    A recording has a time of its own, and goes with its file.
    """
    recorded = select(call_recordings.c.file_id).where(call_recordings.c.call_id == calls.c.id)
    ids = connection.scalars(
        select(calls.c.id)
        .where(
            calls.c.started_at < before,
            calls.c.ended_at.is_not(None),
            calls.c.recording.is_(None),
            ~recorded.exists(),
        )
        .order_by(calls.c.started_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=calls)
    ).all()
    if ids:
        connection.execute(delete(call_turns).where(call_turns.c.call_id.in_(ids)))
        connection.execute(delete(calls).where(calls.c.id.in_(ids)))
    return len(ids)


def _without_messages(ids: set[str]) -> Delete:
    left = select(messages.c.id).where(messages.c.turn_id == turns.c.id)
    return delete(turns).where(turns.c.id.in_(ids), ~left.exists())
