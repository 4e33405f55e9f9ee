"""JSON-RPC streams, read faster than by the SDK, which makes all other requests.

Its transport opens a tracing span and walks a generic parser for every event, which is more than
a quarter of what an event costs; and who leaves its streams early cannot close them at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import anyio
import httpx
from a2a.client.errors import A2AClientError
from a2a.types import (
    AgentInterface,
    Artifact,
    Part,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    TaskArtifactUpdateEvent,
)
from a2a.utils.errors import JSON_RPC_ERROR_CODE_MAP
from google.protobuf.json_format import (  # type: ignore[import-untyped]
    MessageToDict,
    ParseDict,
)

_ERRORS = {code: kind for kind, code in JSON_RPC_ERROR_CODE_MAP.items()}
_FLAGS = {"append", "lastChunk", "metadata"}
_BLANK_LINE = re.compile(rb"\n\r?\n")
_PARTING = 0.05
"""Seconds that a server has to end a stream whose last event it sent."""
_WORKING = (1, 2)
"""Numbers of a2a.v1.TaskState after which more is to come."""
_UNFINISHED = len(b"\n\r")
"""Bytes of a blank line that the next chunk may complete."""


class Streams:
    """The two streaming calls of the JSON-RPC binding."""

    def __init__(self, http: httpx.AsyncClient, interface: AgentInterface) -> None:
        self._http = http
        self._url = interface.url
        self._tenant = interface.tenant

    def send(
        self, request: SendMessageRequest, headers: Mapping[str, str]
    ) -> AsyncGenerator[StreamResponse]:
        return self._call("SendStreamingMessage", request, headers)

    def subscribe(self, request: SubscribeToTaskRequest) -> AsyncGenerator[StreamResponse]:
        return self._call("SubscribeToTask", request, {})

    async def _call(
        self,
        method: str,
        request: SendMessageRequest | SubscribeToTaskRequest,
        headers: Mapping[str, str],
    ) -> AsyncGenerator[StreamResponse]:
        request.tenant = self._tenant
        params = MessageToDict(request)
        call = {"jsonrpc": "2.0", "id": str(uuid4()), "method": method, "params": params}
        # A proxy that compresses would hold tokens back until it has a block of them.
        plain = {"Accept-Encoding": "identity", "Cache-Control": "no-store"}
        headers = {"Accept": "text/event-stream", **plain, **headers}
        opening = self._http.build_request("POST", self._url, json=call, headers=headers)
        response = await self._http.send(opening, stream=True)
        try:
            response.raise_for_status()
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                async with aclosing(events(response.aiter_bytes())) as told:
                    async for data in told:
                        event = _result(data)
                        try:
                            yield event
                        except GeneratorExit:
                            if _ends(event):
                                await _part(told)
                            raise
            else:
                yield _result(await response.aread())
        finally:
            await response.aclose()


def _ends(event: StreamResponse) -> bool:
    """Whether a server ends its stream after this."""
    match event.WhichOneof("payload"):
        case "task":
            return bool(event.task.status.state not in _WORKING)
        case "status_update":
            return bool(event.status_update.status.state not in _WORKING)
        case payload:
            return bool(payload == "message")


async def _part(told: AsyncGenerator[bytes]) -> None:
    """Read a stream to its end; only then its connection is used again.

    To make one anew can take longer than an answer.
    """
    with anyio.move_on_after(_PARTING):
        async for _ in told:
            pass


async def events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The data of server-sent events; comments, which keep the line alive, are dropped."""
    waiting: list[bytes] = []
    tail = b""
    async for chunk in chunks:
        waiting.append(chunk)
        tail += chunk
        # Only what is new is searched: a file comes as one event of many megabytes.
        if _BLANK_LINE.search(tail):
            *blocks, tail = _BLANK_LINE.split(b"".join(waiting))
            waiting = [tail]
            for block in blocks:
                lines = (line.partition(b":") for line in block.splitlines())
                told = [value.removeprefix(b" ") for field, _, value in lines if field == b"data"]
                if told:
                    yield b"\n".join(told)
        tail = tail[-_UNFINISHED:]


def _result(data: bytes) -> StreamResponse:
    """The event in a JSON-RPC response. Raises A2AError when it holds an error instead."""
    response = json.loads(data)
    if not isinstance(response, dict):
        raise A2AClientError("not a JSON-RPC response")
    if error := response.get("error"):
        code = error.get("code")
        raise _ERRORS.get(code, A2AClientError)(f"JSON-RPC error {code}")
    return read(response["result"])


def read(result: Any) -> StreamResponse:
    """An event of the stream from its JSON. Raises ParseError."""
    match result:
        case {
            "artifactUpdate": {
                "taskId": str(task),
                "contextId": str(context),
                "artifact": {"artifactId": str(id), "parts": [{"text": str(text), **odd}], **named},
                **flags,
            }
        } if not odd and named.keys() <= {"name"} and flags.keys() <= _FLAGS:
            # What almost every event is: a piece of text. By hand it takes a third of the time.
            # Nobody here reads an update's metadata.
            artifact = Artifact(
                artifact_id=id, name=str(named.get("name", "")), parts=[Part(text=text)]
            )
            return StreamResponse(
                artifact_update=TaskArtifactUpdateEvent(
                    task_id=task,
                    context_id=context,
                    artifact=artifact,
                    append=flags.get("append") is True,
                    last_chunk=flags.get("lastChunk") is True,
                )
            )
    response: StreamResponse = ParseDict(result, StreamResponse(), ignore_unknown_fields=True)
    return response
