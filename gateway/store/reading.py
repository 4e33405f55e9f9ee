"""Turns as records, read from their rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from gateway.store.base import Place, Stored, Turn, TurnStage
from gateway.store.codec import given_from_json, parts_from_json, route_from_json
from gateway.store.inbox import sender_of
from gateway.store.tables import addresses, conversations, is_, messages, turns


def turns_with_senders() -> Select[Any]:
    return select(turns, addresses).join(addresses, addresses.c.id == turns.c.address_id)


def place(connection: Connection, conversation: str) -> Place:
    """How a conversation stands, for who wants to ask ahead of its next turn."""
    row = connection.execute(
        select(conversations.c.key, conversations.c.context_id, conversations.c.asking_task).where(
            conversations.c.id == conversation
        )
    ).one()
    kind, _, person = row.key.partition(":")
    under_way = select(turns.c.id).where(
        turns.c.conversation_id == conversation, is_(turns.c.state, "open")
    )
    waiting = select(messages.c.id).where(
        messages.c.conversation_id == conversation, is_(messages.c.state, "pending")
    )
    return Place(
        context=row.context_id,
        person=person if kind == "person" else "",
        asking_task=row.asking_task,
        busy=bool(connection.scalar(select(or_(under_way.exists(), waiting.exists())))),
    )


def read_turn(connection: Connection, id: str) -> Turn:
    return turn_of(
        connection, connection.execute(turns_with_senders().where(turns.c.id == id)).one()
    )


def turn_of(connection: Connection, row: Row[Any]) -> Turn:
    taken = connection.execute(
        select(messages, addresses)
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(messages.c.turn_id == row.id, messages.c.role == "user")
        .order_by(messages.c.seq)
    )
    return Turn(
        id=row.id,
        conversation=row.conversation_id,
        number=row.number,
        stage=TurnStage(row.state),
        context=row.context_id,
        ask_id=row.ask_id,
        answers_task=row.answers_task,
        task=row.task_id,
        person=row.person_id,
        sender=sender_of(row),
        route=route_from_json(row.route),
        preview_ref=row.preview_ref,
        attempts=row.attempts,
        told=row.told,
        cancel=row.cancel,
        given=given_from_json(row.given),
        checks=row.checks,
        started_at=row.started_at,
        messages=tuple(_stored(m) for m in taken),
    )


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        id=row.id,
        sender=sender_of(row),
        parts=parts_from_json(row.parts),
        command=row.command,
        edited=row.edited,
        group=row.group_chat,
        heard=row.heard,
    )
