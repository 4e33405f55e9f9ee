"""One socket's life: hello, replay, then both directions until somebody leaves.

Four tasks in one group. The reader never stops reading, because unread frames would stop
the socket's own heartbeat; what takes time waits for the worker. The follower has the
news, and the writer alone sends. A call has a group of its own around theirs, so that it
can say goodbye to the house when the socket is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio
import structlog
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from channels.base import Budget, Calls, Inbox, RateLimited, StoreAway
from channels.events import Entry, Wish
from channels.web import wire
from channels.web.outbox import Full, Outbox
from channels.web.sessions import BadToken, Session
from channels.web.voice import AUDIO_BURST, Voice, audio_cost
from prompts import sentence

log = structlog.get_logger()

FRAME_INTERVAL = 0.005
FRAMES_BURST = 1000
"""Frames read from a client: one in so many seconds, and so many at once."""
CANCELS_INTERVAL = 1.0
CANCELS_BURST = 20
"""As above, of a session's wishes to stop the agent."""
MAX_BAD_FRAMES = 20
MAX_WAITING = 64
"""Frames of one client that wait to be stored."""
OUTBOX_LIMIT = 1_000_000
PAGE = 100
"""Log entries read at once in a replay."""

ABUSE, BROKEN, RESTARTING, LATER, BAD_TOKEN, TOO_SLOW = 1008, 1011, 1012, 1013, 4401, 4408
"""Close codes; from 4000 on they are ours, after the HTTP status."""
UNSAID = frozenset({"too_slow", "restarting"})
"""Reasons that a close code says well enough: nobody reads, or nothing is wrong."""

