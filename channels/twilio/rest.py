"""The four requests that we make of Twilio's REST API, and what became of them.

<https://www.twilio.com/docs/iam/api>

Over httpx, which is loaded anyway: Twilio's own client takes a fifth of a second to load and 50 MB,
and hides whether a request that failed may have been taken. Tests hold this and it to one double.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from channels.base import ChannelError, MaybeSent, NotSent, Refused, Unreachable
from channels.http import unanswered
from channels.outward import asking
from channels.twilio.config import NUMBER, PhoneConfig

if TYPE_CHECKING:
    import httpx

_TIMEOUT = 10.0
"""Seconds without an answer until a request counts as lost."""

RING_SECONDS = 30
EVENTS = ("initiated", "ringing", "answered", "completed")

# https://www.twilio.com/docs/api/errors
_UNREACHABLE = {
    21211,  # not a phone number
    21214,  # cannot be reached by calls
    21217,  # not a phone number
    21610,  # they replied STOP
    21612,  # not reachable from our number
    21614,  # takes no text messages
}
_REMEDIES = {
    20003: "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
    20404: "check TWILIO_ACCOUNT_SID and TWILIO_PHONE_NUMBER",
    21212: "check TWILIO_PHONE_NUMBER",
    21215: "allow the country under Voice, Geographic permissions, in Twilio's console",
    21219: "a trial account reaches numbers verified in Twilio's console only",
    21408: "allow the country under Messaging, Geo permissions, in Twilio's console",
    21606: "check that TWILIO_PHONE_NUMBER can send text messages",
    21608: "a trial account reaches numbers verified in Twilio's console only",
    21659: "check TWILIO_PHONE_NUMBER",
    21660: "check TWILIO_PHONE_NUMBER: it is another account's",
}
_DIGITS = re.compile(r"\+?\d[\d ()-]{5,}\d")


class Rejected(Refused):
    """Twilio will not do it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
        """Of Twilio's list of errors; 0 for none."""


@dataclass(frozen=True, slots=True)
class Number:
    """One of the account's numbers, and what it is pointed at."""

    sid: str
    number: str
    voice_url: str
    voice_method: str
    status_url: str
    application: str
    """A TwiML application, which then decides instead of the URLs."""
    trunk: str
    """A SIP trunk, which does so too."""


class Rest:
    """One account's line to Twilio; opened by its first request, closed by `close`."""

    def __init__(self, config: PhoneConfig) -> None:
        self._config = config
        self._http: httpx.AsyncClient | None = None
        self._opening = anyio.Lock()
        self._closed = False

    async def message(self, to: str, text: str) -> str:
        """Send a text message; returns its sid. Raises ChannelError."""
        fields = {"To": to, "From": self._config.number, "Body": text}
        return str((await self._post("Messages.json", fields)).get("sid", ""))

    async def dial(self, to: str, url: str, status_url: str) -> str:
        """Ring somebody, and ask `url` what to do when they, or a machine, took the call.

        Returns the call's sid. Raises ChannelError.
        """
        if not NUMBER.fullmatch(to):
            raise Unreachable("this is not a phone number in E.164 form, +15005550006")
        fields = {
            "To": to,
            "From": self._config.number,
            "Url": url,
            "Method": "POST",
            "StatusCallback": status_url,
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": EVENTS,
            # A machine is asked about only when it has finished speaking, so that all is recorded.
            "MachineDetection": "DetectMessageEnd",
            "Timeout": str(RING_SECONDS),
        }
        return str((await self._post("Calls.json", fields)).get("sid", ""))

    async def end(self, call: str) -> None:
        """Hang up a call, whoever has it. Raises ChannelError."""
        await self._post(f"Calls/{call}.json", {"Status": "completed"})

    async def numbers(self) -> list[Number]:
        """The account's numbers. Raises ChannelError."""
        answer = await self._ask("GET", "IncomingPhoneNumbers.json?PageSize=100")
        return [_number(item) for item in answer.get("incoming_phone_numbers", ())]

    async def point(self, sid: str, voice_url: str, status_url: str) -> Number:
        """Point a number at us. Raises ChannelError."""
        fields = {
            "VoiceUrl": voice_url,
            "VoiceMethod": "POST",
            "StatusCallback": status_url,
            "StatusCallbackMethod": "POST",
            # It would decide instead of the URLs.
            "VoiceApplicationSid": "",
        }
        return _number(await self._post(f"IncomingPhoneNumbers/{sid}.json", fields))

    async def close(self) -> None:
        """Let go of all connections; later requests are NotSent."""
        self._closed = True
        if self._http:
            await self._http.aclose()

    async def _post(self, path: str, fields: Mapping[str, str | Sequence[str]]) -> dict[str, Any]:
        return await self._ask("POST", path, fields)

    async def _ask(
        self, method: str, path: str, fields: Mapping[str, str | Sequence[str]] | None = None
    ) -> dict[str, Any]:
        if not self._config.account_sid:
            raise Refused("set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, from Twilio's console")
        http = await self._open()
        import httpx  # noqa: PLC0415 - loaded by `_open`

        url = f"/2010-04-01/Accounts/{self._config.account_sid}/{path}"
        with asking("twilio"):
            try:
                answer = await http.request(method, url, data=fields)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise unanswered("Twilio", error) from error
            content = _parsed(answer)
            if lost := failure(answer.status_code, content, answer.headers.get("retry-after", "")):
                raise lost
            return content

    async def _open(self) -> httpx.AsyncClient:
        if self._closed:
            raise NotSent("the phone channel is closed")
        if self._http is None:
            async with self._opening:
                # Off the event loop: loading the library and the certificates takes a while.
                if self._http is None:
                    self._http = await to_thread.run_sync(_connect, self._config)
        return self._http


def failure(status: int, answer: Mapping[str, Any], retry_after: str = "") -> ChannelError | None:
    """The failure an answer tells of; None for success; pure."""
    if 200 <= status < 300 and answer:  # noqa: PLR2004 - HTTP 2xx
        return None
    code = answer.get("code")
    code = code if isinstance(code, int) else 0
    # Their sentences name the number, and ours end up in the log.
    words = _DIGITS.sub("…", str(answer.get("message", "nothing more"))[:200])
    about = f"Twilio answered {status} {code or ''}: {words}".replace(" :", ":")
    if status == 429:  # noqa: PLR2004 - HTTP Too Many Requests
        return NotSent(about, retry_after=_seconds(retry_after))
    if not 400 <= status < 500:  # noqa: PLR2004 - HTTP 4xx
        # It may have been done before the answer went wrong.
        return MaybeSent(about)
    if code in _UNREACHABLE:
        return Unreachable(about)
    remedy = _REMEDIES.get(code) or (_REMEDIES[20003] if status in (401, 403) else "")
    return Rejected(f"{about}; {remedy}" if remedy else about, code)


def _connect(config: PhoneConfig) -> httpx.AsyncClient:
    import httpx  # noqa: PLC0415 - see `Rest._open`

    return httpx.AsyncClient(
        base_url=config.api_url.rstrip("/"),
        auth=(config.account_sid, config.auth_token),
        timeout=_TIMEOUT,
    )


def _parsed(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _seconds(value: str) -> float:
    try:
        return min(3600.0, max(1.0, float(value)))
    except ValueError:
        return 1.0


def _number(item: Mapping[str, Any]) -> Number:
    def text(name: str) -> str:
        return str(item.get(name) or "")

    return Number(
        text("sid"),
        text("phone_number"),
        text("voice_url"),
        text("voice_method"),
        text("status_callback"),
        text("voice_application_sid"),
        text("trunk_sid"),
    )
