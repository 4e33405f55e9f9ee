"""The phone channel under a real server, Twilio written by hand, and a house that echoes."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, fromstring

import anyio
import httpx
from starlette.applications import Starlette
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # no stubs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from channels.base import Budget, CallState, Line, Parting
from channels.events import Address, AudioIn, AudioOut, Call, Clear, Digit, HungUp, LineEvent, Mark
from channels.loopback import serving
from channels.twilio.adapter import PhoneChannel
from channels.twilio.config import PhoneConfig
from gateway.bus.memory import MemoryBus
from tests.waiting import PATIENCE

TOKEN = "an auth token"
OURS, THEIRS, PERSON = "+15005550006", "+33612345678", "+4366012345678"
CALL = "CA" + "1" * 32
STREAM = "MZ" + "2" * 32

CONFIG = PhoneConfig(
    auth_token=TOKEN, account_sid="AC1", number=OURS, transfer_number=PERSON, start_seconds=0.3
)


@dataclass
class EchoCalls:
    """Answers by saying what it hears; # hangs up, 0 asks for a person, * breaks the house."""

    full: bool = False
    calls: list[Call] = field(default_factory=list)
    heard: list[LineEvent] = field(default_factory=list)
    told: list[tuple[str, CallState, int]] = field(default_factory=list)
    said: list[tuple[Address, str]] = field(default_factory=list)
    partings: dict[str, Parting] = field(default_factory=dict)
    """How another replica left calls."""
    answering: int = 0
    talking_to: set[Address] = field(default_factory=set)

    def room(self) -> bool:
        return not self.full

    def on_line(self, address: Address) -> bool:
        return address in self.talking_to

    def tell(self, address: Address, text: str) -> None:
        self.said.append((address, text))

    async def called(self, id: str, state: CallState, seconds: int = 0) -> None:
        self.told.append((id, state, seconds))

    async def parting(self, id: str) -> Parting:
        return self.partings.get(id, "")

    async def answer(self, line: Line) -> None:
        self.calls.append(line.call)
        self.answering += 1
        try:
            async with anyio.create_task_group() as tasks:
                async for event in line.receive():
                    self.heard.append(event)
                    match event:
                        case AudioIn(audio):
                            line.send(AudioOut(audio))
                        case Digit("1"):
                            line.send(Mark("one"))
                        case Digit("2"):
                            line.send(Clear())
                        case Digit("#"):
                            tasks.start_soon(line.hang_up)
                        case Digit("0"):
                            tasks.start_soon(line.transfer, "", "They want a refund.")
                        case Digit("*"):
                            return
                        case HungUp():
                            return
        finally:
            self.answering -= 1


@dataclass
class Phone:
    """Our end of the wire, and what stands behind it."""

    url: str
    config: PhoneConfig
    channel: PhoneChannel
    calls: EchoCalls
    http: httpx.AsyncClient

    def form(self, **more: str) -> dict[str, str]:
        return {
            "CallSid": CALL,
            "AccountSid": "AC1",
            "From": THEIRS,
            "To": OURS,
            "CallStatus": "ringing",
            "Direction": "inbound",
            **more,
        }

    async def post(
        self, path: str, form: dict[str, str], *, token: str = TOKEN, headers: Any = None
    ) -> httpx.Response:
        """As Twilio asks; `headers` instead of the right signature."""
        signature = RequestValidator(token).compute_signature(f"{self.url}{path}", form)
        return await self.http.post(
            path,
            content=urlencode(form),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                **({"X-Twilio-Signature": signature} if headers is None else headers),
            },
        )

    async def ask(self, path: str, **more: str) -> Element:
        """The TwiML that answers."""
        answer = await self.post(path, self.form(**more))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        return fromstring(answer.content)  # noqa: S314 - our own server wrote it

    async def ring(self, **more: str) -> Element:
        return await self.ask("/twilio/voice", **more)

    @asynccontextmanager
    async def socket(
        self, headers: dict[str, str] | None = None, path: str = "/twilio/media"
    ) -> AsyncIterator[Stream]:
        url = self.url.replace("http", "ws", 1) + "/twilio/media"
        signed = RequestValidator(TOKEN).compute_signature(url, {})
        headers = {"X-Twilio-Signature": signed} if headers is None else headers
        async with connect(url, proxy=None, additional_headers=headers) as raw:
            yield Stream(raw)

    @asynccontextmanager
    async def call(self, document: Element | None = None, **more: str) -> AsyncIterator[Stream]:
        """A call that was answered: the stream of its TwiML, begun."""
        document = await self.ring(**more) if document is None else document
        async with self.socket() as stream:
            await stream.begin(parameters(document), more.get("CallSid", CALL))
            yield stream


@dataclass
class Stream:
    """Twilio's end of a media socket."""

    raw: ClientConnection

    async def send(self, event: str, **fields: Any) -> None:
        await self.raw.send(json.dumps({"event": event, "streamSid": STREAM, **fields}))

    async def begin(self, parameters: dict[str, str], call: str = CALL, **more: Any) -> None:
        await self.raw.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1, **more}
        start = {
            "accountSid": "AC1",
            "streamSid": STREAM,
            "callSid": call,
            "tracks": ["inbound"],
            "mediaFormat": media,
            "customParameters": parameters,
        }
        await self.send("start", sequenceNumber="1", start=start)

    async def speak(self, audio: bytes) -> None:
        payload = b64encode(audio).decode()
        media = {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": payload}
        await self.send("media", sequenceNumber="3", media=media)

    async def press(self, digit: str) -> None:
        await self.send("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    async def played(self, name: str) -> None:
        await self.send("mark", sequenceNumber="4", mark={"name": name})

    async def next(self) -> dict[str, Any]:
        with anyio.fail_after(PATIENCE):
            message: dict[str, Any] = json.loads(await self.raw.recv())
        assert message["streamSid"] == STREAM
        return message

    async def hear(self) -> bytes:
        message = await self.next()
        assert message["event"] == "media", message
        return b64decode(message["media"]["payload"], validate=True)

    async def play(self) -> None:
        """Play all that is sent, up to a mark, and give that back."""
        while (message := await self.next())["event"] != "mark":
            pass
        await self.played(message["mark"]["name"])

    async def closed(self) -> tuple[int | None, str | None]:
        with anyio.fail_after(PATIENCE):
            try:
                while True:
                    await self.raw.recv()
            except ConnectionClosed:
                return self.raw.close_code, self.raw.close_reason


def parameters(document: Element) -> dict[str, str]:
    """The parameters of the stream that a document connects to."""
    return {p.get("name", ""): p.get("value", "") for p in document.iter("Parameter")}


def verbs(document: Element) -> list[str]:
    return [verb.tag for verb in document]


@asynccontextmanager
async def phone(config: PhoneConfig = CONFIG, budget: Budget | None = None) -> AsyncIterator[Phone]:
    """Serve a phone channel on loopback, reached as if by the world."""
    app, calls = Starlette(), EchoCalls()
    async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        config = replace(config, public_url=url)
        channel = PhoneChannel(config, calls, budget or MemoryBus())
        app.router.routes.extend(channel.routes())
        async with channel.running():
            yield Phone(url, config, channel, calls, http)
