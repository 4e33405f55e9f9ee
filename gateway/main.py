"""Wiring: the one file that knows every concrete name."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import anyio
import structlog
from anyio import to_thread
from starlette.types import ASGIApp

from agents.app import PATHS, AgentConfig, running
from agents.brain.config import BrainConfig
from agents.records.schema import SchemaError
from channels.base import Budget, Calls, Channel, Inbox
from channels.twilio.adapter import PhoneChannel
from channels.web.adapter import WebChannel, WebConfig
from channels.web.simulated import simulated_phone
from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.agent.base import Agent
from gateway.app import Face, create_app
from gateway.banner import show
from gateway.bus.base import Bus
from gateway.bus.memory import MemoryBus
from gateway.call.policy import Policy
from gateway.calls import Switchboard
from gateway.chat import Chat
from gateway.cli import create_cli
from gateway.delivery import Deliveries
from gateway.doctor import bot_of, phone_of
from gateway.embedded import EmbeddedAgent
from gateway.errors import SettingsError, StoreError
from gateway.following import Following
from gateway.health import Health
from gateway.inbox import StoringInbox
from gateway.notes import Notes
from gateway.serving import Server, serving
from gateway.settings import LOOPBACK, Settings
from gateway.speech.base import SpeechToText, TextToSpeech
from gateway.speech.providers import recognisers, voices
from gateway.speech.recognisers import Recognisers
from gateway.speech.silero import SileroActivity
from gateway.speech.speakable import clauses_of
from gateway.speech.voices import Voices
from gateway.store import checks, migrate
from gateway.store import inbox as inbox_transactions
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.turn import TurnPlayer
from gateway.voice import VoiceParts
from gateway.voicing import Voicing

log = structlog.get_logger()


def command() -> None:
    """The `frontdoor` command."""
    create_cli(serve)()


async def serve(settings: Settings) -> None:
    """Run everything until told to stop. Raises FrontDoorError when it cannot start."""
    database = Database(settings.database)
    try:
        await to_thread.run_sync(migrate.upgrade, database.engine)
        secret = settings.secret_key or await database.write(inbox_transactions.secret, "signing")
        house = House(settings, database, secret)
        server = Server(house.app, settings.host, settings.port)
        async with serving(server), anyio.create_task_group() as tasks:
            show(settings)
            tasks.start_soon(house.run)
            await server.asked_to_stop.wait()
            log.info("stopping")
            tasks.cancel_scope.cancel()
    finally:
        database.close()


class House:
    """All parts, put together."""

    def __init__(self, settings: Settings, database: Database, secret: str) -> None:
        worker = str(uuid.uuid4())
        bus = MemoryBus()
        files = FileStore(database, settings.data_dir / "files", settings.max_upload_bytes)
        channels: dict[str, Channel] = {}
        lease = settings.lease_seconds
        token = settings.api_token
        if settings.public and not token:
            # Closed to everybody until the operator sets API_TOKEN, but not to ourselves.
            token = derived(secret, "api")
        notification_token = derived(secret, "agent-notifications")

        self._channels = channels
        self._embedded = None if settings.agent_url else shipped_agent(settings, token)
        self._agent = agent = agent_client(settings, token, notification_token)
        speech = Speaking.of(settings)
        self._deliveries = deliveries = Deliveries(worker, database, channels, lease)
        following = Following(database, bus, files, agent, channels, deliveries.look)
        player = TurnPlayer(
            worker,
            database,
            bus,
            files,
            agent,
            channels,
            settings.detach_seconds,
            on_delivery=deliveries.look,
            on_detached=following.look,
            notes=speech.notes(settings, files, database),
            voicing=speech.voicing(settings, files),
        )
        self._chat = Chat(
            worker, database, bus, channels, player, following, lease, on_delivery=deliveries.look
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
        self._switchboard = speech.switchboard(settings, database, bus, inbox, agent, files)
        channels |= connected(settings, secret, inbox, bus, self._switchboard)

        async def notified(task: str) -> None:
            if await database.write(checks.hurry, task):
                following.look()

        face = Face(
            checks=Health(database, agent, self._embedded).checks,
            notified=notified,
            notification_token=notification_token,
            api_token=token,
            hosts=LOOPBACK,
        )
        routes = [route for channel in channels.values() for route in channel.routes()]
        agent_routes = self._embedded.routes() if self._embedded else []
        self.app: ASGIApp = create_app(face, routes, agent_routes)

    async def run(self) -> None:
        """Play, send and listen until cancelled."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._agent.close)
            if self._embedded:
                try:
                    await stack.enter_async_context(self._embedded.running())
                except SchemaError as error:
                    raise StoreError(str(error)) from error
            await self._agent.warm()
            if self._switchboard:
                await stack.enter_async_context(self._switchboard.running())
            # Channels close last: what is being sent and shown when we stop still needs them.
            for channel in self._channels.values():
                await stack.enter_async_context(channel.running())
            await stack.enter_async_context(self._deliveries.running())
            await stack.enter_async_context(self._chat.running())
            log.info("working", channels=sorted(self._channels))
            await anyio.sleep_forever()


