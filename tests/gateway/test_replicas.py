"""What the conductors of one replica do for those of another."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from channels.events import Status, TurnState
from gateway.agent.scripted import ScriptedAgent
from gateway.replicas import tie
from tests.gateway.bus.paper import PaperStore, replica
from tests.gateway.doubles import message
from tests.gateway.rig import rig
from tests.waiting import until

pytestmark = pytest.mark.anyio

LONG = 60.0
"""A lease, seconds: long enough that nothing here comes of its being renewed or running out."""


async def test_a_turn_is_stopped_by_whoever_hears_that_it_should(
    tmp_path: Path, redis_server: str
) -> None:
    agent = ScriptedAgent("say:Hel;gate:never")
    async with (
        replica(PaperStore(), redis_server) as here,
        replica(PaperStore(), redis_server) as there,
        agent.serving() as url,
        rig(tmp_path, url, worker="plays", lease=LONG, bus=here) as plays,
    ):
        tie(here, plays.chat, None)
        receipt = await plays.accept(message("e1", "hi"))
        await until(lambda: agent.received)
        async with (
            rig(tmp_path, url, worker="hears", lease=LONG, bus=there) as hears,
            there.follow(receipt.conversation) as live,
        ):
            assert await hears.inbox.cancel(receipt.conversation)
            with anyio.fail_after(10):
                async for event in live:
                    if isinstance(event, Status) and event.state is TurnState.CANCELED:
                        break


async def test_whoever_leaves_tells_the_others_what_there_is_to_do(
    tmp_path: Path, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody finds it by looking around.
    monkeypatch.setattr("gateway.chat.SWEEP_SECONDS", LONG)
    agent = ScriptedAgent("say:Hello;gate:end;done")
    async with (
        replica(PaperStore(), redis_server) as here,
        replica(PaperStore(), redis_server) as there,
        agent.serving() as url,
        rig(tmp_path, url, worker="stays", lease=LONG, bus=there) as stays,
    ):
        tie(there, stays.chat, None)
        async with rig(tmp_path, url, worker="leaves", lease=LONG, bus=here) as leaves:
            await leaves.accept(message("e1", "hi"))
            await until(lambda: agent.received)
        agent.open("end")
        assert await stays.channel.until_sent(1) == [{"to": "1", "text": "Hello"}]
