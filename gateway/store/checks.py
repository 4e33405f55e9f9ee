"""Transactions of checks: when to ask after a task that goes on alone, and what came of it."""

from __future__ import annotations

from sqlalchemy import Connection, update

from channels.events import Entry
from gateway.store.base import Closing, Saying, Turn
from gateway.store.reading import turn_of, turns_with_senders
from gateway.store.replies import settle
from gateway.store.tables import turns


def claim(connection: Connection, *, now: float, again_at: float, limit: int) -> list[Turn]:
    """Turns whose task should be asked after now; each is left alone until `again_at`."""
    rows = connection.execute(
        turns_with_senders()
        .where(turns.c.check_at <= now)
        .order_by(turns.c.check_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=turns)
    ).all()
    if rows:
        connection.execute(
            update(turns).where(turns.c.id.in_([r.id for r in rows])).values(check_at=again_at)
        )
    return [turn_of(connection, row) for row in rows]


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
