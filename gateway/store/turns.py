"""Transactions of turns: leases on conversations, what to do next, and how it ended."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, update

from channels.events import Entry, Part, Route
from gateway.store.base import (
    Closing,
    CommandWork,
    Given,
    LeaseLost,
    Saying,
    Stored,
    Turn,
    TurnStage,
    Work,
)
from gateway.store.codec import (
    lane,
    parts_from_json,
    parts_to_json,
    route_from_json,
    route_to_json,
)
from gateway.store.inbox import next_seq, sender_of
from gateway.store.tables import addresses, conversations, deliveries, messages, turns

UNFINISHED = (TurnStage.OPEN, TurnStage.DETACHED, TurnStage.BACKGROUND)

# -- leases --------------------------------------------------------------------------


def claim(
    connection: Connection, owner: str, *, now: float, until: float, limit: int
) -> tuple[list[str], float]:
    """Lease up to `limit` conversations that are due and nobody's; the longest due first.

    Also says when the next one will be due (epoch seconds, infinity for never).
    """
    free = conversations.c.lease_until <= now
    due = (
        select(conversations.c.id)
        .where(conversations.c.due_at <= now, free)
        .order_by(conversations.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.scalars(due))
    if ids:
        connection.execute(
            update(conversations)
            .where(conversations.c.id.in_(ids))
            .values(lease_owner=owner, lease_until=until)
        )
    next_due = connection.scalar(
        select(func.min(conversations.c.due_at)).where(conversations.c.due_at > now, free)
    )
    return ids, math.inf if next_due is None else next_due


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
                turns.c.conversation_id.in_(mine), turns.c.state == "open", turns.c.cancel
            )
        )
    )
    return {conversation: conversation in canceled for conversation in mine}


def release(connection: Connection, owner: str, conversation: str) -> float | None:
    """Give a conversation back. When it is due again; None when nothing in it waits."""
    waiting = connection.scalar(
        select(messages.c.seq)
        .where(messages.c.conversation_id == conversation, messages.c.state == "pending")
        .limit(1)
    )
    changes: dict[str, Any] = {"lease_owner": None, "lease_until": 0.0}
    if waiting is None:
        changes["due_at"] = None
    due_at = connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation, conversations.c.lease_owner == owner)
        .values(changes)
        .returning(conversations.c.due_at)
    ).first()
    return due_at.due_at if due_at else None


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
    _hold(connection, owner, turn.conversation)
    said = _say(connection, turn.conversation, turn, entry, now=now) if entry else None
    connection.execute(
        update(turns)
        .where(turns.c.id == turn.id)
        .values(told=turn.told or entry is not None)
    )
    rest(connection, owner, turn.conversation, until=until)
    return said


def _hold(connection: Connection, owner: str, conversation: str) -> float | None:
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


# -- what to do next -----------------------------------------------------------------


def next_work(connection: Connection, owner: str, conversation: str, *, now: float) -> Work | None:
    """The open turn, else a new one over what is pending, else a command; None for nothing."""
    due_at = _hold(connection, owner, conversation)
    again = connection.execute(
        update(turns)
        .where(turns.c.conversation_id == conversation, turns.c.state == "open")
        .values(attempts=turns.c.attempts + 1)
        .returning(turns.c.id)
    ).first()
    if again:
        return _read_turn(connection, again.id)
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
        .where(messages.c.conversation_id == conversation, messages.c.state == "pending")
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
            "ask_id": f"frontdoor-{together[0].id}",
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
    return _read_turn(connection, id)


def _turns() -> Select[Any]:
    return select(turns, addresses).join(addresses, addresses.c.id == turns.c.address_id)


def _read_turn(connection: Connection, id: str) -> Turn:
    return _turn(connection, connection.execute(_turns().where(turns.c.id == id)).one())


def _turn(connection: Connection, row: Row[Any]) -> Turn:
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
        given=Given(row.given["text"], tuple(row.given["files"])),
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
        album=row.album,
        edited=row.edited,
        group=row.group_chat,
    )


# -- during a turn -------------------------------------------------------------------


def note_task(connection: Connection, turn: str, task: str) -> None:
    """Remember under which task the agent works, so that another worker can ask for it."""
    connection.execute(update(turns).where(turns.c.id == turn).values(task_id=task))


def note_preview(connection: Connection, turn: str, ref: str) -> None:
    connection.execute(update(turns).where(turns.c.id == turn).values(preview_ref=ref))


def note_parts(connection: Connection, message: str, parts: tuple[Part, ...]) -> None:
    """Replace a message's parts, once its files have been fetched."""
    connection.execute(
        update(messages).where(messages.c.id == message).values(parts=parts_to_json(parts))
    )


