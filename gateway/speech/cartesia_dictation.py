"""One call's socket to Cartesia's recogniser, which listens along.

When the socket is lost, the turn that it was in is told from its sound by somebody else: a turn
of which Cartesia heard only a part is never answered from here. The next turn has a new socket.

Every second that is sent is paid for, silence too, so only speech is: from a little before voice
activity notices it until it says that the caller is quiet.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import anyio
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from channels.events import AudioFormat
from gateway.errors import SpeechUnreachable
from gateway.speech import guard, prices
from gateway.speech.base import Dictation, Speech, Transcription

log = structlog.get_logger()

OPEN_SECONDS = 2.0
FLUSH_SECONDS = 2.0
"""How long the rest of the words may take once they are asked for."""
CHUNK_SECONDS = 0.1
"""Cartesia's advice for one frame of sound."""
LEAD_SECONDS = 0.8
"""Sent of what came before speech was noticed: voice activity takes up to half a second, and words
begin softly."""
BACKLOG_SECONDS = 5.0
"""More than this unsent, and the connection is of no use."""
LONGEST = 20_000
"""Letters of a turn: more than anybody says in the longest."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.25, 30.0
"""Between attempts to connect: doubling."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ENCODINGS = {"mulaw": "pcm_mulaw", "pcm16": "pcm_s16le"}
_MOST_TERMS, _MOST_LETTERS = 100, 1200


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be heard."""

    model: str
    language: str
    format: AudioFormat
    vocabulary: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        told: list[tuple[str, str | int]] = [
            ("model", self.model),
            ("encoding", _ENCODINGS[self.format.encoding]),
            ("sample_rate", self.format.rate),
            ("language", self.language),
        ]
        letters = 0
        for term in self.vocabulary[:_MOST_TERMS]:
            letters += len(term)
            if letters > _MOST_LETTERS:
                break
            told.append(("keyterm", term))
        return urlencode(told)


class CartesiaDictation(Dictation):
    """Sends what it hears and keeps what comes back, turn by turn."""

    def __init__(self, base_url: str, headers: Mapping[str, str], terms: Terms) -> None:
        parts = urlsplit(base_url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        self._url = f"{scheme}://{parts.netloc}{parts.path}/stt/websocket?{terms.query}"
        # A proxy of the environment does not lead to this machine.
        self._proxy: Literal[True] | None = None if parts.hostname in _LOOPBACK else True
        self._headers = dict(headers)
        self._terms = terms
        self._waiting: deque[bytes | str] = deque()
        self._backlog = 0
        self._chunk = bytearray()
        self._lead = bytearray()
        """The latest sound of a quiet caller."""
        self._most_lead = round(LEAD_SECONDS * terms.format.rate) * (
            terms.format.bytes_per_second // terms.format.rate
        )
        self._speaking = False
        self._more = anyio.Event()
        self._up = False
        self._whole = True
        """Whether all of this turn went to one socket, or still can."""
        self._dirty = False
        """Whether sound was heard that no `finalize` followed."""
        self._asked = self._flushed = self._stale = 0
        """Counts of `finalize`; what comes before the one of `_stale` is of an earlier turn."""
        self._answered = anyio.Event()
        self._final = self._interim = ""
        self._unpaid = 0

    # -- the call's side -----------------------------------------------------------------

    @property
    def heard(self) -> str:
        return (self._final + self._interim).strip()

    def attend(self, *, speaking: bool) -> None:
        self._speaking = speaking
        if speaking and self._lead:
            self._take_in(bytes(self._lead))
        self._lead.clear()

    def hear(self, audio: bytes) -> None:
        if self._speaking:
            self._take_in(audio)
            return
        self._lead += audio
        del self._lead[: -self._most_lead]

    def _take_in(self, audio: bytes) -> None:
        if not self._whole:
            return
        self._dirty = True
        self._chunk += audio
        per_second = self._terms.format.bytes_per_second
        if self._up and len(self._chunk) >= CHUNK_SECONDS * per_second:
            self._send_chunk()
        if len(self._chunk) + self._backlog > BACKLOG_SECONDS * per_second:
            self._lose()

    async def transcribe(self, speech: Speech) -> Transcription:
        if not self._up or not self._whole:
            raise SpeechUnreachable("cartesia has not heard all of this turn")
        if self._dirty:
            self._finalize()
        mine = self._asked
        with anyio.move_on_after(FLUSH_SECONDS):
            while self._whole and self._flushed < mine:
                await self._answered.wait()
        if not self._whole or self._flushed < mine:
            raise SpeechUnreachable("cartesia did not tell the rest of the words in time")
        return Transcription(
            text=self._final.strip(),
            language=self._terms.language,
            provider="cartesia",
            cost=self._pay(),
        )

    def forget(self) -> None:
        if self._up and self._dirty:
            self._finalize()
        self._stale = self._asked
        self._final = self._interim = ""
        self._whole = True
        self._chunk.clear()
        self._dirty = False

    async def run(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                with anyio.fail_after(OPEN_SECONDS):
                    socket = await connect(
                        self._url,
                        additional_headers=self._headers,
                        compression=None,
                        proxy=self._proxy,
                        open_timeout=None,
                    )
            # A redirect may lead to what is no URL: a ValueError.
            except (OSError, WebSocketException, ValueError, TimeoutError) as error:
                log.warning("dictation_unreachable", provider="cartesia", error=_kind(error))
                await anyio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                continue
            if await self._listen(socket):
                wait = FIRST_WAIT_SECONDS
            await anyio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    # -- the socket's side ---------------------------------------------------------------

    async def _listen(self, socket: ClientConnection) -> bool:
        """Talk until the socket is lost; whether anything came of it."""
        self._begin()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._send, socket, tasks.cancel_scope)
                tasks.start_soon(self._receive, socket, tasks.cancel_scope)
        finally:
            self._lose()
            with anyio.CancelScope(shield=True), anyio.move_on_after(0.5):
                await socket.close()
            # Whoever does not close their end would have us keep ours.
            socket.transport.abort()
        return self._flushed > 0

    def _begin(self) -> None:
        self._waiting.clear()
        self._backlog = 0
        self._asked = self._flushed = self._stale = 0
        self._up = True

    async def _send(self, socket: ClientConnection, scope: anyio.CancelScope) -> None:
        try:
            while self._up:
                while self._waiting:
                    item = self._waiting.popleft()
                    self._backlog -= len(item) if isinstance(item, bytes) else 0
                    await socket.send(item)
                self._more = anyio.Event()
                await self._more.wait()
        except ConnectionClosed:
            pass
        scope.cancel()

    async def _receive(self, socket: ClientConnection, scope: anyio.CancelScope) -> None:
        try:
            async for frame in socket:
                self._take(_read(frame))
        except ConnectionClosed:
            pass
        scope.cancel()

    def _take(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind == "transcript" and self._flushed >= self._stale:
            text = guard.storable(event.get("text"))
            if len(self._final) + len(text) > LONGEST:
                log.warning("dictation_failed", provider="cartesia", error="it has no end")
                self._lose()
                return
            if event.get("is_final"):
                self._final += text
                self._interim = ""
            else:
                self._interim = text
        elif kind == "flush_done" and self._flushed < self._asked:
            self._flushed += 1
            self._wake()
        elif kind == "error":
            status = guard.number(event.get("status_code"), 0)
            log.warning("dictation_failed", provider="cartesia", status=int(status))
            self._lose()

    def _lose(self) -> None:
        if self._dirty or self._final or self._flushed < self._asked:
            self._whole = False
        self._chunk.clear()
        self._dirty = self._up = False
        self._wake()
        self._more.set()

    def _wake(self) -> None:
        self._answered.set()
        self._answered = anyio.Event()

    def _send_chunk(self) -> None:
        chunk = bytes(self._chunk)
        self._chunk.clear()
        self._unpaid += len(chunk)
        self._backlog += len(chunk)
        self._waiting.append(chunk)
        self._more.set()

    def _finalize(self) -> None:
        if self._chunk:
            self._send_chunk()
        self._waiting.append("finalize")
        self._more.set()
        self._asked += 1
        self._dirty = False

    def _pay(self) -> float:
        seconds = self._unpaid / self._terms.format.bytes_per_second
        self._unpaid = 0
        return prices.recognition(self._terms.model, seconds)


def _read(frame: str | bytes) -> dict[str, Any]:
    try:
        event = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _kind(error: Exception) -> str:
    return type(error).__name__
