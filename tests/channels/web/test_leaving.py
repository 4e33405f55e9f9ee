"""A replica that leaves sends its clients to the others, but cuts nobody off who talks."""

from __future__ import annotations

import pytest

from channels.base import Line
from channels.events import HungUp
from tests.channels.doubles import ScriptedCalls
from tests.channels.web.harness import running
from tests.channels.web.test_voice import Listener, echo, start

pytestmark = pytest.mark.anyio

SENT_AWAY: tuple[int, str, list[object]] = (1012, "restarting", [])


async def test_clients_are_sent_away_without_a_complaint() -> None:
    async with running() as web, web.greeted(await web.session()) as it, web.socket() as mute:
        web.channel.leave()
        assert await it.closed() == SENT_AWAY
        # Who has not even said hello will hear the same, once it has.
        session = await web.session()
        await mute.send(type="hello", token=session["token"])
        assert (await mute.closed())[:2] == SENT_AWAY[:2]


async def test_what_was_not_acknowledged_can_be_said_again_elsewhere() -> None:
    async with running() as web:
        session = await web.session()
        async with web.greeted(session) as it:
            id = await it.say("hello")
            web.channel.leave()
            await it.closed()
        async with web.greeted(session) as it:
            await it.send(type="message", id=id, text="hello")
            assert (await it.until("ack"))["id"] == id
        assert [message.text for message in web.inbox.messages] == ["hello"]


async def test_who_talks_is_sent_away_when_they_hang_up() -> None:
    house = Listener()
    async with running(calls=ScriptedCalls(house)) as web, web.greeted(await web.session()) as it:
        await start(it)
        web.channel.leave()
        await it.say("I am still here")
        await it.until("ack")
        await it.send(type="voice", on=False)
        assert (await it.closed())[:2] == SENT_AWAY[:2]
    assert house.others == [HungUp()]


async def test_who_talks_is_sent_away_when_the_house_hangs_up() -> None:
    async def brief(line: Line) -> None:
        async for event in line.receive():
            if not isinstance(event, HungUp):
                await line.hang_up()

    async with running(calls=ScriptedCalls(brief)) as web, web.greeted(await web.session()) as it:
        await start(it)
        web.channel.leave()
        await it.raw.send(b"\0\0" * 320)
        assert (await it.closed())[:2] == SENT_AWAY[:2]


async def test_who_does_not_talk_is_not_waited_for_because_they_could() -> None:
    async with (
        running(calls=ScriptedCalls(echo)) as web,
        web.greeted(await web.session()) as it,
    ):
        web.channel.leave()
        assert await it.closed() == SENT_AWAY
