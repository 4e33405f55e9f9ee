"""Requests to the Bot API, and what became of them.

python-telegram-bot carries the requests; their answers are judged here, because its own
errors lose the HTTP status and it logs bodies that it cannot read.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from channels.base import ChannelError, MaybeSent, NotSent
from channels.http import unanswered
from channels.outward import asking
from channels.telegram.config import ALLOWED_UPDATES, TelegramConfig
from channels.telegram.failures import TooBig, failure

if TYPE_CHECKING:
    import httpx
    import telegram
    from telegram.error import TelegramError

FETCH_BYTES = 20_000_000
"""The most that getFile gives to a bot."""

_TOO_BIG = "it is larger than 20 MB, the most a Telegram bot may fetch"

_TIMEOUT = 10.0
"""Seconds without an answer until a request counts as lost."""
_UPLOAD_TIMEOUT = 60.0
_CONNECTIONS = 64


class Api:
    """One bot's line to Telegram; opened by its first request, closed by `close`."""

    def __init__(self, config: TelegramConfig) -> None:
        self._config = config
        self._clients: tuple[telegram.Bot, httpx.AsyncClient] | None = None
        self._opening = anyio.Lock()
        self._closed = False

    async def call(self, method: str, **fields: Any) -> Any:
        """Call a method by its Bot API name. Raises ChannelError."""
        bot, _ = await self._open()
        from telegram.error import TelegramError  # noqa: PLC0415 - loaded by `_open`

        with asking("telegram"):
            try:
                return await getattr(bot, method)(**fields)
            except TelegramError as error:
                raise _meaning(error) from error
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise MaybeSent(f"Telegram's answer to {method} was unreadable") from error

    async def updates(self, offset: int, wait: int) -> list[Any]:
        """Updates from `offset` on as they came, after at most `wait` seconds.

        python-telegram-bot would parse them, and one that it cannot would block the rest.
        Raises ChannelError.
        """
        _, http = await self._open()
        import httpx  # noqa: PLC0415 - loaded by `_open`

        fields = {"offset": offset, "timeout": wait, "allowed_updates": json.dumps(ALLOWED_UPDATES)}
        url = f"{self._config.bot_url}/getUpdates"
        try:
            answer = await http.post(url, data=fields, timeout=wait + _TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unanswered("Telegram", error) from error
        if lost := failure(answer.status_code, answer.content):
            raise lost
        result = answer.json()["result"]
        return result if isinstance(result, list) else []

    async def download(self, source: str) -> AsyncIterator[bytes]:
        """The bytes of a file by its file_id. Raises ChannelError, TooBig among it."""
        try:
            file = await self.call("getFile", file_id=source)
        except TooBig as error:
            raise TooBig(_TOO_BIG) from error
        except MaybeSent as error:
            # Asking changes nothing, so it may always be asked again.
            raise NotSent(str(error)) from error
        _, http = await self._open()
        import httpx  # noqa: PLC0415 - loaded by `_open`

        size = 0
        try:
            async with http.stream("GET", file.file_path) as answer:
                if not answer.is_success:
                    raise NotSent(f"Telegram answered {answer.status_code} to a download")
                async for chunk in answer.aiter_bytes():
                    size += len(chunk)
                    if size > FETCH_BYTES:
                        raise TooBig(_TOO_BIG)
                    yield chunk
        except httpx.HTTPError as error:
            raise NotSent(str(unanswered("Telegram", error))) from error

    async def close(self) -> None:
        """Let go of all connections; later requests are NotSent."""
        self._closed = True
        if self._clients:
            bot, http = self._clients
            await bot.request.shutdown()
            await http.aclose()

    async def _open(self) -> tuple[telegram.Bot, httpx.AsyncClient]:
        if self._closed:
            raise NotSent("the Telegram channel is closed")
        if self._clients is None:
            async with self._opening:
                # Off the event loop: loading the library takes nearly a second.
                if self._clients is None:
                    self._clients = await anyio.to_thread.run_sync(_connect, self._config)
        return self._clients


def _connect(config: TelegramConfig) -> tuple[telegram.Bot, httpx.AsyncClient]:
    import httpx  # noqa: PLC0415 - see `_open`
    from telegram import Bot  # noqa: PLC0415
    from telegram.request import HTTPXRequest  # noqa: PLC0415

    class Judged(HTTPXRequest):
        """Raises what an answer means before python-telegram-bot sees it."""

        async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
            status, body = await super().do_request(*args, **kwargs)
            if lost := failure(status, body):
                raise lost
            return status, body

    # Loading the certificates takes longer than a request; both clients share them.
    verify = httpx.create_ssl_context()
    request = Judged(
        connection_pool_size=_CONNECTIONS,
        read_timeout=_TIMEOUT,
        write_timeout=_TIMEOUT,
        pool_timeout=_TIMEOUT,
        media_write_timeout=_UPLOAD_TIMEOUT,
        httpx_kwargs={"verify": verify},
    )
    base = config.api_url.rstrip("/")
    bot = Bot(
        config.token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=request,
        get_updates_request=request,
    )
    return bot, httpx.AsyncClient(timeout=_TIMEOUT, verify=verify)


def _meaning(error: TelegramError) -> ChannelError:
    cause = error.__cause__
    return cause if isinstance(cause, ChannelError) else unanswered("Telegram", cause or error)
