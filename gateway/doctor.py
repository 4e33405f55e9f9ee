"""`frontdoor doctor`: how each part stands, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, cast

import anyio
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.banner import Speech
from gateway.errors import AgentError, StoreError
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.engine import Database

if TYPE_CHECKING:
    from channels.report import Report
    from channels.telegram.config import TelegramConfig
    from channels.twilio.config import Notices, PhoneConfig

State = Literal["ok", "off", "warn", "wrong"]

CLOCK_TOLERANCE_SECONDS = 5.0
"""Leases and signatures tolerate about so much."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    state: State
    text: str
    remedy: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything, each check on its own, so that one failure hides no other."""
    findings = [Finding("Settings", "ok", "read and well formed")]
    checks: list[Callable[[Settings], Awaitable[list[Finding]]]] = [
        _public,
        _database,
        _agent,
        _telegram,
        _phone,
        _speech,
        _clock,
    ]
    for check in checks:
        findings += await check(settings)
    return findings


async def _public(settings: Settings) -> list[Finding]:
    if not settings.public_url:
        return [
            Finding(
                "Reach",
                "off",
                "only this machine reaches us",
                "Set PUBLIC_URL to https://… to be reached by others.",
            )
        ]
    if not settings.public_url.startswith("https://"):
        return [
            Finding(
                "Reach",
                "warn",
                f"{settings.public_url} is not https",
                "Telegram and browsers' microphones need https; put a proxy with a certificate "
                "in front.",
            )
        ]
    findings = [Finding("Reach", "ok", settings.public_url)]
    if not settings.api_token:
        findings.append(
            Finding(
                "API token",
                "warn",
                "/a2a, /v1 and /metrics are closed to everybody",
                "Set API_TOKEN to read them from outside.",
            )
        )
    return findings


async def _database(settings: Settings) -> list[Finding]:
    if not settings.database_url and not (settings.data_dir / "frontdoor.db").exists():
        return [Finding("Database", "ok", f"none yet in {settings.data_dir}/; serve makes it")]
    try:
        database = Database(settings.database)
        try:
            version = await to_thread.run_sync(migrate.current, database.engine)
        finally:
            database.close()
    except (SQLAlchemyError, StoreError, OSError) as error:
        return [
            Finding(
                "Database",
                "wrong",
                type(error).__name__,
                "Check DATABASE_URL and that the server runs, or that DATA_DIR can be written.",
            )
        ]
    if version is None:
        return [Finding("Database", "ok", "reachable and empty; serve fills it")]
    if version != migrate.head():
        return [
            Finding(
                "Database",
                "warn",
                f"schema {version}, this version has {migrate.head()}",
                "frontdoor serve brings it up to date.",
            )
        ]
    return [Finding("Database", "ok", f"reachable, schema {version}")]


async def _agent(settings: Settings) -> list[Finding]:
    url = settings.agent_url or settings.local_url
    token = settings.agent_token if settings.agent_url else settings.api_token
    agent = A2AAgent(A2AConfig(url=url, token=token))
    try:
        with anyio.fail_after(10):
            about = await agent.about()
    except (AgentError, TimeoutError) as error:
        remedy = (
            "Check AGENT_URL and AGENT_TOKEN, and that the agent runs."
            if settings.agent_url
            else "The shipped agent runs inside frontdoor serve: start that."
        )
        return [Finding("Agent", "wrong", str(error) or "no answer within 10 s", remedy)]
    finally:
        await agent.close()
    findings = [Finding("Agent", "ok", f"{about.name} {about.version} at {url}")]
    if not about.streaming:
        findings.append(
            Finding("Agent", "warn", "it does not stream", "Answers appear only when complete.")
        )
    return findings


async def _telegram(settings: Settings) -> list[Finding]:
    if not settings.telegram_bot_token:
        return [Finding("Telegram", "off", "no bot", "Set TELEGRAM_BOT_TOKEN, from @BotFather.")]
    from channels.telegram.connect import inspect  # noqa: PLC0415 - only who has a bot

    return reported(await inspect(bot_of(settings)))


def bot_of(settings: Settings) -> TelegramConfig:
    """The bot as these settings describe it."""
    from channels.telegram.config import TelegramConfig  # noqa: PLC0415 - only who has a bot

    return TelegramConfig(
        token=settings.telegram_bot_token,
        secret=settings.telegram_webhook_secret,
        api_url=settings.telegram_api_url,
        public_url=settings.public_url,
    )


async def _phone(settings: Settings) -> list[Finding]:
    if not settings.twilio_auth_token:
        return [
            Finding(
                "Phone",
                "off",
                "simulated phones only, by frontdoor call",
                "Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER.",
            )
        ]
    from channels.twilio.connect import inspect  # noqa: PLC0415 - only who has a number

    return reported(await inspect(phone_of(settings)))


async def _speech(settings: Settings) -> list[Finding]:
    speech = Speech.of(settings)
    if not speech.takes_calls or speech.knows_phrases_only:
        return [Finding("Speech", "off", speech.text, speech.remedy)]
    vendors = Settings()
    missing = [
        f"{name.upper()}_API_KEY"
        for name in ("groq", "openai", "cartesia")
        if name in (*speech.ears, *speech.voices)
        and not getattr(settings, f"{name}_api_key")
        # A server of one's own may want none.
        and getattr(settings, f"{name}_base_url") == getattr(vendors, f"{name}_base_url")
    ]
    if missing:
        return [Finding("Speech", "wrong", speech.text, f"Set {' and '.join(missing)}.")]
    return [Finding("Speech", "ok", speech.text)]


def phone_of(settings: Settings, token: str = "") -> PhoneConfig:
    """The phone as these settings describe it; `token` stands in for one that is not set."""
    from channels.twilio.config import PhoneConfig  # noqa: PLC0415 - see above

    return PhoneConfig(
        auth_token=settings.twilio_auth_token or token,
        webhook_key=settings.twilio_webhook_key,
        account_sid=settings.twilio_account_sid,
        number=settings.twilio_phone_number,
        api_url=settings.twilio_api_url,
        public_url=settings.public_url,
        port=settings.port,
        transfer_number=settings.transfer_number,
        locale=settings.voice_locale,
        notices=cast("Notices", settings.phone_notices),
        announce_recording=settings.record_calls == "on",
    )


def reported(report: Report) -> list[Finding]:
    """What a channel says of its platform, as findings."""
    return [
        Finding(row.label, "wrong" if row.remedy else "ok", row.value, row.remedy)
        for row in report.rows
    ]


async def _clock(settings: Settings) -> list[Finding]:
    """Compare our clock with the Date header of whoever we talk to anyway."""
    import httpx  # noqa: PLC0415 - doctor only

    url = settings.telegram_api_url if settings.telegram_bot_token else settings.agent_url
    if not url:
        return [Finding("Clock", "off", "nobody to compare it with on this machine")]
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            date = (await client.head(url)).headers.get("date", "")
        skew = abs(parsedate_to_datetime(date).timestamp() - time.time())
    except (httpx.HTTPError, ValueError, TypeError):
        return [Finding("Clock", "off", "nobody told the time")]
    if skew > CLOCK_TOLERANCE_SECONDS:
        return [Finding("Clock", "wrong", f"{skew:.0f} s off", "Let NTP set this machine's clock.")]
    return [Finding("Clock", "ok", "agrees with the world's")]


def show(findings: list[Finding]) -> None:
    """Print the report."""
    from rich.console import Console  # noqa: PLC0415 - commands only
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    marks = {"ok": "[green]●[/]", "off": "[dim]○[/]", "warn": "[yellow]▲[/]", "wrong": "[red]✗[/]"}
    report = Table.grid(padding=(0, 1))
    report.add_column(no_wrap=True)
    report.add_column(no_wrap=True)
    report.add_column(overflow="fold")
    for finding in findings:
        report.add_row(marks[finding.state], finding.name, escape(finding.text))
        if finding.remedy:
            report.add_row("", "", f"[dim]{escape(finding.remedy)}[/]")
    Console(highlight=False).print(report)
