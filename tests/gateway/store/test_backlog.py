"""What waits is counted by what it waits for, and so is how long."""

from __future__ import annotations

import pytest

from channels.events import Text
from gateway.store import inbox, leases, outbox, turns
from gateway.store.backlog import QUEUES, backlog
from gateway.store.base import Closing, Given, Saying, Turn, TurnStage
from gateway.store.engine import Database
from tests.gateway.doubles import message, sender

pytestmark = pytest.mark.anyio


async def told(database: Database, now: float) -> dict[str, tuple[int, float]]:
    """The queues in which there is something."""
    found = await database.read(backlog, now=now)
    assert set(found) == set(QUEUES)
    return {queue: depth for queue, depth in found.items() if depth[0]}


async def test_a_message_is_counted_where_it_waits_until_its_answer_is_sent(
    database: Database,
) -> None:
    assert await told(database, 100.0) == {}
    for n, at in (("1", 100.0), ("2", 104.0)):
        await database.write(inbox.accept, message(n, who=sender(n)), now=at, due_at=at)
    assert await told(database, 110.0) == {"messages": (2, 10.0)}

    (first,), _ = await database.write(leases.claim, "w", now=110.0, until=200.0, limit=1)
    turn = await database.write(turns.next_work, "w", first, now=110.0)
    assert isinstance(turn, Turn)
    assert await told(database, 112.0) == {"messages": (1, 8.0), "turns": (1, 2.0)}

    said = Saying("a1", (Text("On it."),), ({"text": "On it."},))
    goes_on = Closing(TurnStage.DETACHED, Given(), check_at=130.0)
    await database.write(turns.close, "w", turn, goes_on, said, now=113.0)
    waiting = {"messages": (1, 9.0), "deliveries_pending": (1, 0.0), "checks": (1, 0.0)}
    assert await told(database, 113.0) == waiting
    assert (await told(database, 140.0))["checks"] == (1, 10.0)

    (delivery,) = await database.write(outbox.claim, "w", now=114.0, until=200.0, limit=1)
    assert (delivery.reply, delivery.turn, delivery.asked) == ("a1", turn.id, turn.messages[0].id)
    assert (await told(database, 115.0))["deliveries_sending"] == (1, 2.0)
    await database.write(outbox.sent, "w", delivery.id, "r1")
    assert set(await told(database, 115.0)) == {"messages", "checks"}
