"""Talking over the socket: a real server, a real client, and a house that follows a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from channels.base import Line, Refused
from channels.events import AudioIn, AudioOut, Caption, Clear, HungUp, LineEvent, Mark
from channels.web import connection, voice
from channels.web.adapter import WebConfig
from channels.web.connection import MAX_BAD_FRAMES, Patience
from tests.channels.doubles import ScriptedCalls
from tests.channels.web.harness import SECRET, Socket, running
from tests.waiting import until

pytestmark = pytest.mark.anyio

FRAME = b"\1\0" * 320
"""20 ms."""


async def echo(line: Line) -> None:
    async for event in line.receive():
        if isinstance(event, AudioIn):
            line.send(AudioOut(event.audio))


class Listener:
    """A house that keeps what it hears, and says what it is told to on the first sound."""

    def __init__(self, *orders: Any) -> None:
        self.orders = orders
        self.events: list[LineEvent] = []

    async def __call__(self, line: Line) -> None:
        for order in self.orders:
            line.send(order)
        async for event in line.receive():
            self.events.append(event)

    @property
    def others(self) -> list[LineEvent]:
        return [event for event in self.events if not isinstance(event, AudioIn)]


@asynccontextmanager
async def one_on(calls: ScriptedCalls) -> AsyncIterator[Socket]:
    """A socket of somebody new, at a house that answers so."""
    async with running(calls=calls) as web, web.greeted(await web.session()) as it:
        yield it


async def start(it: Socket) -> None:
    await it.send(type="voice", on=True)
    assert await it.until("voice") == {"type": "voice", "on": True}


async def test_a_welcome_says_whether_one_can_talk() -> None:
    for calls in (None, ScriptedCalls(echo)):
        async with running(calls=calls) as web, web.socket() as it:
            session = await web.session()
            await it.send(type="hello", token=session["token"])
            assert (await it.expect("welcome"))["voice"] is (calls is not None)


async def test_what_is_said_reaches_the_house_and_what_it_says_comes_back() -> None:
    calls = ScriptedCalls(echo)
    async with running(calls=calls) as web:
        session = await web.session({"locale": "de"})
        async with web.greeted(session) as it:
            await start(it)
            for n in range(10):
                await it.raw.send(bytes([n, 0]) * 320)
            heard = await it.hear(10 * 640)
        (line,) = calls.lines
    assert heard == b"".join(bytes([n, 0]) * 320 for n in range(10))
    assert line.call.id.startswith("web-")
    assert line.call.sender.locale == "de"
    assert line.call.route.chat == line.call.sender.address.id
    assert (line.call.format.encoding, line.call.format.rate) == ("pcm16", 16000)


async def test_sound_that_follows_at_once_is_not_lost() -> None:
    house = Listener()
    async with one_on(ScriptedCalls(house)) as it:
        await it.send(type="voice", on=True)
        await it.raw.send(FRAME)
        await until(lambda: AudioIn(FRAME) in house.events)


async def test_captions_and_clear_are_told_in_their_order_with_the_sound() -> None:
    async def script(line: Line) -> None:
        line.send(Caption("agent", "Good day", final=True))
        line.send(AudioOut(FRAME))
        line.send(Clear())
        line.send(AudioOut(b"\2\0"))
        await echo(line)

    async with one_on(ScriptedCalls(script)) as it:
        await start(it)
        told = [await it.next(), await it.next()]
        assert await it.hear(2) == b"\2\0"
    # What was not sent before the clear need not be sent at all.
    assert sorted(frame["type"] for frame in told) == ["caption", "clear"]
    said = {"type": "caption", "role": "agent", "text": "Good day", "final": True}
    assert said in told


@pytest.mark.parametrize(
    ("orders", "marks"),
    [
        ([AudioOut(FRAME), Mark("a"), Mark("b")], [Mark("a"), Mark("b")]),
        ([AudioOut(FRAME * 300), Mark("a"), Clear()], [Mark("a")]),
    ],
)
async def test_marks_come_back_once_played_and_at_once_after_a_clear(
    orders: list[Any], marks: list[Mark]
) -> None:
    house = Listener(*orders)
    async with one_on(ScriptedCalls(house)) as it:
        await start(it)
        await until(lambda: house.others == marks)


async def test_a_mark_waits_for_the_sound_before_it() -> None:
    house = Listener(AudioOut(FRAME * 300), Mark("a"))
    async with one_on(ScriptedCalls(house)) as it:
        await start(it)
        await it.hear(300 * 640)
        assert house.others == []
        await it.send(type="voice", on=False)
        await until(lambda: len(house.others) == 2)
    # Whoever hangs up settles what is open.
    assert house.others == [Mark("a"), HungUp()]


async def test_the_person_hangs_up_and_may_call_again() -> None:
    house = Listener()
    calls = ScriptedCalls(house)
    async with one_on(calls) as it:
        await start(it)
        await it.send(type="voice", on=False)
        await until(lambda: len(calls.ended) == 1)
        await start(it)
        await it.send(type="voice", on=False)
        await until(lambda: len(calls.ended) == 2)
    assert house.events == [HungUp(), HungUp()]
    one, two = calls.lines
    assert one.call.id != two.call.id


async def test_the_house_hangs_up_once_it_was_heard_and_says_so() -> None:
    async def script(line: Line) -> None:
        line.send(AudioOut(FRAME * 2))
        await line.hang_up()
        await line.hang_up()
        assert [event async for event in line.receive()][-1] == HungUp()
        line.send(AudioOut(FRAME))

    calls = ScriptedCalls(script)
    async with running(calls=calls) as web, web.greeted(await web.session()) as it:
        await start(it)
        assert await it.hear(1280) == FRAME * 2
        assert await it.until("voice") == {"type": "voice", "on": False}
        # It may not know yet, and is not blamed for what it still sends.
        for _ in range(MAX_BAD_FRAMES + 1):
            await it.raw.send(FRAME)
        await it.send(type="ping")
        assert await it.next() == {"type": "pong"}
        await it.send(type="voice", on=False)
        await it.raw.send(FRAME)
        assert (await it.expect("error"))["code"] == "binary_unexpected"
    assert len(calls.ended) == 1


async def test_a_lost_socket_ends_the_call_as_lost_and_the_house_may_finish() -> None:
    finished: list[LineEvent] = []

    async def script(line: Line) -> None:
        async for event in line.receive():
            last = event
        await anyio.sleep(0.02)  # writing the call's record
        finished.append(last)

    calls = ScriptedCalls(script)
    async with running(calls=calls) as web:
        async with web.greeted(await web.session()) as it:
            await start(it)
        await until(lambda: calls.ended)
    assert finished == [HungUp(lost=True)]


async def test_a_house_that_does_not_finish_is_not_waited_for_for_ever() -> None:
    async def script(_: Line) -> None:
        await anyio.sleep_forever()

    calls = ScriptedCalls(script)
    config = WebConfig(secret=SECRET, patience=Patience(call=0.05))
    async with running(config, calls=calls) as web:
        async with web.greeted(await web.session()) as it:
            await start(it)
        await until(lambda: calls.ended)


async def test_all_lines_busy_is_said_in_plain_words_and_nothing_is_blamed() -> None:
    calls = ScriptedCalls(echo, full=True)
    async with running(calls=calls) as web:
        session = await web.session({"locale": "fr"})
        async with web.greeted(session) as it:
            await it.send(type="voice", on=True)
            await it.raw.send(FRAME)
            error = await it.expect("error")
            assert (error["code"], "lignes" in error["message"]) == ("lines_busy", True)
            assert await it.expect("voice") == {"type": "voice", "on": False}
            calls.full = False
            await start(it)
    assert len(calls.lines) == 1


async def test_who_calls_too_often_waits() -> None:
    async with running(calls=ScriptedCalls(echo)) as web:
        session = await web.session()
        async with web.greeted(session) as it:
            id = session["conversation"].rpartition(":")[2]
            web.budget.waits[f"web:calls:{id}"] = 4
            await it.send(type="voice", on=True)
            error = await it.expect("error")
    assert (error["code"], error["retry_after"]) == ("too_many_calls", 4)


async def test_one_can_write_while_talking() -> None:
    calls = ScriptedCalls(echo)
    async with running(calls=calls) as web, web.greeted(await web.session()) as it:
        await start(it)
        await it.raw.send(FRAME)
        id = await it.say("in writing")
        await it.raw.send(FRAME)
        assert (await it.until("ack"))["id"] == id
        await it.until("message")
        assert await it.hear(2 * 640) == FRAME * 2
    assert [message.text for message in web.inbox.messages] == ["in writing"]


async def test_a_call_that_breaks_leaves_the_conversation_standing() -> None:
    async def script(_: Line) -> None:
        raise OSError("no voice")

    async with one_on(ScriptedCalls(script)) as it:
        await start(it)
        assert (await it.until("error"))["code"] == "voice_broken"
        await it.say("still here")
        await it.until("ack")


@pytest.mark.parametrize("sound", [b"\0" * (voice.MAX_AUDIO + 2), b"\0\0\0"])
async def test_sound_that_is_none_is_answered_and_not_heard(sound: bytes) -> None:
    house = Listener()
    async with one_on(ScriptedCalls(house)) as it:
        await start(it)
        await it.raw.send(sound)
        assert (await it.expect("error"))["code"] == "bad_frame"
    assert house.others == house.events


async def test_an_empty_frame_is_neither_heard_nor_blamed() -> None:
    house = Listener()
    async with one_on(ScriptedCalls(house)) as it:
        await start(it)
        for _ in range(MAX_BAD_FRAMES + 1):
            await it.raw.send(b"")
        await it.send(type="ping")
        await it.expect("pong")
        assert house.events == []


@pytest.mark.parametrize("sound", [FRAME, b"", b"\0\0\0"])
async def test_who_goes_on_sending_sound_without_a_call_is_shown_the_door(sound: bytes) -> None:
    calls = ScriptedCalls(echo)
    async with one_on(calls) as it:
        for _ in range(MAX_BAD_FRAMES):
            await it.raw.send(sound)
        code, reason, said = await it.closed()
    assert (code, reason) == (1008, "too_many_errors")
    assert {frame["code"] for frame in said} == {"binary_unexpected", "too_many_errors"}
    assert calls.lines == []


async def test_a_flood_of_sound_is_read_no_faster_than_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def spend(_: object, seconds: float, _burst: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(connection.Pace, "spend", spend)
    house = Listener()
    async with one_on(ScriptedCalls(house)) as it:
        await start(it)
        slept.clear()
        for size in (2, 640, voice.MAX_AUDIO):
            await it.raw.send(b"\0" * size)
        await until(lambda: len(house.events) == 3)
    # Each frame is paid for by its length, the smallest as 10 ms.
    assert slept[:3] == pytest.approx([0.005, 0.01, voice.MAX_AUDIO / 64_000])


async def test_a_frame_too_big_to_be_sound_does_not_stop_the_reader() -> None:
    house = Listener()
    async with one_on(ScriptedCalls(house)) as it:
        await start(it)
        for _ in range(3):
            await it.raw.send(b"\0" * 900_000)
            assert (await it.expect("error"))["code"] == "bad_frame"
        await it.send(type="ping")
        await it.expect("pong")
    assert house.others == house.events


async def test_a_microphone_is_not_transferred() -> None:
    refused: list[Refused] = []

    async def script(line: Line) -> None:
        try:
            await line.transfer("+15005550006", "wants tea")
        except Refused as reason:
            refused.append(reason)

    async with one_on(ScriptedCalls(script)) as it:
        await start(it)
        await it.until("voice")
    assert refused


async def test_who_does_not_listen_is_hung_up_on() -> None:
    house = Listener(*[AudioOut(FRAME)] * 2000)
    async with one_on(ScriptedCalls(house)) as it:
        await it.send(type="voice", on=True)
        code, reason, _ = await it.closed()
    assert (code, reason) == (1013, "too_slow")
    assert house.events == [HungUp(lost=True)]


async def test_a_house_that_does_not_listen_loses_old_sound_and_no_memory() -> None:
    gate = anyio.Event()
    heard: list[LineEvent] = []

    async def script(line: Line) -> None:
        await gate.wait()
        heard.extend([event async for event in line.receive()])

    async with one_on(ScriptedCalls(script)) as it:
        await start(it)
        for _ in range(voice._UNREAD + 20):
            await it.raw.send(b"\0\0")
        await it.send(type="ping")
        await it.until("pong")
        await it.send(type="voice", on=False)
        gate.set()
        await until(lambda: heard)
    assert heard[-1] == HungUp()
    assert len(heard) == voice._UNREAD + 1


def test_sound_costs_half_its_length_and_tiny_frames_cost_as_ten_milliseconds() -> None:
    assert voice.audio_cost(32_000) == pytest.approx(0.5)
    # What is refused for its size must not keep the reader from what follows.
    assert voice.audio_cost(10**9) == voice.audio_cost(voice.MAX_AUDIO)
    assert voice.audio_cost(2) == voice.audio_cost(320) == pytest.approx(0.005)
