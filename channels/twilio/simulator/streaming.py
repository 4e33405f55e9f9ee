"""One media stream, from the first frame to its end."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import anyio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from channels.twilio.simulator import wire
from channels.twilio.simulator.facts import Fact, Kind
from channels.twilio.simulator.faults import Faults
from channels.twilio.simulator.mouth import Mouth
from channels.twilio.simulator.playout import RATE, Played, Playout
from channels.twilio.simulator.recording import Recording
from channels.twilio.simulator.sound import FRAME_SECONDS, is_silent

Ending = Literal["closed", "lost", "malformed", "hung_up", "left", "replaced"]
"""Who ended a stream: the house, the network, Twilio for an error, the caller, the caller without
a word, other TwiML."""

_HELD_MARK_SECONDS = 0.5
"""How long a mark waits for another to change places with."""


class MediaStream:
    """Speaks and listens on a socket that is up, until one side ends it."""

    def __init__(
        self,
        socket: ClientConnection,
        stream: wire.Stream,
        *,
        clock: Callable[[], float],
        mouth: Mouth,
        recording: Recording,
        hear: Callable[[Played], None],
        note: Callable[[Fact], None],
        faults: Faults,
    ) -> None:
        self.playout = Playout()
        self.audible_until = 0.0
        """When the last sound of the house that was not silence will have been played."""
        self._socket, self._stream = socket, stream
        self._clock, self._mouth, self._recording = clock, mouth, recording
        self._hear, self._note, self._faults = hear, note, faults
        self._dice = random.Random(faults.seed)  # noqa: S311 - not for secrets
        self._ending: Ending = "closed"
        self._over = anyio.Event()
        self._held: tuple[float, str] | None = None

    async def run(self) -> Ending:
        """Talk until somebody ends it."""
        await self._socket.send(self._stream.connected())
        await self._socket.send(self._stream.start())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pace)
            tasks.start_soon(self._listen)
            await self._over.wait()
            tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._leave()
        return self._ending

    def end(self, ending: Ending) -> None:
        """End it; the first reason counts."""
        if not self._over.is_set():
            self._ending = ending
            self._over.set()

    async def press(self, digit: str) -> None:
        await self._socket.send(self._stream.digit(digit))

    async def _leave(self) -> None:
        now = self._clock()
        self._play(now)
        if left := self.playout.queued(now):
            self._fact("unheard", seconds=left)
        self.audible_until = min(self.audible_until, now)
        if self._ending in ("lost", "left"):
            self._socket.transport.abort()
            self._fact("lost")
        elif self._ending in ("hung_up", "replaced"):
            with suppress(ConnectionClosed):
                await self._socket.send(self._stream.stop())
            await self._socket.close()
        elif self._ending == "malformed":
            await self._socket.close(1003, "31924")
        else:
            self._fact("closed", str(self._socket.close_code or ""))

    async def _pace(self) -> None:
        """Send a frame when its 20 ms have been spoken, and marks when they were reached."""
        began = self._clock()
        spoken = 0
        under_way: deque[tuple[float, str | None]] = deque()
        try:
            while True:
                now = self._clock()
                while began + (spoken + 1) * FRAME_SECONDS <= now:
                    under_way.append(self._frame(began, spoken))
                    spoken += 1
                while under_way and under_way[0][0] <= now:
                    if frame := under_way.popleft()[1]:
                        await self._socket.send(frame)
                self._play(now)
                await self._return(self.playout.due(now), now)
                lost_at = self._faults.lose_socket_at
                if lost_at is not None and now - began >= lost_at:
                    self.end("lost")
                    return
                next_frame = began + (spoken + 1) * FRAME_SECONDS
                wake = min(next_frame, self.playout.next_mark() or next_frame)
                await anyio.sleep(max(0.0, wake - self._clock()))
        except ConnectionClosed:
            self.end("closed")

    def _frame(self, began: float, spoken: int) -> tuple[float, str | None]:
        """A frame and when it arrives; None when it gets lost."""
        at = began + spoken * FRAME_SECONDS
        audio = self._mouth.frame(at)
        self._recording.caller_said(round(at * RATE), audio)
        arrival = began + self._faults.held_until((spoken + 1) * FRAME_SECONDS)
        if self._faults.drop and self._dice.random() < self._faults.drop:
            self._stream.skip()
            return arrival, None
        return arrival, self._stream.media(audio, round(spoken * FRAME_SECONDS * 1000))

    async def _listen(self) -> None:
        try:
            async for message in self._socket:
                now = self._clock()
                match wire.read(message, self._stream.sid):
                    case wire.Media(audio):
                        self._media(audio, now)
                    case wire.MarkSet(name):
                        self.playout.mark(name)
                        await self._return(self.playout.due(now), now)
                    case wire.ClearAsked():
                        await self._clear(now)
        except wire.Malformed as error:
            self._fact("malformed", str(error))
            self.end("malformed")
        except ConnectionClosed:
            pass
        self.end("closed")

    def _media(self, audio: bytes, now: float) -> None:
        audible = not is_silent(audio)
        if audible and now >= self.audible_until:
            self._fact("spoke")
        if dry := self.playout.add(audio, now):
            self._fact("underrun", seconds=dry)
        if audible:
            self.audible_until = self.playout.ends

    async def _clear(self, now: float) -> None:
        dropped = self.playout.queued(now)
        self._fact("clear", seconds=dropped)
        self.audible_until = min(self.audible_until, now)
        await self._return(self.playout.clear(now), now)

    async def _return(self, names: list[str], now: float) -> None:
        """Send marks back, in pairs that changed places if that fault is on."""
        if self._faults.reorder_marks:
            names = self._reordered(names, now)
        for name in names:
            self._fact("mark", name)
            await self._socket.send(self._stream.mark(name))

    def _reordered(self, names: list[str], now: float) -> list[str]:
        back = []
        for name in names:
            if self._held:
                back += [name, self._held[1]]
                self._held = None
            else:
                self._held = (now, name)
        if self._held and now - self._held[0] > _HELD_MARK_SECONDS:
            back.append(self._held[1])
            self._held = None
        return back

    def _play(self, now: float) -> None:
        for played in self.playout.played(now):
            self._hear(played)

    def _fact(self, kind: Kind, detail: str = "", seconds: float = 0.0) -> None:
        self._note(Fact(self._clock(), kind, detail, seconds))
