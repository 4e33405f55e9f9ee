"""The conductors with a real store, a real agent on the wire, and a channel made of paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from channels.base import Channel
from channels.events import Entry, Live, Message, Receipt
from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.bus.base import Bus
from gateway.bus.memory import MemoryBus
from gateway.chat import Chat
from gateway.delivery import Deliveries
from gateway.inbox import StoringInbox
from gateway.store import migrate
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.turns.following import Following
from gateway.turns.turn import TurnPlayer
from tests.gateway.doubles import PaperChannel


@dataclass
class Rig:
    """One worker's conductors; several may share a database."""

    chat: Chat
    inbox: StoringInbox
    bus: Bus
    channel: PaperChannel
    database: Database
    files: FileStore
    heard: list[Live] = field(default_factory=list)

    async def accept(self, message: Message) -> Receipt:
        return await self.inbox.accept(message)

    async def log(self, conversation: str) -> list[Entry]:
        return await self.inbox.history(conversation, 0, 1000)


@asynccontextmanager
async def rig(
    folder: Path,
    agent_url: str,
    *,
    worker: str = "w",
    channel: PaperChannel | None = None,
    debounce: float = 0.02,
    detach: float = 20.0,
    lease: float = 1.0,
    notify: str = "",
    bus: Bus | None = None,
) -> AsyncIterator[Rig]:
    channel = channel or PaperChannel()
    channels: dict[str, Channel] = {channel.name: channel}
    database = Database(f"sqlite:///{folder / 'test.db'}")
    migrate.upgrade(database.engine)
    bus = bus or MemoryBus()
    files = FileStore(database, folder / "files", 1_000_000)
    agent = A2AAgent(
        A2AConfig(url=agent_url, notification_url=notify, patience=0.5, connect_timeout=20.0)
    )
    deliveries = Deliveries(worker, database, channels, lease)
    following = Following(database, bus, files, agent, channels, deliveries.look)
    player = TurnPlayer(
        worker,
        database,
        bus,
        files,
        agent,
        channels,
        detach,
        on_delivery=deliveries.look,
        on_detached=following.look,
    )
    chat = Chat(
        worker, database, bus, channels, player, following, lease, on_delivery=deliveries.look
    )
    inbox = StoringInbox(
        database,
        bus,
        files,
        debounce=debounce,
        per_minute=10_000,
        on_due=chat.due,
        on_cancel=chat.cancel,
    )
    async with AsyncExitStack() as stack:
        stack.callback(database.close)
        stack.push_async_callback(agent.close)
        await stack.enter_async_context(deliveries.running())
        await stack.enter_async_context(chat.running())
        yield Rig(chat, inbox, bus, channel, database, files)