Work = wire.Say | wire.Choose | wire.Cancel


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait for a client, seconds."""

    hello: float = 10
    send: float = 20
    close: float = 3
    call: float = 5
    """As above, of the house: until a call whose socket is gone is put away."""


class Connection:
    """A socket from accept to close.

    `admit` reads a token and raises BadToken; `on_caught_up` hears when the client was shown what
    it had missed.
    """

    def __init__(
        self,
        socket: WebSocket,
        inbox: Inbox,
        budget: Budget,
        admit: Callable[[str], Session],
        *,
        on_caught_up: Callable[[], None],
        locale: str,
        patience: Patience,
        calls: Calls | None = None,
    ) -> None:
        self._socket = socket
        self._inbox = inbox
        self._budget = budget
        self._admit = admit
        self._on_caught_up = on_caught_up
        self._locale = locale
        self._patience = patience
        self._calls = calls
        self._outbox = Outbox(OUTBOX_LIMIT)
        self._tasks = anyio.create_task_group()
        self._bad_frames = 0
        self._leaving = False
        self._talking: Voice | None = None
        self._closing: tuple[int, str] | None = None
        """Close code and the sentence that says why; None while open and when nobody listens."""

    async def serve(self) -> None:
        """Accept, serve, and close with a reason. Raises nothing but cancellation."""
        try:
            try:
                await self._socket.accept()
            except OSError:
                # So the server says of who left before they were let in.
                return
            if hello := await self._greeting():
                await self._converse(*hello)
        except (WebSocketDisconnect, WebSocketDisconnected):
            self._closing = None
        except Exception as error:
            if _away(error):
                log.warning("web_socket_not_served", error="the store is away")
            else:
                log.exception("web_socket_failed")
            self._closing = (BROKEN, "broken")
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(self._patience.close):
                await self._close()

    def leave(self) -> None:
        """Send the client to another replica: now, or when its call is over."""
        self._leaving = True
        if not (self._talking and self._talking.on):
            self._end(RESTARTING, "restarting")

    def _put_down(self) -> None:
        if self._leaving:
            self._end(RESTARTING, "restarting")

    async def _greeting(self) -> tuple[Session, int] | None:
        """Who the client is and how much of the log it has."""
        with anyio.move_on_after(self._patience.hello):
            frame = await self._receive()
            try:
                fact = wire.read(frame) if isinstance(frame, str) else None
            except wire.BadFrame:
                fact = None
            if not isinstance(fact, wire.Hello):
                self._closing = (ABUSE, "hello_expected")
                return None
            try:
                session = self._admit(fact.token)
            except BadToken:
                self._closing = (BAD_TOKEN, "bad_token")
                return None
            self._locale = session.locale or self._locale
            return session, fact.after
        self._closing = (TOO_SLOW, "hello_timeout")
        return None

    async def _converse(self, session: Session, after: int) -> None:
        conversation = await self._inbox.open(session.sender, session.route)
        log.info("web_socket_opened", conversation=conversation)
        work, waiting = anyio.create_memory_object_stream[Work](MAX_WAITING)
        with work, waiting:
            async with anyio.create_task_group() as calls:
                self._talking = voice = self._voice(session, calls)
                try:
                    async with self._tasks:
                        self._tasks.start_soon(self._write)
                        self._tasks.start_soon(self._follow, session, conversation, after)
                        self._tasks.start_soon(self._carry_out, waiting, session, conversation)
                        await self._read(work.send_nowait, voice)
                finally:
                    voice.lose()
                    calls.cancel_scope.deadline = anyio.current_time() + self._patience.call
        log.info("web_socket_closed", conversation=conversation, closing=self._closing)

    def _voice(self, session: Session, tasks: TaskGroup) -> Voice:
        def complain(code: str, retry_after: float) -> None:
            words = sentence("web", code, self._locale)
            self._outbox.play(wire.error(code, words, retry_after=retry_after))

        def full() -> None:
            self._end(LATER, "too_slow")

        return Voice(
            calls=self._calls,
            budget=self._budget,
            session=session,
            outbox=self._outbox,
            tasks=tasks,
            complain=complain,
            on_full=full,
            on_over=self._put_down,
        )

    def _end(self, code: int, why: str) -> None:
        self._closing = self._closing or (code, why)
        self._tasks.cancel_scope.cancel()

    def _put(self, frame: wire.Frame) -> None:
        try:
            self._outbox.put(frame)
        except Full:
            self._end(LATER, "too_slow")

    def _complain(self, code: str, *, id: str = "", retry_after: float = 0, **values: str) -> None:
        words = sentence("web", code, self._locale, **values)
        self._put(wire.error(code, words, id=id, retry_after=retry_after))

    async def _receive(self) -> str | bytes:
        """The next frame. Raises WebSocketDisconnect."""
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text: str | None = event.get("text")
        sound: bytes = event.get("bytes") or b""
        return sound if text is None else text

    async def _read(self, work: Callable[[Work], None], voice: Voice) -> None:
        frames, sounds = Pace(), Pace()
        while True:
            try:
                frame = await self._receive()
            except WebSocketDisconnect:
                self._tasks.cancel_scope.cancel()
                return
            try:
                if isinstance(frame, bytes):
                    await sounds.spend(audio_cost(len(frame)), AUDIO_BURST)
                    voice.hear(frame)
                else:
                    await frames.spend(FRAME_INTERVAL, FRAME_INTERVAL * FRAMES_BURST)
                    self._heed(wire.read(frame), work, voice)
            except wire.BadFrame as bad:
                self._complain(bad.code, id=bad.id, detail=bad.detail)
                self._bad_frames += 1
                if self._bad_frames >= MAX_BAD_FRAMES:
                    self._end(ABUSE, "too_many_errors")
                    return

    def _heed(self, fact: wire.Fact, work: Callable[[Work], None], voice: Voice) -> None:
        match fact:
            case wire.Ping():
                self._put(wire.pong())
            case wire.Voice(on):
                voice.turn(on=on)
            case wire.Hello():
                raise wire.BadFrame("bad_frame", "hello was said already")
            case wire.Say() | wire.Choose() | wire.Cancel():
                try:
                    work(fact)
                except anyio.WouldBlock:
                    id = "" if isinstance(fact, wire.Cancel) else fact.id
                    self._complain("busy", id=id, retry_after=1)

    async def _carry_out(
        self, waiting: MemoryObjectReceiveStream[Work], session: Session, conversation: str
    ) -> None:
        async for work in waiting:
            id = "" if isinstance(work, wire.Cancel) else work.id
            try:
                if isinstance(work, wire.Cancel):
                    await self._cancel(session, conversation)
                else:
                    await self._accept(work, session)
            except RateLimited as limited:
                self._complain("rate_limited", id=id, retry_after=limited.retry_after)
            # The client keeps what was not acknowledged and sends it again.
            except StoreAway as away:
                log.warning("web_frame_refused", conversation=conversation, error=str(away))
                self._complain("unavailable", id=id, retry_after=away.retry_after)
            except Exception:
                log.exception("web_frame_failed", conversation=conversation)
                self._complain("unavailable", id=id, retry_after=StoreAway.retry_after)

    async def _cancel(self, session: Session, conversation: str) -> None:
        key = f"web:cancels:{session.id}"
        wait = await self._budget.take(key, interval=CANCELS_INTERVAL, burst=CANCELS_BURST)
        if wait:
            raise RateLimited(wait)
        await self._inbox.cancel(conversation)

    async def _accept(self, work: wire.Say | wire.Choose, session: Session) -> None:
        now = datetime.now(UTC)
        if isinstance(work, wire.Choose):
            message = wire.chosen(work, session.sender, session.route, now)
        else:
            files = [await self._inbox.find_file(id) for id in work.files]
            known = [file for file in files if file]
            if len(known) < len(files):
                self._complain("unknown_file", id=work.id)
                return
            message = wire.said(work, session.sender, session.route, known, now)
        receipt = await self._inbox.accept(message)
        self._put(wire.ack(work.id, receipt.seq))

    async def _follow(self, session: Session, conversation: str, after: int) -> None:
        """Replay the log, then show what happens, by seq: no gap and nothing twice."""
        async with self._inbox.follow(conversation) as events:
            newest = await self._inbox.last_seq(conversation)
            expires = datetime.fromtimestamp(session.expires, UTC)
            talking = self._calls is not None
            self._put(wire.welcome(conversation, newest, expires, voice=talking))
            # A client that has more than there is has it from a database that is gone.
            shown = await self._replay(session, conversation, min(after, newest), newest)
            self._on_caught_up()
            async for event in events:
                if isinstance(event, Entry):
                    if event.seq > shown + 1:
                        shown = await self._replay(session, conversation, shown, event.seq)
                    if event.seq <= shown:
                        continue
                    shown = event.seq
                if not isinstance(event, Wish):
                    self._put(wire.live(event, session.sender))
        self._end(LATER, "too_slow")

    async def _replay(self, session: Session, conversation: str, shown: int, newest: int) -> int:
        """Show the log from after `shown` to `newest` or later, as fast as the client reads."""
        while shown < newest:
            page = await self._inbox.history(conversation, shown, PAGE)
            if not page:
                break
            for entry in page:
                await self._outbox.room()
                self._put(wire.live(entry, session.sender))
            shown = page[-1].seq
        return shown

    async def _write(self) -> None:
        while True:
            item = await self._outbox.take()
            try:
                with anyio.fail_after(self._patience.send):
                    if isinstance(item, bytes):
                        await self._socket.send_bytes(item)
                    else:
                        await self._socket.send_text(item)
            except TimeoutError:
                self._end(TOO_SLOW, "too_slow")
            except (WebSocketDisconnect, WebSocketDisconnected):
                self._tasks.cancel_scope.cancel()

    async def _close(self) -> None:
        if self._closing is None:
            return
        code, why = self._closing
        try:
            if why not in UNSAID:
                words = sentence("web", why, self._locale)
                await self._socket.send_json(wire.error(why, words))
            await self._socket.close(code, why)
        except (WebSocketDisconnect, WebSocketDisconnected):
            pass


def _away(error: Exception) -> bool:
    """Whether the store being away is all that happened, in whatever task."""
    if isinstance(error, ExceptionGroup):
        return error.split(StoreAway)[1] is None
    return isinstance(error, StoreAway)


class Pace:
    """What a client may send, by GCRA as in `Budget`; who floods us waits in its own network."""

    def __init__(self) -> None:
        self._full_at = 0.0

    async def spend(self, seconds: float, burst: float) -> None:
        """Take so much of an allowance that grows with time and holds `burst` seconds."""
        self._full_at = max(self._full_at, anyio.current_time()) + seconds
        await anyio.sleep_until(self._full_at - burst)
