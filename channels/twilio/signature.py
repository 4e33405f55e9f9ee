"""Whether a request comes from Twilio.

<https://www.twilio.com/docs/usage/webhooks/webhooks-security>

The signature covers the URL that Twilio was given. That is the configured one: what a proxy
makes of a request's headers is nobody's word.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from channels.twilio.config import PhoneConfig
from channels.twilio.forms import Form

if TYPE_CHECKING:
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # no stubs

HEADER = "x-twilio-signature"
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"
"""Names the algorithm when it is not HMAC-SHA1 with the auth token."""

_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
# Whoever is built for Twilio may know of `wss:` only.
_SOCKET = {"https": ("wss", "https"), "http": ("ws", "http", "wss", "https")}


class Signatures:
    """Checks what claims to come from Twilio."""

    def __init__(self, config: PhoneConfig) -> None:
        self._bases = config.bases
        self._keys = {"HMAC_SHA1": config.auth_token, "HMAC_SHA256": config.webhook_key}
        self._validators: dict[str, RequestValidator] = {}

    def form(
        self, path: str, query: str, form: Form | dict[str, str], headers: Mapping[str, str]
    ) -> str:
        """The origin of ours that a webhook was sent to; empty when Twilio did not send it."""
        rest = f"{path}?{query}" if query else path
        for base in self._bases:
            if self._signed(_spellings(base, rest), form, headers):
                return base
        return ""

    def socket(self, path: str, headers: Mapping[str, str]) -> bool:
        """Whether Twilio opens this socket.

        It signs the `wss:` URL as it was given, but is known to sign `https:` or to add a slash.
        """
        urls = (
            url
            for base in self._bases
            for scheme in _SOCKET[urlsplit(base).scheme]
            for ending in ("", "/")
            for url in _spellings(f"{scheme}:{base.partition(':')[2]}", path + ending)
        )
        return self._signed(urls, {}, headers)

    def warm(self) -> None:
        """Load what checking needs."""
        self._validator("HMAC_SHA1", self._keys["HMAC_SHA1"])

    def _signed(
        self, urls: Iterator[str], form: Form | dict[str, str], headers: Mapping[str, str]
    ) -> bool:
        from twilio.request_validator import get_signature_algorithm  # noqa: PLC0415 - see warm

        given = headers.get(HEADER, "")
        algorithm = get_signature_algorithm(headers.get(SETTINGS_HEADER, "")).upper()
        key = self._keys.get(algorithm)
        if not given or not key:
            return False
        validator = self._validator(algorithm, key)
        # Not its `validate`, which would take the port off an IPv6 address and knows no wss port.
        return any(
            hmac.compare_digest(
                validator.compute_signature(url, form, algorithm).encode(), given.encode()
            )
            for url in urls
        )

    def _validator(self, algorithm: str, key: str) -> RequestValidator:
        from twilio.request_validator import RequestValidator  # noqa: PLC0415 - see warm

        if algorithm not in self._validators:
            self._validators[algorithm] = RequestValidator(key)
        return self._validators[algorithm]


def _spellings(base: str, rest: str) -> Iterator[str]:
    """A URL with and without its port: Twilio signs either."""
    url = urlsplit(base)
    yield base + rest
    default = _PORTS[url.scheme]
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    if url.port is None:
        yield f"{base}:{default}{rest}"
    else:
        yield f"{url.scheme}://{host}{rest}"
