"""What is read of a request, and what it means that nobody answered one of ours."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from channels.base import ChannelError, MaybeSent, NotSent
from channels.http import body_of, host_of, unanswered


def sent(*chunks: bytes) -> Request:
    left = list(chunks)

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return Request({"type": "http", "method": "POST"}, receive)


@pytest.mark.anyio
async def test_a_body_is_read_whole() -> None:
    assert await body_of(sent(b"one", b"two"), most=6) == b"onetwo"


@pytest.mark.anyio
async def test_a_body_is_read_no_further_than_it_may_be_long() -> None:
    with pytest.raises(OverflowError):
        await body_of(sent(b"one", b"two", b"never read"), most=5)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (httpx.ConnectTimeout("slow"), NotSent),
        (httpx.PoolTimeout("busy"), NotSent),
        (httpx.ReadTimeout("silent"), MaybeSent),
        (httpx.WriteError("cut"), MaybeSent),
        (httpx.RemoteProtocolError("cut"), MaybeSent),
        (RuntimeError("who knows"), MaybeSent),
    ],
)
def test_silence_is_doubt_unless_nothing_left_us(
    error: Exception, meaning: type[ChannelError]
) -> None:
    assert type(unanswered("Telegram", error)) is meaning


def host(address: str) -> str:
    return host_of(Request({"type": "http", "headers": [], "client": (address, 1)}))


@pytest.mark.parametrize(
    "addresses",
    [
        ("2001:db8::1", "2001:db8::2", "2001:db8::a:b:c:d", "2001:0db8:0:0:ffff::"),
        ("203.0.113.7", "::ffff:203.0.113.7"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_who_owns_a_whole_network_has_one_allowance(addresses: tuple[str, ...]) -> None:
    assert len({host(address) for address in addresses}) == 1


def test_strangers_have_an_allowance_each() -> None:
    addresses = ("2001:db8::1", "2001:db8:0:1::1", "203.0.113.7", "203.0.113.8", "", "unix:")
    assert len({host(address) for address in addresses}) == len(addresses)
