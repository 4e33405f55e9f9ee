"""What is asked at the same time is done together, and each hears of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import pytest

from gateway.store.together import Together

pytestmark = pytest.mark.anyio


class Poisoned(Exception):
    """One of the items cannot be done."""


class Away(Exception):
    """Nothing can be done."""


@dataclass
class Work:
    """Does items by doubling them, one batch for each permit it was given."""

    batches: list[list[int]] = field(default_factory=list)
    permits: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(0))
    away: bool = False

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.permits.acquire()
        if self.away:
            raise Away
        if any(item < 0 for item in items):
            raise Poisoned
        return [item * 2 for item in items]

    def permit(self, count: int = 1) -> None:
        for _ in range(count):
            self.permits.release()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def together(work: Work) -> Together[int, int]:
    return Together(work, most=4, divisible=lambda error: isinstance(error, Poisoned))


@dataclass
class Callers:
    """Those who ask, one after the other, and what came of it."""

    together: Together[int, int]
    outcomes: dict[int, int | str] = field(default_factory=dict)
    scopes: dict[int, anyio.CancelScope] = field(default_factory=dict)

    async def ask(self, item: int) -> None:
        with anyio.CancelScope() as scope:
            self.scopes[item] = scope
            try:
                self.outcomes[item] = await self.together(item)
            except (Poisoned, Away) as error:
                self.outcomes[item] = type(error).__name__

    async def come(self, tasks: anyio.abc.TaskGroup, *items: int) -> None:
        for item in items:
            tasks.start_soon(self.ask, item)
        await anyio.wait_all_tasks_blocked()


@pytest.fixture
def callers(together: Together[int, int]) -> Callers:
    return Callers(together)


async def test_one_alone_waits_for_nobody(work: Work, together: Together[int, int]) -> None:
    work.permit(2)
    assert await together(1) == 2
    assert await together(2) == 4
    assert work.batches == [[1], [2]]


async def test_what_comes_meanwhile_is_the_next_batch_in_its_order(
    work: Work, callers: Callers
) -> None:
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, 1)
        await callers.come(tasks, 2, 3, 4)
        assert work.batches == [[1]]
        work.permit(2)
    assert work.batches == [[1], [2, 3, 4]]
    assert callers.outcomes == {1: 2, 2: 4, 3: 6, 4: 8}


async def test_nobody_hears_of_it_before_it_is_done(work: Work, callers: Callers) -> None:
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, 1, 2, 3)
        work.permit()
        await anyio.wait_all_tasks_blocked()
        assert callers.outcomes == {1: 2}
        work.permit()


async def test_a_batch_has_an_end(work: Work, callers: Callers) -> None:
    work.permit(3)
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, *range(8))
    assert work.batches == [[0], [1, 2, 3, 4], [5, 6, 7]]


async def test_what_cannot_be_done_fails_alone(work: Work, callers: Callers) -> None:
    work.permit(9)
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, 1, 2, -3, 4)
    assert work.batches == [[1], [2, -3, 4], [2], [-3], [4]]
    assert callers.outcomes == {1: 2, 2: 4, -3: "Poisoned", 4: 8}


async def test_who_fails_alone_holds_up_nobody(work: Work, callers: Callers) -> None:
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, 1, 2, -3)
        work.permit(2)
        await anyio.wait_all_tasks_blocked()
        # The two are at it, each alone, and somebody comes.
        assert work.batches == [[1], [2, -3], [2], [-3]]
        await callers.come(tasks, 4)
        assert work.batches[-1] == [4]
        work.permit(3)


async def test_what_nobody_could_do_is_not_tried_for_each(work: Work, callers: Callers) -> None:
    work.away = True
    work.permit(2)
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, 1, 2, 3)
    assert work.batches == [[1], [2, 3]]
    assert callers.outcomes == {1: "Away", 2: "Away", 3: "Away"}
    work.away = False
    work.permit()
    await callers.ask(4)
    assert callers.outcomes[4] == 8


async def test_who_leaves_while_waiting_is_not_done(work: Work, callers: Callers) -> None:
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, 1, 2, 3, 4)
        callers.scopes[2].cancel()
        callers.scopes[3].cancel()
        await anyio.wait_all_tasks_blocked()
        work.permit(2)
    assert work.batches == [[1], [4]]
    assert callers.outcomes == {1: 2, 4: 8}


async def test_who_leaves_while_it_is_done_takes_nobody_along(work: Work, callers: Callers) -> None:
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, 1, 2, 3, 4)
        work.permit()
        await anyio.wait_all_tasks_blocked()
        # 2 leads, 3 is led.
        callers.scopes[2].cancel()
        callers.scopes[3].cancel()
        work.permit()
    assert work.batches == [[1], [2, 3, 4]]
    assert callers.outcomes[4] == 8


async def test_who_leaves_as_they_are_to_lead_lets_the_next_lead(
    work: Work, callers: Callers
) -> None:
    async def first() -> None:
        await callers.ask(1)
        # Who is done has named the next to lead, who does not know yet.
        second.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        # asyncio's own cancellation, which does not wait for them to hear it.
        second = asyncio.create_task(callers.ask(2))
        await callers.come(tasks, 3)
        work.permit(2)
    assert second.cancelled()
    assert work.batches == [[1], [3]]
    assert callers.outcomes == {1: 2, 3: 6}


async def test_a_leader_that_is_torn_away_leaves_its_batch_to_the_next(
    work: Work, callers: Callers
) -> None:
    # asyncio's own cancellation heeds no shield.
    first = asyncio.create_task(callers.ask(1))
    await anyio.wait_all_tasks_blocked()
    async with anyio.create_task_group() as tasks:
        leader = asyncio.create_task(callers.ask(2))
        await callers.come(tasks, 3, 4)
        work.permit()
        await first
        await anyio.wait_all_tasks_blocked()
        leader.cancel()
        work.permit()
        with pytest.raises(asyncio.CancelledError):
            await leader
    assert work.batches == [[1], [2, 3, 4], [3, 4]]
    assert callers.outcomes == {1: 2, 3: 6, 4: 8}


async def test_nothing_is_kept_of_who_was_served(
    work: Work, callers: Callers, together: Together[int, int]
) -> None:
    work.permit(9)
    async with anyio.create_task_group() as tasks:
        await callers.come(tasks, *range(6))
    assert not together._waiting
    assert not together._led
