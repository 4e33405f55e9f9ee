"""Wiring: the one file that knows every concrete name."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from contextlib import AsyncExitStack

import anyio
import structlog
from anyio import to_thread
from sqlalchemy import Connection, text

from agents.app import PATHS, AgentConfig, running
from agents.brain.config import BrainConfig
from channels.base import Channel
from channels.web.adapter import WebChannel, WebConfig
from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.app import Face, create_app
from gateway.banner import parts, show
from gateway.bus.memory import MemoryBus
from gateway.chat import Chat
from gateway.cli import create_cli
from gateway.delivery import Deliveries
from gateway.doctor import bot_of
from gateway.embedded import EmbeddedAgent
from gateway.errors import AgentError
from gateway.following import Following
from gateway.inbox import StoringInbox
from gateway.serving import Server, serving
from gateway.settings import Settings
from gateway.store import alone, migrate
from gateway.store import inbox as inbox_transactions
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.turn import TurnPlayer

log = structlog.get_logger()

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

AGENT_CHECK_SECONDS = 3.0


def command() -> None:
    """The `frontdoor` command."""
    create_cli(serve)()


def is_public(settings: Settings) -> bool:
    """Whether others than this machine can reach us."""
    return bool(settings.public_url) or settings.host not in LOOPBACK


async def serve(settings: Settings) -> None:
    """Run everything until told to stop. Raises FrontDoorError when it cannot start."""
    database = Database(database_url(settings))
    try:
        await to_thread.run_sync(migrate.upgrade, database.engine)
        secret = settings.secret_key or await database.write(
            inbox_transactions.secret, "session-signing"
        )
        house = House(settings, database, secret)
        server = Server(house.app, settings.host, settings.port)
        async with serving(server):
            show(settings)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(house.run)
                await server.asked_to_stop.wait()
                log.info("stopping")
                tasks.cancel_scope.cancel()
    finally:
        database.close()


def database_url(settings: Settings) -> str:
    return settings.database_url or f"sqlite:///{settings.data_dir / 'frontdoor.db'}"


class House:
    """All parts, put together."""

    def __init__(self, settings: Settings, database: Database, secret: str) -> None:
        self._settings = settings
        self._database = database
        self._agent_checked: tuple[float, str] = (-AGENT_CHECK_SECONDS, "starting")
        worker = str(uuid.uuid4())
        bus = MemoryBus()
        files = FileStore(database, settings.data_dir / "files", settings.max_upload_bytes)
        self._channels: dict[str, Channel] = {}
        self._embedded = None if settings.agent_url else self._shipped_agent(secret)
        notification_token = derived(secret, "agent-notifications")
        self._agent = A2AAgent(
            A2AConfig(
                url=settings.agent_url or settings.local_url,
                keep_origin=not settings.agent_url,
                token=settings.agent_token if settings.agent_url else self._api_token(secret),
                notification_url=self._own_url() + "/agent/notifications",
                notification_token=notification_token,
            )
        )
        self._deliveries = Deliveries(worker, database, self._channels, settings.lease_seconds)
        following = Following(
            database, bus, files, self._agent, self._channels, self._deliveries.look
        )
        player = TurnPlayer(
            worker,
            database,
            bus,
            files,
            self._agent,
            self._channels,
            settings.detach_seconds,
            on_delivery=self._deliveries.look,
            on_detached=following.look,
        )
        self._following = following
        self._chat = Chat(
            worker,
            database,
            bus,
            self._channels,
            player,
            following,
            settings.lease_seconds,
            on_delivery=self._deliveries.look,
        )
        inbox = StoringInbox(
            database,
            bus,
            files,
            debounce=settings.debounce_seconds,
            per_minute=settings.messages_per_minute,
            on_due=self._chat.due,
            on_cancel=self._chat.cancel,
        )
        self._channels["web"] = WebChannel(
            WebConfig(
                secret=derived(secret, "web-sessions"),
                origins=settings.web_origins,
                public_url=settings.public_url,
                identity_key=settings.web_identity_secret,
                max_upload_bytes=settings.max_upload_bytes,
            ),
            inbox,
            bus,
            doors=lambda: {part.name: part.text for part in parts(settings)},
        )
        if settings.telegram_bot_token:
            # Only who has a bot pays for importing its library.
            from channels.telegram.adapter import TelegramChannel  # noqa: PLC0415

            self._channels["telegram"] = TelegramChannel(bot_of(settings), inbox, bus)
        self.app = create_app(
            Face(
                checks=self.checks,
                notified=self._notified,
                notification_token=notification_token,
                api_token=self._api_token(secret),
                hosts=LOOPBACK,
            ),
            [route for channel in self._channels.values() for route in channel.routes()],
            self._embedded.routes() if self._embedded else [],
        )

    async def run(self) -> None:
        """Play, send and listen until cancelled."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._agent.close)
            if self._embedded:
                await stack.enter_async_context(self._embedded.running())
            await self._agent.warm()
            await stack.enter_async_context(self._deliveries.running())
            await stack.enter_async_context(self._chat.running())
            for channel in self._channels.values():
                await stack.enter_async_context(channel.running())
            log.info("working", channels=sorted(self._channels))
            await anyio.sleep_forever()

    async def checks(self) -> dict[str, str]:
        """How each part that we cannot do without stands."""
        return {
            "database": await self._check_database(),
            "bus": "ok",
            "agent": await self._check_agent(),
        }

    async def _check_database(self) -> str:
        try:
            with anyio.fail_after(2):
                await self._database.read(_ping)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we report
            log.warning("database_check_failed", error=type(error).__name__)
            return f"unreachable: {type(error).__name__}"
        return "ok"

    async def _check_agent(self) -> str:
        if self._embedded and not self._embedded.ready:
            return "starting"
        at, state = self._agent_checked
        if time.monotonic() - at > AGENT_CHECK_SECONDS:
            try:
                with anyio.fail_after(AGENT_CHECK_SECONDS):
                    await self._agent.about()
                state = "ok"
            except (AgentError, TimeoutError) as error:
                state = f"unreachable: {error}"
            self._agent_checked = (time.monotonic(), state)
        return state

    async def _notified(self, task: str) -> None:
        if await self._database.write(alone.hurry, task):
            self._following.look()

    # -- the shipped agent -----------------------------------------------------------------

    def _own_url(self) -> str:
        """Where the agent reaches us: through the world only when it is out there."""
        return self._settings.base_url if self._settings.agent_url else self._settings.local_url

    def _api_token(self, secret: str) -> str:
        """What guards records and metrics; nobody knows it until API_TOKEN is set."""
        if is_public(self._settings) and not self._settings.api_token:
            return derived(secret, "api")
        return self._settings.api_token

    def _shipped_agent(self, secret: str) -> EmbeddedAgent:
        settings = self._settings
        config = AgentConfig(
            base_url=settings.base_url,
            database_url=settings.database_url or f"sqlite:///{settings.data_dir / 'agent.db'}",
            token=self._api_token(secret),
            push_allowed_origins=(settings.local_url,),
            brain=BrainConfig(
                groq_key=settings.groq_api_key,
                groq_url=settings.groq_base_url,
                openai_key=settings.openai_api_key,
                openai_url=settings.openai_base_url,
                model=settings.agent_model,
                mcp_servers=settings.mcp_servers,
            ),
        )
        return EmbeddedAgent(running(config), PATHS)


def derived(secret: str, purpose: str) -> str:
    """A key for one purpose, so that no two uses share one."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _ping(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
