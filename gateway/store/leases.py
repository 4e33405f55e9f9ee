"""Transactions of leases: which worker has which conversation, and when one is due."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, and_, func, select, update

from gateway.store.base import LeaseLost
from gateway.store.tables import conversations, is_, messages, turns


def claim(
    connection: Connection,
    owner: str,
    *,
    now: float,
    until: float,
    limit: int,
    held: Sequence[str] = (),
) -> tuple[list[str], float]:
    """Lease up to `limit` conversations that are due and nobody's; the longest due first.

    Those in `held` are being played by the owner already, even if their lease ran out. Also
    says when the next one will be due (epoch seconds, infinity for never).
    """
    free = and_(conversations.c.lease_until <= now, conversations.c.id.not_in(held))
    due = (
        select(conversations.c.id)
        .where(conversations.c.due_at <= now, free)
        .order_by(conversations.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # As a table of its own: looked up once, it locks `limit` rows and no more.
        .cte("due")
    )
    claimed = connection.execute(
        update(conversations)
        .where(conversations.c.id.in_(select(due.c.id)))
        .values(lease_owner=owner, lease_until=until)
        .returning(conversations.c.id, conversations.c.due_at)
    ).all()
    ids = [row.id for row in sorted(claimed, key=lambda row: row.due_at)]
    next_due = connection.scalar(
        select(func.min(conversations.c.due_at)).where(conversations.c.due_at > now, free)
    )
    return ids, math.inf if next_due is None else next_due


def claim_among(
    connection: Connection, owner: str, wanted: Collection[str], *, now: float, until: float
) -> list[str]:
    """Lease those of the `wanted` conversations that are due and nobody's."""
    if not wanted:
        return []
    return list(
        connection.scalars(
            update(conversations)
            .where(
                conversations.c.id.in_(wanted),
                conversations.c.due_at <= now,
                conversations.c.lease_until <= now,
            )
            .values(lease_owner=owner, lease_until=until)
            .returning(conversations.c.id)
        )
    )


def renew(
    connection: Connection, owner: str, held: Iterable[str], *, until: float
) -> dict[str, bool]:
    """Prolong leases. Those still ours, each with whether its turn is to be cancelled."""
    mine = connection.scalars(
        update(conversations)
        .where(conversations.c.id.in_(list(held)), conversations.c.lease_owner == owner)
        .values(lease_until=until)
        .returning(conversations.c.id)
    ).all()
    canceled = set(
        connection.scalars(
            select(turns.c.conversation_id).where(
                turns.c.conversation_id.in_(mine), is_(turns.c.state, "open"), turns.c.cancel
            )
        )
    )
    return {conversation: conversation in canceled for conversation in mine}


def release(connection: Connection, owner: str, conversation: str) -> float | None:
    """Give a conversation back. When it is due again; None when nothing in it waits.

    Raises LeaseLost.
    """
    # Locked before looking: what arrives meanwhile must find us done, or be found by us.
    due_at = hold(connection, owner, conversation)
    waiting = connection.scalar(
        select(messages.c.seq)
        .where(messages.c.conversation_id == conversation, is_(messages.c.state, "pending"))
        .limit(1)
    )
    if waiting is None:
        due_at = None
    connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation)
        .values(lease_owner=None, lease_until=0.0, due_at=due_at)
    )
    return due_at


def yield_up(connection: Connection, owner: str, *, now: float) -> None:
    """Give back everything held, for others to go on with at once."""
    connection.execute(
        update(conversations)
        .where(conversations.c.lease_owner == owner)
        .values(lease_owner=None, lease_until=0.0, due_at=now)
    )


def rest(connection: Connection, owner: str, conversation: str, *, until: float) -> None:
    """Give a conversation back and leave it alone until then."""
    connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation, conversations.c.lease_owner == owner)
        .values(lease_owner=None, lease_until=0.0, due_at=until)
    )


def hold(connection: Connection, owner: str, conversation: str) -> float | None:
    """Make sure the lease is still ours until this transaction ends; when it is due."""
    mine = connection.execute(
        select(conversations.c.due_at)
        .where(conversations.c.id == conversation, conversations.c.lease_owner == owner)
        .with_for_update()
    ).first()
    if mine is None:
        raise LeaseLost(f"conversation {conversation} has another worker now")
    due_at: float | None = mine.due_at
    return due_at
