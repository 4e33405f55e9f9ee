"""How PostgreSQL finds what each query of the hot path asks for, in a house that is not new.

Writes the table between the marks of docs/performance.md: python -m tests.bench plans.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event

from gateway.store.engine import Database
from tests.gateway.store.test_plans import walk
from tests.services import Postgres, migrated

PAGE = Path("docs/performance.md")
BEGIN, END = "<!-- plans -->\n", "<!-- end of plans -->\n"
PEOPLE, MESSAGES = 2_000, 200_000

FILL = f"""
INSERT INTO persons SELECT 'p' || n, n FROM generate_series(1, {PEOPLE}) n;
INSERT INTO addresses SELECT 'old:' || n, 'p' || n, '', 'en', '', 'platform', true
  FROM generate_series(1, {PEOPLE}) n;
INSERT INTO conversations SELECT 'c' || n, 'person:p' || n, 'c' || n, {MESSAGES // PEOPLE},
  {MESSAGES // PEOPLE // 2}, CASE WHEN n % 100 = 0 THEN 1e12 + n END, NULL, 0, ''
  FROM generate_series(1, {PEOPLE}) n;
INSERT INTO turns (id, conversation_id, number, state, context_id, ask_id, answers_task, task_id,
  address_id, route, preview_ref, attempts, told, cancel, given, check_at, checks, started_at)
  SELECT 't' || n, 'c' || n % {PEOPLE} + 1, n / {PEOPLE} + 1,
    CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'done' END, 'c', 'a' || n, '', 'k' || n,
    'old:' || n % {PEOPLE} + 1, '{{}}', '', 1, false, false, '{{}}',
    CASE WHEN n % 500 = 0 THEN 1e12 + n END, 0, n
  FROM generate_series(0, {MESSAGES // 2 - 1}) n;
INSERT INTO messages (id, conversation_id, seq, role, state, turn_id, channel, account, event_id,
  address_id, ref, route, album, edited, group_chat, parts, at)
  SELECT 'm' || n, 'c' || n % {PEOPLE} + 1, n / {PEOPLE} + 1,
    CASE WHEN n / {PEOPLE} % 2 = 0 THEN 'user' ELSE 'agent' END, 'done', 't' || n / 2, 'paper',
    'bot', CASE WHEN n / {PEOPLE} % 2 = 0 THEN 'old' || n END, 'old:' || n % {PEOPLE} + 1,
    'r' || n, '{{}}', '', false, false, '[{{"type": "text", "text": "some words"}}]', n
  FROM generate_series(0, {MESSAGES - 1}) n;
INSERT INTO deliveries (message_id, channel, address_id, lane, state, outgoing, ref, doubtful,
  attempts, due_at, lease_until, error, created_at)
  SELECT 'm' || n, 'paper', 'old:' || n % {PEOPLE} + 1, 'lane' || n % {PEOPLE},
    CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'sent' END, '{{}}', '', false, 1, 1e12, 0, '', n
  FROM generate_series(0, {MESSAGES - 1}, 2) n;
"""  # noqa: S608 - numbers of ours

_NODE = re.compile(
    r"(Seq Scan|Index Only Scan|Index Scan|Bitmap Index Scan)(?: using)?(?: on)? (\S+)"
)


@dataclass
class Found:
    """What was seen of one statement."""

    by: str
    ways: list[str] = field(default_factory=list)
    milliseconds: float = 0.0


async def run() -> None:
    with Postgres() as server:
        url = migrated(server)
        began = time.perf_counter()
        server.run(FILL, url)
        server.run("VACUUM ANALYZE", url)
        print(f"{MESSAGES:,} messages stored in {time.perf_counter() - began:.0f} s")
        database = Database(url)
        found = explained(database)
        version = server.run("SHOW server_version")[0][0].split()[0]
        database.close()
    table = "".join(lines(found, version))
    print(table)
    write(table)
    if scans := [f.by for f in found.values() if any(w.startswith("Seq") for w in f.ways)]:
        sys.exit(f"Whole tables are read by {', '.join(scans)}.")


def write(table: str) -> None:
    """Put the table into the page, in place of the one before."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + table + END + after, "utf-8")


def explained(database: Database) -> dict[str, Found]:
    """Each statement of the hot path, with how its rows are found and how long that takes."""
    found: dict[str, Found] = {}

    @event.listens_for(database.engine, "before_cursor_execute")
    def explain(
        connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "WITH")) and statement not in found:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            # Carried out, so taken back: the statement itself is still to come.
            raw.cursor().execute("SAVEPOINT looked")
            rows = raw.cursor().execute(f"EXPLAIN (ANALYZE, TIMING off) {statement}", parameters)
            plan = [row[0] for row in rows]
            raw.cursor().execute("ROLLBACK TO SAVEPOINT looked")
            found[statement] = seen = Found(_caller())
            seen.ways = [f"{m[1]} {m[2]}" for line in plan if (m := _NODE.search(line))]
            # The first look at a table pays for reading the catalogue; that is planning, not it.
            seen.milliseconds = float(plan[-1].split()[2])

    with database.engine.connect() as connection, connection.begin() as transaction:
        walk(connection)
        transaction.rollback()
    return found


def lines(found: dict[str, Found], version: str) -> Iterator[str]:
    yield f"PostgreSQL {version}, {MESSAGES:,} messages of {PEOPLE:,} people, as of "
    yield "`python -m tests.bench plans`:\n\n| transaction | how its rows are found | ms |\n"
    yield "|---|---|---|\n"
    for one in found.values():
        ways = ", ".join(dict.fromkeys(f"`{way}`" for way in one.ways)) or "no table"
        yield f"| `{one.by}` | {ways} | {one.milliseconds:.2f} |\n"


def _caller() -> str:
    """The function of the store that is carried out, innermost."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        if path.parent.name == "store" and path.parent.parent.name == "gateway":
            return f"{path.stem}.{frame.f_code.co_name}"
    raise AssertionError
