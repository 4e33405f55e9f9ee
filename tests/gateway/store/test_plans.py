"""No query of the hot path walks through a whole table."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from gateway.store import checks, inbox, leases, outbox, reading, returning, turns
from gateway.store.base import Closing, Saying, Turn, TurnStage
from gateway.store.engine import Database
from tests.gateway.doubles import message


def walk(connection: Connection) -> None:
    """Every query that answering a message takes."""
    conversation = inbox.accept(connection, message("e1"), now=1, due_at=2).receipt.conversation
    inbox.accept(connection, message("e2", edits="x"), now=1, due_at=2)
    leases.claim(connection, "w", now=3, until=9, limit=3)
    leases.renew(connection, "w", [conversation], until=9)
    turn = turns.next_work(connection, "w", conversation, now=3)
    assert isinstance(turn, Turn)
    turns.note_task(connection, turn.id, "t")
    turns.note_preview(connection, turn, "p")
    closing = Closing(TurnStage.BACKGROUND, check_at=3)
    turns.close(connection, "w", turn, closing, Saying("s", (), ({},)), now=3)
    leases.release(connection, "w", conversation)
    [delivery] = outbox.claim(connection, "w", now=4, until=9, limit=9)
    outbox.renew(connection, "w", [delivery.id], until=9)
    outbox.sent(connection, "w", delivery.id, "r")
    checks.hurry(connection, "t")
    [due] = checks.claim(connection, now=4, again_at=9, limit=9)
    checks.again(connection, due, at=9)
    inbox.ask_to_stop(connection, conversation, now=9)
    inbox.history(connection, conversation, 0, 10)
    inbox.last_seq(connection, conversation)
    returning.known_direct(connection, [message("e1").sender])
    returning.newest(connection, [conversation])
    reading.place(connection, conversation)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_every_query_finds_its_rows_by_an_index(database: Database) -> None:
    scans: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def explain(
        connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "WITH")):
            raw = connection.connection.dbapi_connection
            assert raw is not None
            plan = raw.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            scans.extend(
                f"{row[3]}: {statement}"
                for row in plan
                if row[3].startswith("SCAN")
                and "USING" not in row[3]
                and "CONSTANT" not in row[3]
                # Tables of the query's own, with as many rows as it asked for.
                and row[3] not in ("SCAN heads", "SCAN due")
            )

    with database.engine.begin() as connection:
        walk(connection)
    assert not [scan for scan in scans if "subquery" not in scan]


@pytest.mark.parametrize("kind", ["postgres"])
def test_no_query_has_to_read_a_whole_table_of_a_server(database: Database) -> None:
    plans: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def explain(
        connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "WITH")):
            raw = connection.connection.dbapi_connection
            assert raw is not None
            plan = raw.cursor().execute(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(row[0] for row in plan) + f"\n{statement}")

    with database.engine.begin() as connection:
        # Small tables are read whole whatever indexes there are: only who cannot help it does now.
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plans.clear()
        walk(connection)
    assert plans
    assert not [plan for plan in plans if "Seq Scan" in plan]
