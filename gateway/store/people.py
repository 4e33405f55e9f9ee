"""Who wrote: their addresses, whose they are, and what channels tell of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from channels.events import Sender
from gateway.store.tables import addresses, persons

_ADDRESSES = select(addresses).where(addresses.c.id.in_(bindparam("ids", expanding=True)))
_PERSON = persons.insert()
_ADDRESS = addresses.insert()


class People:
    """The senders of some messages, as one transaction finds and leaves them."""

    def __init__(self, connection: Connection, senders: Iterable[tuple[Sender, float]]) -> None:
        """Whose address is new, with when it was first heard of, becomes a person."""
        self._connection = connection
        first = {str(sender.address): (sender, now) for sender, now in reversed([*senders])}
        # Others make as many: in one order, nobody waits for who waits for them.
        ids = sorted(first)
        self._known: dict[str, dict[str, Any]] = {
            row["id"]: dict(row)
            for row in connection.execute(_ADDRESSES, {"ids": padded(ids)}).mappings()
        }
        self._changed: dict[str, dict[str, Any]] = {}
        new = {id: first[id] for id in ids if id not in self._known}
        if new:
            rows = [
                {"id": id, "person_id": str(uuid.uuid4()), **_profile(sender)}
                for id, (sender, _) in new.items()
            ]
            connection.execute(
                _PERSON,
                [{"id": row["person_id"], "created_at": new[row["id"]][1]} for row in rows],
            )
            connection.execute(_ADDRESS, rows)
            self._known |= {row["id"]: row for row in rows}

    def person(self, sender: Sender) -> str:
        """The id of the person whose address it is."""
        return str(self._known[str(sender.address)]["person_id"])

    def hear(self, sender: Sender) -> None:
        """Take in what the channel tells of them; what it does not tell stays as it was."""
        id = str(sender.address)
        known = self._known[id]
        if changes := news_of(sender, known):
            known |= changes
            self._changed.setdefault(id, {}).update(changes)

    def keep(self) -> None:
        """Write down what was heard."""
        for id, changes in sorted(self._changed.items()):
            self._connection.execute(update(addresses).where(addresses.c.id == id).values(changes))


def news_of(sender: Sender, known: Mapping[str, Any]) -> dict[str, Any]:
    """What the channel tells of them that differs from what is known."""
    return {k: v for k, v in _profile(sender).items() if v and known[k] != v}


def padded(keys: list[str]) -> list[str]:
    """The same keys, so often that only few lengths occur: a statement is prepared for each."""
    return keys + keys[-1:] * ((1 << (len(keys) - 1).bit_length()) - len(keys)) if keys else keys


def _profile(sender: Sender) -> dict[str, Any]:
    return {
        "name": sender.name,
        "locale": sender.locale,
        "zone": sender.zone,
        "trust": str(sender.trust),
        "reachable": True,
    }
