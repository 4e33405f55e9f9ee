"""Our voice on one line: clauses are synthesised ahead and sent at the pace they are heard.

The line is kept a few tenths of a second ahead, so that neither the network nor we make it run
dry, and `clear` still silences it at once. What was not heard is kept until it was, so that speech
can go on where it was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import structlog

from channels.base import Line
from channels.events import AudioOut, Caption, Clear, Mark
from gateway.call.events import AudioSent, Fact, VoiceFailed
from gateway.call.playback import Playback
from gateway.errors import SpeechError
from gateway.speech.base import TextToSpeech

log = structlog.get_logger()

CHUNK = 0.1
"""Seconds of sound sent at once."""
MARK_EVERY = 0.5
"""Seconds of sound between two marks within a clause."""
SYNTHESISED_AHEAD = 20.0
"""Seconds of sound made before it is needed; it may never be."""
KEPT = 4
"""Clauses that were sent and perhaps not heard."""
LAST_WORDS_SECONDS = 5.0
"""For the sound of why we hang up."""
BREATH = 0.1
"""Seconds between two looks at the line, should the caller's sound not come in to clock it."""


@dataclass(slots=True, eq=False)
class _Piece:
    """A clause and its sound."""

    clause: int
    text: str
    context: str
    audio: bytearray = field(default_factory=bytearray)
    whole: bool = False
    """Whether all its sound is made."""
    sent: int = 0
    """Bytes."""
    marked: int = 0
    told: bool = False
    """Whether it was told that all was sent."""
    begun: int = 0
    """Bytes heard before it was gone on with."""
    shown: bool = False