@dataclass(frozen=True, slots=True)
class Speaking:
    """The parts of speech that these settings and this machine have."""

    recogniser: SpeechToText | None
    voice: TextToSpeech | None

    @classmethod
    def of(cls, settings: Settings) -> Speaking:
        listeners, speakers = recognisers(settings), voices(settings)
        return cls(
            Recognisers(listeners) if listeners else None, Voices(speakers) if speakers else None
        )

    def notes(self, settings: Settings, files: FileStore, database: Database) -> Notes | None:
        """Who listens to recordings that people send."""
        if self.recogniser is None:
            return None
        return Notes(self.recogniser, files, database, settings.speech_vocabulary)

    def voicing(self, settings: Settings, files: FileStore) -> Voicing | None:
        """Who speaks answers into files."""
        if self.voice is None or settings.voice_replies == "never":
            return None
        replies: Any = settings.voice_replies
        return Voicing(self.voice, files, clauses_of, replies)

    def switchboard(  # noqa: PLR0917 - all that a call needs of the house
        self,
        settings: Settings,
        database: Database,
        bus: Bus,
        inbox: Inbox,
        agent: Agent,
        files: FileStore,
    ) -> Switchboard | None:
        """Who takes calls; None where nobody could hear them or speak to them."""
        if self.recogniser is None or self.voice is None:
            return None
        policy = Policy(
            end_of_turn=settings.end_of_turn_seconds,
            speculate=settings.speculate_seconds,
            rolling=settings.rolling_seconds,
            longest_call=settings.max_call_seconds,
        )
        parts = VoiceParts(
            database,
            bus,
            inbox,
            agent,
            self.recogniser,
            self.voice,
            SileroActivity(),
            policy,
            locale=settings.voice_locale,
            greeting=settings.voice_greeting,
            vocabulary=settings.speech_vocabulary,
            can_transfer=bool(settings.transfer_number),
        )
        preempt: Any = settings.voice_preempt
        return Switchboard(
            parts,
            files,
            settings.max_calls,
            record=settings.record_calls == "on",
            preempt=preempt,
        )


def connected(
    settings: Settings, secret: str, inbox: Inbox, budget: Budget, calls: Calls | None
) -> dict[str, Channel]:
    """The channels that these settings switch on, by name."""
    channels: dict[str, Channel] = {}
    phone_token = settings.twilio_auth_token or derived(secret, "twilio")
    # The page's telephone is a simulated one: for trying things out, not for the world.
    browser_phone = None
    if calls and not settings.public:
        browser_phone = simulated_phone(
            settings.local_url, token=phone_token, number=settings.twilio_phone_number
        )
    doors: dict[str, str] = {}
    config = WebConfig(
        secret=derived(secret, "web-sessions"),
        origins=settings.web_origins,
        public_url=settings.public_url,
        identity_key=settings.web_identity_secret,
        identity_audience=settings.web_identity_audience,
        identity_issuer=settings.web_identity_issuer,
        max_upload_bytes=settings.max_upload_bytes,
    )
    try:
        channels["web"] = WebChannel(
            config, inbox, budget, doors=lambda: doors, calls=calls, phone=browser_phone
        )
    except ValueError as error:
        raise SettingsError(f"WEB_IDENTITY_SECRET: {error}") from error
    if settings.telegram_bot_token:
        # Only who has a bot pays for importing its library.
        from channels.telegram.adapter import TelegramChannel  # noqa: PLC0415

        channels["telegram"] = TelegramChannel(bot_of(settings), inbox, budget)
        doors["telegram"] = ""
    if calls:
        channels["phone"] = PhoneChannel(phone_of(settings, phone_token), calls, budget)
        if settings.twilio_phone_number:
            doors["phone"] = settings.twilio_phone_number
    return channels


def agent_client(settings: Settings, token: str, notification_token: str) -> A2AAgent:
    """A client of the operator's agent, or of the one in our own process."""
    own = not settings.agent_url
    # An agent elsewhere reaches us through the world, ours does so directly.
    home = settings.local_url if own else settings.base_url
    return A2AAgent(
        A2AConfig(
            url=settings.agent_url or settings.local_url,
            keep_origin=own,
            token=token if own else settings.agent_token,
            notification_url=f"{home}/agent/notifications",
            notification_token=notification_token,
        )
    )


def shipped_agent(settings: Settings, token: str) -> EmbeddedAgent:
    """The agent that ships with us, in our own process; `token` guards it."""
    config = AgentConfig(
        base_url=settings.base_url,
        database_url=settings.agent_database,
        token=token,
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
