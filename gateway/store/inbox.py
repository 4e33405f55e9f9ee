"""Transactions of the inbox: who wrote, in which conversation, and the log they share."""

from __future__ import annotations

import secrets as entropy
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, select, update

from channels.events import Address, Amended, Entry, Message, Receipt, Route, Sender, Trust
from gateway.store.codec import lane, parts_from_json, parts_to_json, route_to_json
from gateway.store.engine import insert_new
from gateway.store.tables import addresses, conversations, is_, messages, persons, secrets, turns

# Built once: to build a statement takes SQLAlchemy several times as long as SQLite to run it,
# and these are run for every message.
_KNOWN = select(messages.c.id, messages.c.conversation_id, messages.c.seq).where(
    messages.c.channel == bindparam("channel"),
    messages.c.account == bindparam("account"),
    messages.c.event_id == bindparam("event"),
)
_ADDRESS = select(addresses).where(addresses.c.id == bindparam("address"))
_CONVERSATION = select(conversations.c.id).where(conversations.c.key == bindparam("key"))
_NEXT_SEQ = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(last_seq=conversations.c.last_seq + 1)
    .returning(conversations.c.last_seq)
)
_ARRIVAL = _NEXT_SEQ.values(due_at=bindparam("due"))
_LATE_ARRIVAL = _NEXT_SEQ.values(due_at=func.coalesce(conversations.c.due_at, bindparam("due")))
_INSERT = messages.insert()

_MESSAGES = uuid.UUID("5b8f6f3c-5f0e-4c1b-9b1e-2d3f0a7c8e41")
"""The namespace (RFC 9562, 5.5) of message ids. Never change it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What storing a message did."""

    receipt: Receipt
    news: Entry | Amended | None
    """The log line it became, or the one it corrects; None when it changed nothing."""
    cancels: bool = False
    """Whether it asks the turn under way to stop."""


def message_id(route: Route, event: str) -> str:
    """The id a message has once stored, known before: what is unique of it makes it."""
    return str(uuid.uuid5(_MESSAGES, f"{route.channel}\n{route.account}\n{event}"))


def ask_id(message: str) -> str:
    """The A2A messageId of a turn, by the id of its first message."""
    return f"frontdoor-{message}"


def asked_by(ask: str) -> str:
    """The first message of a turn, by its A2A messageId."""
    return ask.removeprefix("frontdoor-")


def accept(
    connection: Connection, message: Message, *, now: float, due_at: float, late: bool = False
) -> Accepted:
    """Store a message once under its event id, and say when its conversation is due.

    A `late` one puts off nothing that is due already.
    """
    route = message.route
    event = {"channel": route.channel, "account": route.account, "event": message.event}
    known = connection.execute(_KNOWN, event).first()
    if known:
        return Accepted(Receipt(known.id, known.conversation_id, known.seq, fresh=False), None)
    person = _person(connection, message.sender, now)
    conversation = _conversation(connection, _key(message, person))
    edited = _edit_in_place(connection, message, conversation)
    if edited:
        return edited
    cancels = message.command == "cancel" and _ask_to_stop(connection, conversation)
    arrival = _LATE_ARRIVAL if late else _ARRIVAL
    seq: int = connection.scalar(arrival, {"conversation": conversation, "due": due_at})
    entry = Entry(
        seq=seq,
        id=message_id(route, message.event),
        role="user",
        parts=message.parts,
        at=datetime.fromtimestamp(now, UTC),
        client_id=message.event,
    )
    connection.execute(
        _INSERT,
        {
            "id": entry.id,
            "conversation_id": conversation,
            "seq": seq,
            "role": entry.role,
            "state": "done" if cancels else "pending",
            "channel": route.channel,
            "account": route.account,
            "event_id": message.event,
            "address_id": str(message.sender.address),
            "ref": message.ref,
            "route": route_to_json(route),
            "command": message.command,
            "album": message.album,
            "edited": bool(message.edits),
            "group_chat": message.group,
            "parts": parts_to_json(message.parts),
            "heard": message.heard,
            "at": now,
        },
    )
    return Accepted(Receipt(entry.id, conversation, seq, fresh=True), entry, cancels)


def open_direct(connection: Connection, sender: Sender, *, now: float) -> str:
    """The id of the sender's direct conversation, made if there is none."""
    return _conversation(connection, f"person:{_person(connection, sender, now)}")


def ask_to_stop(
    connection: Connection, conversation: str, *, now: float, waiting: bool = True
) -> bool:
    """Ask the turn under way to stop, and drop what is `waiting`; False when there is no turn."""
    stops = _ask_to_stop(connection, conversation, waiting=waiting)
    if stops:
        # It may be resting until its next attempt.
        connection.execute(
            update(conversations).where(conversations.c.id == conversation).values(due_at=now)
        )
    return stops


