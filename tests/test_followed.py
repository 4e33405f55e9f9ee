"""Following one message through the house: by its log lines, and as one trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from channels.telegram.simulator import TelegramSimulator
from gateway.agent.scripted import ScriptedAgent
from gateway.seeing.tracing import Mark
from tests.collector import Collector, told
from tests.kill.house import House, house
from tests.waiting import until

pytestmark = pytest.mark.anyio

CHAT = 7_700_123_456
WORDS = "my doctor said something private"
TOKEN = "42:SIMULATED"


def settings(bot_url: str, collector: str, **more: str) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": bot_url,
        "DEBOUNCE_SECONDS": "0.05",
        "LEASE_SECONDS": "1",
        "DRAIN_SECONDS": "0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        **more,
    }


def lines(door: House, **having: object) -> list[dict[str, Any]]:
    """The lines of a replica's log that have these fields."""
    told = [json.loads(line) for line in door.log.splitlines() if line.startswith("{")]
    return [line for line in told if having.items() <= line.items()]


def events(door: House, trace: str) -> list[str]:
    """What one `grep` over a replica's log finds of a trace."""
    found = [line for line in door.log.splitlines() if trace in line]
    return [json.loads(line)["event"] for line in found]


async def test_one_message_is_one_trace_from_the_webhook_to_the_delivery(tmp_path: Path) -> None:
    bot, collector = TelegramSimulator(TOKEN), Collector()
    async with (
        bot.serving() as bot_url,
        collector.serving() as otlp,
        # Served by the shipped agent, which joins in.
        house(tmp_path, settings(bot_url, otlp)) as door,
    ):
        await bot.say(CHAT, f"note: {WORDS}")
        await bot.until(lambda: bot.messages(CHAT))
        await until(lambda: collector.named("delivery.send"))
        assert await anyio.to_thread.run_sync(door.stop) == 0
        (accepted,) = lines(door, event="message_accepted")
    first = Mark.of_message(accepted["message"])
    assert collector.traces() == {accepted["trace"]} == {first.trace_id}
    assert collector.names() == [
        "agent.ask",
        "agent.serve",
        "delivery.send",
        "message.receive",
        "turn.play",
    ]
    spans = {span.name: span for span in collector.spans}
    below = {name: span.parent_span_id.hex() for name, span in spans.items()}
    assert below == {
        "message.receive": "",
        "turn.play": spans["message.receive"].span_id.hex(),
        "agent.ask": spans["turn.play"].span_id.hex(),
        "agent.serve": spans["agent.ask"].span_id.hex(),
        "delivery.send": spans["message.receive"].span_id.hex(),
    }
    assert told(spans["delivery.send"])["frontdoor.channel"] == "telegram"
    for secret in ("private", str(CHAT), TOKEN, TOKEN.partition(":")[2]):
        assert secret.encode() not in collector.raw
        assert secret not in door.log


async def test_a_message_that_two_replicas_worked_on_is_found_by_one_id_in_the_logs_of_both(
    tmp_path: Path, postgres: str
) -> None:
    bot, collector = TelegramSimulator(TOKEN), Collector()
    agent = ScriptedAgent("task;gate:known;say:It is nothing.")
    async with bot.serving() as bot_url, collector.serving() as otlp, agent.serving() as url:
        given = settings(bot_url, otlp, DATABASE_URL=postgres, AGENT_URL=url, LOG_PII="on")
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        async with house(tmp_path / "one", given) as one:
            await bot.say(CHAT, WORDS)
            await until(lambda: lines(one, event="task_started"))
            # It hands its turn over, for it may not wait for it.
            assert await anyio.to_thread.run_sync(one.stop) == 0
            async with house(tmp_path / "two", given) as two:
                await until(lambda: lines(two, event="turn_started"))
                agent.open("known")
                await bot.until(lambda: bot.messages(CHAT))
                await until(lambda: lines(two, event="delivered"))
                assert await anyio.to_thread.run_sync(two.stop) == 0
    (accepted,) = lines(one, event="message_accepted")
    trace = accepted["trace"]
    assert events(one, trace)[:3] == ["message_accepted", "turn_started", "task_started"]
    # How it comes by the answer, by the task's stream or by asking, is the wire's chance.
    by_chance = {"task_started", "agent_stream_refused", "agent_stream_broken"}
    assert [e for e in events(two, trace) if e not in by_chance] == [
        "turn_started",
        "turn_ended",
        "delivered",
    ]
    (begun,), (ended,) = lines(two, event="turn_started"), lines(two, event="turn_ended")
    (delivered,) = lines(two, event="delivered")
    assert begun["messages"] == [accepted["message"]]
    assert begun["attempt"] == 2
    assert begun["conversation"] == accepted["conversation"]
    assert delivered["turn"] == ended["turn"] == begun["turn"]
    assert delivered["reply"] == ended["reply"]
    # Whose it was is told in marked fields only, of which there may be some.
    assert accepted["pii_from"] == f"telegram:{CHAT}"
    for line in (*lines(one), *lines(two)):
        plain = {key: value for key, value in line.items() if not key.startswith("pii_")}
        assert str(CHAT) not in json.dumps(plain)
        assert WORDS not in json.dumps(line)
    assert collector.traces() == {trace}
    assert len(collector.named("turn.play")) == 2
