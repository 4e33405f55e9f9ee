"""Transactions of deliveries: who sends what next, and what came of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from channels.events import Address
from gateway.store.base import Delivery, DeliveryState
from gateway.store.tables import UNSETTLED, deliveries, is_


def claim(
    connection: Connection, owner: str, *, now: float, until: float, limit: int
) -> list[Delivery]:
    """Lease the first unsettled delivery of each lane that is due.

    One that was being sent when its worker died may have gone out: it comes back doubtful.
    """
    earlier = deliveries.alias("earlier")
    heads = (
        select(deliveries)
        .where(
            is_(deliveries.c.state, *UNSETTLED),
            deliveries.c.due_at <= now,
            deliveries.c.lease_until <= now,
            # What we are sending ourselves is under way, even if its lease ran out.
            deliveries.c.lease_owner.is_distinct_from(owner),
            ~select(earlier.c.id)
            .where(
                earlier.c.lane == deliveries.c.lane,
                earlier.c.id < deliveries.c.id,
                is_(earlier.c.state, *UNSETTLED),
            )
            .exists(),
        )
        .order_by(deliveries.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(heads).all()
    claimed = []
    for row in rows:
        doubtful = row.doubtful or row.state != DeliveryState.PENDING
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == row.id)
            .values(
                state=DeliveryState.SENDING,
                doubtful=doubtful,
                attempts=row.attempts + 1,
                lease_owner=owner,
                lease_until=until,
            )
        )
        claimed.append(_delivery(row, doubtful=doubtful))
    return claimed


def renew(connection: Connection, owner: str, *, until: float) -> None:
    connection.execute(
        update(deliveries)
        .where(
            is_(deliveries.c.state, *UNSETTLED),
            deliveries.c.due_at <= until,
            deliveries.c.lease_owner == owner,
            deliveries.c.state == DeliveryState.SENDING,
        )
        .values(lease_until=until)
    )


def sent(connection: Connection, owner: str, id: int, ref: str) -> None:
    _end(connection, owner, id, state=DeliveryState.SENT, ref=ref)


def failed(connection: Connection, owner: str, id: int, error: str) -> None:
    _end(connection, owner, id, state=DeliveryState.FAILED, error=error)


def again(
    connection: Connection, owner: str, id: int, *, state: DeliveryState, due_at: float, error: str
) -> None:
    """Try it another time: PENDING when it surely did not go out, UNKNOWN when it may have."""
    _end(connection, owner, id, state=state, due_at=due_at, error=error)


def _end(connection: Connection, owner: str, id: int, **values: Any) -> None:
    # Who lost the lease has no say: the next sender settles it.
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == id, deliveries.c.lease_owner == owner)
        .values(lease_owner=None, lease_until=0.0, **values)
    )


def _delivery(row: Row[Any], *, doubtful: bool) -> Delivery:
    return Delivery(
        id=row.id,
        channel=row.channel,
        address=Address.parse(row.address_id),
        outgoing=row.outgoing,
        ref=row.ref,
        doubtful=doubtful,
        attempts=row.attempts + 1,
        created_at=row.created_at,
    )
