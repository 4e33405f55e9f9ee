"""What lets a socket in, and words that travel through Twilio unseen.

A ticket tells everything about a call that its socket must know, and is signed: so whichever
replica the socket reaches can take it, with nothing stored. The keys come from the account's
auth token, which every replica has.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from channels.twilio.config import PhoneConfig

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

TICKET_SECONDS = 90
"""From Twilio's question what to do with a call to the call's socket; what is said first counts."""
SEALED_SECONDS = 3600
"""From a call being placed to its being answered; a transfer rings for less."""


class BadTicket(ValueError):
    """Forged, too old, or not for this call."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call on its way to its socket."""

    call: str
    account: str
    caller: str
    name: str = ""
    zone: str = ""
    outbound: bool = False
    voicemail: bool = False
    resumed: bool = False


class Tickets:
    """Signs tickets and seals words."""

    def __init__(self, config: PhoneConfig) -> None:
        self._key = config.key("media tickets")
        self._seal_key = base64.urlsafe_b64encode(config.key("sealed words"))
        self._fernet: Fernet | None = None

    def sign(self, ticket: Ticket, now: float) -> str:
        """The ticket as text; `now` in seconds since 1970."""
        nonce = secrets.token_urlsafe(12)
        claims = [int(now) + TICKET_SECONDS, nonce, *astuple(ticket)]
        body = _b64(json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode())
        return f"{body}.{_b64(self._mac(body))}"

    def read(self, text: str, now: float) -> tuple[Ticket, str]:
        """The ticket and its nonce. Raises BadTicket."""
        body, _, mac = text.partition(".")
        if not text.isascii() or not hmac.compare_digest(
            mac.encode(), _b64(self._mac(body)).encode()
        ):
            raise BadTicket("it is not one of ours")
        expires, nonce, *claims = json.loads(base64.urlsafe_b64decode(f"{body}==="))
        if now > expires:
            raise BadTicket("it is too old")
        return Ticket(*claims), nonce

    def seal(self, words: str) -> str:
        """Words that nobody but us can read or make."""
        return self._opened().encrypt(zlib.compress(words.encode())).decode()

    def unseal(self, sealed: str) -> str:
        """The words; empty when they are not ours or too old."""
        if not sealed:
            return ""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - loaded by `_opened`

        try:
            packed = self._opened().decrypt(sealed, ttl=SEALED_SECONDS)
            # Only we can have packed it.
            return zlib.decompress(packed).decode()
        except (InvalidToken, zlib.error, ValueError):
            return ""

    def warm(self) -> None:
        """Load what sealing needs."""
        self._opened()

    def _opened(self) -> Fernet:
        if self._fernet is None:
            from cryptography.fernet import Fernet  # noqa: PLC0415 - few calls need it

            self._fernet = Fernet(self._seal_key)
        return self._fernet

    def _mac(self, body: str) -> bytes:
        return hmac.new(self._key, body.encode(), hashlib.sha256).digest()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
