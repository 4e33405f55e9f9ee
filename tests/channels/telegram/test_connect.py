from __future__ import annotations

from dataclasses import replace

import pytest

from channels.telegram.config import TelegramConfig
from channels.telegram.connect import connect, inspect
from channels.telegram.simulator import TelegramSimulator

pytestmark = pytest.mark.anyio


async def test_connecting_sets_the_webhook_and_reports_it() -> None:
    simulator = TelegramSimulator()
    async with simulator.serving() as url:
        config = TelegramConfig(simulator.api.token, api_url=url, public_url="https://door.example")
        report = await connect(config)
        assert report.well
        assert simulator.api.webhook["url"] == "https://door.example/telegram/webhook"
        values = {row.label: row.value for row in report.rows}
        assert values["Bot"] == "@front_door_bot (42)"
        assert values["Webhook"] == "https://door.example/telegram/webhook"


async def test_inspecting_changes_nothing_and_says_what_to_do() -> None:
    simulator = TelegramSimulator()
    async with simulator.serving() as url:
        config = TelegramConfig(simulator.api.token, api_url=url, public_url="https://door.example")
        simulator.api.webhook = {"url": "https://old.example/x", "allowed_updates": ["message"]}
        simulator.api.last_error = "Wrong response from the webhook: 403 Forbidden"
        report = await inspect(config)
        assert not report.well
        remedies = {row.label: row.remedy for row in report.rows if row.remedy}
        assert set(remedies) == {"Webhook", "Updates", "Last error"}
        assert "secret" in remedies["Last error"]
        assert simulator.api.webhook["url"] == "https://old.example/x"
        # A bot that polls has no webhook to mind.
        simulator.api.webhook, simulator.api.last_error = {}, ""
        assert (await inspect(replace(config, public_url=""))).well


async def test_a_wrong_token_or_a_missing_url_is_a_row_with_a_remedy() -> None:
    simulator = TelegramSimulator()
    async with simulator.serving() as url:
        (row,) = (await inspect(TelegramConfig("43:WRONG", api_url=url))).rows
        assert "TELEGRAM_BOT_TOKEN" in row.remedy
        (row,) = (await connect(TelegramConfig(simulator.api.token, api_url=url))).rows
        assert "PUBLIC_URL" in row.remedy