def history(connection: Connection, conversation: str, after: int, limit: int) -> list[Entry]:
    rows = connection.execute(
        select(
            messages.c.seq,
            messages.c.id,
            messages.c.role,
            messages.c.parts,
            messages.c.at,
            messages.c.event_id,
        )
        .where(messages.c.conversation_id == conversation, messages.c.seq > after)
        .order_by(messages.c.seq)
        .limit(limit)
    )
    return [_entry(row) for row in rows]


def last_seq(connection: Connection, conversation: str) -> int:
    return (
        connection.scalar(
            select(conversations.c.last_seq).where(conversations.c.id == conversation)
        )
        or 0
    )


def set_reachable(connection: Connection, address: Address, *, reachable: bool) -> None:
    connection.execute(
        update(addresses).where(addresses.c.id == str(address)).values(reachable=reachable)
    )


def secret(connection: Connection, name: str) -> str:
    """A secret that all replicas share, made when first asked for."""
    insert_new(connection, secrets, name=name, value=entropy.token_urlsafe(48))
    return str(connection.scalar(select(secrets.c.value).where(secrets.c.name == name)))


def next_seq(connection: Connection, conversation: str) -> int:
    """Take the conversation's next place in the log."""
    seq: int = connection.scalar(_NEXT_SEQ, {"conversation": conversation})
    return seq


def _entry(row: Row[*tuple[Any, ...]]) -> Entry:
    return Entry(
        seq=row.seq,
        id=row.id,
        role=row.role,
        parts=parts_from_json(row.parts),
        at=datetime.fromtimestamp(row.at, UTC),
        client_id=row.event_id or "",
    )


def _key(message: Message, person: str) -> str:
    return f"group:{lane(message.route)}" if message.group else f"person:{person}"


def _person(connection: Connection, sender: Sender, now: float) -> str:
    profile = {
        "name": sender.name,
        "locale": sender.locale,
        "zone": sender.zone,
        "trust": str(sender.trust),
        "reachable": True,
    }
    id = str(sender.address)
    known = connection.execute(_ADDRESS, {"address": id}).first()
    if known is None:
        person = str(uuid.uuid4())
        connection.execute(persons.insert(), {"id": person, "created_at": now})
        connection.execute(addresses.insert(), {"id": id, "person_id": person, **profile})
        return person
    # What a channel does not tell this time stays as it was.
    changes = {k: v for k, v in profile.items() if v and getattr(known, k) != v}
    if changes:
        connection.execute(update(addresses).where(addresses.c.id == id).values(changes))
    return str(known.person_id)


def _conversation(connection: Connection, key: str) -> str:
    known = connection.scalar(_CONVERSATION, {"key": key})
    if known:
        return str(known)
    id = str(uuid.uuid4())
    connection.execute(
        conversations.insert(),
        {
            "id": id,
            "key": key,
            "context_id": id,
            "last_seq": 0,
            "last_turn": 0,
            "lease_until": 0.0,
            "asking_task": "",
        },
    )
    return id


def _edit_in_place(connection: Connection, message: Message, conversation: str) -> Accepted | None:
    """Correct a message that nobody has read yet."""
    if not message.edits:
        return None
    row = connection.execute(
        update(messages)
        .where(
            messages.c.conversation_id == conversation,
            is_(messages.c.state, "pending"),
            messages.c.channel == message.route.channel,
            messages.c.account == message.route.account,
            messages.c.ref == message.edits,
        )
        .values(parts=parts_to_json(message.parts))
        .returning(messages.c.id, messages.c.seq)
    ).first()
    if row is None:
        return None
    receipt = Receipt(row.id, conversation, row.seq, fresh=False)
    return Accepted(receipt, Amended(row.id, message.parts))


def _ask_to_stop(connection: Connection, conversation: str, *, waiting: bool = True) -> bool:
    if waiting:
        connection.execute(
            update(messages)
            .where(messages.c.conversation_id == conversation, is_(messages.c.state, "pending"))
            .values(state="done")
        )
    stopped = connection.execute(
        update(turns)
        .where(
            turns.c.conversation_id == conversation,
            turns.c.state.in_(("open", "detached")),
        )
        # Whoever plays an open turn stops it; a detached one has to be looked at.
        .values(cancel=True, check_at=case((turns.c.state == "detached", 0.0)))
    )
    return stopped.rowcount > 0


def sender_of(row: Row[Any]) -> Sender:
    """The sender as the addresses table knows them."""
    return Sender(
        address=Address.parse(row.address_id),
        name=row.name,
        locale=row.locale,
        zone=row.zone,
        trust=Trust(row.trust),
    )
