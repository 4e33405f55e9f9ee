"""The whole product as `make run` starts it, killed while people use it: the agent inside dies
with it, and still nothing is lost, done twice or left unsaid."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from channels.telegram.simulator import TelegramSimulator
from prompts import sentence
from tests.kill.house import House, house
from tests.kill.people import Visitor

pytestmark = pytest.mark.anyio

PEOPLE = 3
THINGS = 6
"""What each of them asks for; every third is a reminder."""
KILLS = 5
REPEAT = sentence("telegram", "repeat")
APOLOGIES = [sentence("agent", key) for key in ("interrupted", "failed", "empty")]


def request(thing: str) -> str:
    """What is said to have a thing done: `w0x2` is the web's person 0's thing 2."""
    if int(thing[-1]) % 3 == 2:
        return f"remind me in 3 seconds to see to {thing}"
    return f"add a task: see to {thing}"


def things(text: str) -> list[str]:
    return re.findall(r"see to ([wt]\d+x\d+)", text, re.IGNORECASE)


def asked(door: str) -> list[str]:
    return [f"{door}{person}x{n}" for person in range(PEOPLE) for n in range(THINGS)]


def reminders(door: str) -> list[str]:
    return [thing for thing in asked(door) if request(thing).startswith("remind")]


async def test_kills_leave_each_thing_done_once_and_answered_once(tmp_path: Path) -> None:
    dice = random.Random(1)  # noqa: S311 - a script to be repeated, not a secret
    bot = TelegramSimulator()
    async with bot.serving() as bot_url:
        settings = {
            "TELEGRAM_BOT_TOKEN": bot.api.token,
            "TELEGRAM_API_URL": bot_url,
            "LEASE_SECONDS": "1",
            "DEBOUNCE_SECONDS": "0.1",
        }
        async with house(tmp_path, settings) as door, anyio.create_task_group() as tasks:
            visitors = [Visitor(door.url) for _ in range(PEOPLE)]
            for visitor in visitors:
                tasks.start_soon(visitor.run)
            with anyio.fail_after(60):
                async with anyio.create_task_group() as busy:
                    busy.start_soon(killer, door, dice)
                    for person in range(PEOPLE):
                        busy.start_soon(on_the_web, visitors[person], person, dice)
                        busy.start_soon(to_the_bot, bot, person, dice)
                web = [text for visitor in visitors for text in visitor.texts("agent")]
                while not told(web, "w") or not told(texts(bot), "t"):
                    await anyio.sleep(0.1)
                    web = [text for visitor in visitors for text in visitor.texts("agent")]
            records = await recorded(door)
            tasks.cancel_scope.cancel()
    assert door.kills == KILLS
    assert "Traceback" not in door.log
    # The kills must have hit somebody in the middle of a turn, or nothing is proven.
    assert '"attempt": 2' in door.log
    check(web, "w")
    check(texts(bot), "t", labelled=True)
    assert all(visitor.doubles == 0 for visitor in visitors)
    made = Counter(thing for record in records for thing in things(record["title"]))
    assert made == dict.fromkeys([*asked("w"), *asked("t")], 1)
    states = {thing: record["state"] for record in records for thing in things(record["title"])}
    due = {*reminders("w"), *reminders("t")}
    assert {thing for thing, state in states.items() if state == "done"} == due


async def killer(door: House, dice: random.Random) -> None:
    for _ in range(KILLS):
        await anyio.sleep(dice.uniform(0.1, 0.8))
        door.kill()
        door.start()
        await door.ready()


async def on_the_web(visitor: Visitor, person: int, dice: random.Random) -> None:
    for n in range(THINGS):
        await anyio.sleep(dice.uniform(0, 2.5))
        await visitor.say(request(f"w{person}x{n}"))


async def to_the_bot(bot: TelegramSimulator, person: int, dice: random.Random) -> None:
    for n in range(THINGS):
        await anyio.sleep(dice.uniform(0, 2.5))
        await bot.say(100 + person, request(f"t{person}x{n}"))


def texts(bot: TelegramSimulator) -> list[str]:
    return [shown.text for person in range(PEOPLE) for shown in bot.messages(100 + person)]


def rung(text: str) -> bool:
    """Whether the text is a reminder that fires."""
    return text.startswith("⏰")


def counted(told: list[str]) -> tuple[Counter[str], Counter[str]]:
    """How often each thing was answered, and how often its reminder rang.

    A notice may stand beside an answer, so each line is looked at.
    """
    lines = [line for text in told for line in text.splitlines()]
    answered = Counter(thing for line in lines if not rung(line) for thing in things(line))
    return answered, Counter(thing for line in lines if rung(line) for thing in things(line))


def told(heard: list[str], door: str) -> bool:
    answered, rang = counted(heard)
    return not ({*asked(door)} - {*answered}) and not ({*reminders(door)} - {*rang})


def check(heard: list[str], door: str, *, labelled: bool = False) -> None:
    """Everything was said, nobody had to apologise, and a repeat said that it may be one."""
    assert not [text for text in heard if any(apology in text for apology in APOLOGIES)]
    unlabelled = [text for text in heard if not labelled or REPEAT not in text]
    everything = (asked(door), reminders(door))
    for expected, all_of_it, plain in zip(
        everything, counted(heard), counted(unlabelled), strict=True
    ):
        assert all_of_it.keys() == {*expected}
        assert max(plain.values()) == 1
        assert labelled or plain == all_of_it


async def recorded(door: House) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=door.url, trust_env=False) as http:
        page = (await http.get("/v1/tasks", params={"limit": 200})).json()
    return list(page["items"])
