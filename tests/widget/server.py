"""A double of the web channel for the widget's tests: the same wire, and faults at will."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from channels import loopback

WIDGET = Path(__file__).parents[2] / "channels/web/static/widget.js"
WORKLET = WIDGET.with_name("worklet.js")
STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
"""The strictest policy a page may have and still show the widget."""

Frame = dict[str, Any]


@dataclass
class Faults:
    """What goes wrong; each is off until a test turns it on."""

    refuse_sessions: int = 0
    """The status with which POST /web/sessions answers."""
    refuse_uploads: int = 0
    refuse_tokens: bool = False
    """Every token but a fresh one is bad."""
    mute: bool = False
    """Messages are stored and not acknowledged."""
    deaf: bool = False
    """Nothing is read: pings and messages go unanswered, and the socket stays open."""
    duplicate: bool = False
    """Every frame is sent twice."""
    drop_on_message: bool = False
    """The socket is cut once a message is stored, before it is acknowledged."""
    rate_limit: int = 0
    """So many messages are refused before one is taken."""
    complain: str = ""
    """What an `error` frame says about each message, which is not stored."""
    handshake: bool = True
    """Whether sockets are accepted at all."""
    lines_busy: bool = False
    """Calls are turned down."""


@dataclass
class Door:
    """The server's side of one conversation, at the test's command."""

    log: list[Frame] = field(default_factory=list)
    conversation: str = "c1"
    page: str = '<script src="/web/widget.js" async></script>'
    policy: str = STRICT
    faults: Faults = field(default_factory=Faults)
    heard: list[Frame] = field(default_factory=list)
    """Every client frame, in order."""
    sessions: list[Frame] = field(default_factory=list)
    """The body of every session that was asked for, with the bearer it came with."""
    uploads: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    sockets: list[WebSocket] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    url: str = ""
    calls: bool = False
    """Whether one can talk here."""
    sound: bytearray = field(default_factory=bytearray)
    """What was said, PCM16 at 16 kHz."""
    cross_origin: bool = False
    """Whether pages of other origins may ask."""

    def messages(self) -> list[Frame]:
        return [it for it in self.heard if it["type"] == "message"]

    def entry(self, role: str, *parts: Frame, **more: Any) -> Frame:
        """Put an entry into the log without telling anybody."""
        seq = len(self.log) + 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        frame = {"type": "message", "seq": seq, "id": f"m{seq}", "role": role, "parts": list(parts)}
        self.log.append(frame | {"at": at} | more)
        return self.log[-1]

    async def say(self, *parts: str | Frame) -> Frame:
        """The agent says something."""
        whole = [{"kind": "text", "text": it} if isinstance(it, str) else it for it in parts]
        frame = self.entry("agent", *whole)
        await self.send(frame)
        return frame

    async def delta(self, turn: int, text: str) -> None:
        await self.send({"type": "delta", "turn": turn, "text": text})

    async def status(self, turn: int, state: str, text: str = "") -> None:
        await self.send({"type": "status", "turn": turn, "state": state, "text": text})

    async def send(self, frame: Frame) -> None:
        for socket in list(self.sockets):
            await self._to(socket, frame)

    async def play(self, sound: bytes) -> None:
        """Let the person hear something."""
        for socket in list(self.sockets):
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_bytes(sound)

    async def caption(self, role: str, text: str, *, final: bool = False) -> None:
        await self.send({"type": "caption", "role": role, "text": text, "final": final})

    async def drop(self, code: int = 1012) -> None:
        """Cut every socket."""
        for socket in list(self.sockets):
            self.sockets.remove(socket)
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(code)

    async def until(self, condition: Callable[[], object], seconds: float = 5) -> None:
        with anyio.fail_after(seconds):
            while not condition():  # noqa: ASYNC110 - what it waits for is any state at all
                await anyio.sleep(0.01)

    async def _to(self, socket: WebSocket, frame: Frame) -> None:
        with suppress(RuntimeError, WebSocketDisconnect):
            for _ in range(2 if self.faults.duplicate else 1):
                await socket.send_text(json.dumps(frame))

    async def _page(self, _: Request) -> Response:
        html = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<body><main><h1>A page</h1></main>{self.page}</body></html>"
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": self.policy})

    async def _style(self, _: Request) -> Response:
        return Response("front-door{--fd-accent:#8a2be2}", media_type="text/css")

    async def _session(self, request: Request) -> Response:
        body = await request.json()
        self.sessions.append(body | {"bearer": request.headers.get("authorization", "")})
        if self.faults.refuse_sessions:
            problem = {"message": "Not on the list."}
            return JSONResponse(problem, self.faults.refuse_sessions)
        token = f"t{len(self.sessions)}"
        expires = "2999-01-01T00:00:00Z"
        return JSONResponse(
            {"token": token, "conversation": self.conversation, "expires_at": expires}
        )

    async def _upload(self, request: Request) -> Response:
        if self.faults.refuse_uploads:
            return JSONResponse({"message": "No."}, self.faults.refuse_uploads)
        async with request.form() as form:
            file = form["file"]
            assert not isinstance(file, str)
            name, kind = file.filename or "file", file.content_type or "application/octet-stream"
            data = await file.read()
        id = uuid.uuid4().hex
        self.uploads[id] = (name, kind, data)
        return JSONResponse({"id": id, "name": name, "media_type": kind, "size": len(data)})

    async def _file(self, request: Request) -> Response:
        found = self.uploads.get(request.path_params["id"])
        return Response(found[2], media_type=found[1]) if found else Response(status_code=404)

    async def _socket(self, socket: WebSocket) -> None:
        if not self.faults.handshake:
            await socket.close()
            return
        await socket.accept()
        hello = json.loads(await socket.receive_text())
        self.heard.append(hello)
        newest = f"t{len(self.sessions)}"
        if self.faults.refuse_tokens and hello["token"] != newest:
            await socket.send_text('{"type":"error","code":"bad_token","message":"Bad token."}')
            await socket.close(4401)
            return
        self.sockets.append(socket)
        welcome = {"type": "welcome", "conversation": self.conversation, "seq": len(self.log)}
        await self._to(socket, welcome | {"voice": self.calls})
        for entry in self.log[hello["after"] :]:
            await self._to(socket, entry)
        try:
            while True:
                data = await socket.receive()
                if data["type"] == "websocket.disconnect":
                    raise WebSocketDisconnect
                if data.get("bytes"):
                    self.sound += data["bytes"]
                    continue
                frame = json.loads(data["text"])
                self.heard.append(frame)
                if not self.faults.deaf:
                    await self._hear(socket, frame)
        except (WebSocketDisconnect, RuntimeError):
            if socket in self.sockets:
                self.sockets.remove(socket)

    async def _hear(self, socket: WebSocket, frame: Frame) -> None:
        if frame["type"] == "ping":
            await self._to(socket, {"type": "pong"})
        if frame["type"] == "voice" and frame["on"]:
            await self._take_call(socket)
        if frame["type"] not in ("message", "choice"):
            return
        if self.faults.rate_limit:
            self.faults.rate_limit -= 1
            slow = {
                "type": "error",
                "code": "rate_limited",
                "message": "Slow down.",
                "id": frame["id"],
            }
            await self._to(socket, slow | {"retry_after": 0.1})
            return
        if self.faults.complain:
            error = {"type": "error", "code": "refused", "message": self.faults.complain}
            await self._to(socket, error | {"id": frame["id"]})
            return
        if frame["id"] not in self.seqs:
            self.seqs[frame["id"]] = len(self.log) + 1
            entry = self.entry("user", *self._parts(frame), client_id=frame["id"])
            if not self.faults.drop_on_message:
                await self.send(entry)
        if self.faults.drop_on_message:
            self.faults.drop_on_message = False
            await self.drop()
        elif not self.faults.mute:
            ack = {"type": "ack", "id": frame["id"], "seq": self.seqs[frame["id"]]}
            await self._to(socket, ack)

    async def _take_call(self, socket: WebSocket) -> None:
        busy = self.faults.lines_busy
        if busy:
            error = {"type": "error", "code": "lines_busy", "message": "All lines are busy."}
            await self._to(socket, error)
        await self._to(socket, {"type": "voice", "on": not busy})

    def _parts(self, frame: Frame) -> list[Frame]:
        if frame["type"] == "choice":
            value = frame["value"]
            return [{"kind": "chosen", "value": value, "message": frame["message"], "text": value}]
        text = [{"kind": "text", "text": frame["text"]}] if frame["text"] else []
        return [*text, *(self.file(id) for id in frame["files"])]

    def file(self, id: str) -> Frame:
        """The part that stands for an uploaded file."""
        name, kind, data = self.uploads[id]
        about = {"name": name, "media_type": kind, "size": len(data)}
        return {"kind": "file", "id": id, "url": f"/web/files/{id}"} | about

    def app(self) -> Starlette:
        allowed = ["*"] if self.cross_origin else []
        cors = Middleware(
            CORSMiddleware,
            allow_origins=allowed,
            allow_methods=["POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
        return Starlette(
            middleware=[cors],
            routes=[
                Route("/", self._page),
                Route("/style.css", self._style),
                Route("/web/widget.js", lambda _: FileResponse(WIDGET)),
                Route("/web/worklet.js", lambda _: FileResponse(WORKLET)),
                Route("/web/sessions", self._session, methods=["POST"]),
                Route("/web/files", self._upload, methods=["POST"]),
                Route("/web/files/{id}", self._file),
                WebSocketRoute("/web/socket", self._socket),
            ],
        )


@asynccontextmanager
async def serving(door: Door) -> AsyncIterator[Door]:
    """Serve a door on a free port of 127.0.0.1."""
    async with loopback.serving(door.app()) as door.url:
        yield door
