"""Our doors: the channels that the settings switch on, and the way to the agent behind them."""

from __future__ import annotations

import hashlib
import hmac

from channels.base import Alone, Budget, Calls, Channel, Inbox
from channels.twilio.adapter import PhoneChannel
from channels.web.adapter import WebChannel, WebConfig
from channels.web.simulated import simulated_phone
from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.errors import SettingsError
from gateway.server.admission import Limits
from gateway.settings import Settings
from gateway.wiring.accounts import bot_of, phone_of

SERVED_BY = {"web": "web", "telegram": "telegram", "phone": "voice"}
"""The role of each channel."""


def connected(  # noqa: PLR0917 - all that a channel needs of the house
    settings: Settings,
    secret: str,
    inbox: Inbox,
    budget: Budget,
    calls: Calls | None,
    alone: Alone,
    files_origin: str = "",
) -> dict[str, Channel]:
    """The channels that these settings switch on, by name; also those that are not served here.

    What they are to send may be any replica's to send.
    """
    channels: dict[str, Channel] = {}
    phone_token = settings.twilio_auth_token or derived(secret, "twilio")
    here = calls if "voice" in settings.roles else None
    # The page's telephone is a simulated one: for trying things out, not for the world.
    browser_phone = None
    if here and not settings.public:
        browser_phone = simulated_phone(
            settings.local_url, token=phone_token, number=settings.twilio_phone_number
        )
    doors: dict[str, str] = {}
    config = WebConfig(
        secret=derived(secret, "web-sessions"),
        origins=settings.web_origins,
        public_url=settings.public_url,
        identity_key=settings.web_identity_secret,
        identity_audience=settings.web_identity_audience,
        identity_issuer=settings.web_identity_issuer,
        max_upload_bytes=settings.max_upload_bytes,
        files_origin=files_origin,
    )
    try:
        channels["web"] = WebChannel(
            config, inbox, budget, doors=lambda: doors, calls=here, phone=browser_phone
        )
    except ValueError as error:
        raise SettingsError(f"WEB_IDENTITY_SECRET: {error}") from error
    if settings.telegram_bot_token:
        # Only who has a bot pays for importing its library.
        from channels.telegram.adapter import TelegramChannel  # noqa: PLC0415

        listens = "telegram" in settings.roles
        channels["telegram"] = TelegramChannel(
            bot_of(settings), inbox, budget, alone=alone, listens=listens
        )
        doors["telegram"] = ""
    if calls:
        channels["phone"] = PhoneChannel(phone_of(settings, phone_token), calls, budget)
        if settings.twilio_phone_number:
            doors["phone"] = settings.twilio_phone_number
    return channels


def limits_of(settings: Settings) -> Limits:
    return Limits(
        requests=settings.max_requests,
        sockets=settings.max_sockets,
        sockets_per_host=settings.max_sockets_per_address,
    )


def agent_client(settings: Settings, token: str, notification_token: str) -> A2AAgent:
    """A client of the operator's agent, or of the one in our own process."""
    own = not settings.agent_url
    # An agent elsewhere reaches us through the world, ours does so directly.
    home = settings.local_url if own else settings.base_url
    return A2AAgent(
        A2AConfig(
            url=settings.agent_url or settings.local_url,
            keep_origin=own,
            token=token if own else settings.agent_token,
            notification_url=f"{home}/agent/notifications",
            notification_token=notification_token,
        )
    )


def derived(secret: str, purpose: str) -> str:
    """A key for one purpose, so that no two uses share one."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()
