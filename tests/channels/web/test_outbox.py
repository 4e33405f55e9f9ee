from __future__ import annotations

import json

import anyio
import pytest

from channels.web.outbox import Full, Outbox
from channels.web.wire import Frame

pytestmark = pytest.mark.anyio


def delta(text: str, turn: int = 1) -> Frame:
    return {"type": "delta", "turn": turn, "text": text}


async def drain(outbox: Outbox) -> list[Frame | bytes]:
    taken: list[Frame | bytes] = []
    with anyio.move_on_after(0.01):
        while True:
            item = await outbox.take()
            taken.append(item if isinstance(item, bytes) else json.loads(item))
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


def caption(text: str, *, final: bool = False, role: str = "user") -> Frame:
    return {"type": "caption", "role": role, "text": text, "final": final}


async def test_a_caption_replaces_the_unfinished_one_before_it() -> None:
    outbox = Outbox(1000)
    for frame in (caption("I"), caption("I want", final=True), caption("tea")):
        outbox.put(frame)
    outbox.put(caption("One moment", role="agent"))
    assert await drain(outbox) == [
        caption("I want", final=True),
        caption("tea"),
        caption("One moment", role="agent"),
    ]


async def test_audio_and_text_take_turns() -> None:
    outbox = Outbox(1000)
    for turn in range(3):
        outbox.put(delta("x", turn))
    for audio in (b"1", b"2"):
        outbox.play(audio)
    assert await drain(outbox) == [b"1", delta("x", 0), b"2", delta("x", 1), delta("x", 2)]


async def test_hush_drops_audio_and_keeps_the_frames_among_it_in_their_place() -> None:
    outbox = Outbox(1000)
    outbox.play(b"1")
    outbox.play({"type": "voice", "on": True})
    outbox.play(b"2")
    outbox.hush()
    outbox.play({"type": "clear"})
    outbox.play(b"3")
    assert await drain(outbox) == [{"type": "voice", "on": True}, {"type": "clear"}, b"3"]


async def test_audio_that_is_not_taken_is_refused_at_the_limit() -> None:
    outbox = Outbox(100)
    outbox.play(b"x" * 100)
    with pytest.raises(Full):
        outbox.play(b"x")
    outbox.hush()
    outbox.play(b"x" * 100)
