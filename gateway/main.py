"""Wiring: the one file that knows every concrete name."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack

import anyio
import structlog
from anyio import to_thread
from sqlalchemy import Engine
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from agents.app import PATHS, AgentConfig, bring_up_to_date, running
from agents.brain.config import BrainConfig
from agents.records.schema import SchemaError
from channels import outward
from channels.base import Channel
from gateway.agent.breaker import GuardedAgent
from gateway.alone import Leased
from gateway.app import Face, create_app
from gateway.chat import Chat
from gateway.cli import create_cli
from gateway.commands.banner import show
from gateway.delivery import Deliveries
from gateway.errors import StoreError, StoreUnavailable
from gateway.inbox import StoringInbox
from gateway.keeping import Keeping
from gateway.replicas import tie
from gateway.server.draining import Drain
from gateway.server.embedded import EmbeddedAgent
from gateway.server.health import Health
from gateway.server.metering import Meter
from gateway.server.pushing import pushing
from gateway.server.serving import Server, serving, sweep_seldom
from gateway.settings import LOOPBACK, Settings
from gateway.store import checks, migrate
from gateway.store import inbox as inbox_transactions
from gateway.store.engine import Database, PatientDatabase
from gateway.store.files import FileStore
from gateway.telemetry import asked
from gateway.turns.following import Following
from gateway.turns.turn import TurnPlayer
from gateway.wiring.doors import SERVED_BY, agent_client, connected, derived, limits_of
from gateway.wiring.sharing import bus_of
from gateway.wiring.spoken import Speaking
from gateway.wiring.storing import place_of

log = structlog.get_logger()

PATIENCE_SECONDS = 60.0
"""How long we wait for a database when we start."""


def command() -> None:
    """The `frontdoor` command."""
    create_cli(serve, migrate_all)()


async def serve(settings: Settings) -> None:
    """Run everything until told to stop. Raises FrontDoorError when it cannot start."""
    if settings.roles == {"agent"}:
        await serve_agent(settings)
        return
    database = Database(settings.database, settings.database_pool)
    try:
        await prepared(settings, database)
        secret = settings.secret_key or await database.write(inbox_transactions.secret, "signing")
        house = House(settings, database, secret)
        server = Server(house.app, settings.host, settings.port, on_hurry=house.drain.hurry)
        async with (
            house.meter.running(settings.host, settings.metrics_port),
            pushing(*figures_to(settings), house.meter.measure),
            serving(server),
            anyio.create_task_group() as tasks,
        ):
            # Where machines read the log, each line is an event.
            if settings.log_format != "json":
                show(settings)
            tasks.start_soon(house.run)
            await server.asked_to_stop.wait()
            log.info("stopping")
            await house.leave()
            await server.part()
            tasks.cancel_scope.cancel()
    finally:
        database.close()


def figures_to(settings: Settings) -> tuple[str, str, str]:
    """Where figures are sent, with which headers, and as whose."""
    return (
        settings.otel_exporter_otlp_metrics_endpoint,
        settings.otel_exporter_otlp_headers,
        settings.otel_service_name,
    )


async def serve_agent(settings: Settings) -> None:
    """Run the shipped agent and nothing else."""
    if not settings.database_url:
        await anyio.Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    agent = shipped_agent(settings, settings.api_token)

    async def checks() -> dict[str, str]:
        return {"agent": "ok" if agent.ready else "starting"}

    async def notified(task: str) -> None:
        """Who has no conversations asks nobody to tell it of tasks."""

    drain = Drain(settings.ready_grace_seconds, settings.drain_seconds)
    meter = Meter()
    face = Face(
        checks=checks,
        notified=notified,
        notification_token=uuid.uuid4().hex,
        api_token=settings.api_token,
        hosts=LOOPBACK,
        drain=drain,
        limits=limits_of(settings),
        measure=meter.measure,
        roles=settings.roles,
    )
    server = Server(
        create_app(face, (), agent.routes()), settings.host, settings.port, on_hurry=drain.hurry
    )
    async with (
        meter.running(settings.host, settings.metrics_port),
        pushing(*figures_to(settings), meter.measure),
        serving(server),
        AsyncExitStack() as stack,
    ):
        try:
            await stack.enter_async_context(agent.running())
        except SchemaError as error:
            raise StoreError(str(error)) from error
        log.info("working", roles=["agent"])
        await server.asked_to_stop.wait()
        log.info("stopping")
        # Who hears a task through holds a request open meanwhile.
        await drain.run(lambda: {"requests": server.under_way}, server.emptied)


async def migrate_all(settings: Settings) -> None:
    """Bring the databases up to date, of conversations and of the shipped agent.

    Raises StoreError.
    """
    database = Database(settings.database)
    try:
        await prepared(settings, database, migrate.upgrade)
    finally:
        database.close()
    try:
        await to_thread.run_sync(bring_up_to_date, settings.agent_database)
    except SchemaError as error:
        raise StoreError(str(error)) from error


async def prepared(
    settings: Settings, database: Database, bring: Callable[[Engine], None] | None = None
) -> None:
    """Bring the database up to date, and wait a while for one that is starting itself."""
    bring = bring or (migrate.upgrade if settings.migrate == "on" else migrate.check)
    deadline = anyio.current_time() + PATIENCE_SECONDS
    while True:
        try:
            await to_thread.run_sync(bring, database.engine)
        except StoreUnavailable as error:
            if anyio.current_time() > deadline:
                raise
            log.warning("database_away", error=str(error))
            await anyio.sleep(1)
        else:
            return


class House:
    """All parts, put together."""

    def __init__(self, settings: Settings, database: Database, secret: str) -> None:
        worker = str(uuid.uuid4())
        # Who works behind the door waits for a database that is away; who is asked at it says so.
        patient, clock = PatientDatabase(database), database.clock
        self._bus = bus = bus_of(settings, worker, database)
        place = place_of(settings)
        files = FileStore(database, place, settings.max_upload_bytes)
        self._keeping = Keeping(
            files, settings.retention_days, settings.recording_days, clock, database
        )
        channels: dict[str, Channel] = {}
        lease = settings.lease_seconds
        roles = settings.roles
        self.drain = Drain(settings.ready_grace_seconds, settings.drain_seconds)
        token = settings.api_token
        if settings.public and not token:
            # Closed to everybody until the operator sets API_TOKEN, but not to ourselves.
            token = derived(secret, "api")
        notification_token = derived(secret, "agent-notifications")

        self._channels = channels
        self._roles = roles
        self._embedded = None if settings.agent_url else shipped_agent(settings, token)
        self._client = agent_client(settings, token, notification_token)
        self._agent = agent = GuardedAgent(self._client)
        speech = Speaking.of(settings)
        self._deliveries = deliveries = Deliveries(worker, patient, channels, lease, clock)
        following = Following(patient, bus, files, agent, channels, deliveries.look, clock)
        player = TurnPlayer(
            worker,
            patient,
            bus,
            files,
            agent,
            channels,
            settings.detach_seconds,
            clock=clock,
            on_delivery=deliveries.look,
            on_detached=following.look,
            notes=speech.notes(settings, files, patient),
            voicing=speech.voicing(settings, files),
        )
        self._chat = Chat(
            worker,
            patient,
            bus,
            channels,
            player,
            following,
            lease,
            on_delivery=deliveries.look,
            clock=clock,
            at_once=settings.max_turns,
        )
        inbox = StoringInbox(
            database,
            bus,
            files,
            debounce=settings.debounce_seconds,
            per_minute=settings.messages_per_minute,
            on_due=self._chat.due,
            on_cancel=self._chat.cancel,
            clock=clock,
        )
        self._switchboard = speech.switchboard(settings, database, bus, inbox, agent, files)
        self.meter = Meter(
            database,
            {
                "conversation": lambda: self._chat.held,
                "delivery": lambda: deliveries.held,
                "check": lambda: following.held,
            },
        )
        outward.watch(asked)
        tie(bus, self._chat, self._switchboard)
        alone = Leased(worker, database, lease, clock)
        channels |= connected(settings, secret, inbox, bus, self._switchboard, alone, place.origin)

        async def notified(task: str) -> None:
            if await database.write(checks.hurry, task):
                following.look()

        face = Face(
            checks=Health(database, bus, agent, self._embedded).checks,
            notified=notified,
            notification_token=notification_token,
            api_token=token,
            hosts=LOOPBACK,
            drain=self.drain,
            limits=limits_of(settings),
            measure=self.meter.measure,
            roles=roles,
        )
        ours: list[BaseRoute] = []
        others: list[BaseRoute] = []
        for name, channel in channels.items():
            (ours if SERVED_BY[name] in roles else others).extend(channel.routes())
        agent_routes = self._embedded.routes() if self._embedded else []
        self.app: ASGIApp = create_app(face, ours, agent_routes, others)

    async def leave(self) -> None:
        """Send people elsewhere, and let end what is under way."""
        board, chat = self._switchboard, self._chat

        def leave() -> dict[str, int]:
            calls = board.leave() if board else 0
            turns = chat.leave(board.conversations if board else frozenset)
            for channel in self._channels.values():
                channel.leave()
            return {"calls": calls, "turns": turns}

        # In this order, for calls begin turns.
        await self.drain.run(leave, *([board.emptied] if board else []), chat.emptied)

    async def run(self) -> None:
        """Play, send and listen until cancelled."""
        async with AsyncExitStack() as stack:
            # It closes last of all: others are told of what we hand over.
            await stack.enter_async_context(self._bus.running())
            stack.push_async_callback(self._agent.close)
            if self._embedded:
                try:
                    await stack.enter_async_context(self._embedded.running())
                except SchemaError as error:
                    raise StoreError(str(error)) from error
            await self._client.warm()
            if self._switchboard and "voice" in self._roles:
                await stack.enter_async_context(self._switchboard.running())
            # Channels close last: what is being sent and shown when we stop still needs them.
            for channel in self._channels.values():
                await stack.enter_async_context(channel.running())
            await stack.enter_async_context(self._deliveries.running())
            await stack.enter_async_context(self._chat.running())
            await stack.enter_async_context(self._keeping.running())
            log.info("working", roles=sorted(self._roles), channels=sorted(self._channels))
            sweep_seldom()
            await anyio.sleep_forever()


def shipped_agent(settings: Settings, token: str) -> EmbeddedAgent:
    """The agent that ships with us, in our own process; `token` guards it."""
    config = AgentConfig(
        base_url=settings.base_url,
        database_url=settings.agent_database,
        connections=settings.database_pool,
        migrate=settings.migrate == "on",
        token=token,
        push_allowed_origins=(settings.local_url, settings.base_url),
        brain=BrainConfig(
            groq_key=settings.groq_api_key,
            groq_url=settings.groq_base_url,
            openai_key=settings.openai_api_key,
            openai_url=settings.openai_base_url,
            model=settings.agent_model,
            mcp_servers=settings.mcp_servers,
        ),
    )
    return EmbeddedAgent(running(config), PATHS, token)
