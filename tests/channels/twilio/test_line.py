"""A line without a network."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from starlette.types import Message

from channels.base import Refused
from channels.events import (
    PHONE,
    Address,
    AudioOut,
    Call,
    Caption,
    Clear,
    HungUp,
    LineEvent,
    Mark,
    Route,
    Sender,
)
from channels.twilio.config import PhoneConfig
from channels.twilio.endings import Handed, Put
from channels.twilio.line import OUTBOX_CHARACTERS, PhoneLine

pytestmark = pytest.mark.anyio

SECOND = b"\x7f" * 8000
CALL = Call("CA1", Sender(Address("phone", "+1")), Route("phone", "+2", "+1"), PHONE)


@dataclass
class Peer:
    """The other end, which reads only when told."""

    reads: anyio.Event = field(default_factory=anyio.Event)
    sent: list[dict[str, Any]] = field(default_factory=list)
    gone: bool = False

    async def receive(self) -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(self, message: Message) -> None:
        if self.gone:
            raise OSError("gone")
        await self.reads.wait()
        self.sent.append(json.loads(message["text"]))

    def line(self, transfer_number: str = "") -> PhoneLine:
        config = PhoneConfig(auth_token="x", transfer_number=transfer_number)
        return PhoneLine(CALL, "MZ1", self.receive, self.send, config)


async def events(line: PhoneLine) -> list[LineEvent]:
    with anyio.fail_after(5):
        return [event async for event in line.receive()]


async def test_what_was_not_sent_yet_is_dropped_by_a_clear_but_its_marks_come_back() -> None:
    peer = Peer()
    line = peer.line()
    for order in (AudioOut(SECOND), Mark("a"), AudioOut(SECOND), Mark("b"), Caption("user", "x")):
        line.send(order)
    line.send(Clear())
    line.send(AudioOut(b"\x01"))
    peer.reads.set()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(line.write)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert [m["event"] for m in peer.sent] == ["clear", "mark", "mark", "media"]
    assert [m["mark"]["name"] for m in peer.sent[1:3]] == ["a", "b"]


async def test_a_peer_that_does_not_read_is_given_up_while_we_wait_for_its_words() -> None:
    peer = Peer()
    line = peer.line()
    heard: list[LineEvent] = []

    async def listen() -> None:
        heard.extend(await events(line))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(line.write)
        tasks.start_soon(listen)
        await anyio.wait_all_tasks_blocked()
        for _ in range(OUTBOX_CHARACTERS // 10_000 + 2):
            line.send(AudioOut(SECOND))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert heard == [HungUp(lost=True)]
    assert line.ending is None


async def test_sending_to_nobody_raises_nothing() -> None:
    peer = Peer(gone=True)
    line = peer.line()
    line.send(AudioOut(SECOND))
    with anyio.fail_after(5):
        await line.write()
    line.send(AudioOut(SECOND))


async def test_hanging_up_twice_is_hanging_up() -> None:
    peer = Peer()
    peer.reads.set()
    line = peer.line()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(line.hang_up)
        tasks.start_soon(line.hang_up)
        await anyio.wait_all_tasks_blocked()
        line._said_last.set()
    await line.hang_up()
    assert await events(line) == [HungUp(lost=False)]
    # And is still so for who asks again.
    assert await events(line) == [HungUp(lost=False)]
    assert line.ending == Put()


async def test_a_transfer_goes_to_the_operators_person_and_to_nobody_else() -> None:
    line = Peer().line("+4366012345678")
    for asked in ("+19005551234", "call 0900 123456", "112"):
        with pytest.raises(Refused, match="TRANSFER_NUMBER"):
            await line.transfer(asked, "s")
    assert line.ending is None
    for asked in ("", "the sales desk", "+43 660 12345678"):
        line = Peer().line("+4366012345678")
        line._said_last.set()
        await line.transfer(asked, "s")
        assert line.ending == Handed("+4366012345678", "s")
    with pytest.raises(Refused, match="not set"):
        await Peer().line().transfer("", "s")


async def test_ending_the_line_leaves_its_reader_as_it_was() -> None:
    peer = Peer()
    line = peer.line()
    cancelling: list[int] = []

    async def listen() -> None:
        assert await events(line) == [HungUp(lost=True)]
        task = asyncio.current_task()
        assert task
        cancelling.append(task.cancelling())
        await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await anyio.wait_all_tasks_blocked()
        for _ in range(OUTBOX_CHARACTERS // 10_000 + 2):
            line.send(AudioOut(SECOND))
    assert cancelling == [0]


async def test_a_reader_that_is_cut_off_as_the_line_ends_is_cut_off() -> None:
    peer = Peer()
    line = peer.line()
    heard: list[LineEvent] = []

    async def listen() -> None:
        heard.extend(await events(line))
        await anyio.sleep_forever()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await anyio.wait_all_tasks_blocked()
            for _ in range(OUTBOX_CHARACTERS // 10_000 + 2):
                line.send(AudioOut(SECOND))
            tasks.cancel_scope.cancel()
    assert tasks.cancel_scope.cancelled_caught
