"""Cartesia's side, version 2026-08-14: who gets in, what formats there are, and its voice.

Contexts share one socket. Audio is made for each piece of text in order; `flush` is answered by
`flush_done` once all before it was said, `continue: false` by `done`, `cancel` by silence.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
from starlette.requests import HTTPConnection
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from channels.events import AudioFormat
from gateway.speech.audio import wav
from gateway.speech.simulator.faults import Fault
from gateway.speech.simulator.world import Request, World, pause

VERSION = "2026-08-14"
RATES = (8000, 16000, 22050, 24000, 44100, 48000)
_ENCODINGS = {"pcm_mulaw": "mulaw", "pcm_s16le": "pcm16"}
_DEFAULT_DELAY_MS = 3000

Json = dict[str, Any]
Talking = Callable[[WebSocket], Awaitable[None]]


def format_of(encoding: str | None, rate: int | None) -> AudioFormat | None:
    """The format that Cartesia's names mean, of those that this stand-in knows."""
    known = _ENCODINGS.get(encoding or "")
    return AudioFormat(known, rate) if known and rate in RATES else None  # type: ignore[arg-type]


def refusal(world: World, asked: HTTPConnection) -> tuple[int, str] | None:
    """Why a request or a socket may not come in."""
    key = asked.headers.get("authorization", "").removeprefix("Bearer ")
    given = key or asked.headers.get("x-api-key") or asked.query_params.get("access_token", "")
    version = asked.headers.get("cartesia-version") or asked.query_params.get("cartesia_version")
    if not world.welcome(given):
        return 401, "Invalid API key"
    if version != VERSION:
        return 400, f"Cartesia-Version must be {VERSION}, not {version}"
    return None


def socket(world: World, path: str, talk: Talking) -> WebSocketRoute:
    """A route that checks who comes, and closes when they leave."""

    async def endpoint(ws: WebSocket) -> None:
        refused = refusal(world, ws)
        fault = world.faults.next(f"{path}#connect")
        await pause(fault.delay)
        if fault.status:
            refused = (fault.status, fault.message)
        if refused:
            status, message = refused
            await ws.send_denial_response(failure(status, message))
            return
        await ws.accept()
        world.sockets += 1
        try:
            await talk(ws)
        except* (WebSocketDisconnect, RuntimeError):
            pass  # They left; whoever still sends to them gets a RuntimeError.

    return WebSocketRoute(path, endpoint)


def failure(status: int, message: str) -> Response:
    return JSONResponse({"title": "Simulated", "message": message, "error_code": "x"}, status)


