"""Media sockets that Twilio's signature and a ticket let in, and what then comes on them."""

from __future__ import annotations

import json
import random
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx

from channels.twilio.simulator import signing
from tests.fuzz import doors
from tests.fuzz.strategies import ODD
from tests.kill.house import House

TOKEN = "sesame"
STREAM = "MZ" + "2" * 32
_calls = count(1)

Call = Callable[["Ticketed"], bytes]
"""What is sent on a socket."""


@dataclass(frozen=True)
class Ticketed:
    """A call that was answered with a ticket for its socket."""

    call: str
    parameters: dict[str, str]

    def start(self, **other: Any) -> bytes:
        """Its first message, with some of it otherwise."""
        media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {
            "streamSid": STREAM,
            "callSid": self.call,
            "tracks": ["inbound"],
            "mediaFormat": media,
            "customParameters": self.parameters,
        }
        return told("start", start={**start, **other})


def rung(door: House) -> Ticketed:
    """Announce a call, as Twilio does."""
    call = f"CA{next(_calls):032x}"
    # Of another number each, or there would be too many of one.
    form = {
        "CallSid": call,
        "AccountSid": "AC1",
        "From": f"+1500{next(_calls):07d}",
        "To": "+15005550006",
        "CallStatus": "ringing",
        "Direction": "inbound",
    }
    url = f"{door.url}/twilio/voice"
    headers = signing.headers(TOKEN, url, form)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    until = time.monotonic() + doors.PATIENCE
    while True:
        answer = httpx.post(url, content=urlencode(form), headers=headers, trust_env=False)
        assert answer.status_code == 200, answer.text
        document = ET.fromstring(answer.text)  # noqa: S314 - it is ours
        told = {p.get("name", ""): p.get("value", "") for p in document.iter("Parameter")}
        if "token" in told:
            return Ticketed(call, told)
        # A house that is late refuses politely, and recovers.
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)


def exchange(door: House, sent: Call, *, leave: bool) -> doors.End:
    """Ring, open the socket and send; `leave` where the house would wait for more."""
    signed = signing.headers(TOKEN, f"{door.url}/twilio/media".replace("http", "ws", 1))
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    upgrade = doors.upgrade("/twilio/media", headers)
    return doors.exchange(door.port, upgrade, sent(rung(door)), leave=leave)


# -- frames --------------------------------------------------------------------------------


def text(data: str | bytes) -> bytes:
    return doors.frame(1, data.encode("utf-8") if isinstance(data, str) else data)


def told(event: str, **fields: Any) -> bytes:
    return text(json.dumps({"event": event, "streamSid": STREAM, **fields}))


def sound(payload: Any, **other: Any) -> bytes:
    return told("media", media={"track": "inbound", "payload": payload, **other})


