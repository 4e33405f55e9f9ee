"""What the bus asks the store when it has missed something."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from channels.events import Status, TurnState
from gateway.bus.topics import Standing
from gateway.store.base import TurnStage
from gateway.store.engine import Database
from gateway.store.standing import Stand, stands

PATIENCE_SECONDS = 5.0

_STATES = {
    TurnStage.OPEN: TurnState.WORKING,
    TurnStage.FAILED: TurnState.FAILED,
    TurnStage.CANCELED: TurnState.CANCELED,
}


class Standings:
    """Asks the store where conversations stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, known: Mapping[str, int | None]) -> Mapping[str, Standing]:
        if not known:
            return {}
        with anyio.fail_after(PATIENCE_SECONDS):
            found = await self._database.read(stands, known)
        return {
            conversation: Standing(stand.seq, stand.entries, _turn(stand))
            for conversation, stand in found.items()
        }


def _turn(stand: Stand) -> Status | None:
    if stand.stage is None:
        return None
    state = _STATES.get(stand.stage, TurnState.DONE)
    return Status(stand.turn, state, messages=stand.answers)
