"""Which bus replicas share, and what it asks the store when it has missed something."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from channels.events import Status, TurnState
from gateway.bus.base import Bus, Standing
from gateway.bus.memory import MemoryBus
from gateway.errors import SettingsError
from gateway.settings import Settings
from gateway.store.base import TurnStage
from gateway.store.engine import Database
from gateway.store.standing import Stand, stands

PATIENCE_SECONDS = 5.0

_STATES = {
    TurnStage.OPEN: TurnState.WORKING,
    TurnStage.FAILED: TurnState.FAILED,
    TurnStage.CANCELED: TurnState.CANCELED,
}


def bus_of(settings: Settings, worker: str, database: Database) -> Bus:
    """What replicas tell each other by; without one where there can be only one of them.

    Raises SettingsError.
    """
    if not settings.redis_url and settings.database.startswith("sqlite"):
        return MemoryBus()
    from gateway.bus.shared import SharedBus  # noqa: PLC0415 - only replicas pay for it

    try:
        return SharedBus(
            worker,
            Standings(database),
            settings.redis_url,
            ca_file=settings.redis_ca_file,
            prefix=settings.redis_prefix,
        )
    except ValueError as error:
        raise SettingsError(f"REDIS_URL: {error}") from error
    except ModuleNotFoundError as error:
        raise SettingsError(f"REDIS_URL needs a client: pip install {error.name}") from error


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
