"""The house as a channel sees it, kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from channels.base import CallState, Line, Parting
from channels.events import Address, Entry, File, Live, Message, Receipt, Route, Sender


@dataclass
class InMemoryInbox:
    """Keeps what it accepts, once an event."""

    messages: list[Message] = field(default_factory=list)
    reachable: dict[Address, bool] = field(default_factory=dict)
    log: dict[str, list[Entry]] = field(default_factory=dict)
    files: dict[str, tuple[File, bytes]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Where files are had directly, by id."""
    canceled: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    """Raised by the next accepts, one each."""
    _receipts: dict[tuple[str, str, str], Receipt] = field(default_factory=dict)
    _followers: dict[str, list[MemoryObjectSendStream[Live]]] = field(default_factory=dict)

    async def accept(self, message: Message) -> Receipt:
        if self.failures:
            raise self.failures.pop(0)
        key = (message.route.channel, message.route.account, message.event)
        if known := self._receipts.get(key):
            return replace(known, fresh=False)
        conversation = await self.open(message.sender, message.route)
        id = f"message{len(self.messages) + 1}"
        entry = self.add(conversation, id, message)
        self.messages.append(message)
        receipt = Receipt(id, conversation, entry.seq, fresh=True)
        self._receipts[key] = receipt
        return receipt

    def add(self, conversation: str, id: str, message: Message) -> Entry:
        entries = self.log.setdefault(conversation, [])
        entry = Entry(
            len(entries) + 1, id, "user", message.parts, datetime.now(UTC), client_id=message.event
        )
        self.publish(conversation, entry)
        return entry

    def publish(self, conversation: str, live: Live) -> None:
        """Show something to whoever follows; an entry is kept as well."""
        if isinstance(live, Entry):
            self.log.setdefault(conversation, []).append(live)
        for follower in self._followers.get(conversation, []):
            follower.send_nowait(live)

    async def set_reachable(self, address: Address, *, reachable: bool) -> None:
        self.reachable[address] = reachable

    async def open(self, sender: Sender, route: Route) -> str:
        return f"conversation:{sender.address}" if route.chat in sender.address.id else route.chat

    async def cancel(self, conversation: str, *, waiting: bool = True) -> bool:
        self.canceled.append(conversation)
        return True

    async def history(self, conversation: str, after: int, limit: int) -> list[Entry]:
        return [e for e in self.log.get(conversation, []) if e.seq > after][:limit]

    async def last_seq(self, conversation: str) -> int:
        return len(self.log.get(conversation, []))

    @asynccontextmanager
    async def follow(self, conversation: str) -> AsyncIterator[AsyncIterator[Live]]:
        send, receive = anyio.create_memory_object_stream[Live](1000)
        self._followers.setdefault(conversation, []).append(send)
        try:
            with send, receive:
                yield receive
        finally:
            self._followers[conversation].remove(send)

    async def put_file(self, owner: Address, file: File, chunks: AsyncIterator[bytes]) -> File:
        data = b"".join([chunk async for chunk in chunks])
        stored = replace(file, id=f"{owner}-file{len(self.files) + 1}", size=len(data))
        self.files[stored.id] = (stored, data)
        return stored

    async def find_file(self, id: str) -> File | None:
        return self.files[id][0] if id in self.files else None

    async def link_file(self, id: str) -> str | None:
        return self.links.get(id)

    async def get_file(self, id: str) -> tuple[File, AsyncIterator[bytes]] | None:
        if id not in self.files:
            return None
        file, data = self.files[id]
        return file, _chunks(data)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65536):
        yield data[start : start + 65536]


@dataclass
class FreeBudget:
    """Grants everything, and remembers who asked and who was paused."""

    taken: list[str] = field(default_factory=list)
    paused: dict[str, float] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=dict)
    """Keys that are granted nothing, and the seconds they are told."""

    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        assert interval > 0
        assert burst > reserve >= 0
        if key in self.waits:
            return self.waits[key]
        self.taken.append(key)
        return 0.0

    async def pause(self, key: str, seconds: float) -> None:
        self.paused[key] = seconds


@dataclass
class ScriptedCalls:
    """Talks on every line as the script says, one after the other."""

    script: Callable[[Line], Awaitable[None]]
    lines: list[Line] = field(default_factory=list)
    ended: list[Line] = field(default_factory=list)
    """Lines whose script came to an end, by itself or by being cancelled."""
    full: bool = False

    def room(self) -> bool:
        return not self.full

    async def answer(self, line: Line) -> None:
        self.lines.append(line)
        try:
            await self.script(line)
        finally:
            self.ended.append(line)

    def on_line(self, address: Address) -> bool:
        return any(line.call.sender.address == address for line in self.lines)

    def tell(self, address: Address, text: str) -> None:
        raise AssertionError("who calls in a browser sees it there")

    async def called(self, id: str, state: CallState, seconds: int = 0) -> None:
        raise AssertionError("a browser's call has no states")

    async def parting(self, id: str) -> Parting:
        raise AssertionError("nobody asks how a browser's call was left")
