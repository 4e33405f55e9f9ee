"""What becomes of a delivery that did not plainly succeed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.base import ChannelError, MaybeSent, NotSent, Outgoing, Refused, Unreachable
from channels.events import Address
from gateway.agent.scripted import ScriptedAgent
from gateway.delivery import DOUBTFUL_ATTEMPTS, GIVE_UP_SECONDS, LONGEST_WAIT_SECONDS, verdict
from gateway.store.base import Delivery, DeliveryState
from gateway.store.tables import addresses
from tests.gateway.doubles import PaperChannel, message
from tests.gateway.rig import rig
from tests.waiting import until

FIRST = Delivery(
    id=1,
    channel="paper",
    address=Address("paper", "1"),
    outgoing={},
    ref="",
    doubtful=False,
    attempts=1,
    created_at=1000.0,
)
NOW = 1000.0
FAILED = (DeliveryState.FAILED, 0.0)


def test_what_surely_did_not_go_out_is_tried_again_ever_more_patiently() -> None:
    waits = [verdict(replace(FIRST, attempts=n), NotSent(""), NOW)[1] for n in range(1, 10)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_WAIT_SECONDS


def test_the_platform_says_how_long_to_wait() -> None:
    asked = NotSent("slow down", retry_after=17.0)
    assert verdict(FIRST, asked, NOW) == (DeliveryState.PENDING, 17.0)


def test_what_may_have_gone_out_is_unknown() -> None:
    assert verdict(FIRST, MaybeSent(""), NOW) == (DeliveryState.UNKNOWN, 1.0)


@pytest.mark.parametrize("error", [Refused("no"), Unreachable("gone")])
def test_a_refusal_is_final(error: ChannelError) -> None:
    assert verdict(FIRST, error, NOW) == FAILED


def test_a_person_does_not_see_repeat_after_repeat() -> None:
    doubted = replace(FIRST, doubtful=True, attempts=DOUBTFUL_ATTEMPTS - 1)
    assert verdict(doubted, MaybeSent(""), NOW)[0] is DeliveryState.UNKNOWN
    doubted = replace(doubted, attempts=DOUBTFUL_ATTEMPTS)
    assert verdict(doubted, MaybeSent(""), NOW) == FAILED
    # An edit shows nothing twice, and what surely did not go out shows nothing at all.
    assert verdict(replace(doubted, ref="m1"), MaybeSent(""), NOW)[0] is DeliveryState.UNKNOWN
    assert verdict(doubted, NotSent(""), NOW)[0] is DeliveryState.PENDING


def test_after_a_day_nothing_is_tried_any_more() -> None:
    late = NOW + GIVE_UP_SECONDS
    assert verdict(FIRST, NotSent(""), late - 1)[0] is DeliveryState.PENDING
    assert verdict(FIRST, NotSent(""), late) == FAILED
    assert verdict(FIRST, MaybeSent(""), late) == FAILED


class BrokenChannel(PaperChannel):
    """Stumbles over its own feet after sending."""

    stumbles = 1

    async def send(self, outgoing: Outgoing, ref: str) -> str:
        sent = await super().send(outgoing, ref)
        if self.stumbles:
            self.stumbles -= 1
            raise RuntimeError
        return sent


@pytest.mark.anyio
async def test_a_defect_of_a_channel_leaves_its_message_in_doubt(tmp_path: Path) -> None:
    agent, channel = ScriptedAgent("say:Hi"), BrokenChannel()
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        await house.accept(message("e1"))
        assert (await channel.until_sent(2))[1] == {"to": "1", "text": "Hi", "repeat": True}


@pytest.mark.anyio
async def test_who_cannot_be_reached_is_marked_until_they_write(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hi")
    channel = PaperChannel(failures=[(Unreachable("blocked us"), False)])
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:

        def reachable() -> bool:
            with house.database.engine.connect() as connection:
                return bool(connection.scalar(select(addresses.c.reachable)))

        await house.accept(message("e1"))
        await until(lambda: not reachable())
        await house.accept(message("e2"))
        assert reachable()
