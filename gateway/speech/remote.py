"""Connections to a recogniser on the network, and its failures in our words.

One attempt with short time-outs: whoever asks decides what comes after a failure. What a
provider answers is never put into an error's message, for it may quote what was said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors import SpeechError, SpeechRefused, SpeechUnreachable

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 6.0
"""How long a caller may wait for words; more for files, which take longer to send."""
IDLE_SECONDS = 60.0
"""How long a connection is kept for the next request."""
WARM_SECONDS = 25.0
"""A connection used within this time is taken to be still up."""

_LASTING = frozenset({401, 402, 403, 404})
"""The key, the account or the address is wrong, and will be for the next request."""
_BUSY = frozenset({408, 409, 424, 425, 429, 498})
"""Worth another try, elsewhere or later. 498 is Groq's word for no capacity."""
_SERVER_FAILURE = 500


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
        """Post a form with one file; the JSON object of the answer. Raises SpeechError."""
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
            answer = await client.send(request)
        except (httpx.TransportError, httpx.DecodingError) as error:
            problem = type(error).__name__
            raise SpeechUnreachable(f"{self._name} could not be reached: {problem}") from error
        self._up_at = max(up_at, self._clock())
        return self._read(answer)

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

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        told = f"{self._name} answered {answer.status_code}"
        if not answer.is_success:
            raise failure(self._name, answer.status_code, retry_after(answer.headers))
        try:
            read = answer.json()
        except ValueError as error:
            raise SpeechUnreachable(f"{told} with something that is not JSON") from error
        if not isinstance(read, dict) or not isinstance(read.get("text"), str):
            raise SpeechUnreachable(f"{told} without a text")
        return read


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
