"""Cartesia's recognisers: a file at a time, finalized by hand, and turns told apart by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import QueryParams, UploadFile
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.websockets import WebSocket, WebSocketDisconnect

from channels.events import AudioFormat
from gateway.speech.audio import level, read_wav
from gateway.speech.simulator.cartesia import failure, format_of, refusal, socket
from gateway.speech.simulator.world import Request, World, pause

_LOUD = -45.0
"""dBFS."""
_STEP = 0.02
_STARTS, _EAGER, _ENDS, _UPDATE = 0.1, 0.2, 0.5, 0.2
"""Seconds of speech or quiet, and between updates."""


class Recogniser:
    """The routes of the speech-to-text services."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/stt", self._file, methods=["POST"]),
            socket(self._world, "/stt/websocket", self._by_hand),
            socket(self._world, "/stt/turns/websocket", self._turns),
        ]

    async def _file(self, asked: Asked) -> Response:
        refused = refusal(self._world, asked)
        fault = self._world.faults.next(asked.url.path)
        await pause(fault.delay)
        if fault.status:
            refused = (fault.status, fault.message)
        if refused:
            return failure(*refused)
        async with asked.form() as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not form.get("model"):
                return failure(400, "file and model are required")
            audio = await file.read()
            fields = {key: value for key, value in form.items() if key != "file"}
        fields = {**fields, **asked.query_params, "file": file.filename or ""}
        self._world.requests.append(Request(asked.url.path, fields, audio))
        try:
            format, audio = self._read(asked.query_params, audio)
        except ValueError as error:
            return failure(400, str(error))
        text = await self._world.hear(audio, format)
        await self._world.before_transcript()
        seconds = len(audio) / format.bytes_per_second
        language = fields.get("language", "en")
        answer = {"text": text, "language": language, "duration": seconds, "type": "transcript"}
        return JSONResponse({**answer, "is_final": True, "request_id": "r"})

    def _read(self, query: QueryParams, audio: bytes) -> tuple[AudioFormat, bytes]:
        if audio.startswith(b"RIFF"):
            return read_wav(audio)
        format = _format(query)
        if format is None:
            raise ValueError("encoding and sample_rate are needed for raw audio")
        return format, audio

    async def _by_hand(self, ws: WebSocket) -> None:
        format = _format(ws.query_params)
        if format is None or not ws.query_params.get("model"):
            await _complain(ws, "model, encoding and sample_rate are required")
            return
        said: list[str] = []
        audio = bytearray()
        begun = 0
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            if message.get("bytes"):
                if await self._broken(ws):
                    return
                audio += message["bytes"]
                continue
            order = message.get("text", "")
            if order not in ("finalize", "close", "done"):
                await _complain(ws, "commands are finalize and close")
                continue
            text = await self._world.hear(bytes(audio[begun:]), format)
            self._world.requests.append(Request("/stt/websocket", {"command": order}, bytes(audio)))
            await self._world.before_transcript()
            event: dict[str, Any] = {
                "type": "transcript",
                "text": f" {text}" if text and said else text,
                "is_final": True,
                "duration": (len(audio) - begun) / format.bytes_per_second,
                "language": ws.query_params.get("language", "en"),
                "request_id": "r",
            }
            said.append(text)
            begun = len(audio)
            await _send(ws, event)
            await _send(ws, {"type": "flush_done", "request_id": "r"})
            if order != "finalize":
                await _send(ws, {"type": "done", "request_id": "r"})
                await ws.close()
                return

    async def _turns(self, ws: WebSocket) -> None:
        format = _format(ws.query_params)
        if format is None or ws.query_params.get("model") != "ink-2":
            await _complain(ws, "model must be ink-2, with encoding and sample_rate")
            return
        await _send(ws, {"type": "connected", "request_id": "r"})
        turn = _Turn(format)
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            if message.get("bytes"):
                if await self._broken(ws):
                    return
                for kind, audio in turn.hear(message["bytes"]):
                    event = {"type": kind, "request_id": "r"}
                    if kind not in ("turn.start", "turn.resume"):
                        event["transcript"] = await self._world.hear(audio, format)
                    await _send(ws, event)
            elif json.loads(message.get("text") or "{}").get("type") == "close":
                await ws.close()
                return

    async def _broken(self, ws: WebSocket) -> bool:
        fault = self._world.faults.next(ws.url.path)
        if fault.close:
            await ws.close(fault.close)
        elif fault.status:
            await _complain(ws, fault.message, fault.status)
        return bool(fault.close or fault.status)


class _Turn:
    """Tells turns apart by loudness; times are those of the audio."""

    def __init__(self, format: AudioFormat) -> None:
        self._format = format
        self._step = int(format.bytes_per_second * _STEP)
        self._rest = b""
        self._audio = bytearray()
        self._loud = self._quiet = self._since_update = 0.0
        self._open = self._eager = False

    def hear(self, audio: bytes) -> Iterator[tuple[str, bytes]]:
        """What happened, with the turn's audio so far."""
        self._rest += audio
        while len(self._rest) >= self._step:
            frame, self._rest = self._rest[: self._step], self._rest[self._step :]
            yield from self._frame(frame)

    def _frame(self, frame: bytes) -> Iterator[tuple[str, bytes]]:
        loud = level(frame, self._format) > _LOUD
        self._audio += frame
        self._loud = self._loud + _STEP if loud else 0.0
        self._quiet = 0.0 if loud else self._quiet + _STEP
        self._since_update += _STEP
        whole = bytes(self._audio)
        if not self._open:
            if self._loud + _STEP / 2 > _STARTS:
                self._open, self._since_update = True, 0.0
                yield "turn.start", whole
            elif not loud and self._quiet > 1:
                del self._audio[: -self._step * 15]
        elif self._eager and loud:
            self._eager = False
            yield "turn.resume", whole
        elif self._quiet + _STEP / 2 > _ENDS:
            self._open = self._eager = False
            self._audio.clear()
            yield "turn.end", whole
        elif not self._eager and self._quiet + _STEP / 2 > _EAGER:
            self._eager = True
            yield "turn.eager_end", whole
        elif self._since_update > _UPDATE:
            self._since_update = 0.0
            yield "turn.update", whole


def _format(query: QueryParams) -> AudioFormat | None:
    try:
        return format_of(query.get("encoding"), int(query.get("sample_rate", 0)))
    except ValueError:
        return None


async def _send(ws: WebSocket, event: dict[str, Any]) -> None:
    await ws.send_text(json.dumps(event))


async def _complain(ws: WebSocket, message: str, status: int = 400) -> None:
    error = {"type": "error", "title": "Simulated", "message": message, "status_code": status}
    await _send(ws, {**error, "error_code": "x", "request_id": "r"})
    await ws.close(1008)
