from __future__ import annotations

import pytest

from channels.telegram.budget import Allowance
from gateway.bus.memory import MemoryBus

pytestmark = pytest.mark.anyio


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def allowance(clock: Clock) -> Allowance:
    return Allowance(MemoryBus(clock), "42")


async def sent(allowance: Allowance, clock: Clock, chat: str, seconds: int) -> int:
    """How many messages pass when somebody always wants to send one."""
    count = 0
    for tenth in range(seconds * 10):
        clock.now = tenth / 10
        while not await allowance.message(chat):
            count += 1
    return count


async def test_a_group_gets_no_more_than_twenty_messages_a_minute(
    allowance: Allowance, clock: Clock
) -> None:
    assert 18 <= await sent(allowance, clock, "-5", 60) <= 20


async def test_a_private_chat_gets_one_a_second_after_a_small_burst(
    allowance: Allowance, clock: Clock
) -> None:
    assert 60 <= await sent(allowance, clock, "7", 60) <= 65


async def test_a_bot_gets_thirty_a_second(allowance: Allowance) -> None:
    granted = sum([await allowance.message(str(chat)) == 0 for chat in range(1, 100)])
    assert granted == 30


async def test_previews_always_leave_room_for_the_final_message(
    allowance: Allowance, clock: Clock
) -> None:
    while not await allowance.message("-5", preview=True):
        pass
    assert await allowance.message("-5") == 0
    while not await allowance.draft("7") or not await allowance.action():
        clock.now += 0.01
        if clock.now > 5:
            break
    assert await allowance.message("7") == 0


async def test_drafts_pass_several_times_a_second(allowance: Allowance, clock: Clock) -> None:
    granted = 0
    for hundredth in range(1000):
        clock.now = hundredth / 100
        granted += not await allowance.draft("7")
    assert 45 <= granted <= 55


async def test_a_pause_silences_the_chat_and_no_other(allowance: Allowance, clock: Clock) -> None:
    await allowance.pause("7", 30)
    assert await allowance.message("7") == pytest.approx(30)
    assert await allowance.draft("7") == pytest.approx(30)
    assert await allowance.message("8") == 0
    clock.now = 30.1
    assert await allowance.message("7") == 0
