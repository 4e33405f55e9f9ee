"""A line made of paper, with a phone and a caller at its end, and the parts of a call it needs.

The caller's sound is loud or silent, 20 ms at a time. Ours is letters, 70 ms each, so that what
was heard can be read. Nothing here reads a clock but the loop's: on a `VirtualLoop` a call of a
minute takes milliseconds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

from channels.base import ChannelError
from channels.events import (
    PHONE,
    Address,
    AudioFormat,
    AudioIn,
    AudioOut,
    Call,
    Caption,
    Clear,
    Digit,
    HungUp,
    LineEvent,
    LineOrder,
    Mark,
    Route,
    Sender,
    Trust,
)
from gateway.speech.base import (
    Ear,
    Speech,
    SpeechToText,
    TextToSpeech,
    Transcription,
    VoiceActivity,
)

FRAME = 0.02
"""Seconds between two frames of the caller's."""
LETTER = 0.07
"""Seconds of each letter of ours: as fast as people speak."""
SILENCE = b"\xff" * 160
SPEECH = [bytes([level, level | 0x80]) * 80 for level in (0x00, 0x30, 0x10, 0x40)]
"""Mu-law of four loudnesses in turn: steady sound would be a tone."""

T = TypeVar("T")


def a_call(
    *, channel: str = "phone", id: str = "CA1", format: AudioFormat = PHONE, **more: object
) -> Call:
    who = Sender(Address(channel, "+4312345"), "Ann", "en", "Europe/Vienna", Trust.CLAIMED)
    return Call(id, who, Route(channel, "+1555", "+4312345"), format, **more)  # type: ignore[arg-type]


@dataclass
class PaperLine:
    """A `Line`; the methods in the past tense are what the caller and the network did."""

    call: Call = field(default_factory=a_call)
    refuses: ChannelError | None = None
    """Raised by transfers."""
    latency: float = 0.0
    """Seconds that a mark takes to come back."""
    sent: list[tuple[float, LineOrder]] = field(default_factory=list)
    """All that was sent, and when."""
    put_down: bool = False
    """Whether the house hung up."""
    handed: list[tuple[str, str]] = field(default_factory=list)
    muted: bool = False
    """Whether no sound comes from the caller at all."""
    words: str = ""
    """What a recogniser would hear in the caller's speech."""
    most: float = 0.0
    """Seconds of our sound that the phone held at most."""
    played: int = 0
    """Bytes of our sound that the phone has played."""
    _holds: deque[AudioOut | Mark] = field(default_factory=deque)
    _events: deque[tuple[float, LineEvent]] = field(default_factory=deque)
    _runs: list[tuple[int, int]] = field(default_factory=list)
    """What was played: letters, and how many bytes of each."""
    _speech: int = 0
    _frames: int = 0
    _over: HungUp | None = None

    # -- the line --------------------------------------------------------------------------

    async def receive(self) -> AsyncIterator[LineEvent]:
        began = _now()
        while self._over is None:
            self._frames += 1
            await anyio.sleep(max(0.0, began + self._frames * FRAME - _now()))
            self._play(FRAME)
            while self._events and self._events[0][0] <= _now() + 1e-9:
                yield self._events.popleft()[1]
            if self._over is None and not self.muted:
                yield AudioIn(self._sound())
        yield self._over

    def send(self, order: LineOrder) -> None:
        self.sent.append((_now(), order))
        match order:
            case AudioOut() | Mark():
                self._holds.append(order)
                self._return_marks()
                self.most = max(self.most, self.held)
            case Clear():
                held, self._holds = self._holds, deque()
                for kept in held:
                    if isinstance(kept, Mark):
                        self._events.append((_now() + self.latency, kept))
            case _:
                pass

    async def hang_up(self) -> None:
        while self.held and self._over is None:  # noqa: ASYNC110 - the clock is the phone's
            await anyio.sleep(FRAME)
        self.put_down = True
        self._end(HungUp())

    async def transfer(self, to: str, summary: str) -> None:
        if self.refuses:
            raise self.refuses
        self.handed.append((to, summary))
        self._end(HungUp())

    # -- the caller ------------------------------------------------------------------------

    def hung_up(self, *, lost: bool = False) -> None:
        self._end(HungUp(lost))

    def pressed(self, digit: str) -> None:
        self._events.append((_now(), Digit(digit)))

    async def says(self, words: str, seconds: float = 0.5, *, quiet: float = 1.0) -> None:
        """Speak for so long, and then be quiet for so long."""
        self.words = words
        self._speech = round(seconds / FRAME)
        while self._speech:  # noqa: ASYNC110 - the clock is the phone's
            await anyio.sleep(FRAME)
        await anyio.sleep(quiet)

    # -- the phone -------------------------------------------------------------------------

    @property
    def held(self) -> float:
        """Seconds of sound it has not played yet."""
        held = (len(one.audio) for one in self._holds if isinstance(one, AudioOut))
        return sum(held) / self.call.format.bytes_per_second

    @property
    def heard(self) -> str:
        """What the caller has heard of us."""
        letter = round(LETTER * self.call.format.bytes_per_second)
        return "".join(chr(code) * max(1, round(size / letter)) for code, size in self._runs)

    async def has_heard(self, words: str, seconds: float = 20.0) -> None:
        """Wait until the caller has."""
        try:
            with anyio.fail_after(seconds):
                while words not in self.heard:  # noqa: ASYNC110 - the clock is the phone's
                    await anyio.sleep(FRAME)
        except TimeoutError:
            raise AssertionError(f"{words!r} was not heard, but {self.heard!r}") from None

    def orders(self, kind: type[T]) -> list[T]:
        return [order for _, order in self.sent if isinstance(order, kind)]

    def times(self, kind: type[LineOrder]) -> list[float]:
        return [at for at, order in self.sent if isinstance(order, kind)]

    def captions(self, role: str, *, final: bool = True) -> list[str]:
        shown = self.orders(Caption)
        return [one.text for one in shown if (one.role, one.final) == (role, final)]

    # -- inside ----------------------------------------------------------------------------

    def _play(self, seconds: float) -> None:
        room = round(seconds * self.call.format.bytes_per_second)
        self._return_marks()
        while room and self._holds:
            first = self._holds.popleft()
            if isinstance(first, AudioOut):
                self._hear(first.audio[:room])
                if rest := first.audio[room:]:
                    self._holds.appendleft(AudioOut(rest))
                room -= min(room, len(first.audio))
            self._return_marks()

    def _hear(self, audio: bytes) -> None:
        self.played += len(audio)
        while audio:
            rest = audio.lstrip(audio[:1])
            size = len(audio) - len(rest)
            if self._runs and self._runs[-1][0] == audio[0]:
                size += self._runs.pop()[1]
            self._runs.append((audio[0], size))
            audio = rest

    def _return_marks(self) -> None:
        while self._holds and isinstance(self._holds[0], Mark):
            self._events.append((_now() + self.latency, self._holds.popleft()))  # type: ignore[arg-type]

    def _sound(self) -> bytes:
        if not self._speech:
            return SILENCE
        self._speech -= 1
        return SPEECH[self._speech % len(SPEECH)]

    def _end(self, event: HungUp) -> None:
        self._over = self._over or event