class Speaker:
    """Speaks clauses in order. All methods but `run` are instant; all belong on one event loop."""

    def __init__(
        self,
        line: Line,
        voice: TextToSpeech,
        locale: str,
        playback: Playback,
        *,
        ahead: float,
        clock: Callable[[], float],
        on_fact: Callable[[Fact], None],
        on_cost: Callable[[str], None],
        on_dry: Callable[[], None],
    ) -> None:
        """`on_cost` hears what is synthesised, `on_dry` that a clause was heard with a gap."""
        self._line = line
        self._voice = voice
        self._locale = locale
        self._playback = playback
        self._ahead = ahead
        self._clock = clock
        self._on_fact = on_fact
        self._on_cost = on_cost
        self._on_dry = on_dry
        self._format = line.call.format
        self._frame = self._format.bytes_per_second // 50
        self._pieces: list[_Piece] = []
        self._paused = False
        self._more, self._begun = anyio.Event(), anyio.Event()
        self._synthesis = anyio.CancelScope()
        self._making: _Piece | None = None
        self._marks = 0

    # -- orders ----------------------------------------------------------------------------

    def say(self, clause: int, text: str, context: str) -> None:
        self._pieces.append(_Piece(clause, text, context))
        self._more.set()
        self._begun.set()

    def pause(self, *, clear: bool) -> None:
        self._paused = True
        if clear:
            self._line.send(Clear())

    def resume(self, clause: int, seconds: float) -> None:
        """Go on in the middle of a clause; those before it were heard."""
        self._paused = False
        self._pieces = [piece for piece in self._pieces if piece.clause >= clause]
        for piece in self._pieces:
            piece.sent = piece.marked = piece.begun = 0
            piece.told = False
        if self._pieces and (first := self._pieces[0]).clause == clause:
            begin = int(seconds * self._format.bytes_per_second)
            begin = min(begin - begin % self._frame, len(first.audio))
            first.sent = first.marked = first.begun = begin
        self.pump()

    def hush(self, *, clear: bool) -> None:
        self._paused = False
        self._pieces.clear()
        self._synthesis.cancel()
        if clear:
            self._line.send(Clear())

    def skip(self, clause: int) -> None:
        if self._making and self._making.clause == clause:
            self._synthesis.cancel()
        self._pieces = [piece for piece in self._pieces if piece.clause != clause]

    # -- sending ---------------------------------------------------------------------------

    def pump(self) -> None:
        """Send what the line should hold by now. Call it for each frame that comes in."""
        if self._paused or not self._pieces:
            return
        now = self._clock()
        while (piece := self._sending()) and self._playback.ahead(now) < self._ahead:
            if not self._send_some(piece, now):
                return

    def _sending(self) -> _Piece | None:
        return next((piece for piece in self._pieces if not piece.told), None)

    def _send_some(self, piece: _Piece, now: float) -> bool:
        """Send the next chunk of a piece; False when it is not made yet."""
        left = len(piece.audio) - piece.sent
        size = min(left, int(CHUNK * self._format.bytes_per_second))
        if not piece.whole:
            # Whole frames only: the rest of one may be late.
            size -= size % self._frame
            if size == 0:
                return False
        if piece.sent > piece.begun and not self._playback.ahead(now):
            self._on_dry()
        chunk = bytes(piece.audio[piece.sent : piece.sent + size])
        piece.sent += size
        last = piece.whole and piece.sent >= len(piece.audio)
        if chunk:
            self._line.send(AudioOut(chunk))
        mark = ""
        if last or piece.sent - piece.marked >= MARK_EVERY * self._format.bytes_per_second:
            piece.marked = piece.sent
            # Of sound that was cleared marks come back, too: no name is used twice.
            self._marks += 1
            mark = f"{piece.clause}.{self._marks}"
            self._line.send(Mark(mark))
        if not piece.shown:
            piece.shown = True
            self._line.send(Caption("agent", piece.text, final=True))
        piece.told = last
        self._forget_heard()
        seconds = len(chunk) / self._format.bytes_per_second
        length = len(piece.audio) / self._format.bytes_per_second if piece.whole else 0.0
        self._on_fact(AudioSent(piece.clause, seconds, mark, last, length))
        return True

    def _forget_heard(self) -> None:
        """Let go of the sound that cannot be asked for again: much was sent after it."""
        while len(self._pieces) > KEPT and self._pieces[KEPT].told:
            del self._pieces[0]

    async def last_words(self, text: str) -> None:
        """Say this at once, past all that was to be said; to hang up is to wait for it."""
        self._line.send(Caption("agent", text, final=True))
        self._on_cost(text)
        sound = self._voice.speak(text, format=self._format, locale=self._locale)
        try:
            with anyio.move_on_after(LAST_WORDS_SECONDS):
                async with aclosing(sound) as pieces:
                    async for piece in pieces:
                        self._line.send(AudioOut(piece))
        except SpeechError as error:
            log.warning("clause_not_spoken", error=str(error))

    # -- synthesis -------------------------------------------------------------------------

    async def run(self) -> None:
        """Synthesise what is to be said, and keep the line fed, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_feeding)
            while True:
                piece = self._to_make()
                if piece is None:
                    self._more = anyio.Event()
                    await self._more.wait()
                    continue
                with anyio.CancelScope() as self._synthesis:
                    self._making = piece
                    await self._make(piece)
                self._making = None

    def _to_make(self) -> _Piece | None:
        made = sum(len(piece.audio) - piece.sent for piece in self._pieces)
        if made > SYNTHESISED_AHEAD * self._format.bytes_per_second:
            return None
        return next((piece for piece in self._pieces if not piece.whole), None)

    async def _make(self, piece: _Piece) -> None:
        speech = self._voice.speak(
            piece.text, format=self._format, locale=self._locale, context=piece.context
        )
        self._on_cost(piece.text)
        try:
            async with aclosing(speech) as sound:
                async for audio in sound:
                    piece.audio += audio
                    self.pump()
        except SpeechError as error:
            log.warning("clause_not_spoken", error=str(error))
        except Exception:
            # One with a bug is one that failed.
            log.exception("clause_not_spoken")
        else:
            self._made(piece)
            return
        if piece.audio:
            self._made(piece)
        elif piece in self._pieces:  # else it was hushed meanwhile
            self._pieces.remove(piece)
            self._on_fact(VoiceFailed(piece.clause))

    def _made(self, piece: _Piece) -> None:
        piece.whole = True
        self.pump()

    async def _keep_feeding(self) -> None:
        while True:
            if not self._pieces:
                self._begun = anyio.Event()
                await self._begun.wait()
            await anyio.sleep(BREATH)
            self.pump()
            if self._to_make():
                self._more.set()
