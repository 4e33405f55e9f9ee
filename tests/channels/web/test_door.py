"""Whose allowance a stranger uses."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from channels.web.door import host_of


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
