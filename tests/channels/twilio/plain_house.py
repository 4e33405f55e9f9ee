"""The smallest house that a phone can call: scripted TwiML, and a stream that obeys."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from channels.loopback import serving
from channels.twilio.simulator.sound import is_silent, to_mulaw

Json = dict[str, Any]


@dataclass
class Talk:
    """The house's end of a stream."""

    socket: WebSocket
    stream: str = ""
    seen: list[Json] = field(default_factory=list)
    """All that came, frames of sound left out."""
    frames: list[Json] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    gone: anyio.Event = field(default_factory=anyio.Event)

    async def send(self, event: str, **content: Any) -> None:
        await self.socket.send_json({"event": event, "streamSid": self.stream, **content})

    async def speak(self, audio: bytes) -> None:
        await self.send("media", media={"payload": base64.b64encode(audio).decode()})

    async def mark(self, name: str) -> None:
        await self.send("mark", mark={"name": name})

    def marks(self) -> list[str]:
        return [event["mark"]["name"] for event in self.seen if event["event"] == "mark"]


Act = Callable[[Talk], Coroutine[Any, Any, None]]


async def listen(talk: Talk) -> None:
    await talk.gone.wait()


@dataclass
class PlainHouse:
    act: Act = listen
    """What it does once a stream has started."""
    documents: dict[str, list[str]] = field(default_factory=dict)
    """By path; the last of each is used again. `{stream}` is the stream's URL."""
    forms: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    url: str = ""

    def posts(self, path: str) -> list[dict[str, str]]:
        return [form for at, form in self.forms if at == path]

    async def _webhook(self, request: Request) -> Response:
        path = request.url.path
        self.forms.append((path, {k: str(v) for k, v in (await request.form()).items()}))
        self.signatures.append(request.headers.get("x-twilio-signature", ""))
        documents = self.documents.get(path, [])
        if not documents:
            return Response(status_code=204 if path == "/twilio/status" else 404)
        document = documents.pop(0) if len(documents) > 1 else documents[0]
        stream = self.url.replace("http", "ws") + "/twilio/media"
        return Response(document.replace("{stream}", stream), media_type="application/xml")

    async def _media(self, socket: WebSocket) -> None:
        self.signatures.append(socket.headers.get("x-twilio-signature", ""))
        await socket.accept()
        talk = Talk(socket)
        self.talks.append(talk)
        async with anyio.create_task_group() as tasks:
            async for message in messages(socket):
                if message["event"] == "media":
                    talk.frames.append(message)
                    talk.arrivals.append(anyio.current_time())
                    continue
                talk.seen.append(message)
                if message["event"] == "start":
                    talk.stream = message["streamSid"]
                    tasks.start_soon(self.act, talk)
            talk.gone.set()
            tasks.cancel_scope.cancel()


BEEP = to_mulaw((8000 * np.sin(np.arange(1600) / 3)).astype(np.int16))
"""A fifth of a second."""


async def beeps(talk: Talk) -> None:
    """Greets with a beep, and beeps again after each quiet that follows sound."""
    await talk.speak(BEEP)
    frames, heard, quiet = 0, False, 0
    while not talk.gone.is_set():
        for frame in talk.frames[frames:]:
            silent = is_silent(base64.b64decode(frame["media"]["payload"]))
            heard, quiet = heard or not silent, quiet + 1 if silent else 0
            if heard and quiet > 5:
                heard = False
                await talk.speak(BEEP)
        frames = len(talk.frames)
        await anyio.sleep(0.005)


async def messages(socket: WebSocket) -> AsyncIterator[Json]:
    try:
        while True:
            yield json.loads(await socket.receive_text())
    except (WebSocketDisconnect, RuntimeError):
        return


CONNECT = (
    '<Response><Connect action="/twilio/after"><Stream url="{stream}">'
    '<Parameter name="token" value="once"/></Stream></Connect><Say>Goodbye</Say></Response>'
)


@asynccontextmanager
async def plain_house(act: Act = listen, **documents: str | list[str]) -> AsyncIterator[PlainHouse]:
    """A house whose `/twilio/<name>` answers with the documents of that name."""
    house = PlainHouse(act)
    given: dict[str, str | list[str]] = {"voice": CONNECT, "after": "<Response/>", **documents}
    for name, each in given.items():
        house.documents[f"/twilio/{name}"] = [each] if isinstance(each, str) else each
    app = Starlette(
        routes=[
            WebSocketRoute("/twilio/media", house._media),
            Route("/{path:path}", house._webhook, methods=["POST"]),
        ]
    )
    async with serving(app) as house.url:
        yield house
