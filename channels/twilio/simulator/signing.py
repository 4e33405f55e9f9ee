"""Twilio's side of X-Twilio-Signature: written from its description, apart from who checks it.

"Security: validating requests" in Twilio's documentation: base64 of HMAC-SHA1, keyed with the
auth token, over the URL followed by each POST field, sorted by name, as name and value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal

Signature = Literal["right", "missing", "wrong", "slash"]
"""How requests are signed; `slash` signs a socket's URL with a slash at its end, as Twilio
sometimes does."""


def signature(token: str, url: str, fields: Mapping[str, str] | None = None) -> str:
    text = url + "".join(name + value for name, value in sorted((fields or {}).items()))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def headers(
    token: str, url: str, fields: Mapping[str, str] | None = None, how: Signature = "right"
) -> dict[str, str]:
    """The headers of a request to `url`; without `fields` it is a socket's."""
    if how == "missing":
        return {}
    if how == "wrong":
        token += "x"
    if how == "slash" and fields is None:
        url += "/"
    return {"X-Twilio-Signature": signature(token, url, fields)}
