"""How much waits in the database, for the figures: counts over partial indexes, no more."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from gateway.store.tables import UNSETTLED, deliveries, is_, messages, turns

QUEUES = ("messages", "turns", "checks", *(f"deliveries_{state}" for state in UNSETTLED))


def backlog(connection: Connection, *, now: float) -> dict[str, tuple[int, float]]:
    """Of each queue how much is in it, and how many seconds its first has waited."""
    waiting = connection.execute(
        select(func.count(), func.min(messages.c.at)).where(is_(messages.c.state, "pending"))
    ).one()
    playing = connection.execute(
        select(func.count(), func.min(turns.c.started_at)).where(is_(turns.c.state, "open"))
    ).one()
    # One that is to be looked at now, whenever that was said, has no time of its own.
    following = connection.execute(
        select(func.count(), func.min(func.nullif(turns.c.check_at, 0.0))).where(
            turns.c.check_at.is_not(None)
        )
    ).one()
    sending = connection.execute(
        select(deliveries.c.state, func.count(), func.min(deliveries.c.created_at))
        .where(is_(deliveries.c.state, *UNSETTLED))
        .group_by(deliveries.c.state)
    )
    found = {"messages": waiting, "turns": playing, "checks": following}
    depths = dict.fromkeys(QUEUES, (0, 0.0))
    depths |= {name: (count, _age(since, now)) for name, (count, since) in found.items()}
    depths |= {f"deliveries_{state}": (n, _age(since, now)) for state, n, since in sending}
    return depths


def _age(since: float | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since)
