"""Transactions of deliveries: who sends what next, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from channels.events import Address, Route
from gateway.store.base import Delivery, DeliveryState
from gateway.store.codec import lane
from gateway.store.inbox import asked_by
from gateway.store.tables import UNSETTLED, deliveries, is_, messages, turns

_WITH_TURNS = (
    select(deliveries, messages.c.turn_id.label("turn"), turns.c.ask_id.label("ask"))
    .join(messages, messages.c.id == deliveries.c.message_id)
    .join(turns, turns.c.id == messages.c.turn_id, isouter=True)
    .order_by(deliveries.c.due_at, deliveries.c.id)
)


def claim(
    connection: Connection,
    owner: str,
    *,
    now: float,
    until: float,
    limit: int,
    held: Sequence[int] = (),
) -> list[Delivery]:
    """Lease the first unsettled delivery of each lane that is due.

    Those in `held` are being sent by the owner already, even if their lease ran out. One that was
    being sent when its worker died may have gone out: it comes back doubtful.
    """
    earlier = deliveries.alias("earlier")
    heads = (
        select(deliveries.c.id)
        .where(
            is_(deliveries.c.state, *UNSETTLED),
            deliveries.c.due_at <= now,
            deliveries.c.lease_until <= now,
            deliveries.c.id.not_in(held),
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
        # As a table of its own: looked up once, it locks `limit` rows and no more.
        .cte("heads")
    )
    claimed = connection.scalars(
        update(deliveries)
        .where(deliveries.c.id.in_(select(heads.c.id)))
        .values(
            state=DeliveryState.SENDING,
            doubtful=or_(deliveries.c.doubtful, deliveries.c.state != DeliveryState.PENDING),
            attempts=deliveries.c.attempts + 1,
            lease_owner=owner,
            lease_until=until,
        )
        .returning(deliveries.c.id)
    ).all()
    if not claimed:
        return []
    rows = connection.execute(_WITH_TURNS.where(deliveries.c.id.in_(claimed)))
    return [_delivery(row) for row in rows]


def waits(connection: Connection, route: Route) -> bool:
    """Whether something is still to be sent to where a route leads."""
    unsettled = select(deliveries.c.id).where(
        deliveries.c.lane == lane(route), is_(deliveries.c.state, *UNSETTLED)
    )
    return connection.scalar(unsettled.limit(1)) is not None


def renew(connection: Connection, owner: str, held: Sequence[int], *, until: float) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(held), deliveries.c.lease_owner == owner)
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


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        channel=row.channel,
        address=Address.parse(row.address_id),
        outgoing=row.outgoing,
        ref=row.ref,
        doubtful=row.doubtful,
        attempts=row.attempts,
        created_at=row.created_at,
        reply=row.message_id,
        turn=row.turn or "",
        asked=asked_by(row.ask or ""),
    )
