"""What people who come back ask of the store, answered for many in one look.

When a replica dies, all who were at it come to the others at the same moment.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, literal, select

from channels.events import Entry, Sender
from gateway.store.inbox import history
from gateway.store.people import news_of, padded
from gateway.store.tables import addresses, conversations

_DIRECT = (
    select(addresses, conversations.c.id.label("conversation"))
    .join(conversations, conversations.c.key == literal("person:") + addresses.c.person_id)
    .where(addresses.c.id.in_(bindparam("ids", expanding=True)))
)
_NEWEST = select(conversations.c.id, conversations.c.last_seq).where(
    conversations.c.id.in_(bindparam("ids", expanding=True))
)


def known_direct(connection: Connection, senders: Sequence[Sender]) -> list[str | None]:
    """The direct conversation of each; None of whom there is none, or something new is told."""
    ids = padded([str(sender.address) for sender in senders])
    rows = {row["id"]: dict(row) for row in connection.execute(_DIRECT, {"ids": ids}).mappings()}
    found: list[str | None] = []
    for sender in senders:
        known = rows.get(str(sender.address))
        found.append(known["conversation"] if known and not news_of(sender, known) else None)
    return found


def newest(connection: Connection, ids: Sequence[str]) -> list[int]:
    """The seq of the newest entry of each conversation; 0 for none."""
    seqs = {row.id: row.last_seq for row in connection.execute(_NEWEST, {"ids": padded([*ids])})}
    return [seqs.get(id, 0) for id in ids]


def pages(connection: Connection, asked: Sequence[tuple[str, int, int]]) -> list[list[Entry]]:
    """The history of each: a conversation, after which seq, and how many entries at most."""
    return [history(connection, *each) for each in asked]
