"""The Telegram channel: the webhook's route, and the parts that do the work."""

from __future__ import annotations

import hmac
import json
import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

import anyio
import structlog
from anyio.abc import TaskGroup
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from channels.base import (
    Alone,
    Budget,
    Channel,
    ChannelError,
    Inbox,
    Outgoing,
    Preview,
    RateLimited,
    Remember,
)
from channels.events import File, Message, Reply, Route
from channels.http import body_of
from channels.telegram import render, wire
from channels.telegram.api import Api
from channels.telegram.budget import Allowance
from channels.telegram.config import WEBHOOK_PATH, TelegramConfig
from channels.telegram.intake import Intake, who_am_i
from channels.telegram.preview import TelegramPreview
from channels.telegram.sending import Sender

log = structlog.get_logger()

BODY_BYTES = 2**20

_RETRY_SECONDS = 5.0
"""When to offer an update again that could not be stored."""

_NAME_SECONDS = 5.0
"""How long a group's update waits for us to learn our name."""

_ALBUMS = 256
"""How many albums in groups we remember to be addressed to us."""


_ANSWERS = 64
"""Tapped buttons that are being answered at the same time."""


class _Unstored(Exception):
    """The update has to be sent again."""


class TelegramChannel(Channel):
    """One bot."""

    name: ClassVar[str] = wire.CHANNEL

    def __init__(
        self,
        config: TelegramConfig,
        inbox: Inbox,
        budget: Budget,
        *,
        alone: Alone | None = None,
        listens: bool = True,
    ) -> None:
        """`alone` keeps replicas from polling at once; who does not listen only sends."""
        self._config = config
        self._inbox = inbox
        self._me = wire.Me(int(config.account))
        self._api = Api(config)
        self._allowance = Allowance(budget, config.account)
        self._sender = Sender(self._api, self._allowance, inbox.get_file)
        self._intake = Intake(config, self._api, self._offer, self._learn, alone)
        self._listening = anyio.CancelScope()
        if not listens:
            self._listening.cancel()
        self._albums: OrderedDict[str, None] = OrderedDict()
        self._secret = config.webhook_secret.encode()
        self._tasks: TaskGroup | None = None
        self._answering = 0

    def routes(self) -> Sequence[BaseRoute]:
        return [HttpRoute(WEBHOOK_PATH, self._webhook, methods=["POST"])]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                tasks.start_soon(self._listen)
                yield
                tasks.cancel_scope.cancel()
        finally:
            self._tasks = None
            with anyio.CancelScope(shield=True):
                await self._api.close()

    def leave(self) -> None:
        # What is sent to the webhook is stored as ever; only one replica polls.
        self._listening.cancel()

    async def _listen(self) -> None:
        with self._listening:
            await self._intake.run()

    def render(self, route: Route, reply: Reply) -> list[Outgoing]:
        return render.render(route, reply)

    def repeated(self, outgoing: Outgoing) -> Outgoing:
        return render.repeated(outgoing)

    async def send(self, outgoing: Outgoing, ref: str) -> str:
        return await self._sender.send(outgoing, ref)

    def preview(self, route: Route, turn: int, remember: Remember, ref: str = "") -> Preview | None:
        if self._tasks is None:
            return None
        preview = TelegramPreview(self._api, self._allowance, route, turn, remember, ref=ref)
        self._tasks.start_soon(preview.run)
        return preview

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        async for chunk in self._api.download(file.source):
            yield chunk

    def _learn(self, me: wire.Me) -> None:
        self._me = wire.Me(self._me.id, me.username)

    async def _webhook(self, request: Request) -> Response:
        given = request.headers.get("x-telegram-bot-api-secret-token", "").encode()
        if not hmac.compare_digest(given, self._secret):
            return _say(403, "The secret token is missing or wrong.")
        try:
            body = await body_of(request, most=BODY_BYTES)
            update = json.loads(body)
        except OverflowError:
            return _say(413, f"An update has at most {BODY_BYTES} bytes.")
        except ClientDisconnect:
            return _say(400, "The update did not arrive whole.")
        except (ValueError, RecursionError):
            return _say(400, "An update is JSON.")
        try:
            await self._store(update)
        except RateLimited as error:
            return _say(429, str(error), retry_after=error.retry_after)
        except _Unstored as error:
            return _say(503, str(error), retry_after=_RETRY_SECONDS)
        return Response()

    async def _offer(self, update: object) -> float:
        """Store an update that was polled: 0, or the seconds until it is to be offered again."""
        try:
            await self._store(update)
        except RateLimited as error:
            return max(1.0, error.retry_after)
        except _Unstored:
            return _RETRY_SECONDS
        return 0.0

    async def _store(self, update: object) -> None:
        """Store what an update says. Raises RateLimited, _Unstored."""
        try:
            events = await self._read(update)
        except wire.Malformed as error:
            # Refusing it would make Telegram send it again and again.
            log.warning("telegram_update_malformed", update=wire.update_id(update), why=str(error))
            return
        try:
            for event in events:
                await self._put(event)
        except RateLimited:
            raise
        except Exception as error:
            # Only the kind: a database's message may quote what was to be stored.
            kind = type(error).__name__
            log.error("telegram_update_not_stored", update=wire.update_id(update), error=kind)  # noqa: TRY400 - see above
            raise _Unstored("The update could not be stored; send it again.") from error
        self._answer_button(update)

    async def _read(self, update: object) -> list[wire.Event]:
        try:
            return wire.normalise(update, self._me, self._albums)
        except wire.NameNeeded:
            pass
        try:
            with anyio.fail_after(_NAME_SECONDS):
                self._learn(await who_am_i(self._api))
            return wire.normalise(update, self._me, self._albums)
        except (ChannelError, TimeoutError, wire.NameNeeded) as error:
            raise _Unstored("The bot does not know its own name yet; send it again.") from error

    async def _put(self, event: wire.Event) -> None:
        if not isinstance(event, Message):
            await self._inbox.set_reachable(event.address, reachable=event.reachable)
            return
        receipt = await self._inbox.accept(event)
        if event.group and event.album:
            self._albums[event.album] = None
            while len(self._albums) > _ALBUMS:
                self._albums.popitem(last=False)
        log.debug("telegram_message_stored", update=event.event, message=receipt.id)

    def _answer_button(self, update: object) -> None:
        """Stop the waiting sign on a tapped button."""
        query = update.get("callback_query") if isinstance(update, dict) else None
        if not (isinstance(query, dict) and "id" in query and self._tasks):
            return
        # It stops by itself in a while: no reason to let a crowd of requests grow.
        if self._answering < _ANSWERS:
            self._answering += 1
            self._tasks.start_soon(self._answer, str(query["id"]))

    async def _answer(self, query: str) -> None:
        try:
            await self._api.call("answerCallbackQuery", callback_query_id=query)
        except ChannelError as error:
            log.debug("telegram_button_not_answered", reason=str(error))
        finally:
            self._answering -= 1


def _say(status: int, text: str, *, retry_after: float = 0.0) -> Response:
    headers = {"Retry-After": str(math.ceil(retry_after))} if retry_after else None
    return PlainTextResponse(text + "\n", status, headers)
