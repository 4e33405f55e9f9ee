"""A reply shown while it grows: a draft in a private chat, an edited message in a group."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import structlog

from channels.base import PREVIEW_OPENING, ChannelError, NotSent, Refused, Remember
from channels.events import Route
from channels.telegram import render
from channels.telegram.api import Api
from channels.telegram.budget import Allowance, is_group
from channels.telegram.failures import Unchanged, Unparsable
from channels.telegram.markdown import Run
from channels.telegram.pacing import Pacing

log = structlog.get_logger()

_DRAFT_IDS = 2**31 - 1


class TelegramPreview:
    """One turn's preview. `run` does the work, in a task that the channel owns."""

    def __init__(
        self,
        api: Api,
        allowance: Allowance,
        route: Route,
        turn: int,
        remember: Remember,
        *,
        ref: str = "",
    ) -> None:
        self._api = api
        self._allowance = allowance
        self._route = route
        self._remember = remember
        # The same turn keeps its draft, also when another worker takes it over.
        self._draft = turn % _DRAFT_IDS + 1
        self._message = int(ref.rpartition(":")[2]) if ref not in ("", PREVIEW_OPENING) else 0
        """The message we edit; 0 while there is none."""
        # A message we may have sent but cannot edit must not get a twin.
        self._pacing = Pacing(private=not is_group(route.chat), mute=ref == PREVIEW_OPENING)
        self._html = ""
        self._text = ""
        self._above: list[Run] = []
        self._news = anyio.Event()
        self._closed = False
        self._started = False
        self._ended = anyio.Event()

    def show(self, text: str) -> None:
        self._text = text
        self._changed()

    def quote(self, text: str, locale: str) -> None:
        self._above = render.quoted(text, locale)
        self._changed()

    def _changed(self) -> None:
        self._pacing.text = "".join(run.text for run in self._above) + self._text
        self._news.set()

    def working(self) -> None:
        self._pacing.busy = True
        self._news.set()

    async def close(self) -> None:
        self._closed = True
        self._news.set()
        if self._started:
            await self._ended.wait()

    async def run(self) -> None:
        """Show what is due until closed."""
        self._started = True
        try:
            while not self._closed:
                step, wait = self._pacing.next(time.monotonic())
                if step is None:
                    await self._sleep(wait)
                elif step == "show":
                    await self._guard(self._show)
                else:
                    await self._guard(self._type)
        finally:
            self._ended.set()

    async def _sleep(self, seconds: float) -> None:
        """Wait, at most until there is news."""
        self._news = anyio.Event()
        with anyio.move_on_after(seconds):
            await self._news.wait()

    async def _guard(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except NotSent as error:
            if error.retry_after:
                await self._allowance.pause(self._route.chat, error.retry_after)
                self._pacing.hold(error.retry_after, time.monotonic())
            self._slower(error)
        except Refused as error:
            self._pacing.mute = True
            self._slower(error)
        except Exception as error:  # noqa: BLE001 - a preview is never worth a turn
            self._slower(error)

    def _slower(self, error: Exception) -> None:
        self._pacing.failed(time.monotonic())
        log.debug("telegram_preview_failed", chat=self._route.chat, error=type(error).__name__)

    async def _type(self) -> None:
        if wait := await self._allowance.action():
            self._pacing.hold(wait, time.monotonic())
            return
        await self._api.call("sendChatAction", **self._where(), action="typing")
        self._pacing.was_typed(time.monotonic())

    async def _show(self) -> None:
        private, chat = self._pacing.private, self._route.chat
        if private:
            wait = await self._allowance.draft(chat)
        else:
            wait = await self._allowance.message(chat, preview=True)
        if wait:
            self._pacing.hold(wait, time.monotonic())
            return
        text = self._pacing.text
        piece = render.preview(self._text, last=private, above=self._above)
        # What grows beyond the first message of several does not change that one.
        if piece and (private or piece.html != self._html):
            try:
                await self._put(text=piece.html, parse_mode="HTML")
            except Unparsable:
                await self._put(text=piece.plain)
            self._html = piece.html
        self._pacing.was_shown(text, time.monotonic())

    async def _put(self, **words: Any) -> None:
        where = self._where()
        if self._pacing.private:
            await self._api.call("sendMessageDraft", **where, draft_id=self._draft, **words)
        elif not self._message:
            await self._open(where | words)
        else:
            try:
                await self._api.call(
                    "editMessageText",
                    chat_id=where["chat_id"],
                    message_id=self._message,
                    **words,
                )
            except Unchanged:
                return

    async def _open(self, fields: dict[str, Any]) -> None:
        """Send the message that the later ones edit."""
        if self._route.reply_to:
            fields["reply_parameters"] = {
                "message_id": int(self._route.reply_to),
                "allow_sending_without_reply": True,
            }
        await self._remember(PREVIEW_OPENING)
        try:
            message = await self._api.call("sendMessage", **fields)
        except (NotSent, Refused):
            # Surely nothing is out there, so nothing has to be settled later.
            await self._remember("")
            raise
        except ChannelError:
            self._pacing.mute = True
            raise
        self._message = message.message_id
        await self._remember(f"{message.chat_id}:{message.message_id}")

    def _where(self) -> dict[str, Any]:
        where = {"chat_id": int(self._route.chat)}
        if self._route.thread:
            where["message_thread_id"] = int(self._route.thread)
        return where
