"""Puts the agent's parts together. Heavy to import; see `agents.app`."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio
import structlog
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from agents.api.app import make_api
from agents.app import CARD_PATH, MAX_BODY, AgentConfig, MakeBrain
from agents.brain import BrainConfig
from agents.brain import make_brain as shipped_brain
from agents.card import make_card
from agents.desk import Desk
from agents.doors import Doors, not_served
from agents.guard import Guard
from agents.handler import Handler
from agents.ledger import Ledger
from agents.negotiation import Announcing, Versioned
from agents.push import Pusher
from agents.records.base import AgentRecord, Clock
from agents.records.engine import Database
from agents.records.leases import Leases
from agents.records.protocol import SqlPushConfigs, SqlTaskStore
from agents.records.schema import check, ensure
from agents.records.store import SqlRecords
from agents.scheduler import LONGEST_SLEEP, Scheduler

log = structlog.get_logger()

AGENT_ID = "chief-of-staff"


@asynccontextmanager
async def serving(
    config: AgentConfig, make_brain: MakeBrain | None, clock: Clock
) -> AsyncIterator[ASGIApp]:
    """See `agents.app.running`."""
    # The SDK logs what it cannot parse, and that is what people wrote.
    logging.getLogger("a2a").setLevel(logging.CRITICAL)
    database = Database(config.database_url, config.connections)
    try:
        await anyio.to_thread.run_sync(ensure if config.migrate else check, database.engine)
        records = SqlRecords(database, clock)
        leases = Leases(database, uuid.uuid4().hex, config.lease) if database.shared else None
        store, targets = SqlTaskStore(database, leases), SqlPushConfigs(database)
        guard = Guard(config.push_allowed_origins)
        pusher = Pusher(store, targets, guard, alone=leases is None)
        ledger = Ledger(store, pusher.tell, leases)
        make = make_brain or shipped_brain
        # A model's libraries take a second to load.
        brain = await anyio.to_thread.run_sync(make, config.brain or BrainConfig(), records, clock)
        desk = Desk(
            brain=brain,
            ledger=ledger,
            store=store,
            targets=targets,
            records=records,
            clock=clock,
            draft_life=config.draft_life,
            leases=leases,
            push_end=pusher.tell_end,
        )
        # What another replica set is to fire in time though that one is gone.
        scheduler = Scheduler(records, clock, look_again=config.lease if leases else LONGEST_SLEEP)
        records.watch(desk.record_changed)
        records.watch(scheduler.changed)
        card = make_card(config.base_url, secured=bool(config.token))
        await records.register(
            AgentRecord(
                id=AGENT_ID,
                name=card.name,
                description=card.description,
                version=card.version,
                url=config.base_url,
                seen_at=clock(),
            )
        )
        handler = Handler(desk, ledger, store, targets, guard)
        versioned = Versioned()
        routes: list[BaseRoute] = [
            *create_agent_card_routes(card, card_url=CARD_PATH, cache_control="public, max-age=60"),
            *create_jsonrpc_routes(handler, rpc_url="/a2a", context_builder=versioned),
            # Without the SDK's tenants, which would claim every other path.
            *(
                route
                for route in create_rest_routes(
                    handler, path_prefix="/a2a", context_builder=versioned
                )
                if isinstance(route, Route)
            ),
            Mount("/v1", app=make_api(records)),
        ]
        served = Starlette(routes=routes, exception_handlers={HTTPException: not_served})
        # It would lead to whatever host the caller named.
        served.router.redirect_slashes = False
        app = Doors(
            Announcing(served, [known.uri for known in card.capabilities.extensions]),
            base_url=config.base_url,
            token=config.token,
            max_body=MAX_BODY,
            public=(CARD_PATH,),
        )
        async with (
            aclosing(brain),
            pusher.running(),
            desk.running(),
            anyio.create_task_group() as group,
        ):
            group.start_soon(scheduler.run)
            log.info("agent_started", url=config.base_url)
            try:
                yield app
            finally:
                group.cancel_scope.cancel()
    finally:
        database.close()
