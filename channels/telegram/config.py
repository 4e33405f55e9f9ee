"""What the Telegram channel has to be told."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

WEBHOOK_PATH = "/telegram/webhook"

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update `wire` reads; the server remembers the list until it is changed."""


@dataclass(frozen=True, slots=True)
class TelegramConfig:
    """One bot."""

    token: str
    """From @BotFather, `123456:ABC…`."""
    secret: str = ""
    """Secret of the webhook header, 1 to 256 of `A-Z a-z 0-9 _ -`; empty derives one."""
    api_url: str = "https://api.telegram.org"
    public_url: str = ""
    """Our origin as Telegram reaches it; empty means long polling."""

    def __post_init__(self) -> None:
        if not self.account.isdecimal():
            raise ValueError("a bot token reads 123456:ABC…; copy it whole from @BotFather")

    @property
    def account(self) -> str:
        """The bot's user id, which is public and outlives its token."""
        return self.token.partition(":")[0]

    @property
    def webhook_secret(self) -> str:
        """What Telegram must send with each update; the same after every restart."""
        return self.secret or hmac.new(self.token.encode(), b"webhook", hashlib.sha256).hexdigest()

    @property
    def webhook_url(self) -> str:
        return self.public_url.rstrip("/") + WEBHOOK_PATH if self.public_url else ""

    @property
    def bot_url(self) -> str:
        """Prefix of the methods."""
        return f"{self.api_url.rstrip('/')}/bot{self.token}"

    def __repr__(self) -> str:
        return f"TelegramConfig(account={self.account!r}, api_url={self.api_url!r})"
