"""The bot and the telephone number, as the settings describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gateway.settings import Settings

if TYPE_CHECKING:
    from channels.telegram.config import TelegramConfig
    from channels.twilio.config import Notices, PhoneConfig


def bot_of(settings: Settings) -> TelegramConfig:
    """The bot as these settings describe it."""
    from channels.telegram.config import TelegramConfig  # noqa: PLC0415 - only who has a bot

    return TelegramConfig(
        token=settings.telegram_bot_token,
        secret=settings.telegram_webhook_secret,
        api_url=settings.telegram_api_url,
        public_url=settings.public_url,
    )


def phone_of(settings: Settings, token: str = "") -> PhoneConfig:
    """The phone as these settings describe it; `token` stands in for one that is not set."""
    from channels.twilio.config import PhoneConfig  # noqa: PLC0415 - see above

    return PhoneConfig(
        auth_token=settings.twilio_auth_token or token,
        webhook_key=settings.twilio_webhook_key,
        account_sid=settings.twilio_account_sid,
        number=settings.twilio_phone_number,
        api_url=settings.twilio_api_url,
        public_url=settings.twilio_public_url or settings.public_url,
        port=settings.port,
        transfer_number=settings.transfer_number,
        locale=settings.voice_locale,
        notices=cast("Notices", settings.phone_notices),
        announce_recording=settings.record_calls == "on",
    )
