"""Many telephones in one process, as lean as they can be: what is measured is the house.

One socket a call, spoken by hand (RFC 6455); frames of sound are written ahead of time and only
get their numbers when they are sent. A wheel of two milliseconds a step spreads the calls over
the 20 ms of a frame, as callers are spread.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from channels.twilio.simulator import signing, twiml
from channels.twilio.simulator.playout import Playout
from channels.twilio.simulator.sound import (
    FRAME,
    FRAME_SECONDS,
    bounds,
    from_mulaw,
    line_noise,
    mixed,
    to_mulaw,
)

STEPS = 10
"""Of the wheel, a frame."""
MISSED_SECONDS = 6.0
"""An answer that takes longer is none."""
QUIET_SECONDS = 0.4
"""After so long without sound the house has finished."""
BARGE_SECONDS = 1.0
"""How long a reply is listened to before it is interrupted."""


@dataclass(frozen=True)
class Phrase:
    """Something to say: frames in base64, and where the sound in them begins and ends."""

    frames: tuple[bytes, ...]
    first: float
    last: float
    text: str
    ends: tuple[float, ...]
    """Seconds at which each word ends."""
    audio: bytes
    """All frames, mu-law."""

    @classmethod
    def of(cls, text: str, audio: bytes, ends: tuple[float, ...], seed: int = 0) -> Phrase:
        """From clean mu-law sound; the line's noise is added."""
        audio = audio.ljust(-(-len(audio) // FRAME) * FRAME, b"\xff")
        noisy = to_mulaw(mixed(from_mulaw(audio), line_noise(1.0, seed=seed)))
        first, last = bounds(audio)
        # Words end with the sound; the voice counts its last breath.
        ends = tuple(min(end, last) for end in ends)
        return cls(_encoded(noisy), first, last, text, ends, noisy)


def _encoded(audio: bytes) -> tuple[bytes, ...]:
    return tuple(base64.b64encode(audio[at : at + FRAME]) for at in range(0, len(audio), FRAME))


NOISE = _encoded(to_mulaw(line_noise(1.0)))


@dataclass
class Figures:
    """What all calls of a run came to. Seconds."""

    turns: list[float] = field(default_factory=list)
    """From the caller's last sample to the first frame of the reply."""
    early: int = 0
    """Replies that began before the caller had finished; they are in no other figure."""
    missed: int = 0
    reactions: list[float] = field(default_factory=list)
    """From the first sample of an interruption to `clear`."""
    unheard: int = 0
    """Interruptions that were over before the house fell silent."""
    idle_clears: int = 0
    """`clear` when there was nothing to clear."""
    underruns: int = 0
    lost: int = 0
    """Calls that ended before they were to."""
    lags: list[float] = field(default_factory=list)
    """How late we were ourselves."""


@dataclass(frozen=True)
class Target:
    """Whom to call."""

    url: str
    token: str = ""
    """Signs the webhook and the socket; empty for a peer that has only the socket."""
    path: str = "/ws"
    """Of a peer's socket."""


class State(Enum):
    GREETED = auto()
    RESTING = auto()
    TALKING = auto()
    WAITING = auto()
    LISTENING = auto()


class Caller(asyncio.Protocol):
    """One call."""

    def __init__(self, number: int, phrases: Sequence[Phrase], figures: Figures) -> None:
        self.number, self.figures = number, figures
        self.stream = f"MZ{secrets.token_hex(16)}"
        self.call = f"CA{secrets.token_hex(16)}"
        self.barges = False
        self.counting = False
        """Whether the figures count yet."""
        self._phrases = phrases
        self._dice = random.Random(number)  # noqa: S311 - not for secrets
        self._playout = Playout()
        self._state, self._since = State.GREETED, time.perf_counter()
        self._rest = self._dice.uniform(0.2, 1.2)
        self._phrase = phrases[0]
        self._place = 0
        self._onset = self._last = 0.0
        self._heard_at = 0.0
        self._interrupting = False
        self._sequence = 1
        self._frames = number * 7
        self._buffer = b""
        self._open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closing = False
        self._head = b""
        self._tail = f'"}},"streamSid":"{self.stream}"}}'.encode()

    # -- the socket ---------------------------------------------------------------------

    async def dial(self, target: Target, http: httpx.AsyncClient) -> None:
        url, parameters = await self._placed(target, http)
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(
            lambda: self, parts.hostname or "", parts.port or 80
        )
        lines = [
            f"GET {parts.path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        if target.token:
            signed = signing.headers(target.token, url)
            lines += [f"{name}: {value}" for name, value in signed.items()]
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await asyncio.wait_for(self._open, 15)
        self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "AC1",
            "streamSid": self.stream,
            "callSid": self.call,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters,
        }
        self._send(
            {"event": "start", "sequenceNumber": "1", "start": start, "streamSid": self.stream}
        )

    async def _placed(self, target: Target, http: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
        """The stream's URL and parameters, from the webhook if there is one."""
        if not target.token:
            return target.url.replace("http", "ws") + target.path, {}
        url = f"{target.url}/twilio/voice"
        form = {
            "CallSid": self.call,
            "AccountSid": "AC1",
            "From": f"+1555{self.number:07d}",
            "To": "+15005550006",
            "CallStatus": "ringing",
            "ApiVersion": "2010-04-01",
            "Direction": "inbound",
        }
        signed = signing.headers(target.token, url, form)
        answer = await http.post(url, data=form, headers=signed)
        answer.raise_for_status()
        for verb in twiml.read(answer.text):
            if noun := verb.child("Stream"):
                values = [c.attributes for c in noun.children if c.name == "Parameter"]
                return noun.attributes["url"], {v["name"]: v["value"] for v in values}
        raise AssertionError(answer.text)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open.done():
            head, ends, rest = self._buffer.partition(b"\r\n\r\n")
            if not ends:
                return
            self._buffer = rest
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self._open.set_exception(ConnectionError(head.decode()))
                return
            self._open.set_result(None)
        now = time.perf_counter()
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if len(buffer) < start + length:
                break
            self._frame(buffer[at] & 15, buffer[start : start + length], now)
            at = start + length
        self._buffer = buffer[at:]

    def connection_lost(self, error: Exception | None) -> None:
        if not self._open.done():
            self._open.set_exception(error or ConnectionError("closed"))
        if not self._closing:
            self.figures.lost += 1
        self._closing = True

    def _frame(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == 9:  # ping
            self._write(payload, 0x8A)
        elif opcode == 1:
            at = payload.find(b'"payload"')
            if at >= 0:
                begin = payload.index(b'"', at + 9) + 1
                end = payload.index(b'"', begin)
                self._media(base64.b64decode(payload[begin:end]), now)
                return
            message = json.loads(payload)
            if message["event"] == "mark":
                self._playout.mark(message["mark"]["name"])
                self._return(self._playout.due(now))
            elif message["event"] == "clear":
                self._clear(now)

    def _send(self, message: dict[str, object]) -> None:
        self._write(json.dumps(message).encode())

    def _write(self, payload: bytes, head: int = 0x81) -> None:
        # Masked with nothing: what is masked stays as it is.
        length = len(payload)
        if length < 126:
            self._transport.write(bytes((head, 128 | length, 0, 0, 0, 0)) + payload)
        else:
            self._transport.write(
                bytes((head, 254, length >> 8, length & 255, 0, 0, 0, 0)) + payload
            )

    def hang_up(self) -> None:
        if not self._closing:
            self._closing = True
            self._send({"event": "stop", "stop": {}, "streamSid": self.stream})
            self._write(b"\x03\xe8", 0x88)
            self._transport.close()

    # -- the conversation ---------------------------------------------------------------

    def step(self, now: float) -> None:
        """20 ms have gone by: send the frame that was spoken in them."""
        if self._closing or not self._open.done():
            return
        self._act(now)
        if self._state is State.TALKING:
            frame = self._phrase.frames[self._place]
            self._place += 1
            if self._place == len(self._phrase.frames):
                self._said(now)
        else:
            self._frames += 1
            frame = NOISE[self._frames % len(NOISE)]
        self._sequence += 1
        self._write(
            b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d",'
            b'"timestamp":"%d","payload":"%s%s'
            % (self._sequence, self._sequence, self._sequence * 20, frame, self._tail)
        )
        self._return(self._playout.due(now))
        self._playout.played(now)

    def _act(self, now: float) -> None:
        """Begin to talk, or stop waiting, when it is time."""
        quiet = now - max(self._playout.ends, self._since)
        match self._state:
            case State.GREETED if quiet > 1.5:
                self._rests(now)
            case State.RESTING if now - self._since > self._rest:
                self._talk(now, interrupting=False)
            case State.LISTENING if quiet > QUIET_SECONDS:
                self._rests(now)
            case State.LISTENING if (
                self.barges and now - self._heard_at > BARGE_SECONDS and self._playout.queued(now)
            ):
                self._talk(now, interrupting=True)
            case State.WAITING if now - self._last > MISSED_SECONDS:
                self.figures.missed += self.counting
                self._rests(now)

    def _rests(self, now: float) -> None:
        self._state, self._since = State.RESTING, now
        self._rest = self._dice.uniform(0.2, 0.8)

    def _talk(self, now: float, *, interrupting: bool) -> None:
        self._state, self._place = State.TALKING, 0
        self._phrase = self._dice.choice(self._phrases)
        self._interrupting = interrupting
        # As the frames would go if nobody is late; `_said` has the last word.
        began = now - FRAME_SECONDS
        self._onset, self._last = began + self._phrase.first, began + self._phrase.last

    def _said(self, now: float) -> None:
        self._last = now - len(self._phrase.frames) * FRAME_SECONDS + self._phrase.last
        self._state = State.WAITING
        if self._interrupting:
            self._interrupting = False
            self.figures.unheard += self.counting

    def _media(self, audio: bytes, now: float) -> None:
        fresh = not self._playout.queued(now)
        if self._playout.add(audio, now):
            self.figures.underruns += self.counting
        if not fresh:
            return
        if self._state is State.WAITING:
            if now < self._last:
                self.figures.early += self.counting
            elif self.counting:
                self.figures.turns.append(now - self._last)
            self._state, self._heard_at = State.LISTENING, now
        elif self._state is State.TALKING and not self._interrupting:
            self.figures.early += self.counting
            self._state, self._heard_at = State.LISTENING, now

    def _clear(self, now: float) -> None:
        if not self._playout.queued(now):
            self.figures.idle_clears += self.counting
        elif self._interrupting and self._state is State.TALKING:
            self._interrupting = False
            if self.counting:
                self.figures.reactions.append(now - self._onset)
        self._return(self._playout.clear(now))

    def _return(self, names: list[str]) -> None:
        for name in names:
            self._sequence += 1
            self._send(
                {
                    "event": "mark",
                    "sequenceNumber": str(self._sequence),
                    "streamSid": self.stream,
                    "mark": {"name": name},
                }
            )


class Switchboard:
    """All calls of a run, and the wheel that drives them."""

    def __init__(self, target: Target, phrases: Sequence[Phrase], *, barges: bool = False) -> None:
        self.figures = Figures()
        self.callers: list[Caller] = []
        self._target, self._phrases, self._barges = target, phrases, barges

    async def open(self, calls: int, at_once: int = 10, first: int = 0) -> None:
        """Let so many calls come in, a few at a time."""
        gate = asyncio.Semaphore(at_once)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:

            async def one(number: int) -> None:
                async with gate:
                    caller = Caller(number, self._phrases, self.figures)
                    caller.barges = self._barges
                    await caller.dial(self._target, http)
                    self.callers.append(caller)

            await asyncio.gather(*(one(first + number) for number in range(calls)))

    async def run(self, seconds: float, *, counting: bool = True) -> None:
        """Let them talk for so long."""
        for caller in self.callers:
            caller.counting = counting
        started = time.perf_counter()
        turns = [self.callers[place::STEPS] for place in range(STEPS)]
        for step in range(round(seconds / FRAME_SECONDS * STEPS)):
            due = started + step * FRAME_SECONDS / STEPS
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            now = time.perf_counter()
            if counting:
                self.figures.lags.append(now - due)
            for caller in turns[step % STEPS]:
                caller.step(now)

    async def close(self) -> None:
        for caller in self.callers:
            caller.hang_up()
        await asyncio.sleep(0.5)


SENTENCES = (
    "what is on my list",
    "tell me what I have to do",
    "please read me my tasks",
    "show me what is open",
    "is there anything on my list for today",
    "what should I do next",
    "read out my list again",
    "how many tasks are there on my list",
)
VOICES = (("en-us", 165, 50), ("en-us+f3", 150, 60), ("en-us+m3", 185, 40))


def phrases() -> list[Phrase]:
    """Sentences without inner pauses, in three of eSpeak's voices, on the telephone's band."""
    from channels.events import PHONE, AudioFormat  # noqa: PLC0415 - as the next
    from gateway.speech.audio import convert  # noqa: PLC0415 - only who calls needs a voice
    from gateway.speech.espeak import synthesise  # noqa: PLC0415 - as above

    made: list[Any] = []
    for text in SENTENCES:
        for voice, rate, pitch in VOICES:
            pcm, words = synthesise(text, voice=voice, rate=rate, pitch=pitch)
            audio = convert(pcm, AudioFormat("pcm16", 22050), PHONE)
            ends = tuple(word.end for word in words)
            made.append(Phrase.of(text, audio, ends, seed=len(made)))
    return made


def quiet_share(lags: Sequence[float]) -> float:
    """Share of our own steps that were at most 5 ms late."""
    return float(np.mean(np.array(lags) < 0.005)) if lags else 1.0
