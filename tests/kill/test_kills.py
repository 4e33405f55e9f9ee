"""Nothing is lost and nothing is said twice, whenever the process is killed."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import anyio
import pytest

from channels.telegram.simulator import TelegramSimulator
from gateway.agent.scripted import Received, ScriptedAgent
from gateway.agent.scripted.scripts import Say, Step, Wait
from prompts import sentence
from tests.kill.house import House, free_port, house
from tests.kill.people import Visitor

pytestmark = pytest.mark.anyio

PEOPLE = 3
MESSAGES = 8
KILLS = 6
REPEAT = sentence("telegram", "repeat")


def numbers(text: str) -> list[str]:
    """The messages a text is about: `<ann-3>`."""
    return re.findall(r"<([a-z]+\d-\d+)>", text)


def answer(received: Received) -> list[Step]:
    """Name each message that was asked, slowly enough to be killed in the middle."""
    steps: list[Step] = []
    for number in numbers(received.text):
        steps += [Say("Here is "), Wait(0.1), Say(f"<{number}>"), Wait(0.1), Say(". ")]
    return steps


async def killer(door: House, agent: ScriptedAgent, dice: random.Random) -> None:
    """Kill at random moments, most of them while somebody is being answered."""
    for _ in range(KILLS):
        with anyio.move_on_after(2):
            while not agent.lines:  # noqa: ASYNC110 - the agent tells nobody
                await anyio.sleep(0.01)
        await anyio.sleep(dice.uniform(0, 0.2))
        door.kill()
        door.start()
        await door.ready()


@pytest.mark.parametrize("way", ["webhook", "polling"])
async def test_kills_lose_nothing_and_repeat_nothing_unlabelled(tmp_path: Path, way: str) -> None:
    dice = random.Random(way)  # noqa: S311 - a script to be repeated, not a secret
    agent, bot = ScriptedAgent(answer), TelegramSimulator()
    async with agent.serving() as agent_url, bot.serving() as bot_url:
        settings = {
            "AGENT_URL": agent_url,
            "TELEGRAM_BOT_TOKEN": bot.api.token,
            "TELEGRAM_API_URL": bot_url,
            "LEASE_SECONDS": "1",
            "DEBOUNCE_SECONDS": "0.1",
        }
        port = free_port()
        if way == "webhook":
            settings["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        async with house(tmp_path, settings, port) as door, anyio.create_task_group() as tasks:
            visitors = [Visitor(door.url) for _ in range(PEOPLE)]
            for visitor in visitors:
                tasks.start_soon(visitor.run)
            with anyio.fail_after(120):
                async with anyio.create_task_group() as busy:
                    busy.start_soon(killer, door, agent, dice)
                    for person in range(PEOPLE):
                        busy.start_soon(write_on_the_web, visitors[person], person, dice)
                        busy.start_soon(write_to_the_bot, bot, person, dice)
                await until_answered(visitors, bot)
            tasks.cancel_scope.cancel()
            check_the_web(visitors)
            check_the_bot(bot)
            check_the_agent(agent)
            assert door.kills == KILLS
            # The kills must have hit somebody in the middle of a turn, or nothing is proven.
            assert '"attempt": 2' in door.log
            assert "Traceback" not in door.log


async def write_on_the_web(visitor: Visitor, person: int, dice: random.Random) -> None:
    for n in range(MESSAGES):
        await anyio.sleep(dice.uniform(0, 1.5))
        await visitor.say(f"This is <web{person}-{n}>")


async def write_to_the_bot(bot: TelegramSimulator, person: int, dice: random.Random) -> None:
    for n in range(MESSAGES):
        await anyio.sleep(dice.uniform(0, 1.5))
        await bot.say(100 + person, f"This is <bot{person}-{n}>")


async def until_answered(visitors: list[Visitor], bot: TelegramSimulator) -> None:
    def answered() -> bool:
        seen = {n for visitor in visitors for n in said(visitor.texts("agent"))}
        for person in range(PEOPLE):
            # A labelled answer is one too: the first may have died on its way out.
            seen |= {n for shown in bot.messages(100 + person) for n in numbers(shown.text)}
        return len(seen) == 2 * PEOPLE * MESSAGES

    while not answered():  # noqa: ASYNC110 - many things change together
        await anyio.sleep(0.1)


def said(texts: list[str]) -> list[str]:
    return [number for text in texts if REPEAT not in text for number in numbers(text)]


def check_the_web(visitors: list[Visitor]) -> None:
    for person, visitor in enumerate(visitors):
        expected = [f"web{person}-{n}" for n in range(MESSAGES)]
        assert said(visitor.texts("user")) == expected
        assert said(visitor.texts("agent")) == expected
        assert sorted(visitor.log) == list(range(1, len(visitor.log) + 1))
        assert visitor.doubles == 0
        assert visitor.outbox == {}
        assert visitor.reconnects >= 1


def check_the_bot(bot: TelegramSimulator) -> None:
    for person in range(PEOPLE):
        texts = [shown.text for shown in bot.messages(100 + person)]
        heard = Counter(number for text in texts for number in numbers(text))
        unlabelled = Counter(said(texts))
        for n in range(MESSAGES):
            assert heard[f"bot{person}-{n}"] >= 1
            assert unlabelled[f"bot{person}-{n}"] <= 1, texts
        assert list(dict.fromkeys(n for text in texts for n in numbers(text))) == [
            f"bot{person}-{n}" for n in range(MESSAGES)
        ]


def check_the_agent(agent: ScriptedAgent) -> None:
    asked = Counter(number for message in agent.messages for number in numbers(message.text))
    assert len(asked) == 2 * PEOPLE * MESSAGES
    assert set(asked.values()) == {1}
