"""Every way a send can end, with the real client and a real socket."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
import pytest

from channels.base import (
    ChannelError,
    FilesAway,
    MaybeSent,
    NotSent,
    Outgoing,
    Refused,
    Unreachable,
)
from channels.events import Address, File, Reply, Route
from channels.telegram.adapter import TelegramChannel
from channels.telegram.config import TelegramConfig
from channels.telegram.simulator import Fault
from tests.channels.doubles import FreeBudget, InMemoryInbox
from tests.channels.telegram.conftest import Door, OpenDoor

pytestmark = pytest.mark.anyio

DIRECT = Route("telegram", "42", "7")


@pytest.fixture
async def door(open_door: OpenDoor) -> Door:
    door = await open_door(running=False)
    door.simulator.chat(7)
    return door


def one(door: Door, reply: Reply | str, route: Route = DIRECT) -> Outgoing:
    reply = Reply(reply) if isinstance(reply, str) else reply
    (outgoing,) = door.channel.render(route, reply)
    return outgoing


async def stored(door: Door, name: str, media_type: str, data: bytes) -> File:
    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return await door.inbox.put_file(Address("telegram", "7"), File(name, media_type), chunks())


async def test_a_sent_message_is_seen_and_named(door: Door) -> None:
    ref = await door.channel.send(one(door, "**Hi** there"), "")
    (shown,) = door.simulator.messages(7)
    assert shown.text == "Hi there"
    assert ref == f"7:{shown.id}"
    assert door.budget.taken == ["telegram:42:7", "telegram:42"]


async def test_an_edit_changes_the_message_and_may_be_done_twice(door: Door) -> None:
    ref = await door.channel.send(one(door, "one"), "")
    for _ in range(2):
        assert await door.channel.send(one(door, "two"), ref) == ref
    (shown,) = door.simulator.messages(7)
    assert (shown.text, shown.edits) == ("two", 1)


async def test_a_message_that_is_gone_is_sent_anew(door: Door) -> None:
    ref = await door.channel.send(one(door, "again"), "7:99999")
    assert [f"7:{shown.id}" for shown in door.simulator.messages(7)] == [ref]


async def test_refused_formatting_is_sent_as_plain_text(door: Door) -> None:
    door.simulator.fail("sendMessage", Fault.refused("Bad Request: can't parse entities: x"))
    await door.channel.send(one(door, "**Hi** & bye"), "")
    (shown,) = door.simulator.messages(7)
    assert shown.html == "Hi & bye"


async def test_a_moved_group_is_followed(door: Door) -> None:
    door.simulator.chat(-5, "Team")
    door.simulator.migrate(-5, -1005)
    outgoing = one(door, "hello", Route("telegram", "42", "-5", reply_to="3"))
    ref = await door.channel.send(outgoing, "")
    await door.channel.send(outgoing, "")
    assert ref.startswith("-1005:")
    assert len(door.simulator.messages(-1005)) == 2
    # The second send knew the way.
    assert len(door.simulator.requests("sendMessage")) == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.flood(9), NotSent),
        (Fault.broken(500), MaybeSent),
        (Fault.broken(502), MaybeSent),
        (Fault.lost_answer(), MaybeSent),
        (Fault.lost_request(), MaybeSent),
        (Fault.refused("Forbidden: bot was blocked by the user", 403), Unreachable),
        (Fault.refused("Bad Request: chat not found"), Unreachable),
        (Fault.refused("Bad Request: MESSAGE_TOO_LONG"), Refused),
        (Fault.refused("Unauthorized", 401), Refused),
        (Fault.refused("Not Found", 404), Refused),
        (Fault.refused("Request Entity Too Large", 413), Refused),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else value.description[:20],
)
async def test_every_failure_says_whether_it_may_have_arrived(
    door: Door, fault: Fault, error: type[ChannelError]
) -> None:
    door.simulator.fail("sendMessage", fault)
    with pytest.raises(error) as raised:
        await door.channel.send(one(door, "secret words"), "")
    # Unreachable is Refused, but not the other way round.
    assert isinstance(raised.value, Unreachable) == (error is Unreachable)
    assert "secret words" not in str(raised.value)
    assert len(door.simulator.requests("sendMessage")) == 1
    assert len(door.simulator.messages(7)) == (fault.drop == "after")


async def test_a_flood_pauses_the_chat_for_everybody(door: Door) -> None:
    door.simulator.fail("sendMessage", Fault.flood(9))
    with pytest.raises(NotSent) as raised:
        await door.channel.send(one(door, "x"), "")
    assert raised.value.retry_after == 9
    assert door.budget.paused == {"telegram:42:7": 9, "telegram:42:7:draft": 9}


async def test_a_used_up_allowance_is_not_waited_for_long(door: Door) -> None:
    door.budget.waits["telegram:42:7"] = 30.0
    with pytest.raises(NotSent) as raised:
        await door.channel.send(one(door, "x"), "")
    assert raised.value.retry_after == 30
    assert not door.simulator.calls


async def test_an_answer_that_is_no_answer_may_have_been_sent(door: Door) -> None:
    async def junk(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\njunk")

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, junk)
            with pytest.raises(MaybeSent):
                await _stray(port, one(door, "x"))
            tasks.cancel_scope.cancel()


async def test_nobody_listening_is_surely_not_sent(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSent):
        await _stray(port, one(door, "x"))


async def _stray(port: int, outgoing: Outgoing) -> None:
    config = TelegramConfig("42:X", api_url=f"http://127.0.0.1:{port}")
    channel = TelegramChannel(config, InMemoryInbox(), FreeBudget())
    try:
        await channel.send(outgoing, "")
    finally:
        await channel._api.close()


async def test_a_closed_channel_sends_nothing(door: Door) -> None:
    async with door.channel.running():
        pass
    with pytest.raises(NotSent):
        await door.channel.send(one(door, "x"), "")


async def test_a_stored_file_is_uploaded_with_its_name(door: Door) -> None:
    file = await stored(door, "notes.txt", "text/plain", b"data")
    ref = await door.channel.send(one(door, Reply("Here", (file,))), "")
    (shown,) = door.simulator.messages(7)
    assert (shown.kind, shown.text, shown.file) == ("document", "Here", ("notes.txt", b"data"))
    # Its caption can be edited, again and again.
    for _ in range(2):
        assert await door.channel.send(one(door, Reply("There", (file,))), ref) == ref
    assert door.simulator.messages(7)[0].text == "There"


async def test_a_picture_that_is_no_photo_is_sent_as_a_document(door: Door) -> None:
    file = await stored(door, "a.png", "image/png", b"tiny")
    door.simulator.fail("sendPhoto", Fault.refused("Bad Request: PHOTO_INVALID_DIMENSIONS"))
    await door.channel.send(one(door, Reply(files=(file,))), "")
    assert door.simulator.messages(7)[0].file == ("a.png", b"tiny")


@pytest.mark.parametrize(
    "why",
    [
        "Bad Request: VOICE_MESSAGES_FORBIDDEN",
        "Bad Request: user restricted receiving of voice messages",
    ],
)
async def test_who_takes_no_voice_messages_gets_the_words_and_a_file(door: Door, why: str) -> None:
    file = replace(await stored(door, "answer.ogg", "audio/ogg", b"OggS"), kind="voice")
    door.simulator.fail("sendVoice", Fault.refused(why))
    await door.channel.send(one(door, Reply("Two things.", (file,))), "")
    (shown,) = door.simulator.messages(7)
    assert (shown.text, shown.kind, shown.file) == (
        "Two things.",
        "document",
        ("answer.ogg", b"OggS"),
    )


async def test_a_file_that_is_no_longer_stored_is_refused(door: Door) -> None:
    with pytest.raises(Refused):
        await door.channel.send(one(door, Reply(files=(File("a", "text/plain", 1, "x"),))), "")


async def test_a_file_at_telegram_is_fetched(door: Door) -> None:
    source = door.simulator.api.keep(b"voice" * 100_000)
    chunks = [c async for c in door.channel.fetch(File("v", "audio/ogg", source=source))]
    assert b"".join(chunks) == b"voice" * 100_000


async def test_a_file_over_the_limit_is_refused_in_plain_words(door: Door) -> None:
    source = door.simulator.api.keep(bytes(20_000_001))
    with pytest.raises(Refused, match="20 MB"):
        async for _ in door.channel.fetch(File("v", "audio/ogg", source=source)):
            pass


async def test_an_unknown_file_is_refused(door: Door) -> None:
    with pytest.raises(Refused):
        async for _ in door.channel.fetch(File("v", "audio/ogg", source="nothing")):
            pass


async def test_a_file_whose_storage_is_away_is_sent_later(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await stored(door, "a.txt", "text/plain", b"x")
    outgoing = one(door, Reply("", files=(file,)))

    async def away(_id: str) -> None:
        raise FilesAway("the storage does not answer")

    monkeypatch.setattr(door.channel._sender, "_get_file", away)
    with pytest.raises(NotSent, match="cannot be fetched"):
        await door.channel.send(outgoing, "")
    assert door.simulator.messages(7) == []
