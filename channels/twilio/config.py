"""What the phone channel has to be told."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

from channels.base import Refused

CHANNEL = "phone"

VOICE_PATH = "/twilio/voice"
AFTER_PATH = "/twilio/after"
WHISPER_PATH = "/twilio/whisper"
STATUS_PATH = "/twilio/status"
MEDIA_PATH = "/twilio/media"

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
"""E.164."""

Notices = Literal["sms", "call", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneConfig:
    """One number at Twilio, or a simulated phone."""

    auth_token: str
    """Twilio's for the account, or one of our own that only a simulated phone knows."""
    webhook_key: str = ""
    """The secret of a webhook shared key, for signatures by HMAC-SHA256."""
    account_sid: str = ""
    number: str = ""
    """Ours, E.164."""
    api_url: str = "https://api.twilio.com"
    public_url: str = ""
    """Our origin as Twilio reaches it; empty means that only phones on this machine do."""
    port: int = 8080
    """Where this machine reaches us, while there is no `public_url`."""
    transfer_number: str = ""
    """Who takes over a call that a person is to have."""
    locale: str = "en"
    """BCP 47, of what Twilio says for us."""
    notices: Notices = "sms"
    """How somebody who is not on the line is told something."""
    announce_recording: bool = False
    """Whether callers are told first that calls are recorded."""
    start_seconds: float = 10.0
    """How long an open socket may keep us waiting for its first words."""

    def __post_init__(self) -> None:
        if not self.auth_token:
            raise ValueError("a phone needs an auth token, Twilio's or one that was made up")

    @property
    def bases(self) -> tuple[str, ...]:
        """Every origin that we may have been called by; the first is the one we tell others."""
        if self.public_url:
            return (self.public_url.rstrip("/"),)
        return tuple(f"http://{host}:{self.port}" for host in ("localhost", "127.0.0.1", "[::1]"))

    @property
    def missing(self) -> str:
        """What text messages and calls out still need, as names of settings; empty if nothing."""
        needed = {"TWILIO_ACCOUNT_SID": self.account_sid, "TWILIO_PHONE_NUMBER": self.number}
        return " and ".join(name for name, value in needed.items() if not value)

    def person(self, to: str) -> str:
        """The number of whom an agent names for a transfer. Raises Refused.

        Only the operator's own number is ever dialled: what an agent was talked into by a caller
        must not ring a premium line.
        """
        if not self.transfer_number:
            raise Refused("nobody can take calls over: TRANSFER_NUMBER is not set")
        digits = re.sub(r"[^\d+]", "", to)
        if re.search(r"\d{3}", digits) and digits != self.transfer_number:
            raise Refused("calls are handed over to TRANSFER_NUMBER only")
        return self.transfer_number

    def key(self, purpose: str) -> bytes:
        """A key of our own, the same in every replica and after every restart."""
        return hmac.new(self.auth_token.encode(), purpose.encode(), hashlib.sha256).digest()

    def __repr__(self) -> str:
        return f"PhoneConfig(public_url={self.public_url!r}, api_url={self.api_url!r})"
