"""How the parts stand that we cannot do without, for `/readyz`."""

from __future__ import annotations

import time
from dataclasses import dataclass

import anyio
import structlog
from sqlalchemy import Connection, text

from gateway.agent.breaker import GuardedAgent
from gateway.bus.base import Bus
from gateway.errors import AgentError
from gateway.server.embedded import EmbeddedAgent
from gateway.store.engine import Database

log = structlog.get_logger()

PATIENCE_SECONDS = 3.0
"""For one part to answer."""

REMEMBERED_SECONDS = 3.0
"""How long the agent's answer holds, however often we are asked."""


@dataclass(slots=True)
class Health:
    """Asks the parts how they are."""

    database: Database
    bus: Bus
    agent: GuardedAgent
    embedded: EmbeddedAgent | None
    _agent_state: str = ""
    _agent_asked: float = 0.0

    async def checks(self) -> dict[str, str]:
        """Each part with "ok", "starting", "degraded: …", or what is wrong with it."""
        return {
            "database": await self._database_state(),
            "bus": self.bus.state,
            "agent": await self._agent_now(),
        }

    async def _database_state(self) -> str:
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await self.database.read(_ping)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we report
            log.warning("database_check_failed", error=type(error).__name__)
            return f"unreachable: {type(error).__name__}"
        return "ok"

    async def _agent_now(self) -> str:
        if self.embedded and not self.embedded.ready:
            return "starting"
        if not self._agent_state or time.monotonic() - self._agent_asked > REMEMBERED_SECONDS:
            self._agent_state = await self._ask_agent()
            self._agent_asked = time.monotonic()
        # A card can be read of many an agent that does not work.
        return (self.agent.trouble or "ok") if self._agent_state == "ok" else self._agent_state

    async def _ask_agent(self) -> str:
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await self.agent.about()
        except TimeoutError:
            return f"unreachable: no answer within {PATIENCE_SECONDS:.0f} s"
        except AgentError as error:
            return f"unreachable: {error}"
        return "ok"


def _ping(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
