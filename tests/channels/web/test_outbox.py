from __future__ import annotations

import json

import anyio
import pytest

from channels.web.outbox import Full, Outbox
from channels.web.wire import Frame

pytestmark = pytest.mark.anyio


def delta(text: str, turn: int = 1) -> Frame:
    return {"type": "delta", "turn": turn, "text": text}


async def drain(outbox: Outbox) -> list[Frame]:
    taken: list[Frame] = []
    with anyio.move_on_after(0.01):
        while True:
            taken.append(json.loads(await outbox.take()))
    return taken


async def test_deltas_of_one_turn_merge_while_nobody_takes_them() -> None:
    outbox = Outbox(1000)
    for text in ("Good ", "day", "!"):
        outbox.put(delta(text))
    outbox.put(delta("Next", turn=2))
    assert await drain(outbox) == [delta("Good day!"), delta("Next", turn=2)]


async def test_order_is_kept_around_other_frames() -> None:
    outbox = Outbox(1000)
    for frame in (delta("a"), {"type": "pong"}, delta("b"), delta("c")):
        outbox.put(frame)
    assert await drain(outbox) == [delta("a"), {"type": "pong"}, delta("bc")]


async def test_a_newer_status_replaces_the_one_before() -> None:
    outbox = Outbox(1000)
    old = {"type": "status", "turn": 1, "state": "working", "text": "a"}
    new = {**old, "text": "b"}
    outbox.put(old)
    outbox.put(new)
    assert await drain(outbox) == [new]


async def test_what_does_not_fit_is_refused_and_room_comes_back() -> None:
    outbox = Outbox(100)
    for _ in range(100 // len('{"type": "pong"}')):
        outbox.put({"type": "pong"})
    with pytest.raises(Full):
        outbox.put({"type": "pong"})
    await drain(outbox)
    for _ in range(1000):
        outbox.put(delta("x" * 90))
        assert await outbox.take()


async def test_one_frame_over_the_limit_still_gets_through() -> None:
    outbox = Outbox(10)
    outbox.put(delta("x" * 100))
    with pytest.raises(Full):
        outbox.put(delta("y"))
    assert await drain(outbox) == [delta("x" * 100)]


async def test_room_waits_until_half_is_taken() -> None:
    outbox = Outbox(40)
    for turn in range(3):
        outbox.put(delta("x" * 10, turn))
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outbox.room)
            await outbox.take()
            await outbox.take()
