"""Transactions of checks: when to ask after a task that goes on alone, and what came of it."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from channels.events import Entry
from gateway.store.base import Closing, Saying, Turn
from gateway.store.reading import turn_of, turns_with_senders
from gateway.store.replies import settle
from gateway.store.tables import turns


def claim(connection: Connection, *, now: float, again_at: float, limit: int) -> list[Turn]:
    """Turns whose task should be asked after now; each is left alone until `again_at`."""
    due = (
        select(turns.c.id)
        .where(turns.c.check_at <= now)
        .order_by(turns.c.check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # As a table of its own: looked up once, it locks `limit` rows and no more.
        .cte("due")
    )
    ids = connection.scalars(
        update(turns)
        .where(turns.c.id.in_(select(due.c.id)))
        .values(check_at=again_at)
        .returning(turns.c.id)
    ).all()
    if not ids:
        return []
    rows = connection.execute(
        turns_with_senders().where(turns.c.id.in_(ids)).order_by(turns.c.started_at)
    )
    return [turn_of(connection, row) for row in rows.all()]


def again(connection: Connection, turn: Turn, *, at: float) -> None:
    """Ask after the task again at `at`, unless somebody wants it sooner."""
    connection.execute(
        update(turns)
        .where(
            turns.c.id == turn.id,
            turns.c.state == turn.stage,
            turns.c.checks == turn.checks,
            turns.c.check_at > 0,
        )
        .values(check_at=at, checks=turn.checks + 1)
    )


def hurry(connection: Connection, task: str) -> int:
    """The agent says something happened to a task: look at it now. How many turns that is."""
    return connection.execute(
        update(turns)
        .where(turns.c.task_id == task, turns.c.check_at.is_not(None))
        .values(check_at=0.0)
    ).rowcount


def follow_up(
    connection: Connection, turn: Turn, closing: Closing, saying: Saying | None, *, now: float
) -> Entry | None:
    """Tell what became of a task that went on alone; nothing when somebody else just did."""
    mine = connection.execute(
        update(turns)
        .where(turns.c.id == turn.id, turns.c.state == turn.stage, turns.c.checks == turn.checks)
        .values(checks=turn.checks + 1)
    )
    if not mine.rowcount:
        return None
    return settle(connection, turn, closing, saying, now=now)
