"""Calling ourselves the way Twilio does, through the public edge.

A proxy that changes paths, another server under our name, a token that differs: each lets the
phone ring and nobody answer, and nothing here would log a word.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import ParseError, fromstring

from channels.report import Row
from channels.twilio.config import MEDIA_PATH, VOICE_PATH, PhoneConfig

NOBODY = "CA" + "0" * 32
"""A call that is none."""

_SECONDS = 10.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_NOT_OURS = "PUBLIC_URL leads to another server, or its proxy passes /twilio/ on to nobody"
_DIFFERS = (
    "the server there has another TWILIO_AUTH_TOKEN or PUBLIC_URL: give both the same and restart"
)
_DOWN = "start `frontdoor serve`, and make PUBLIC_URL lead to it"


async def probe(config: PhoneConfig) -> tuple[Row, ...]:
    """What a caller would meet at our public address. Raises nothing: what failed is a row."""
    base = config.bases[0]
    signed = await _voice(config, base, sign=True)
    if signed.remedy:
        return (signed,)
    return (signed, await _voice(config, base, sign=False), await _media(config, base))


async def _voice(config: PhoneConfig, base: str, *, sign: bool) -> Row:
    import httpx  # noqa: PLC0415 - commands only

    label = "Voice webhook" if sign else "Strangers"
    url = f"{base}{VOICE_PATH}"
    ours = config.number or "+15005550006"
    # From us to us, so that nobody's allowance is used.
    form = {"CallSid": NOBODY, "From": ours, "To": ours, "CallStatus": "ringing"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if sign:
        headers["X-Twilio-Signature"] = _signature(config, url, form)
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=not _is_local(base)) as http:
            answer = await http.post(url, content=urlencode(form), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Row(label, f"{url} cannot be reached ({type(error).__name__})", _DOWN)
    refused = answer.status_code == 403  # noqa: PLR2004 - HTTP Forbidden
    if not sign:
        if refused:
            return Row(label, "are turned away")
        return Row(label, f"were answered {answer.status_code}", _NOT_OURS)
    if refused:
        return Row(label, "refuses what we sign", _DIFFERS)
    if not answer.is_success:
        return Row(label, f"answers {answer.status_code}", _NOT_OURS)
    return _answered(label, answer.content, f"{base.replace('http', 'ws', 1)}{MEDIA_PATH}")


def _answered(label: str, document: bytes, media: str) -> Row:
    try:
        response = fromstring(document)  # noqa: S314 - of our own server, or told to be wrong
    except ParseError:
        return Row(label, "answers something that is not TwiML", _NOT_OURS)
    stream = response.find("Connect/Stream")
    if stream is None:
        return Row(label, "answers; all lines are busy just now")
    if stream.get("url") != media:
        return Row(label, f"connects calls to {stream.get('url')}", _DIFFERS)
    return Row(label, "answers what we sign")


async def _media(config: PhoneConfig, base: str) -> Row:
    from websockets.asyncio.client import connect  # noqa: PLC0415 - commands only
    from websockets.exceptions import InvalidHandshake, InvalidStatus  # noqa: PLC0415

    label = "Media stream"
    url = f"{base.replace('http', 'ws', 1)}{MEDIA_PATH}"
    headers = {"X-Twilio-Signature": _signature(config, url, {})}
    try:
        async with connect(
            url,
            additional_headers=headers,
            open_timeout=_SECONDS,
            close_timeout=1,
            proxy=None if _is_local(base) else True,
        ):
            return Row(label, "opens")
    except InvalidStatus as error:
        status = error.response.status_code
        remedy = "let the proxy pass WebSocket upgrades on, with the headers X-Twilio-…"
        return Row(label, f"is answered {status} instead of being opened", remedy)
    except (OSError, TimeoutError, InvalidHandshake) as error:
        return Row(label, f"cannot be opened ({type(error).__name__})", _DOWN)


def _signature(config: PhoneConfig, url: str, form: dict[str, str]) -> str:
    # No stubs, and loaded by commands only.
    from twilio.request_validator import (  # type: ignore[import-untyped]  # noqa: PLC0415
        RequestValidator,
    )

    signature: str = RequestValidator(config.auth_token).compute_signature(url, form)
    return signature


def _is_local(base: str) -> bool:
    return urlsplit(base).hostname in _LOOPBACK
