"""What the doctor learns from outside: who reaches us, whose keys are taken, what time it is."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from gateway.commands.banner import MAKERS, Speech
from gateway.settings import Settings

if TYPE_CHECKING:
    import httpx

State = Literal["ok", "off", "warn", "wrong"]

CLOCK_TOLERANCE_SECONDS = 5.0
"""Leases and signatures tolerate about so much."""

PATIENCE_SECONDS = 5.0

_CARTESIA_VERSION = "2026-08-14"

_LISTS = {"groq": "/openai/v1/models", "openai": "/models", "cartesia": "/voices?limit=1"}
"""Something of each service that costs nothing to ask for, and needs a key."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    state: State
    text: str
    remedy: str = ""


async def reach(settings: Settings) -> list[Finding]:
    """Whether the world reaches us where PUBLIC_URL says, for requests and for sockets."""
    url = settings.public_url
    if not url:
        remedy = "Set PUBLIC_URL to https://… to be reached by others."
        return [Finding("Reach", "off", "only this machine reaches us", remedy)]
    if not url.startswith("https://"):
        remedy = "Telegram and microphones in browsers need https: put a proxy with a certificate "
        remedy += "in front."
        return [Finding("Reach", "warn", f"{url} is not https", remedy)]
    found = [await door(url)]
    if found[0].state == "ok":
        found.append(await socket(url))
    if not settings.api_token:
        text = "/a2a, /v1 and /metrics are closed to everybody"
        found.append(Finding("API token", "warn", text, "Set API_TOKEN to read them from outside."))
    return found


async def door(url: str) -> Finding:
    """Whether it is us who answer at our public URL."""
    import httpx  # noqa: PLC0415 - doctor only

    try:
        async with _client() as client:
            answer = await client.get(f"{url}/healthz")
        ours = answer.json() == {"status": "ok"}
    except httpx.HTTPError as error:
        remedy = (
            "Check the name, the certificate and the proxy, and that frontdoor serve runs. Some "
            "networks do not let a machine reach itself by its public name: then ask from another."
        )
        return Finding("Reach", "wrong", f"{url}: {type(error).__name__}", remedy)
    except ValueError:
        ours = False
    if not ours:
        remedy = f"Have the proxy pass every path of {url} on to us, unchanged."
        return Finding("Reach", "wrong", f"{url}: somebody else answers there", remedy)
    return Finding("Reach", "ok", url)


async def socket(url: str) -> Finding:
    """Whether sockets get through at our public URL."""
    from websockets.asyncio.client import connect  # noqa: PLC0415 - doctor only
    from websockets.exceptions import WebSocketException  # noqa: PLC0415

    try:
        place = url.replace("http", "ws", 1) + "/web/socket"
        async with connect(place, open_timeout=PATIENCE_SECONDS, close_timeout=1):
            return Finding("Sockets", "ok", "reach us as well")
    except (WebSocketException, OSError, TimeoutError):
        remedy = "Have the proxy pass WebSockets on: the widget and Twilio's calls come by them."
        return Finding("Sockets", "wrong", f"none gets through at {url}", remedy)


async def speech(settings: Settings) -> list[Finding]:
    """Whether there are ears and voices, and whether those who sell them take our keys."""
    asked = Speech.of(settings)
    if not asked.takes_calls or asked.knows_phrases_only:
        return [Finding("Speech", "off", asked.text, asked.remedy)]
    # Who answers for more than one part is asked once.
    remote = [n for n in dict.fromkeys((*asked.ears, *asked.voices)) if n in _LISTS]
    return [
        Finding("Speech", "ok", asked.text),
        *[await provider(settings, name) for name in remote],
    ]


async def provider(settings: Settings, name: str) -> Finding:
    """Whether a speech service is there and takes our key."""
    import httpx  # noqa: PLC0415 - doctor only

    variable, maker = f"{name.upper()}_API_KEY", MAKERS[name]
    key = getattr(settings, f"{name}_api_key")
    base = getattr(settings, f"{name}_base_url").rstrip("/")
    # A server of one's own may want none.
    if not key and base == getattr(Settings(), f"{name}_base_url"):
        return Finding(maker, "wrong", "no key", f"Set {variable}.")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if name == "cartesia":
        headers["Cartesia-Version"] = _CARTESIA_VERSION
    began = time.perf_counter()
    try:
        async with _client() as client:
            status = (await client.get(base + _LISTS[name], headers=headers)).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = f"Check the network, and {name.upper()}_BASE_URL."
        return Finding(maker, "wrong", f"{base}: {type(error).__name__}", remedy)
    took = f"{(time.perf_counter() - began) * 1000:.0f} ms"
    match status:
        case 401 | 403:
            return Finding(maker, "wrong", f"it refuses us ({status})", f"Check {variable}.")
        case 429:
            return Finding(maker, "warn", "it has no more for us now (429)", "Look at your plan.")
        case _ if status >= 500:  # noqa: PLR2004 - HTTP server errors
            return Finding(maker, "wrong", f"out of order ({status})", "Look at its status page.")
    return Finding(maker, "ok", f"answers in {took}")


async def clock(settings: Settings) -> list[Finding]:
    """Compare our clock with the Date header of whoever we talk to anyway."""
    import httpx  # noqa: PLC0415 - doctor only

    asked = (
        settings.telegram_api_url if settings.telegram_bot_token else "",
        settings.agent_url,
        settings.groq_base_url if settings.groq_api_key else "",
        settings.public_url,
    )
    url = next((place for place in asked if place), "")
    if not url:
        return [Finding("Clock", "off", "nobody to compare it with on this machine")]
    try:
        async with _client() as client:
            date = (await client.head(url)).headers.get("date", "")
        skew = parsedate_to_datetime(date).timestamp() - time.time()
    except (httpx.HTTPError, ValueError, TypeError):
        return [Finding("Clock", "off", "nobody told the time")]
    # The header has whole seconds.
    if abs(skew) > CLOCK_TOLERANCE_SECONDS:
        way = "slow" if skew > 0 else "fast"
        text = f"{abs(skew):.0f} s {way}"
        return [Finding("Clock", "wrong", text, "Let NTP set this machine's clock.")]
    return [Finding("Clock", "ok", "agrees with the world's")]


def as_json(findings: list[Finding]) -> str:
    """The report for scripts: a list of objects."""
    return json.dumps(
        [{"name": f.name, "state": f.state, "text": f.text, "remedy": f.remedy} for f in findings],
        ensure_ascii=False,
        indent=2,
    )


def _client() -> httpx.AsyncClient:
    import httpx  # noqa: PLC0415 - doctor only

    return httpx.AsyncClient(timeout=PATIENCE_SECONDS)
