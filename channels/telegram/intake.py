"""Getting updates to us: the webhook, or long polling where there is none.

Telegram being away delays nothing here: all of it is tried again in the background.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, get_args
from urllib.parse import urlsplit

import anyio
import structlog

from channels.base import Alone, ChannelError, NotSent
from channels.events import Command
from channels.telegram.api import Api
from channels.telegram.config import ALLOWED_UPDATES, WEBHOOK_PATH, TelegramConfig
from channels.telegram.failures import Conflict, WrongToken
from channels.telegram.wire import Me, update_id
from prompts import FALLBACK, languages, sentence

log = structlog.get_logger()

Take = Callable[[object], Awaitable[float]]
"""Stores one update: 0 once that is done, else the seconds to wait before offering it again."""

_POLL_SECONDS = 25
_LONGEST_PAUSE = 60.0


class Intake:
    """Sets the bot up and keeps its updates coming."""

    def __init__(
        self,
        config: TelegramConfig,
        api: Api,
        take: Take,
        learned: Callable[[Me], None],
        alone: Alone | None = None,
    ) -> None:
        self._config = config
        self._api = api
        self._take = take
        self._learned = learned
        self._alone = alone

    async def run(self) -> None:
        """Set up, then poll for ever unless there is a webhook."""
        await self._insist(self._introduce)
        await self._insist(self._set_commands)
        if self._config.webhook_url:
            await self._insist(self._set_webhook)
        else:
            await self._insist(self._clear_webhook)
            if self._alone:
                # Telegram has updates for one poller at a time.
                await self._alone(f"telegram/{self._config.account}", self._poll)
            else:
                await self._poll()

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do a step until it succeeds, ever more patiently."""
        pause = 1.0
        while True:
            try:
                return await step()
            except ChannelError as error:
                log.warning("telegram_not_ready", step=step.__name__.strip("_"), reason=str(error))
                pause = await _rest(error, pause)

    async def _introduce(self) -> None:
        self._learned(await who_am_i(self._api))

    async def _set_commands(self) -> None:
        try:
            for language in languages():
                await set_commands(self._api, language)
        except (NotSent, WrongToken):
            raise
        except ChannelError as error:
            # The menu is a convenience; the commands work without it.
            log.warning("telegram_commands_not_set", reason=str(error))

    async def _set_webhook(self) -> None:
        info = await self._api.call("getWebhookInfo")
        if not webhook_stands(info, self._config.webhook_url):
            await set_webhook(self._api, self._config)
            log.info("telegram_webhook_set", url=self._config.webhook_url)

    async def _clear_webhook(self) -> None:
        """Make way for polling, unless the updates go to somebody else's program."""
        url = (await self._api.call("getWebhookInfo")).url
        if not url:
            return
        if urlsplit(url).path != WEBHOOK_PATH:
            # Its path may well be somebody's secret.
            host = urlsplit(url).hostname
            raise Conflict(
                f"the bot's updates go to {host}, which is not Front Door: set PUBLIC_URL to "
                "receive them here, or remove that webhook with the deleteWebhook method"
            )
        log.warning("telegram_webhook_removed", url=url, why="PUBLIC_URL is not set, so we poll")
        await self._api.call("deleteWebhook", drop_pending_updates=False)

    async def _poll(self) -> None:
        offset, pause = 0, 1.0
        log.info("telegram_polling")
        while True:
            try:
                updates = await self._api.updates(offset, _POLL_SECONDS)
            except Conflict as error:
                log.error(  # noqa: TRY400 - a line for the operator
                    "telegram_polled_twice",
                    reason=str(error),
                    remedy="stop the other program that uses this bot token, or its webhook",
                )
                pause = await _rest(error, pause)
            except ChannelError as error:
                log.warning("telegram_poll_failed", reason=str(error))
                pause = await _rest(error, pause)
            else:
                pause = 1.0
                offset = await self._take_all(updates, offset)

    async def _take_all(self, updates: list[Any], offset: int) -> int:
        """Store what came; returns the offset that confirms no more than that.

        After one that has to wait the others are taken all the same: to hear them again
        does no harm.
        """
        longest = 0.0
        for update in updates:
            number = update_id(update)
            wait = await self._take(update)
            longest = max(longest, wait)
            if number is not None and not longest:
                offset = number + 1
        await anyio.sleep(longest)
        return offset


async def who_am_i(api: Api) -> Me:
    """The bot's id and username. Raises ChannelError."""
    user = await api.call("getMe")
    return Me(user.id, user.username or "")


async def set_webhook(api: Api, config: TelegramConfig) -> None:
    """Have updates sent to us; what waits at Telegram is kept. Raises ChannelError."""
    await api.call(
        "setWebhook",
        url=config.webhook_url,
        secret_token=config.webhook_secret,
        allowed_updates=ALLOWED_UPDATES,
        drop_pending_updates=False,
    )


async def set_commands(api: Api, language: str) -> None:
    """Tell Telegram what the commands are; in English for whoever speaks no language of ours."""
    await api.call(
        "setMyCommands",
        commands=[
            (name, sentence("telegram", f"command_{name}", language)) for name in get_args(Command)
        ],
        language_code=None if language == FALLBACK else language,
    )


def webhook_stands(info: Any, url: str) -> bool:
    """Whether a WebhookInfo tells of our webhook, as far as it can.

    The secret cannot be read back; that it is wrong shows as updates we refused.
    """
    refused = "403" in (info.last_error_message or "")
    return info.url == url and set(info.allowed_updates) == set(ALLOWED_UPDATES) and not refused


async def _rest(error: ChannelError, pause: float) -> float:
    """Wait as long as asked, or ever longer; returns the next pause in seconds."""
    asked = error.retry_after if isinstance(error, NotSent) else None
    await anyio.sleep(asked or pause)
    return min(_LONGEST_PAUSE, 2 * pause)
