"""Where push notifications may go."""

from __future__ import annotations

import pytest

from agents.guard import Guard, Refusal, decide, origin, parse

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",  # noqa: S104 - an address to refuse
    "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00::1",
    "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
    "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "fec0::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused_however_they_are_dressed_up(address: str) -> None:
    with pytest.raises(Refusal):
        decide([address])
    with pytest.raises(Refusal):
        decide(["1.1.1.1", address])


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_outside_are_taken(address: str) -> None:
    assert decide([address]) == address


@pytest.mark.parametrize(
    "url",
    ["", "x", "//host/x", "ftp://host/", "file:///etc/passwd", "http://", "https:///x",
     "http://user@host/", "http://user:pass@host/", "http://host:0/", "http://host:99999/",
     "http://host:port/", "http://[::1", "gopher://host/", "javascript:alert(1)", "http://ho\nst/",
     "https://host/\r\nX: y", "https://host/\0"],
)  # fmt: skip
def test_what_is_not_a_plain_web_url_is_refused(url: str) -> None:
    with pytest.raises(Refusal):
        parse(url)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin("https://Example.com/a?b") == origin("https://example.com:443")
    assert origin("http://[::1]:8080/x") == "http://[::1]:8080"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x", "http://localhost:8080/x", "http://2130706433/", "http://0x7f.1/",
     "http://[::ffff:7f00:1]/", "http://no-such-host.invalid/", "http://0/"],
)  # fmt: skip
async def test_hosts_that_lead_inside_or_nowhere_are_refused(url: str) -> None:
    with pytest.raises(Refusal):
        await Guard().admit(url)


@pytest.mark.anyio
async def test_an_allowed_origin_may_be_inside_and_only_that_origin() -> None:
    guard = Guard(["http://127.0.0.1:8080"])
    assert (await guard.admit("http://127.0.0.1:8080/agent/notifications")).address == ""
    for url in ("http://127.0.0.1:8081/", "https://127.0.0.1:8080/", "http://localhost:8080/"):
        with pytest.raises(Refusal):
            await guard.admit(url)


@pytest.mark.anyio
async def test_the_address_that_was_checked_is_the_one_to_connect_to() -> None:
    target = await Guard().admit("https://1.1.1.1/hook")
    assert (target.host, target.address) == ("1.1.1.1", "1.1.1.1")
