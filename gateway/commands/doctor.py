"""`frontdoor doctor`: how each part stands, and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.commands import probing
from gateway.commands.probing import Finding, State
from gateway.errors import AgentError, SettingsError, StoreError
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.engine import Database
from gateway.wiring.accounts import bot_of, phone_of
from gateway.wiring.storing import place_of, trial

if TYPE_CHECKING:
    from channels.report import Report

TWO = 2
"""Replicas, while one replaces another."""


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything, each check on its own, so that one failure hides no other."""
    findings = [Finding("Settings", "ok", "read and well formed")]
    checks: list[Callable[[Settings], Awaitable[list[Finding]]]] = [
        probing.reach,
        _database,
        _redis,
        _files,
        _agent,
        _telegram,
        _phone,
        probing.speech,
        probing.clock,
    ]
    for check in checks:
        findings += await check(settings)
    return findings


async def _database(settings: Settings) -> list[Finding]:
    if not settings.database_url and not (settings.data_dir / "frontdoor.db").exists():
        return [Finding("Database", "ok", f"none yet in {settings.data_dir}/; serve makes it")]
    try:
        database = Database(settings.database)
        try:
            version = await to_thread.run_sync(migrate.current, database.engine)
            room = await database.read(capacity, settings.database_pool)
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
    found = [Finding("Database", "ok", f"reachable, schema {version}")]
    return [*found, room] if room else found


def capacity(connection: Connection, pool: int) -> Finding | None:
    """How many replicas the server has connections for; None for a database that has no server."""
    if connection.dialect.name != "postgresql":
        return None
    most, kept, used = connection.execute(
        text(
            "SELECT current_setting('max_connections')::int, "
            "current_setting('superuser_reserved_connections')::int, "
            "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
        )
    ).one()
    # The shipped agent has as large a pool of its own.
    replicas = (most - kept) // (pool * 2)
    words = f"{used} of {most - kept} connections in use; enough for {replicas} replicas"
    if replicas >= TWO:
        return Finding("Connections", "ok", words)
    remedy = "Lower DATABASE_POOL, or raise max_connections of the server, or put a pooler between."
    return Finding("Connections", "warn" if replicas else "wrong", words, remedy)


async def _files(settings: Settings) -> list[Finding]:
    if not settings.s3_bucket:
        return [Finding("Files", "ok", f"in {settings.data_dir}/files, on this machine")]
    try:
        wrong = await trial(place_of(settings))
    except SettingsError as error:
        return [Finding("Files", "wrong", "no library for S3_BUCKET", str(error))]
    bucket = f"bucket {settings.s3_bucket}"
    if wrong:
        return [
            Finding(
                "Files",
                "wrong",
                f"{bucket}: cannot {wrong}",
                "Check S3_BUCKET, AWS_ENDPOINT_URL and AWS_REGION, and that AWS_ACCESS_KEY_ID may "
                "write, read and delete there.",
            )
        ]
    served = "browsers fetch from it" if settings.links else "downloads go through us"
    return [Finding("Files", "ok", f"{bucket}: written, read and deleted; {served}")]


async def _redis(settings: Settings) -> list[Finding]:
    if not settings.redis_url:
        alone = settings.database.startswith("sqlite")
        words = "not needed with SQLite" if alone else "none: replicas poll the database"
        return [Finding("Redis", "off", words, "" if alone else "Set REDIS_URL for more of them.")]
    try:
        from gateway.bus.checking import inspect  # noqa: PLC0415 - only who has a Redis
    except ModuleNotFoundError as error:
        remedy = f"pip install {error.name}"
        return [Finding("Redis", "wrong", "no client for REDIS_URL", remedy)]
    report = await inspect(settings.redis_url, settings.redis_ca_file)
    state: State = "wrong" if not report.works else "warn" if report.remedy else "ok"
    return [Finding("Redis", state, report.text, report.remedy)]


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


def reported(report: Report) -> list[Finding]:
    """What a channel says of its platform, as findings."""
    return [
        Finding(row.label, "wrong" if row.remedy else "ok", row.value, row.remedy)
        for row in report.rows
    ]


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
