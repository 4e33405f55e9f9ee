"""The connection to Redis: one socket for orders, one for news, and both again when they break.

Redis is never waited for by who only tells something, and only for a moment by who asks. What was
told while it was away is lost; who is told that it is back finds out what that was.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
import structlog
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from gateway.bus.budget import Away, Script
from gateway.complaints import PEM
from gateway.telemetry import REDIS_UP, asking

log = structlog.get_logger()

CONNECT_SECONDS = 3.0
BEAT_SECONDS = 1.0
SILENCE_SECONDS = 3.0
"""Without hearing our own beat through Redis, after which it counts as away."""
ASK_SECONDS = 0.25
"""How long somebody who asks waits for the answer."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Between attempts to connect."""
MOST_WAITING = 20_000
"""Orders not yet written or answered; beyond that it is as good as away."""
CHUNK = 500
"""Channels subscribed to in one command."""


class _Broken(Exception):
    """The connection is of no more use; the message is for the operator."""


_Answer = asyncio.Future[Any]


class Link:
    """Keeps two connections, and says whether they work."""

    def __init__(
        self,
        url: str,
        *,
        ca_file: str = "",
        on_news: Callable[[str, bytes], None],
        on_beat: Callable[[], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        scripts: Iterable[Script] = (),
    ) -> None:
        """`on_beat` is to tell something that comes back to `beaten`. Raises ValueError."""
        self._pool = pool(url, ca_file)
        self._on_news, self._on_beat = on_news, on_beat
        self._on_up, self._on_down = on_up, on_down
        self._scripts = tuple(scripts)
        self.up = False
        self.reason = "not connected yet"
        """Why it is not up, in plain words."""
        self._wanted: set[str] = set()
        self._confirmed: dict[str, anyio.Event] = {}
        self._orders: deque[tuple[tuple[Any, ...], _Answer | None]] = deque()
        self._expected: deque[_Answer | None] = deque()
        self._subscriptions: deque[tuple[str, str]] = deque()
        self._unconfirmed: Counter[str] = Counter()
        self._wake_orders, self._wake_news = anyio.Event(), anyio.Event()
        self._connected = False
        self._stuck = False
        """Whether somebody waited in vain and nothing was heard since."""
        self._beaten_at = 0.0
        self.refusal = ""
        """What Redis refused last and has not granted since."""

    # -- what others want of it --------------------------------------------------------------

    def tell(self, *command: Any) -> None:
        """Have a command carried out, if it can be."""
        if self._connected:
            self._put(command, None)

    async def ask(self, *command: Any) -> Any:
        """The answer to a command. Raises Away."""
        if not self.up or self._stuck:
            raise Away
        answer: _Answer = asyncio.get_running_loop().create_future()
        self._put(command, answer)
        with asking("redis"):
            try:
                with anyio.fail_after(ASK_SECONDS):
                    found = await answer
            except TimeoutError:
                self._stuck = True
                raise Away from None
            except ResponseError as error:
                self._complain(error)
                raise Away from error
        self.refusal = ""
        return found

    async def run_script(self, script: Script, keys: list[str], *arguments: Any) -> Any:
        """What a script returns. Raises Away."""
        rest = (len(keys), *keys, *arguments)
        try:
            return await self.ask("EVALSHA", script.sha, *rest)
        except Away as error:
            if not isinstance(error.__cause__, NoScriptError):
                raise
        return await self.ask("EVAL", script.text, *rest)

    def subscribe(self, channel: str) -> anyio.Event:
        """Hear a channel from now on; the event is set once we do."""
        self._wanted.add(channel)
        confirmed = self._confirmed[channel] = anyio.Event()
        self._subscription("SUBSCRIBE", channel)
        return confirmed

    def unsubscribe(self, channel: str) -> None:
        self._wanted.discard(channel)
        self._confirmed.pop(channel, None)
        self._subscription("UNSUBSCRIBE", channel)

    def beaten(self) -> None:
        """What `on_beat` told came back: orders and news both work."""
        self._beaten_at = anyio.current_time()
        if not self.up and not self._unconfirmed:
            self.up, self.reason, self.refusal = True, "", ""
            REDIS_UP.set(1)
            log.info("redis_here")
            self._on_up()

    async def drain(self) -> None:
        """Wait until what was told is carried out, if that can be."""
        with anyio.move_on_after(ASK_SECONDS):
            while self.up and (self._orders or self._expected):  # noqa: ASYNC110 - at the end only
                await anyio.sleep(0.005)

    def _put(self, command: tuple[Any, ...], answer: _Answer | None) -> None:
        self._orders.append((command, answer))
        self._wake_orders.set()

    def _subscription(self, verb: str, channel: str) -> None:
        if self._connected:
            self._unconfirmed[channel] += verb == "SUBSCRIBE"
            self._subscriptions.append((verb, channel))
            self._wake_news.set()

    def _complain(self, error: Exception) -> None:
        """Say once what Redis refuses."""
        if not isinstance(error, NoScriptError) and self.refusal != str(error):
            self.refusal = str(error)
            log.warning("redis_refuses", error=self.refusal)

    # -- connecting --------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, and again whenever that breaks, until cancelled."""
        pause = FIRST_PAUSE
        while True:
            started = anyio.current_time()
            reason = await self._live()
            if self.up or self.reason != reason:
                log.warning("redis_away", reason=reason)
            self._fall(reason)
            if anyio.current_time() - started > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            # Replicas that lost it together are not to come back together.
            await anyio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _live(self) -> str:
        """Serve until something breaks; what it was."""
        orders, news = (_connection(self._pool) for _ in range(2))
        reason = "it does not answer"
        try:
            try:
                with anyio.fail_after(CONNECT_SECONDS):
                    await orders.connect()  # type: ignore[no-untyped-call]
                    await news.connect()  # type: ignore[no-untyped-call]
            except (RedisError, OSError, TimeoutError) as error:
                return plain(error)
            self._begin()
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._write_orders, orders)
                    tasks.start_soon(self._read_orders, orders)
                    tasks.start_soon(self._write_news, news)
                    tasks.start_soon(self._read_news, news)
                    tasks.start_soon(self._beat)
            except* (RedisError, OSError, EOFError, _Broken) as broken:
                reason = plain(_first(broken))
            except* Exception as broken:
                # Of no use any more, and no reason to take the house down.
                log.exception("redis_link_failed")
                reason = plain(_first(broken))
        finally:
            with anyio.CancelScope(shield=True):
                await orders.disconnect(nowait=True)
                await news.disconnect(nowait=True)
        return reason

    def _begin(self) -> None:
        self._orders.clear()
        self._expected.clear()
        self._subscriptions.clear()
        self._subscriptions.extend(("SUBSCRIBE", channel) for channel in self._wanted)
        self._unconfirmed = Counter(self._wanted)
        self._connected, self._stuck = True, False
        self._beaten_at = anyio.current_time()
        for script in self._scripts:
            self.tell("SCRIPT", "LOAD", script.text)

    def _fall(self, reason: str) -> None:
        self.up = self._connected = False
        REDIS_UP.set(0)
        self.reason = self.refusal or reason
        for answer in (*self._expected, *(answer for _, answer in self._orders)):
            if answer and not answer.done():
                answer.set_exception(Away())
        self._orders.clear()
        self._expected.clear()
        self._subscriptions.clear()
        for channel, confirmed in self._confirmed.items():
            if confirmed.is_set():
                self._confirmed[channel] = anyio.Event()
        self._on_down()

    # -- the tasks of one connection -----------------------------------------------------------

    async def _write_orders(self, connection: AbstractConnection) -> None:
        while True:
            while not self._orders:
                self._wake_orders = anyio.Event()
                await self._wake_orders.wait()
            batch = list(self._orders)
            self._orders.clear()
            self._expected.extend(answer for _, answer in batch)
            packed = connection.pack_commands([command for command, _ in batch])
            await connection.send_packed_command(packed, check_health=False)

    async def _read_orders(self, connection: AbstractConnection) -> None:
        while True:
            try:
                response = await _read(connection)
            except ResponseError as error:
                answer = self._expected.popleft()
                if answer is None:
                    self._complain(error)
                elif not answer.done():
                    answer.set_exception(error)
            else:
                answer = self._expected.popleft()
                if answer and not answer.done():
                    answer.set_result(response)
            self._stuck = False

    async def _write_news(self, connection: AbstractConnection) -> None:
        while True:
            while not self._subscriptions:
                self._wake_news = anyio.Event()
                await self._wake_news.wait()
            verb, channel = self._subscriptions.popleft()
            channels = [channel]
            while self._subscriptions and self._subscriptions[0][0] == verb:
                channels.append(self._subscriptions.popleft()[1])
                if len(channels) == CHUNK:
                    break
            packed = connection.pack_commands([(verb, *channels)])
            await connection.send_packed_command(packed, check_health=False)

    async def _read_news(self, connection: AbstractConnection) -> None:
        while True:
            kind, channel, data = await _read(connection)
            if kind == b"message":
                self._on_news(channel.decode(), data)
            elif kind == b"subscribe":
                self._confirm(channel.decode())

    def _confirm(self, channel: str) -> None:
        self._unconfirmed[channel] -= 1
        if self._unconfirmed[channel] <= 0:
            del self._unconfirmed[channel]
            if confirmed := self._confirmed.get(channel):
                confirmed.set()
        if not (self.up or self._unconfirmed):
            # The first beat may have gone out before we listened.
            self._on_beat()

    async def _beat(self) -> None:
        while True:
            self._on_beat()
            await anyio.sleep(BEAT_SECONDS)
            if len(self._orders) + len(self._expected) > MOST_WAITING:
                raise _Broken("it does not keep up")
            if anyio.current_time() - self._beaten_at > SILENCE_SECONDS:
                raise _Broken("it does not answer")


def pool(url: str, ca_file: str = "") -> ConnectionPool:
    """How to connect: to fail at once and leave the rest to us. Raises ValueError.

    `ca_file` is a certificate authority's file, or what is in one.
    """
    given = "ssl_ca_data" if ca_file.startswith(PEM) else "ssl_ca_certs"
    tls: dict[str, Any] = {given: ca_file} if ca_file else {}
    return ConnectionPool.from_url(
        url,
        # The replies of RESP2 have one shape each, pushed messages included.
        protocol=2,
        socket_timeout=CONNECT_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        client_name="frontdoor",
        **tls,
    )


def _connection(of: ConnectionPool) -> AbstractConnection:
    made: AbstractConnection = of.make_connection()  # type: ignore[no-untyped-call]
    return made


def plain(error: BaseException) -> str:
    """What is wrong with Redis, for the operator."""
    if isinstance(error, TimeoutError) or "imeout" in str(error):
        return "it does not answer"
    return str(error) or type(error).__name__


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _read(connection: AbstractConnection) -> Awaitable[Any]:
    # Whether it is alive is seen by the beat, and not by each reader.
    return connection.read_response(timeout=math.inf, disconnect_on_error=False)
