"""Transactions of turns: what to do next in a conversation, and how it ended."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from channels.base import PREVIEW_OPENING
from channels.events import Entry, Part
from gateway.errors import TooEarly
from gateway.store.base import Closing, CommandWork, Given, Saying, Turn, TurnStage, Work
from gateway.store.codec import lane, parts_to_json, route_from_json
from gateway.store.inbox import ask_id, sender_of
from gateway.store.leases import hold, rest
from gateway.store.outbox import waits
from gateway.store.reading import read_turn
from gateway.store.replies import say, settle
from gateway.store.tables import addresses, conversations, is_, messages, turns


def tell(connection: Connection, owner: str, turn: Turn, entry: Saying, *, now: float) -> Entry:
    """Say something to the person while their turn stays open; once is enough for a turn."""
    hold(connection, owner, turn.conversation)
    connection.execute(update(turns).where(turns.c.id == turn.id).values(told=True))
    return say(connection, turn.conversation, turn, entry, now=now)


def postpone(
    connection: Connection,
    owner: str,
    turn: Turn,
    *,
    until: float,
    entry: Saying | None,
    now: float,
) -> Entry | None:
    """Let an open turn rest until its next attempt, and say so to the person if `entry`."""
    hold(connection, owner, turn.conversation)
    said = tell(connection, owner, turn, entry, now=now) if entry else None
    rest(connection, owner, turn.conversation, until=until)
    return said


def next_work(connection: Connection, owner: str, conversation: str, *, now: float) -> Work | None:
    """The open turn, else a new one over what is pending, else a command; None for nothing."""
    due_at = hold(connection, owner, conversation)
    again = connection.execute(
        update(turns)
        .where(turns.c.conversation_id == conversation, is_(turns.c.state, "open"))
        .values(attempts=turns.c.attempts + 1)
        .returning(turns.c.id)
    ).first()
    if again:
        return read_turn(connection, again.id)
    if due_at is None or due_at > now:
        # Either nothing came, or the person is still writing.
        return None
    pending = connection.execute(_pending(conversation)).all()
    if not pending:
        return None
    first = pending[0]
    route = route_from_json(first.route)
    if _ours(first):
        return CommandWork(first.id, first.command, sender_of(first), route)
    # What goes back to one place is answered together, up to the next command.
    together = [first]
    for row in pending[1:]:
        if _ours(row) or lane(route_from_json(row.route)) != lane(route):
            break
        together.append(row)
    return _begin(connection, conversation, together, now)


def _ours(row: Row[Any]) -> bool:
    """Whether we answer it ourselves: any command but the one that asks for the task list."""
    return row.command is not None and row.command != "tasks"


def _pending(conversation: str) -> Select[Any]:
    return (
        select(messages, addresses)
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(messages.c.conversation_id == conversation, is_(messages.c.state, "pending"))
        .order_by(messages.c.seq)
    )


def _begin(connection: Connection, conversation: str, together: list[Row[Any]], now: float) -> Turn:
    place = connection.execute(
        select(conversations).where(conversations.c.id == conversation)
    ).one()
    connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation)
        .values(last_turn=place.last_turn + 1, asking_task="")
    )
    last = together[-1]
    id = str(uuid.uuid4())
    connection.execute(
        turns.insert(),
        {
            "id": id,
            "conversation_id": conversation,
            "number": place.last_turn + 1,
            "state": TurnStage.OPEN,
            "context_id": place.context_id,
            "ask_id": ask_id(together[0].id),
            "answers_task": place.asking_task,
            "task_id": "",
            "address_id": last.address_id,
            "route": last.route,
            "preview_ref": "",
            "attempts": 1,
            "told": False,
            "cancel": False,
            "given": asdict(Given()),
            "checks": 0,
            "started_at": now,
        },
    )
    connection.execute(
        update(messages)
        .where(messages.c.id.in_([row.id for row in together]))
        .values(state="taken", turn_id=id)
    )
    return read_turn(connection, id)


def note_task(connection: Connection, turn: str, task: str) -> None:
    """Remember under which task the agent works, so that another worker can ask for it."""
    connection.execute(update(turns).where(turns.c.id == turn).values(task_id=task))


def note_preview(connection: Connection, turn: Turn, ref: str) -> None:
    """Remember where a preview is. Raises TooEarly for one that is about to open."""
    if ref == PREVIEW_OPENING and waits(connection, turn.route):
        # Its message would stand above an answer to what was said before.
        raise TooEarly
    connection.execute(update(turns).where(turns.c.id == turn.id).values(preview_ref=ref))


def note_parts(connection: Connection, message: str, parts: tuple[Part, ...]) -> None:
    """Replace a message's parts, once its files have been fetched."""
    connection.execute(
        update(messages).where(messages.c.id == message).values(parts=parts_to_json(parts))
    )


def close(
    connection: Connection,
    owner: str,
    turn: Turn,
    closing: Closing,
    saying: Saying | None,
    *,
    now: float,
) -> Entry | None:
    """End an open turn: its reply, the deliveries and the new stage, or none of it.

    Raises LeaseLost.
    """
    hold(connection, owner, turn.conversation)
    return settle(connection, turn, closing, saying, now=now)


def answer_command(
    connection: Connection,
    owner: str,
    conversation: str,
    work: CommandWork,
    saying: Saying,
    *,
    now: float,
    fresh_context: bool,
) -> Entry:
    """Answer a command; with `fresh_context` the agent starts with a clean slate."""
    hold(connection, owner, conversation)
    connection.execute(update(messages).where(messages.c.id == work.message).values(state="done"))
    if fresh_context:
        connection.execute(
            update(conversations)
            .where(conversations.c.id == conversation)
            .values(context_id=str(uuid.uuid4()), asking_task="")
        )
    return say(connection, conversation, work, saying, now=now)
