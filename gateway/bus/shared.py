"""The bus of many replicas: live through Redis, and by polling the store while there is none.

What happens in a conversation is told on a channel of its own, to which a replica listens while
somebody there follows it. Who missed something asks: the store for entries, and whoever plays the
turn for the text so far. So nothing of this has to be kept in Redis, and Redis may lose it all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import structlog

from channels.events import Live
from gateway.bus import wire
from gateway.bus.base import Bus, Signal, Standing
from gateway.bus.budget import PAUSE, TAKE, Away, SharedAllowances
from gateway.bus.growing import Replies
from gateway.bus.replicas import Replicas
from gateway.bus.topics import Need, News, SoFar, Topic

if TYPE_CHECKING:
    from gateway.bus.link import Link

log = structlog.get_logger()

POLL_SECONDS = 1.0
"""How often the store is asked while Redis is away."""

AT_ONCE = 500
"""Conversations that the store, or another replica, is asked about in one go."""

Standings = Callable[[Mapping[str, int | None]], Awaitable[Mapping[str, Standing]]]
"""How conversations stand in the store, with entries after a seq; None wants no entries."""


class SharedBus(Bus):
    """Implements `Bus` over Redis at `url`; without one it polls."""

    def __init__(
        self,
        worker: str,
        standings: Standings,
        url: str = "",
        *,
        ca_file: str = "",
        prefix: str = "frontdoor",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`worker` is another for each process. Raises ValueError for a wrong URL."""
        self._worker = worker
        self._standings = standings
        self._prefix = prefix
        self._everybody = f"{prefix}/all"
        self._replies = Replies()
        self._topics: dict[str, Topic] = {}
        self._behind: set[str] = set()
        """Conversations about which the store is to be asked."""
        self._textless: list[str] = []
        """Conversations about whose replies those who write them are to be asked."""
        self._wake = anyio.Event()
        self._replicas = Replicas(self._beat, clock)
        self._hear: Callable[[Signal], None] = lambda _: None
        self._link = self._linked(url, ca_file) if url else None
        self._allowances = SharedAllowances(self._link, prefix, clock)

    def _linked(self, url: str, ca_file: str) -> Link:
        from gateway.bus.link import Link  # noqa: PLC0415 - only who has a Redis pays for it

        link = Link(
            url,
            ca_file=ca_file,
            on_news=self._on_news,
            on_beat=self._beat,
            on_up=self._back,
            on_down=self._ask_store,
            scripts=(TAKE, PAUSE),
        )
        link.subscribe(self._everybody)
        return link

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_up)
            if self._link:
                tasks.start_soon(self._link.run)
            try:
                yield
            finally:
                if self._link:
                    self._say("bye")
                    with anyio.CancelScope(shield=True):
                        await self._link.drain()
                tasks.cancel_scope.cancel()

    @property
    def state(self) -> str:
        if self._link is None:
            return "degraded: REDIS_URL is not set, polling the database"
        if not self._link.up:
            return f"degraded: redis is away ({self._link.reason}), polling the database"
        if self._link.refusal:
            return f"degraded: redis refuses ({self._link.refusal})"
        return "ok"

    @property
    def _live(self) -> bool:
        return self._link is not None and self._link.up

    # -- conversations ---------------------------------------------------------------------

    def publish(self, conversation: str, event: Live) -> None:
        news = self._replies.keep(conversation, event)
        self._tell(conversation, news)
        if topic := self._topics.get(conversation):
            self._fill(conversation, topic.hear(news))

    @asynccontextmanager
    async def follow(self, conversation: str) -> AsyncIterator[AsyncIterator[Live]]:
        topic = self._topics.get(conversation) or self._open(conversation)
        topic.awaited += 1
        try:
            await self._listening(conversation, topic)
            send, receive = topic.join()
            with send, receive:
                try:
                    yield receive
                finally:
                    topic.leave(send)
        finally:
            topic.awaited -= 1
            if not topic.awaited and self._topics.get(conversation) is topic:
                del self._topics[conversation]
                if self._link:
                    self._link.unsubscribe(self._channel(conversation))

    def let_go(self, conversation: str) -> None:
        self._replies.let_go(conversation)

    async def followed(self, conversation: str) -> bool:
        if conversation in self._topics:
            return True
        if self._link:
            try:
                found = await self._link.ask("PUBSUB", "NUMSUB", self._channel(conversation))
            except Away:
                return False
            return bool(int(found[1]))
        return False

    def _open(self, conversation: str) -> Topic:
        topic = self._topics[conversation] = Topic()
        # Nothing is passed on until the store has told where to begin.
        topic.hold()
        topic.begin(self._replies.get(conversation))
        if self._link:
            topic.heard = self._link.subscribe(self._channel(conversation))
        return topic

    async def _listening(self, conversation: str, topic: Topic) -> None:
        """Wait until nothing can be missed: news are heard, and then the store was asked."""
        while self._live and topic.heard and not topic.heard.is_set():
            with anyio.move_on_after(POLL_SECONDS):
                await topic.heard.wait()
        if topic.seq is None:
            self._fill(conversation, Need.STORE | Need.TEXT)
            await topic.begun.wait()

    # -- what is missing -------------------------------------------------------------------

    def _fill(self, conversation: str, need: Need) -> None:
        if Need.STORE in need:
            self._behind.add(conversation)
            self._ask_store()
        if Need.TEXT in need:
            if not self._textless:
                # Many come at the same moment: they are asked for together.
                asyncio.get_running_loop().call_soon(self._ask_for_text)
            self._textless.append(conversation)

    def _ask_for_text(self) -> None:
        """Ask whoever plays their turns."""
        wanted, self._textless = self._textless, []
        for some in chunks(wanted):
            self._say("ask", some)

    def _ask_store(self) -> None:
        self._wake.set()

    def _back(self) -> None:
        """Redis is here, and what was told meanwhile was not heard."""
        # We may be the only one who was cut off, with others listening for us.
        self._say("again")
        self._resume()

    def _resume(self) -> None:
        for topic in self._topics.values():
            topic.hold()
        self._behind.update(self._topics)
        self._ask_store()
        for some in chunks(list(self._topics)):
            self._say("ask", some)

    async def _keep_up(self) -> None:
        """Ask the store: about those who are behind, and about all while Redis is away."""
        while True:
            self._wake = anyio.Event()
            wanted = list(self._behind if self._live else self._topics)
            self._behind.difference_update(wanted)
            for some in chunks(wanted):
                await self._catch_up([each for each in some if each in self._topics])
            with anyio.move_on_after(None if self._live and not self._behind else POLL_SECONDS):
                await self._wake.wait()

    async def _catch_up(self, conversations: Sequence[str]) -> None:
        polling = not self._live
        try:
            standings = await self._standings(
                {each: self._topics[each].seq for each in conversations}
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the store is asked again
            log.warning("store_not_read", error=type(error).__name__)
            self._behind.update(conversations)
            return
        for conversation in conversations:
            if topic := self._topics.get(conversation):
                standing = standings.get(conversation, Standing())
                self._fill(conversation, topic.catch_up(standing, polling=polling))

    # -- what replicas tell each other -----------------------------------------------------

    def signal(self, signal: Signal) -> None:
        self._say("signal", wire.signal_to_fields(signal))

    def on_signal(self, hear: Callable[[Signal], None]) -> None:
        self._hear = hear

    def present(self, key: str) -> AbstractContextManager[None]:
        return self._replicas.present(key)

    def is_present(self, key: str) -> bool:
        return self._replicas.is_present(key)

    def _beat(self) -> None:
        self._say("beat", self._replicas.here())

    def _say(self, kind: str, fields: Any = None) -> None:
        if self._link:
            self._link.tell(
                "PUBLISH", self._everybody, wire.word_to_bytes(self._worker, kind, fields)
            )

    def _tell(self, conversation: str, news: News) -> None:
        if self._link:
            data = wire.news_to_bytes(self._worker, news)
            self._link.tell("PUBLISH", self._channel(conversation), data)

    def _channel(self, conversation: str) -> str:
        return f"{self._prefix}/c/{conversation}"

    def _on_news(self, channel: str, data: bytes) -> None:
        try:
            if channel == self._everybody:
                self._heed(*wire.word_from_bytes(data))
            else:
                self._take_in(channel.removeprefix(f"{self._prefix}/c/"), data)
        except (ValueError, TypeError, LookupError) as error:
            # Of a version that says it in another way, or nobody of us.
            log.warning("news_not_understood", error=type(error).__name__)
        except Exception:
            # A conductor that cannot do as it is asked must not cut us off from the others.
            log.exception("news_not_heeded")

    def _take_in(self, conversation: str, data: bytes) -> None:
        worker, news = wire.news_from_bytes(data)
        topic = self._topics.get(conversation)
        if worker != self._worker and news and topic:
            self._fill(conversation, topic.hear(news))

    def _heed(self, worker: str, kind: str, fields: Any) -> None:
        if worker == self._worker:
            if kind == "beat" and self._link:
                self._link.beaten()
                self._allowances.replicas = self._replicas.others() + 1
            return
        match kind:
            case "beat":
                if self._replicas.heard(worker, fields):
                    # Somebody new, who does not know of us.
                    self._beat()
            case "bye":
                self._replicas.gone(worker)
            case "ask":
                for conversation in fields:
                    self._tell_so_far(conversation)
            case "again":
                self._resume()
            case "signal" if signal := wire.signal_from_fields(fields):
                self._hear(signal)
            case _:
                pass

    def _tell_so_far(self, conversation: str) -> None:
        if growing := self._replies.get(conversation):
            self._tell(conversation, SoFar(growing.run, growing.status, growing.whole()))

    # -- allowances ------------------------------------------------------------------------

    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        return await self._allowances.take(key, interval=interval, burst=burst, reserve=reserve)

    async def pause(self, key: str, seconds: float) -> None:
        await self._allowances.pause(key, seconds)


def chunks(conversations: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as are asked about in one go."""
    for start in range(0, len(conversations), AT_ONCE):
        yield conversations[start : start + AT_ONCE]