@dataclass(slots=True)
class _Context:
    """One utterance in the making."""

    id: str
    format: AudioFormat
    locale: str
    delay: float
    """Seconds that text may wait for more."""
    orders: list[Json] = field(default_factory=list)
    changed: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class Voice:
    """The routes of the text-to-speech service."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        return [
            socket(self._world, "/tts/websocket", self._talk),
            Route("/tts/bytes", self._bytes, methods=["POST"]),
        ]

    async def _bytes(self, asked: Asked) -> Response:
        refused = refusal(self._world, asked)
        fault = self._world.faults.next(asked.url.path)
        await pause(fault.delay)
        if fault.status:
            refused = (fault.status, fault.message)
        if refused:
            return failure(*refused)
        order: Json = json.loads(await asked.body())
        wrong = _wrong(order)
        output = order.get("output_format", {})
        format = format_of(output.get("encoding", "pcm_s16le"), output.get("sample_rate"))
        if wrong or format is None:
            return failure(400, wrong or "this stand-in speaks raw and wav only")
        self._world.requests.append(Request(asked.url.path, order))
        await pause(self._world.timing.tts_ms / 1000)
        sound = self._world.sounds.of(order["transcript"], format, order.get("language") or "")
        return Response(wav(sound, format) if output["container"] == "wav" else sound)

    async def _talk(self, ws: WebSocket) -> None:
        contexts: dict[str, _Context] = {}
        async with anyio.create_task_group() as tasks:
            try:
                while True:
                    with anyio.move_on_after(self._world.idle_seconds) as patience:
                        order = json.loads(await ws.receive_text())
                    if not patience.cancelled_caught:
                        await self._take(ws, order, contexts, tasks)
                    elif not contexts:
                        await ws.close(1000, "idle")
                        return
            finally:
                tasks.cancel_scope.cancel()

    async def _take(
        self,
        ws: WebSocket,
        order: Json,
        contexts: dict[str, _Context],
        tasks: anyio.abc.TaskGroup,
    ) -> None:
        id = str(order.get("context_id", ""))
        self._world.requests.append(Request("/tts/websocket", order))
        context = contexts.get(id)
        if order.get("cancel"):
            if context:
                context.scope.cancel()
            return
        if context is None:
            wrong = _wrong(order)
            output = order.get("output_format") or {}
            format = format_of(output.get("encoding"), output.get("sample_rate"))
            if wrong or format is None or output.get("container") != "raw":
                await _complain(ws, id, 400, wrong or "output_format must be raw")
                return
            if self._world.speaking >= self._world.contexts:
                await _complain(ws, id, 429, "too many concurrent contexts")
                return
            delay = order.get("max_buffer_delay_ms", _DEFAULT_DELAY_MS) / 1000
            locale = order.get("language") or order.get("locale") or ""
            context = contexts[id] = _Context(id, format, locale, delay)
            self._world.speaking += 1
            tasks.start_soon(self._speak, ws, context, contexts)
        context.orders.append(order)
        context.changed.set()

    async def _speak(self, ws: WebSocket, context: _Context, contexts: dict[str, _Context]) -> None:
        fault = self._world.faults.next("tts/websocket")
        try:
            with context.scope:
                await self._say_all(ws, context, fault)
        finally:
            self._world.speaking -= 1
            del contexts[context.id]

    async def _say_all(self, ws: WebSocket, context: _Context, fault: Fault) -> None:
        buffer, flushes = "", 1
        teller = _Teller(self._world, ws, context, fault)
        while True:
            more = True
            with anyio.move_on_after(context.delay if buffer else None) as patience:
                while not context.orders:
                    context.changed = anyio.Event()
                    await context.changed.wait()
            order = {} if patience.cancelled_caught else context.orders.pop(0)
            buffer += order.get("transcript", "")
            more = bool(order.get("continue", True)) if order else True
            flush = bool(order.get("flush"))
            if buffer and (flush or not more or not order or context.delay == 0):
                if not await teller.tell(buffer, flushes):
                    return
                buffer = ""
            if flush:
                done = {"type": "flush_done", "flush_done": True, "flush_id": flushes}
                await _send(
                    ws, {**done, "context_id": context.id, "done": False, "status_code": 206}
                )
                flushes += 1
            if not more:
                await _send(
                    ws,
                    {"type": "done", "context_id": context.id, "done": True, "status_code": 200},
                )
                return


class _Teller:
    """Sends a context's audio, until its fault comes."""

    def __init__(self, world: World, ws: WebSocket, context: _Context, fault: Fault) -> None:
        self._world, self._ws, self._context, self._fault = world, ws, context, fault
        self._told = 0.0

    async def tell(self, text: str, flush_id: int) -> bool:
        """Whether anything may follow."""
        await pause(self._world.timing.tts_ms / 1000 + (0 if self._told else self._fault.delay))
        if await self._failed():
            return False
        context = self._context
        for piece in self._world.say(text, context.format, context.locale):
            chunk = {
                "type": "chunk",
                "context_id": context.id,
                "data": base64.b64encode(piece).decode(),
                "done": False,
                "status_code": 206,
                "step_time": 1.0,
                "flush_id": flush_id,
            }
            await _send(self._ws, chunk)
            self._told += len(piece) / context.format.bytes_per_second
            if await self._failed():
                return False
            await self._world.between(piece, context.format)
        return True

    async def _failed(self) -> bool:
        fault = self._fault
        if not (fault.status or fault.close) or self._told < fault.after:
            return False
        if fault.close:
            await self._ws.close(fault.close)
        else:
            await _complain(self._ws, self._context.id, fault.status, fault.message)
        return True


def _wrong(order: Json) -> str:
    voice = order.get("voice")
    if not (isinstance(voice, str) and voice) and not (isinstance(voice, dict) and voice.get("id")):
        return "voice must be an id"
    if not order.get("model_id"):
        return "model_id is required"
    if "transcript" not in order:
        return "transcript is required"
    if order.get("language") and order.get("locale"):
        return "language or locale, not both"
    return ""


async def _send(ws: WebSocket, event: Json) -> None:
    await ws.send_text(json.dumps(event))


async def _complain(ws: WebSocket, id: str, status: int, message: str) -> None:
    error = {"type": "error", "context_id": id, "done": True, "status_code": status}
    detail = {"title": "Simulated", "message": message, "error_code": "x", "request_id": "r"}
    await _send(ws, {**error, **detail})
