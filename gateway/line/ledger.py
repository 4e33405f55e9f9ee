"""The ledger of calls: opened and closed with each, and right also about those that broke off.

A process that is killed closes no record. So each shows, from time to time, which calls it is on,
and a call that nobody shows any more is written off as lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
import structlog

from channels.base import CallState, Parting
from channels.events import Call
from gateway.line.figures import Figures, TurnFigures
from gateway.store import calls
from gateway.store.calls import STEPS, CallTurn, EndedBy
from gateway.store.engine import Database
from gateway.telemetry import (
    CALL_COST,
    CALL_REACTION_SECONDS,
    CALL_STEP_SECONDS,
    CALL_UNDERRUNS,
    CALLS,
)

log = structlog.get_logger()

SIGN_SECONDS = calls.LOST_SECONDS / 3
"""Between two signs of life."""


@dataclass(slots=True)
class Ledger:
    """Keeps the records of one process's calls."""

    database: Database
    clock: Callable[[], float]
    _live: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Show which calls live, and write off those that nobody shows, until cancelled."""
        while True:
            try:
                await self.look_through()
            except Exception:
                # Calls go on without, and the next sign may get through.
                log.exception("ledger_not_kept")
            await anyio.sleep(SIGN_SECONDS)

    async def look_through(self) -> None:
        now = self.clock()
        if self._live:
            await self.database.write(calls.show_life, list(self._live), now=now)
        if lost := await self.database.write(calls.write_off, now=now):
            log.warning("calls_lost", calls=lost)

    @contextmanager
    def living(self, call: Call) -> Iterator[None]:
        """The call lives while the block lasts."""
        self._live[call.id] += 1
        try:
            yield
        finally:
            self._live[call.id] -= 1
            self._live += Counter()  # lets go of those that are not on any line

    async def open(self, call: Call, *, now: float) -> str:
        """Begin the record of a call, or go on with it; the id of the caller's conversation."""
        return await self.database.write(calls.begin, call, now=now)

    async def close(
        self, call: Call, figures: Figures, ended_by: EndedBy, *, offset: float
    ) -> None:
        """Keep what became of a call; `offset` leads from its clock to epoch seconds."""
        database = self.database
        before = await database.read(calls.read, call.id) if call.resumed else None
        # Each line of a call counts its turns from 1, and the record all of them.
        first = max((turn.number for turn in before.told), default=0) if before else 0
        for turn in figures.turns.values():
            await database.write(calls.note_turn, call.id, _told(turn, offset, first))
        totals = {"underruns": float(figures.underruns), "cost": figures.cost}
        if before:
            totals = {name: n + before.figures.get(name, 0.0) for name, n in totals.items()}
        await database.write(
            calls.finish, call.id, ended_by=ended_by, now=self.clock(), figures=totals
        )
        _count(figures)
        CALLS.labels(call.route.channel, ended_by).inc()
        log.info(
            "call_ended",
            by=ended_by,
            turns=len(figures.turns),
            underruns=figures.underruns,
            cost=round(figures.cost, 6),
            figures=[turn.steps() for turn in figures.turns.values()],
        )

    async def note_recording(self, call: Call, file: str, *, began: float) -> None:
        await self.database.write(calls.note_recording, call.id, file, at=began)

    async def parting(self, id: str) -> Parting:
        """How the house left a call, if it did."""
        match await self.database.read(calls.ended_by, id):
            case "house":
                return "house"
            case "transfer":
                return "transfer"
        return ""

    async def note_status(self, id: str, state: CallState, seconds: int) -> None:
        """What the platform says of a call."""
        await self.database.write(calls.status, id, state, seconds, now=self.clock())


def _count(figures: Figures) -> None:
    CALL_UNDERRUNS.inc(figures.underruns)
    CALL_COST.inc(figures.cost)
    for turn in figures.turns.values():
        steps = turn.steps()
        for step in STEPS:
            if step in steps:
                CALL_STEP_SECONDS.labels(step).observe(steps[step])
        if turn.reaction is not None:
            CALL_REACTION_SECONDS.observe(turn.reaction)


def _told(turn: TurnFigures, offset: float, first: int) -> CallTurn:
    """A turn for the record; `first` turns were told before."""
    said = " ".join(turn.said)
    return CallTurn(
        number=first + turn.number,
        at=turn.ended + offset,
        asked=turn.asked,
        heard=said if turn.heard is None else turn.heard,
        cut=turn.heard is not None,
        figures=turn.steps(),
    )
