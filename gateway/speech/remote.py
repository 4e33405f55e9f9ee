"""Connections to a recogniser on the network, and its failures in our words.

One attempt with short time-outs: whoever asks decides what comes after a failure. What a
provider answers is never put into an error's message, for it may quote what was said.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from gateway.errors import SpeechError, SpeechRefused, SpeechUnreachable
from gateway.speech import guard

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 6.0
"""How long a caller may wait for words; more for files, which take longer to send."""
IDLE_SECONDS = 60.0
"""How long a connection is kept for the next request."""
ANSWER_BYTES = 1 << 20
"""More than any answer has, with every word and its times."""
WARM_SECONDS = 25.0
"""A connection used within this time is taken to be still up."""

_LASTING = frozenset({401, 402, 403, 404})
"""The key, the account or the address is wrong, and will be for the next request."""
_BUSY = frozenset({408, 409, 424, 425, 429, 498})
"""Worth another try, elsewhere or later. 498 is Groq's word for no capacity."""
_OK, _ELSEWHERE, _SERVER_FAILURE = 200, 300, 500


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart form."""

    name: str
    data: bytes
    media_type: str


class Remote:
    """A provider's HTTP interface. Connections are opened with the first request."""

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._up_at = float("-inf")

    async def post(
        self,
        path: str,
        fields: Mapping[str, str | list[str]],
        upload: Upload,
        *,
        query: Mapping[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> dict[str, Any]:
        """Post a form with one file; the JSON object of the answer. Raises SpeechError.

        `seconds` are for each of its steps; twice as many, and a second to connect, for all.
        """
        import httpx  # noqa: PLC0415 - slow, and only who has a key needs it

        # An abandoned request takes its connection along.
        up_at, self._up_at = self._up_at, float("-inf")
        try:
            client = self._connected()
            request = client.build_request(
                "POST",
                path,
                params=query,
                data=fields,
                files={"file": (upload.name, upload.data, upload.media_type)},
                timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            )
            # In one piece: a form is sent field by field otherwise.
            request.read()
            # Who sends a byte now and then is never late with the next.
            with anyio.fail_after(2 * seconds + CONNECT_SECONDS):
                answer = await client.send(request, stream=True)
                content = await self._content(answer)
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            problem = type(error).__name__
            raise SpeechUnreachable(f"{self._name} could not be reached: {problem}") from error
        self._up_at = max(up_at, self._clock())
        return read(self._name, answer.status_code, answer.headers, content)

    async def warm(self) -> None:
        """Have a connection up, unless there is one. What the provider answers is all the same."""
        import httpx  # noqa: PLC0415 - slow, and only who has a key needs it

        if self._clock() - self._up_at < WARM_SECONDS:
            return
        try:
            await self._connected().head("/", timeout=CONNECT_SECONDS)
        except (httpx.TransportError, httpx.DecodingError):
            return  # the first request will say
        self._up_at = self._clock()

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    def _connected(self) -> httpx.AsyncClient:
        import httpx  # noqa: PLC0415 - slow, and only who has a key needs it

        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self._base_url,
                headers=self._headers,
                limits=httpx.Limits(max_keepalive_connections=16, keepalive_expiry=IDLE_SECONDS),
            )
        return self._client

    async def _content(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        try:
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > ANSWER_BYTES:
                    told = f"{self._name} answered {answer.status_code}"
                    raise SpeechUnreachable(f"{told} with more than {ANSWER_BYTES} bytes")
        finally:
            await answer.aclose()
        return bytes(content)


def read(name: str, status: int, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
    """The JSON object of an answer, with a `text` that can be stored. Raises SpeechError."""
    if not _OK <= status < _ELSEWHERE:
        raise failure(name, status, retry_after(headers))
    told = f"{name} answered {status}"
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SpeechUnreachable(f"{told} with something that is not JSON") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise SpeechUnreachable(f"{told} without a text")
    return {**answer, "text": guard.storable(answer["text"])}


def failure(name: str, status: int, retry_after: float | None = None) -> SpeechError:
    """What a status of HTTP, or of an error on a socket, means for whoever asked."""
    told = f"{name} answered {status}"
    if status in _BUSY or status >= _SERVER_FAILURE:
        return SpeechUnreachable(told, retry_after=retry_after)
    return SpeechRefused(told, lasting=status in _LASTING)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds a provider asks to be left alone; RFC 9110, 10.2.3, without dates."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
