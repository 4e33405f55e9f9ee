"""How conversations stand, for those who follow them and cannot be told as it happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select

from channels.events import Entry
from gateway.store.base import TurnStage
from gateway.store.inbox import history
from gateway.store.tables import conversations, messages, turns

PAGE = 200
"""Entries of one conversation read at once."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a conversation has got to."""

    seq: int
    """Of its newest entry."""
    entries: Sequence[Entry]
    """After what was known, the oldest first."""
    turn: int
    """Number of its newest turn; 0 before the first."""
    stage: TurnStage | None
    answers: tuple[str, ...]
    """Ids of the messages which that turn answers, if something is new or goes on."""


def stands(connection: Connection, known: Mapping[str, int | None]) -> dict[str, Stand]:
    """How each of `known` stands, with the entries after that seq; None wants none."""
    rows = connection.execute(
        select(
            conversations.c.id,
            conversations.c.last_seq,
            conversations.c.last_turn,
            turns.c.id.label("turn"),
            turns.c.state,
        )
        .select_from(conversations)
        .outerjoin(
            turns,
            and_(
                turns.c.conversation_id == conversations.c.id,
                turns.c.number == conversations.c.last_turn,
            ),
        )
        .where(conversations.c.id.in_(list(known)))
    ).all()
    behind = {row.id for row in rows if row.last_seq > _or(known[row.id], row.last_seq)}
    answered = _answered(
        connection,
        [row.turn for row in rows if row.turn and (row.state == "open" or row.id in behind)],
    )
    return {
        row.id: Stand(
            row.last_seq,
            history(connection, row.id, known[row.id] or 0, PAGE) if row.id in behind else (),
            row.last_turn,
            TurnStage(row.state) if row.state else None,
            tuple(answered.get(row.turn, ())),
        )
        for row in rows
    }


def _or(seq: int | None, other: int) -> int:
    return other if seq is None else seq


def _answered(connection: Connection, ids: Iterable[str]) -> dict[str, list[str]]:
    wanted = list(ids)
    found: dict[str, list[str]] = {}
    if wanted:
        for row in connection.execute(
            select(messages.c.turn_id, messages.c.id)
            .where(messages.c.turn_id.in_(wanted), messages.c.role == "user")
            .order_by(messages.c.seq)
        ):
            found.setdefault(row.turn_id, []).append(row.id)
    return found
