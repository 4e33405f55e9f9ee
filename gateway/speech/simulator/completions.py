"""Groq's and OpenAI's side: transcriptions, speech, chat completions, over HTTP.

Groq's shapes and headers are as its SDK 1.7 parses them; OpenAI's as its SDK 2 does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from channels.events import AudioFormat
from gateway.speech.audio import read_wav, wav
from gateway.speech.simulator.faults import Fault
from gateway.speech.simulator.world import Request, Tool, World, pause

_SPEECH = AudioFormat("pcm16", 24000)
_LARGEST = 25_000_000
_SHORTEST_SECONDS = 0.01
_LIMITS = {
    "x-ratelimit-limit-requests": "14400",
    "x-ratelimit-remaining-requests": "14399",
    "x-ratelimit-reset-requests": "6s",
}
_AUDIO_LIMITS = {
    "x-ratelimit-limit-audio-seconds": "7200",
    "x-ratelimit-remaining-audio-seconds": "7190",
    "x-ratelimit-reset-audio-seconds": "5s",
}
_CODES = {413: "request_too_large", 429: "rate_limit_exceeded", 498: "capacity_exceeded"}

Answering = Callable[[Asked], Awaitable[Response]]


def complaint(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    error = {"message": message, "type": "simulated", "code": _CODES.get(status, "error")}
    return JSONResponse({"error": error}, status, {**_LIMITS, **(headers or {})})


class Completions:
    """The routes of both services."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route(f"{base}{path}", self._guarded(answer), methods=["POST"])
            for base in ("/openai/v1", "/v1")
            for path, answer in (
                ("/audio/transcriptions", self._transcribe),
                ("/audio/speech", self._speak),
                ("/chat/completions", self._complete),
            )
        ]

    def _guarded(self, answer: Answering) -> Answering:
        async def guarded(asked: Asked) -> Response:
            key = asked.headers.get("authorization", "").removeprefix("Bearer ")
            if self._world.key and not self._world.welcome(key):
                return complaint(401, "Invalid API Key")
            fault = self._world.faults.next(asked.url.path)
            await pause(fault.delay)
            if fault.status:
                await asked.body()
                return _failed(fault)
            return await answer(asked)

        return guarded

    async def _transcribe(self, asked: Asked) -> Response:
        async with asked.form() as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not form.get("model"):
                return complaint(400, "`file` and `model` are required")
            audio = await file.read()
            fields: dict[str, Any] = {key: form.getlist(key) for key in form if key != "file"}
        if len(audio) > _LARGEST:
            return complaint(413, "Request Entity Too Large")
        name = file.filename or ""
        one = {key: values[-1] for key, values in fields.items()}
        one["timestamp_granularities[]"] = fields.get("timestamp_granularities[]", [])
        self._world.requests.append(Request(asked.url.path, {**one, "file": name}, audio))
        try:
            text, seconds = await self._heard(audio)
        except ValueError:
            return complaint(400, "could not process file - is it a valid media file?")
        if seconds < _SHORTEST_SECONDS:
            return complaint(400, "Audio file is too short. Minimum audio length is 0.01 seconds.")
        await self._world.before_transcript()
        return _transcript(one.get("response_format", "json"), one, text, seconds)

    async def _heard(self, audio: bytes) -> tuple[str, float]:
        if not audio.startswith(b"RIFF"):
            # Compressed: only real recognisers listen to that.
            return self._world.hearing.unknown(), 1.0
        format, pcm = read_wav(audio)
        return await self._world.hear(pcm, format), len(pcm) / format.bytes_per_second

    async def _speak(self, asked: Asked) -> Response:
        fields = await _json(asked)
        if not (fields.get("input") and fields.get("model") and fields.get("voice")):
            return complaint(400, "`input`, `model` and `voice` are required")
        kind = fields.get("response_format", "mp3")
        if kind not in ("pcm", "wav"):
            return complaint(400, f"this stand-in speaks pcm and wav, not {kind}")
        self._world.requests.append(Request(asked.url.path, fields))
        await pause(self._world.timing.tts_ms / 1000)
        if kind == "wav":
            sound = self._world.sounds.of(fields["input"], _SPEECH)
            return Response(wav(sound, _SPEECH), media_type="audio/wav")
        return StreamingResponse(self._spoken(fields["input"]), media_type="audio/pcm")

    async def _spoken(self, text: str) -> AsyncIterator[bytes]:
        for piece in self._world.say(text, _SPEECH):
            yield piece
            await self._world.between(piece, _SPEECH)

    async def _complete(self, asked: Asked) -> Response:
        fields = await _json(asked)
        messages = fields.get("messages")
        if not isinstance(messages, list) or not fields.get("model"):
            return complaint(400, "`messages` and `model` are required")
        self._world.requests.append(Request(asked.url.path, fields))
        reply = self._world.reply
        said = reply(messages) if callable(reply) else reply
        await pause(self._world.timing.first_token_ms / 1000)
        if fields.get("stream"):
            return StreamingResponse(self._chunks(fields, said), media_type="text/event-stream")
        message = {"role": "assistant", **_said(said)}
        choice = {"index": 0, "message": message, "finish_reason": _finish(said)}
        return JSONResponse(
            {**_head(fields, "chat.completion"), "choices": [choice], "usage": _usage(said)},
            headers=_LIMITS,
        )

    async def _chunks(self, fields: dict[str, Any], said: str | Tool) -> AsyncIterator[str]:
        head = _head(fields, "chat.completion.chunk")

        def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return f"data: {json.dumps({**head, 'choices': [choice], **more})}\n\n"

        yield event({"role": "assistant", "content": ""})
        if isinstance(said, Tool):
            (call,) = _said(said)["tool_calls"]
            yield event({"tool_calls": [{"index": 0, **call}]})
        else:
            for number, word in enumerate(said.split(" ")):
                yield event({"content": f" {word}" if number else word})
                await pause(self._world.timing.token_ms / 1000)
        yield event({}, _finish(said), x_groq={"id": "req_simulated", "usage": _usage(said)})
        yield "data: [DONE]\n\n"


