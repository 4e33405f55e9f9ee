"""One turn where things go wrong: attempts, refusals, and who is told what, once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.types import SendMessageRequest
from a2a.utils.errors import UnsupportedOperationError
from sqlalchemy import Connection, select, update

from channels.base import PREVIEW_OPENING, NotSent
from channels.events import Delta, Status, TurnState
from gateway.agent.scripted import ScriptedAgent
from gateway.agent.scripted.scripts import parse
from gateway.agent.scripted.stage import Traits
from gateway.bus.memory import MemoryBus
from gateway.errors import TooEarly
from gateway.store.tables import deliveries, turns
from gateway.turns import turn
from prompts import sentence
from tests.gateway.doubles import message
from tests.gateway.rig import rig
from tests.waiting import until

pytestmark = pytest.mark.anyio

NOBODY = "http://127.0.0.1:1"


def words(key: str) -> str:
    return sentence("gateway", key, "en")


class Refusing(ScriptedAgent):
    """Will not have our messages."""

    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        raise UnsupportedOperationError
        yield  # type: ignore[unreachable]  # makes this an async generator


async def test_an_agent_that_stays_away_is_excused_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "FIRST_WAIT_SECONDS", 0.01)
    async with rig(tmp_path, NOBODY) as house:
        await house.accept(message("e1"))
        await until(lambda: len(house.channel.previews) > 3)
        assert house.channel.texts == [words("unreachable")]


async def test_after_a_day_the_person_is_told_that_there_will_be_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "GIVE_UP_SECONDS", -1.0)
    async with rig(tmp_path, NOBODY) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == [words("gave_up")]


async def test_an_agent_that_refuses_is_not_asked_again(tmp_path: Path) -> None:
    agent = Refusing()
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == [words("refused")]
        assert await house.database.read(_stages) == ["failed"]


async def test_an_agent_that_does_not_even_take_the_message_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "TAKE_SECONDS", 0.1)
    agent = ScriptedAgent("silent")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == [words("unreachable")]


async def test_a_task_named_late_is_left_to_itself_without_saying_so_twice(
    tmp_path: Path,
) -> None:
    agent = ScriptedAgent("gate:named;task;gate:later;done:Here it is.")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.05) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        agent.open("named")
        await until(lambda: not house.chat._holds)
        assert await house.database.read(_stages) == ["detached"]
        agent.open("later")
        await house.channel.until_sent(2)
        assert house.channel.texts == [words("detached"), "Here it is."]


async def test_a_turn_that_rests_until_its_next_attempt_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "FIRST_WAIT_SECONDS", 3600.0)
    monkeypatch.setattr(turn, "LONGEST_WAIT_SECONDS", 3600.0)
    async with rig(tmp_path, NOBODY) as house:
        receipt = await house.accept(message("e1"))
        await house.channel.until_sent(1)
        await until(lambda: not house.chat._holds)
        assert await house.inbox.cancel(receipt.conversation)
        await house.channel.until_sent(2)
        assert house.channel.texts == [words("unreachable"), words("stopped")]


async def test_a_task_whose_id_was_lost_is_found_by_our_message(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;gate:go;say:lo;done", Traits(idempotent=False))
    async with agent.serving() as url:
        async with rig(tmp_path, url, worker="first") as house:
            await house.accept(message("e1"))
            await until(lambda: house.channel.previews and house.channel.previews[0].shown)
        # As if it had been killed before the task's id was written down.
        async with rig(tmp_path, NOBODY, worker="between") as house:
            await house.database.write(lambda c: c.execute(update(turns).values(task_id="")))
        async with rig(tmp_path, url, worker="second") as house:
            await until(lambda: house.channel.previews and house.channel.previews[0].shown)
            agent.open("go")
            await house.channel.until_sent(1)
            assert house.channel.texts == ["Hello"]
    assert len(agent.messages) == 1


async def test_a_preview_opens_only_once_what_was_said_before_is_out(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hello;done")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        house.channel.failures.append((NotSent("full", retry_after=3600), False))
        await house.accept(message("e1"))
        await until(lambda: not house.channel.failures)
        (remember,) = house.channel.remembers
        with pytest.raises(TooEarly):
            await remember(PREVIEW_OPENING)
        sent = deliveries.update().values(state="sent")
        await house.database.write(lambda c: c.execute(sent))
        await remember(PREVIEW_OPENING)


async def test_who_watched_a_worker_die_sees_the_reply_start_over(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;gate:go;say:lo;done")
    bus = MemoryBus()
    async with agent.serving() as url:
        async with rig(tmp_path, url, worker="first", bus=bus) as house:
            receipt = await house.accept(message("e1"))
            await until(lambda: house.channel.previews and house.channel.previews[0].shown)
        async with bus.follow(receipt.conversation) as live:
            async with rig(tmp_path, url, worker="second", bus=bus) as house:
                await until(lambda: house.channel.previews and house.channel.previews[0].shown)
                agent.open("go")
                await house.channel.until_sent(1)
            seen = [await anext(live) for _ in range(5)]
    answered = (receipt.id,)
    assert seen[:2] == [Status(1, TurnState.WORKING, messages=answered), Delta(1, "Hel")]
    assert seen[2:4] == [
        Status(1, TurnState.RETRYING, messages=answered),
        Status(1, TurnState.WORKING, messages=answered),
    ]
    assert seen[4] == Delta(1, "Hel")


def _stages(connection: Connection) -> list[str]:
    return list(connection.scalars(select(turns.c.state)))


async def test_an_agent_that_answers_nonsense_is_not_asked_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "BROKEN_ATTEMPTS", 2)
    agent = ScriptedAgent(lambda m: parse("error:boom" if m.text == "one" else "say:Fine."))
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "one"))
        await house.channel.until_sent(2)
        assert house.channel.texts[1] == words("gave_up")
        await house.accept(message("e2", "two"))
        await house.channel.until_sent(3)
        assert house.channel.texts[2] == "Fine."
