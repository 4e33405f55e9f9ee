"""What is said: its log entry, its deliveries and the turn it ends, always in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Connection, update

from channels.events import Entry, Route
from gateway.store.base import Closing, CommandWork, LeaseLost, Saying, Turn, TurnStage
from gateway.store.codec import lane, parts_to_json, route_to_json
from gateway.store.inbox import next_seq
from gateway.store.tables import conversations, deliveries, messages, turns

UNFINISHED = (TurnStage.OPEN, TurnStage.DETACHED, TurnStage.BACKGROUND)


def settle(
    connection: Connection, turn: Turn, closing: Closing, saying: Saying | None, *, now: float
) -> Entry | None:
    """Move a turn to its next stage and say what is to be said with it.

    Raises LeaseLost when somebody else moved it first.
    """
    ended = closing.stage not in UNFINISHED
    moved = connection.execute(
        update(turns)
        .where(turns.c.id == turn.id, turns.c.state == turn.stage)
        .values(
            state=closing.stage,
            given=asdict(closing.given),
            check_at=closing.check_at,
            ended_at=now if ended else None,
        )
    )
    if not moved.rowcount:
        raise LeaseLost(f"turn {turn.id} was ended by somebody else")
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
    return say(connection, turn.conversation, turn, saying, now=now) if saying else None


def say(
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
