"""Transactions of the inbox: who wrote, in which conversation, and the log they share."""

from __future__ import annotations

import secrets as entropy
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, select, update

from channels.events import Address, Amended, Entry, Message, Receipt, Route, Sender, Trust
from gateway.store.codec import lane, parts_from_json, parts_to_json, route_to_json
from gateway.store.engine import insert_new
from gateway.store.people import People, padded
from gateway.store.tables import addresses, conversations, is_, messages, secrets, turns

# Built once: to build a statement takes SQLAlchemy several times as long as SQLite to run it,
# and these are run for every message.
_KNOWN = select(messages.c.id, messages.c.conversation_id, messages.c.seq).where(
    messages.c.id.in_(bindparam("ids", expanding=True))
)
_CONVERSATIONS = (
    select(
        conversations.c.id, conversations.c.key, conversations.c.last_seq, conversations.c.due_at
    )
    .where(conversations.c.key.in_(bindparam("keys", expanding=True)))
    # Others lock as many: in one order, nobody waits for who waits for them.
    .order_by(conversations.c.id)
    .with_for_update(key_share=True)
)
_OPEN = conversations.insert()
_GROWN = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(last_seq=bindparam("seq"), due_at=bindparam("due"))
)
_NEXT_SEQ = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(last_seq=conversations.c.last_seq + 1)
    .returning(conversations.c.last_seq)
)
_INSERT = messages.insert()
_PAGE = (
    select(
        messages.c.seq,
        messages.c.id,
        messages.c.role,
        messages.c.parts,
        messages.c.at,
        messages.c.event_id,
    )
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.seq > bindparam("after"),
    )
    .order_by(messages.c.seq)
    .limit(bindparam("limit"))
)

_PATIENCE = "SET LOCAL lock_timeout = '1s'"
"""Nobody's message waits longer for what another's needs; alone, it may wait as long as any."""

_MESSAGES = uuid.UUID("5b8f6f3c-5f0e-4c1b-9b1e-2d3f0a7c8e41")
"""The namespace (RFC 9562, 5.5) of message ids. Never change it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message to be stored."""

    message: Message
    now: float
    """Epoch seconds."""
    due_at: float
    """When its conversation is due for it, epoch seconds."""
    late: bool = False
    """Whether it puts off nothing that is due already."""


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
    """Store one message; see `accept_all`."""
    [accepted] = accept_all(connection, [Arrival(message, now, due_at, late)])
    return accepted


def accept_all(connection: Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
    """Store messages, each once under its event id, and say when their conversations are due.

    What comes of it is the same as of one after the other, in fewer statements. Where there are
    several and one of their conversations is being written in, that is waited for a second only.
    """
    if len(arrivals) > 1 and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_PATIENCE)
    ids = [message_id(arrival.message.route, arrival.message.event) for arrival in arrivals]
    stored = {
        row.id: Receipt(row.id, row.conversation_id, row.seq, fresh=False)
        for row in connection.execute(_KNOWN, {"ids": padded(ids)})
    }
    fresh = [arrival for id, arrival in zip(ids, arrivals, strict=True) if id not in stored]
    if not fresh:
        return [Accepted(stored[id], None) for id in ids]
    people = People(connection, [(each.message.sender, each.now) for each in fresh])
    logs = _logs(connection, {_key(each.message, people) for each in fresh})
    unwritten: list[dict[str, Any]] = []
    outcomes: list[Accepted] = []
    for id, arrival in zip(ids, arrivals, strict=True):
        if known := stored.get(id):
            outcomes.append(Accepted(known, None))
            continue
        message = arrival.message
        people.hear(message.sender)
        log = logs[_key(message, people)]
        cancels = message.command == "cancel"
        if message.edits or cancels:
            # What these look for may have come with them.
            _insert(connection, unwritten)
        if edited := _edit_in_place(connection, message, log.id):
            outcomes.append(edited)
            continue
        cancels = cancels and _ask_to_stop(connection, log.id)
        log.grow(arrival)
        entry = _entry_of(id, log.seq, arrival)
        state = "done" if cancels else "pending"
        unwritten.append(_row(entry, log.id, state, arrival))
        stored[id] = Receipt(id, log.id, log.seq, fresh=False)
        outcomes.append(Accepted(Receipt(id, log.id, log.seq, fresh=True), entry, cancels))
    _insert(connection, unwritten)
    grown = [log for log in logs.values() if log.grown]
    if grown:
        connection.execute(
            _GROWN, [{"conversation": log.id, "seq": log.seq, "due": log.due_at} for log in grown]
        )
    people.keep()
    return outcomes


def open_direct(connection: Connection, sender: Sender, *, now: float) -> str:
    """The id of the sender's direct conversation, made if there is none."""
    people = People(connection, [(sender, now)])
    people.hear(sender)
    people.keep()
    [log] = _logs(connection, [_direct(people.person(sender))]).values()
    return log.id


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
    rows = connection.execute(_PAGE, {"conversation": conversation, "after": after, "limit": limit})
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


@dataclass(slots=True)
class _Log:
    """A conversation's log, in which nobody else writes until the transaction ends."""

    id: str
    seq: int = 0
    due_at: float | None = None
    grown: bool = False

    def grow(self, arrival: Arrival) -> None:
        self.seq += 1
        self.grown = True
        if self.due_at is None or not arrival.late:
            self.due_at = arrival.due_at


def _logs(connection: Connection, keys: Iterable[str]) -> dict[str, _Log]:
    """The conversations of these keys, made where there is none."""
    wanted = sorted(keys)
    logs = {
        row.key: _Log(row.id, row.last_seq, row.due_at)
        for row in connection.execute(_CONVERSATIONS, {"keys": padded(wanted)})
    }
    new = {key: _Log(str(uuid.uuid4())) for key in wanted if key not in logs}
    if new:
        connection.execute(
            _OPEN,
            [
                {
                    "id": log.id,
                    "key": key,
                    "context_id": log.id,
                    "last_seq": 0,
                    "last_turn": 0,
                    "lease_until": 0.0,
                    "asking_task": "",
                }
                for key, log in new.items()
            ],
        )
    return logs | new


def _key(message: Message, people: People) -> str:
    if message.group:
        return f"group:{lane(message.route)}"
    return _direct(people.person(message.sender))


def _direct(person: str) -> str:
    return f"person:{person}"


def _entry_of(id: str, seq: int, arrival: Arrival) -> Entry:
    return Entry(
        seq=seq,
        id=id,
        role="user",
        parts=arrival.message.parts,
        at=datetime.fromtimestamp(arrival.now, UTC),
        client_id=arrival.message.event,
    )


def _row(entry: Entry, conversation: str, state: str, arrival: Arrival) -> dict[str, Any]:
    message, route = arrival.message, arrival.message.route
    return {
        "id": entry.id,
        "conversation_id": conversation,
        "seq": entry.seq,
        "role": entry.role,
        "state": state,
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
        "at": arrival.now,
    }


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write what is not written yet."""
    if rows:
        connection.execute(_INSERT, rows)
        rows.clear()


def _edit_in_place(connection: Connection, message: Message, conversation: str) -> Accepted | None:
    """Correct a message that nobody has read yet."""
    if not message.edits:
        return None
    corrected = connection.execute(
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
    ).all()
    if not corrected:
        return None
    # A platform names no two messages alike; one that does is told of its latest.
    latest = max(corrected, key=lambda row: row.seq)
    receipt = Receipt(latest.id, conversation, latest.seq, fresh=False)
    return Accepted(receipt, Amended(latest.id, message.parts))


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
