"""Leaving in order: red first, then shut, then done with what is under way."""

from __future__ import annotations

import anyio
import pytest

from gateway.server.draining import Drain
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def test_readiness_is_red_before_anybody_is_turned_away() -> None:
    drain, seen = Drain(grace=5), []

    def leave() -> dict[str, int]:
        seen.append(anyio.current_time() - began)
        return {}

    async with anyio.create_task_group() as tasks:
        began = anyio.current_time()
        tasks.start_soon(drain.run, leave)
        await anyio.sleep(4.9)
        assert (drain.told, drain.leaving) == (True, False)
    assert seen == [5]
    assert drain.leaving


async def test_what_is_under_way_is_waited_for_in_order() -> None:
    ended: list[str] = []

    async def calls() -> None:
        await anyio.sleep(3)
        ended.append("calls")

    async def turns() -> None:
        ended.append("turns")

    await Drain(limit=25).run(dict, calls, turns)
    assert ended == ["calls", "turns"]
    assert anyio.current_time() == pytest.approx(3)


async def test_what_does_not_end_is_left_after_a_while() -> None:
    await Drain(limit=25).run(dict, anyio.sleep_forever, anyio.sleep_forever)
    assert anyio.current_time() == pytest.approx(25)


@pytest.mark.parametrize("after", [0, 3, 8])
async def test_who_asks_twice_does_not_wait(after: float) -> None:
    drain = Drain(grace=5, limit=25)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drain.run, dict, anyio.sleep_forever)
        await anyio.sleep(after)
        drain.hurry()
    assert anyio.current_time() == pytest.approx(after)