@dataclass
class LetterVoice(TextToSpeech):
    """Spells, a word at a time."""

    name: str = "letters"
    delay: float = 0.0
    """Seconds to its first sound."""
    pause: float = 0.0
    """Seconds between two words."""
    failures: list[Exception | None] = field(default_factory=list)
    """Raised by the next clauses, one each; None for none."""
    breaks_after: int = 0
    """Words after which such a failure comes."""
    said: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    """What it was interrupted in."""
    price: float = 0.0

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes, None]:
        self.said.append(text)
        failure = self.failures.pop(0) if self.failures else None
        size = round(LETTER * format.bytes_per_second)
        done = False
        try:
            await anyio.sleep(self.delay)
            for number, word in enumerate(text.split(" ")):
                if failure and number == self.breaks_after:
                    raise failure
                spelled = f" {word}" if number else word
                yield b"".join(bytes([ord(letter) % 256]) * size for letter in spelled)
                await anyio.sleep(self.pause)
            done = True
        finally:
            if not done:
                self.stopped.append(text)

    def cost(self, text: str) -> float:
        return self.price


@dataclass
class CallerRecogniser(SpeechToText):
    """Hears what the caller says, or fails as told."""

    name = "caller"
    line: PaperLine
    delay: float = 0.0
    failures: list[Exception] = field(default_factory=list)
    """Raised by the next requests, one each."""
    asked: list[Speech] = field(default_factory=list)
    stopped: int = 0

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        self.asked.append(speech)
        words = self.line.words
        try:
            await anyio.sleep(self.delay)
        except BaseException:
            self.stopped += 1
            raise
        if self.failures:
            raise self.failures.pop(0)
        return Transcription(words, "en", self.name, cost=0.25)


class LoudActivity(VoiceActivity):
    """Takes every loud sound for speech, 32 ms at a time."""

    def __init__(self) -> None:
        self.ears: list[LoudEar] = []
        self.warmed = 0

    async def warm(self) -> None:
        self.warmed += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    def listen(self, format: AudioFormat, on_window: Callable[[float, float], None]) -> Ear:
        self.ears.append(LoudEar(format, on_window))
        return self.ears[-1]


class LoudEar(Ear):
    def __init__(self, format: AudioFormat, on_window: Callable[[float, float], None]) -> None:
        self.closed = False
        self._on_window = on_window
        self._size = round(0.032 * format.bytes_per_second)
        self._sound = bytearray()
        self._end = 0.0

    def hear(self, audio: bytes) -> None:
        self._sound += audio
        while len(self._sound) >= self._size and not self.closed:
            window = self._sound[: self._size]
            del self._sound[: self._size]
            self._end += 0.032
            loud = window.count(SILENCE[:1]) < len(window) / 2
            self._on_window(0.9 if loud else 0.05, self._end)

    def close(self) -> None:
        self.closed = True


def _now() -> float:
    return asyncio.get_running_loop().time()