def _failed(fault: Fault) -> Response:
    wait = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    return complaint(fault.status, fault.message, wait)


async def _json(asked: Asked) -> dict[str, Any]:
    try:
        fields = json.loads(await asked.body())
    except ValueError:
        fields = None
    return fields if isinstance(fields, dict) else {}


def _transcript(kind: str, fields: dict[str, Any], text: str, seconds: float) -> Response:
    headers = {**_LIMITS, **_AUDIO_LIMITS}
    if kind == "text":
        return PlainTextResponse(text, headers=headers)
    groq = {"x_groq": {"id": "req_simulated"}}
    if kind != "verbose_json":
        return JSONResponse({"text": text, **groq}, headers=headers)
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": f" {text}",
        "tokens": [50365],
        "temperature": 0,
        "avg_logprob": -0.2,
        "compression_ratio": 0.7,
        "no_speech_prob": 0.01,
    }
    whole: dict[str, Any] = {
        "task": "transcribe",
        "language": _LANGUAGES.get(fields.get("language", "en"), "English"),
        "duration": seconds,
        "text": f" {text}" if text else "",
        "segments": [segment] if text else [],
        **groq,
    }
    if "word" in fields["timestamp_granularities[]"]:
        words = text.split()
        step = seconds / max(len(words), 1)
        whole["words"] = [
            {"word": word, "start": n * step, "end": (n + 1) * step} for n, word in enumerate(words)
        ]
    return JSONResponse(whole, headers=headers)


_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}


def _head(fields: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-simulated", "object": kind, "created": 0, "model": fields["model"]}


def _said(said: str | Tool) -> dict[str, Any]:
    if isinstance(said, str):
        return {"content": said}
    function = {"name": said.name, "arguments": said.arguments}
    return {
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }


def _finish(said: str | Tool) -> str:
    return "tool_calls" if isinstance(said, Tool) else "stop"


def _usage(said: str | Tool) -> dict[str, int]:
    tokens = len(said.split()) if isinstance(said, str) else 1
    return {"prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": tokens + 1}
