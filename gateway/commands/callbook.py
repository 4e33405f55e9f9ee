"""`frontdoor calls`: who called, how long, and where the time went in each answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from anyio import to_thread

from gateway.settings import Settings
from gateway.store import calls, migrate
from gateway.store.calls import STEPS, CallRecord, CallTurn
from gateway.store.engine import Database

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 40
"""Characters of the longest bar."""

SHOWN = 12
"""Characters of an id: enough to tell calls apart."""

_STEP_NAMES = {
    "transcript": "words there",
    "commit": "turn over",
    "text": "agent's first words",
    "audio": "first sound",
}
_ENDED_BY = {
    "caller": "caller hung up",
    "house": "we hung up",
    "lost": "line lost",
    "transfer": "handed over",
}


async def newest(settings: Settings, limit: int) -> list[CallRecord]:
    """The newest calls. Raises StoreError."""
    async with _book(settings) as database:
        return await database.read(calls.latest, limit=limit)


async def one(settings: Settings, beginning: str) -> CallRecord | None:
    """The newest call whose id begins so, with its turns. Raises StoreError."""
    async with _book(settings) as database:
        id = await database.read(calls.find, beginning)
        return await database.read(calls.read, id) if id else None


@asynccontextmanager
async def _book(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database)
    try:
        await to_thread.run_sync(migrate.upgrade, database.engine)
        # There may be no house left to do it.
        await database.write(calls.write_off, now=time.time())
        yield database
    finally:
        database.close()


def list_all(records: Sequence[CallRecord], console: Console) -> None:
    """All of them, or how to come by one."""
    if records:
        console.print(listed(records))
    else:
        console.print('No calls yet. Make one: frontdoor call --say "what is on my list"')


def listed(records: Sequence[CallRecord]) -> Table:
    """One line a call."""
    from rich.table import Table  # noqa: PLC0415 - only who looks at calls loads it
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    for heading in ("when", "who", "", "long", "turns", "how it ended", "call"):
        # An address may be long; what is cut off of the rest is missed.
        table.add_column(
            heading,
            no_wrap=heading != "who",
            overflow="fold",
            justify="right" if heading == "turns" else "left",
        )
    for record in records:
        table.add_row(
            when(record.started_at),
            Text(who(record)),
            "out" if record.direction == "out" else "in",
            length(record.seconds),
            str(record.turns),
            how(record),
            record.id[:SHOWN],
        )
    return table


def show(record: CallRecord, console: Console) -> None:
    """A call with everything that is kept of it."""
    from rich.markup import escape  # noqa: PLC0415 - as above

    console.print(
        f"[bold]{escape(who(record))}[/]  {when(record.started_at)}  {length(record.seconds)}  "
        f"{how(record)}  [dim]{escape(record.id)}[/]"
    )
    if record.figures:
        console.print(f"[dim]{_extras(record.figures)}[/]")
    for file in record.recordings:
        console.print(f"[dim]recording {escape(file)}[/]")
    scale = longest(record.told)
    for turn in record.told:
        console.print(f"\n[cyan]{turn.number}[/] {escape(turn.asked or '(no words)')}")
        for line in waterfall(turn, scale):
            console.print(f"    [dim]{line}[/]", highlight=False)
        if turn.heard or turn.cut:
            cut = " [yellow]✂ cut short[/]" if turn.cut else ""
            console.print(f"  → {escape(turn.heard)}{cut}")


def longest(turns: Iterable[CallTurn]) -> float:
    """The longest wait in any of the turns, seconds: what a whole bar stands for."""
    return max((t.figures.get(step, 0.0) for t in turns for step in STEPS), default=0.0)


def waterfall(turn: CallTurn, scale: float) -> list[str]:
    """A turn's steps as bars from the caller's last word on; each begins where one ended."""
    lines, begun = [], 0.0
    for step in STEPS:
        if (at := turn.figures.get(step)) is None:
            continue
        left = round(min(begun, at) / scale * WIDTH) if scale else 0
        right = round(at / scale * WIDTH) if scale else 0
        bar = (" " * left + "█" * max(1, right - left)).ljust(WIDTH + 1)
        lines.append(f"{_STEP_NAMES[step]:<19} {bar} {at * 1000:5.0f} ms")
        begun = max(begun, at)
    others = {name: value for name, value in turn.figures.items() if name not in STEPS}
    return [*lines, _extras(others)] if others else lines


def who(record: CallRecord) -> str:
    where = str(record.address) if record.address else "nobody we spoke with"
    return f"{record.name} ({where})" if record.name else where


def when(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def length(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def how(record: CallRecord) -> str:
    return _ENDED_BY.get(record.ended_by, record.state)


def _extras(figures: calls.Figures) -> str:
    return ", ".join(_extra(name, value) for name, value in figures.items())


def _extra(name: str, value: float) -> str:
    match name:
        case "cost":
            return f"${value:.4f}"
        case "reaction":
            return f"silent {value * 1000:.0f} ms after being interrupted"
        case _:
            return f"{name} {value:g}"
