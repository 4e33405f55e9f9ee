"""What the operator's commands ask of Telegram: set the webhook, and look how things stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channels.base import ChannelError
from channels.report import Report, Row
from channels.telegram.api import Api
from channels.telegram.config import ALLOWED_UPDATES, TelegramConfig
from channels.telegram.intake import set_webhook, who_am_i

_MANY_WAITING = 20


async def connect(config: TelegramConfig) -> Report:
    """Set the webhook to our public URL and report. Raises nothing: what failed is a row."""
    if not config.webhook_url:
        return _failed("PUBLIC_URL is not set", "set PUBLIC_URL to an https:// address of ours")
    return await _report(config, set_first=True)


async def inspect(config: TelegramConfig) -> Report:
    """Report and change nothing. Raises nothing: what failed is a row."""
    return await _report(config, set_first=False)


async def _report(config: TelegramConfig, *, set_first: bool) -> Report:
    api = Api(config)
    try:
        me = await who_am_i(api)
        if set_first:
            await set_webhook(api, config)
        info = await api.call("getWebhookInfo")
    except ChannelError as error:
        return _failed(str(error), "check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL")
    finally:
        await api.close()
    bot = Row("Bot", f"@{me.username} ({me.id})")
    return Report((bot, *_webhook_rows(info, config.webhook_url)))


def _webhook_rows(info: Any, wanted: str) -> list[Row]:
    rows = [Row("Webhook", info.url or "none: updates are polled", _url_remedy(info.url, wanted))]
    if info.url:
        missing = sorted(set(ALLOWED_UPDATES) - set(info.allowed_updates or ()))
        rows.append(
            Row(
                "Updates",
                ", ".join(info.allowed_updates or ()) or "Telegram's default",
                f"run `frontdoor connect telegram`: {', '.join(missing)} missing"
                if missing
                else "",
            )
        )
    waiting = info.pending_update_count
    rows.append(
        Row(
            "Waiting",
            str(waiting),
            "start `frontdoor serve`, or see the last error" if waiting > _MANY_WAITING else "",
        )
    )
    if info.last_error_message:
        when = (info.last_error_date or datetime.now(UTC)).astimezone(UTC)
        rows.append(
            Row(
                "Last error",
                f"{info.last_error_message} ({when:%Y-%m-%d %H:%M} UTC)",
                _error_remedy(info.last_error_message),
            )
        )
    return rows


def _url_remedy(url: str, wanted: str) -> str:
    if url == wanted:
        return ""
    if not wanted:
        return "set PUBLIC_URL to its origin, or let `frontdoor serve` remove it and poll"
    return f"run `frontdoor connect telegram` to set {wanted}"


def _error_remedy(message: str) -> str:
    words = message.lower()
    if "403" in words:
        return "the secret differs: run `frontdoor connect telegram`"
    if "certificate" in words or "ssl" in words:
        return "give PUBLIC_URL a certificate that Telegram trusts, its whole chain included"
    if "404" in words or "405" in words:
        return "PUBLIC_URL leads to another server: /telegram/webhook is not ours there"
    if "timed out" in words or "timeout" in words or "refused" in words or "connection" in words:
        return "make PUBLIC_URL reachable from the internet on port 443, 80, 88 or 8443"
    return "see the gateway's log at that time"


def _failed(why: str, remedy: str) -> Report:
    return Report((Row("Telegram", why, remedy),))