def spoken(size: int, dice: random.Random | None = None) -> bytes:
    audio = dice.randbytes(size) if dice else bytes(range(256)) * (size // 256 + 1)
    return sound(b64encode(audio[:size]).decode())


def mark(name: Any) -> bytes:
    return told("mark", mark={"name": name})


def key(digit: Any) -> bytes:
    return told("dtmf", dtmf={"digit": digit})


STOP = told("stop", stop={})
NOT_TEXT = b'{"event":"mark","mark":{"name":"\xff"}}'
DEEP = '{"event":"mark","x":' + "[" * 30_000 + "]" * 30_000 + "}"

MALFORMED = [
    text(""),
    text("null"),
    text("{"),
    text("[]"),
    text('{"event":null}'),
    text('{"event":"media"}'),
    text('{"event":"media","media":null}'),
    text('{"event":"media","media":{"payload":{}}}'),
    text('{"event":"start"}'),
    text('{"event":"mark","mark":{"name":[1]}}'),
    text('{"event":"dtmf","dtmf":"1"}'),
    text('{"event":"mark","mark":{"name":"\\ud800"}}'),
    text(DEEP),
    text("[" * 60_000),
    text("9" * 60_000),
    text('{"event":"media","media":' + "1" * 10_000 + "}"),
    text(json.dumps({"event": "mark", "mark": {"name": "x" * 70_000}})),
    sound("A"),
    sound("AA=A"),
    sound("ÄÖÜ"),
    doors.frame(2, b""),
    doors.frame(2, NOT_TEXT),
    doors.frame(2, bytes(range(256))),
]
"""Each no message of Media Streams; so many are too many."""

LEFT: dict[str, tuple[Call, int]] = {
    "what is no message, again and again": (lambda t: t.start() + b"".join(MALFORMED), 1008),
    "no text in a binary frame, again and again": (
        lambda t: t.start() + doors.frame(2, NOT_TEXT) * 25, 1008,
    ),
    "what is no message, before the start": (lambda _: b"".join(MALFORMED), 1008),
    "no text before the start": (lambda _: doors.frame(2, NOT_TEXT) * 25, 1008),
    "a stop before the start": (lambda _: STOP * 25, 1008),
    "sound before the start": (lambda _: spoken(160) * 25, 1008),
    "a start without a ticket": (lambda t: t.start(customParameters={}), 1008),
    "a ticket that is none": (lambda t: t.start(customParameters={"token": "é.\0"}), 1008),
    "a start of another call": (lambda t: t.start(callSid="CA" + "f" * 32), 1008),
    "a start of a stream that is none": (lambda t: t.start(streamSid="../\n"), 1008),
    "an encoding that is none": (
        lambda t: t.start(mediaFormat={"encoding": "é" * 200, "sampleRate": 8000}), 1003,
    ),
    "a rate past all bounds": (lambda t: t.start(mediaFormat={"sampleRate": 2**63 - 1}), 1003),
    "a stop at once": (lambda t: t.start() + STOP, 1000),
    "stops and more": (lambda t: t.start() + STOP * 3 + spoken(160) + t.start(), 1000),
    "marks that nobody set": (
        lambda t: t.start() + b"".join(mark(f"{n}.{n}") for n in range(3000)) + STOP, 1000,
    ),
    "odd marks": (
        lambda t: t.start() + mark("") + mark("\0") + mark("front-door:last") + STOP, 1000,
    ),
    "keys that are none": (
        lambda t: t.start() + b"".join(map(key, ("", "A", "12", "é", "\0", "٣"))) + STOP, 1000,
    ),
    "a flood of keys": (lambda t: t.start() + key("1") * 500 + STOP, 1000),
    "sound of odd sizes": (
        lambda t: t.start() + b"".join(map(spoken, (0, 1, 159, 161, 7, 4001))) + STOP, 1000,
    ),
    "half a minute of sound at once": (lambda t: t.start() + spoken(24_000) * 10 + STOP, 1000),
    "sound of other tracks": (
        lambda t: t.start() + sound("AAAA", track="outbound") + sound("AAAA", track="é") + STOP,
        1000,
    ),
    "messages of another stream": (
        lambda t: (
            t.start()
            + text('{"event":"media","streamSid":"MZ3","media":{"payload":"AAAA"}}')
            + STOP
        ),
        1000,
    ),
    "numbers past all bounds": (
        lambda t: (
            t.start()
            + text('{"event":"mark","sequenceNumber":' + "9" * 400 + ',"mark":{"name":"x"}}')
            + sound("AAAA", timestamp=10**400, chunk=-1)
            + STOP
        ),
        1000,
    ),
    "kinds that are new": (lambda t: t.start() + told("applause") * 50 + STOP, 1000),
    "a start after the start": (lambda t: t.start() + t.start(callSid="CA0") + STOP, 1000),
    "a message in fragments": (
        lambda t: (
            t.start()
            + doors.frame(1, b'{"event":"st', final=False)
            + doors.frame(9, b"ping")
            + doors.frame(0, b'op"}')
        ),
        1000,
    ),
    "a message in fragments without end": (
        lambda t: (
            t.start()
            + doors.frame(1, b"{", final=False)
            + doors.frame(0, b"", final=False) * 3000
        ),
        1009,
    ),
    "an opcode that is none": (lambda t: t.start() + doors.frame(3, b""), 1002),
    "half a character": (lambda t: t.start() + doors.frame(1, b"\xc3"), 1007),
    "a message too large": (lambda t: t.start() + doors.frame(1, b"x" * 300_000), 1009),
}  # fmt: skip
"""What is sent, and the code with which the house then leaves."""


def drawn(dice: random.Random) -> Call:
    """Messages in some order, good ones among them, some of them with bytes changed."""

    def sent(ticketed: Ticketed) -> bytes:
        kinds: list[Callable[[], bytes]] = [
            ticketed.start,
            lambda: spoken(dice.choice([160, 160, 160, 1, 0, 333, 8000]), dice),
            lambda: mark(dice.choice([*ODD[:9], "1.1", "2.2", "front-door:last"])),
            lambda: key(dice.choice("0123456789*#Aé")),
            lambda: dice.choice(MALFORMED),
            lambda: told(dice.choice(["connected", "stop", "media", "new", ""])),
        ]
        frames = [dice.choice(kinds)() for _ in range(dice.randint(0, 40))]
        if dice.random() < 0.9:
            frames.insert(0, ticketed.start())
        data = b"".join(frames)
        mess = dice.randrange(4)
        if mess == 0:
            return doors.mutated(data, dice)
        return data[: dice.randrange(len(data) + 1)] if mess == 1 else data

    return sent


def torn(door: House) -> None:
    """A call whose socket is reset in the middle, with no close of any kind."""
    signed = signing.headers(TOKEN, f"{door.url}/twilio/media".replace("http", "ws", 1))
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    with socket.create_connection(("127.0.0.1", door.port), timeout=doors.PATIENCE) as peer:
        peer.sendall(doors.upgrade("/twilio/media", headers))
        peer.recv(65536)
        peer.sendall(rung(door).start() + spoken(1600))
        peer.recv(100)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# -- what must be as before ----------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What a house holds."""

    calls: int
    tasks: int
    files: int


def standing(door: House) -> Standing:
    shown = httpx.get(f"{door.url}/metrics", trust_env=False).text
    figures = dict(line.rsplit(" ", 1) for line in shown.splitlines() if line[:1] not in ("", "#"))
    return Standing(
        int(float(figures["frontdoor_calls_open"])),
        int(float(figures["frontdoor_event_loop_tasks"])),
        len(list(Path(f"/proc/{door.pid}/fd").iterdir())),
    )


@contextmanager
def nothing_left(door: House, seconds: float = 15.0, slack: int = 4) -> Iterator[None]:
    """Afterwards there is no call, and no more tasks and files than before, but for a few of each.

    Raises AssertionError.
    """
    before = standing(door)
    yield
    until = time.monotonic() + seconds
    while True:
        after = standing(door)
        held = after.tasks - before.tasks > slack or after.files - before.files > slack
        if not after.calls and not held:
            return
        assert time.monotonic() < until, (before, after)
        time.sleep(0.1)
