"""The short form of `make chaos`: every message is answered once, whatever is killed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import anyio
import pytest

from tests.chaos.agent import numbers
from tests.chaos.callers import hearing
from tests.chaos.parts import parts
from tests.chaos.report import show
from tests.chaos.rounds import Rounds
from tests.services import ServiceMissing

pytestmark = pytest.mark.anyio

KILLS, FEWER = 15, 6
SEED = 4


async def test_nothing_is_lost_and_nothing_said_twice(tmp_path: Path) -> None:
    dice = Random(SEED)  # noqa: S311 - a script to be repeated, not a secret
    try:
        async with hearing() as (speech, settings), parts(tmp_path, dice, settings) as built:
            rounds = Rounds(built, dice, size=2, speech=speech)
            await rounds.play(KILLS)
            show(rounds, SEED)
    except ServiceMissing as missing:
        pytest.skip(str(missing))
    assert rounds.result.details == []
    assert rounds.result.answers == rounds.result.messages.total()
    # The kills must have hit somebody in the middle of a turn, or nothing is proven.
    assert rounds.result.recoveries


async def test_the_shipped_agent_does_each_thing_once(tmp_path: Path) -> None:
    dice = Random(SEED)  # noqa: S311 - a script to be repeated, not a secret
    try:
        async with parts(tmp_path, dice, shipped=True) as built:
            rounds = Rounds(built, dice, size=1, words="add a task: see to {}")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(rounds.trouble.agent_dies)
                await rounds.play(FEWER)
            show(rounds, SEED)
            made = await built.ask("SELECT title FROM agents_tasks")
    except ServiceMissing as missing:
        pytest.skip(str(missing))
    assert rounds.result.details == []
    assert built.agent.deaths
    things = Counter(number for (title,) in made for number in numbers(title.lower()))
    assert set(things.values()) == {1}
    assert things.total() == rounds.result.messages.total() == rounds.result.answers
