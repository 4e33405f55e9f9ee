"""The table at the end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.rounds import Rounds

ALWAYS = ("lost", "said twice", "out of order", "wrong place", "asked twice", "begun twice")
"""What must be nought, and is said to be."""

DETAILS = 40


def show(rounds: Rounds, seed: int, console: Console | None = None) -> None:
    """Print what happened, and what became of it."""
    console = console or Console()
    result, trouble = rounds.result, rounds.trouble
    table = Table(title=f"chaos, seed {seed}", show_header=False)
    table.add_row("replicas killed", f"{len(trouble.kills)}")
    for kind, times in sorted(trouble.happened.items()):
        if not kind.startswith("kill"):
            table.add_row(kind, f"{times}")
    cuts = sum(wire.cuts for wire in (*rounds.parts.wires.values(), rounds.parts.balancer))
    bot = rounds.parts.telegram
    table.add_row("connections broken", f"{cuts}")
    table.add_row("updates twice / late / overtaking",
                  f"{bot.twice} / {bot.late} / {len(bot.overtaking)}")  # fmt: skip
    table.add_row("Telegram's faults", f"{bot.faults}")
    table.add_section()
    for channel, count in sorted(result.messages.items()):
        table.add_row(f"messages, {channel}", f"{count}")
    if result.calls:
        table.add_row("calls", f"{result.calls}, taken up elsewhere {result.taken_up} times")
        table.add_row("asked again by the caller", f"{result.unheard}")
        table.add_row("taken back by asking another", f"{result.taken_back}")
    table.add_row("answered", f"{result.answers}")
    table.add_row("repeats, labelled", f"{result.labelled}")
    table.add_row("agent asked again, same id", f"{result.asked_again}")
    table.add_section()
    for kind in (*ALWAYS, *(kind for kind in sorted(result.complaints) if kind not in ALWAYS)):
        table.add_row(
            kind, f"{result.complaints[kind]}", style="red" * bool(result.complaints[kind])
        )
    table.add_section()
    table.add_row("kill to going on elsewhere", spread(result.recoveries))
    if result.alone:
        table.add_row("as above, nobody left or a server away", spread(result.alone))
    table.add_row("last misfortune to all answered", spread(result.settling))
    console.print(table)
    for failure, times in result.tracebacks.most_common(10):
        console.print(f"[yellow]in the log {times} times:[/yellow] {failure}", markup=True)
    for detail in result.details[:DETAILS]:
        console.print(f"[red]{detail}[/red]")


def spread(seconds: Sequence[float]) -> str:
    """How figures lie: p50, p95, the longest, and how many there are."""
    if not seconds:
        return "-"
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return f"p50 {at(0.5):.2f} s, p95 {at(0.95):.2f} s, max {ordered[-1]:.2f} s (n={len(ordered)})"