# -- the end of a turn ---------------------------------------------------------------


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
    _hold(connection, owner, turn.conversation)
    return _settle(connection, turn, closing, saying, now=now)


def follow_up(
    connection: Connection, turn: Turn, closing: Closing, saying: Saying | None, *, now: float
) -> Entry | None:
    """Tell what became of a task that went on alone; nothing when somebody else just did."""
    mine = connection.execute(
        update(turns)
        .where(turns.c.id == turn.id, turns.c.state == turn.stage, turns.c.checks == turn.checks)
        .values(checks=turn.checks + 1)
    )
    if not mine.rowcount:
        return None
    return _settle(connection, turn, closing, saying, now=now)


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
    _hold(connection, owner, conversation)
    connection.execute(update(messages).where(messages.c.id == work.message).values(state="done"))
    if fresh_context:
        connection.execute(
            update(conversations)
            .where(conversations.c.id == conversation)
            .values(context_id=str(uuid.uuid4()), asking_task="")
        )
    return _say(connection, conversation, work, saying, now=now)


def _settle(
    connection: Connection, turn: Turn, closing: Closing, saying: Saying | None, *, now: float
) -> Entry | None:
    ended = closing.stage not in UNFINISHED
    connection.execute(
        update(turns)
        .where(turns.c.id == turn.id)
        .values(
            state=closing.stage,
            given=asdict(closing.given),
            check_at=closing.check_at,
            ended_at=now if ended else None,
        )
    )
    connection.execute(
        update(messages)
        .where(messages.c.turn_id == turn.id, messages.c.state == "taken")
        .values(state="done")
    )
    if closing.asking_task:
        connection.execute(
            update(conversations)
            .where(
                conversations.c.id == turn.conversation,
                conversations.c.context_id == turn.context,
            )
            .values(asking_task=closing.asking_task)
        )
    return _say(connection, turn.conversation, turn, saying, now=now) if saying else None


def _say(
    connection: Connection,
    conversation: str,
    to: Turn | CommandWork,
    saying: Saying,
    *,
    now: float,
) -> Entry:
    seq = next_seq(connection, conversation)
    connection.execute(
        messages.insert(),
        {
            "id": saying.id,
            "conversation_id": conversation,
            "seq": seq,
            "role": "agent",
            "state": "done",
            "turn_id": to.id if isinstance(to, Turn) else None,
            "ref": "",
            "route": route_to_json(to.route),
            "album": "",
            "edited": False,
            "group_chat": False,
            "parts": parts_to_json(saying.parts),
            "at": now,
        },
    )
    _deliver(connection, to.route, str(to.sender.address), saying, now)
    return Entry(seq, saying.id, "agent", saying.parts, datetime.fromtimestamp(now, UTC))


def _deliver(
    connection: Connection, route: Route, address: str, saying: Saying, now: float
) -> None:
    for place, outgoing in enumerate(saying.outgoing):
        connection.execute(
            deliveries.insert(),
            {
                "message_id": saying.id,
                "channel": route.channel,
                "address_id": address,
                "lane": lane(route),
                "state": "pending",
                "outgoing": outgoing,
                "ref": saying.preview_ref if place == 0 else "",
                "doubtful": False,
                "attempts": 0,
                "due_at": now,
                "lease_until": 0.0,
                "error": "",
                "created_at": now,
            },
        )


# -- tasks that go on alone ----------------------------------------------------------


def claim_checks(connection: Connection, *, now: float, again_at: float, limit: int) -> list[Turn]:
    """Turns whose task should be asked after now; each is left alone until `again_at`."""
    rows = connection.execute(
        _turns()
        .where(turns.c.check_at <= now)
        .order_by(turns.c.check_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=turns)
    ).all()
    if rows:
        connection.execute(
            update(turns).where(turns.c.id.in_([r.id for r in rows])).values(check_at=again_at)
        )
    return [_turn(connection, row) for row in rows]


def check_later(connection: Connection, turn: Turn, *, at: float) -> None:
    """Ask after the task again at `at`, unless somebody wants it sooner."""
    connection.execute(
        update(turns)
        .where(
            turns.c.id == turn.id,
            turns.c.state == turn.stage,
            turns.c.checks == turn.checks,
            turns.c.check_at > 0,
        )
        .values(check_at=at, checks=turn.checks + 1)
    )


def hurry(connection: Connection, task: str) -> int:
    """The agent says something happened to a task: look at it now. How many turns that is."""
    return connection.execute(
        update(turns)
        .where(turns.c.task_id == task, turns.c.check_at.is_not(None))
        .values(check_at=0.0)
    ).rowcount
