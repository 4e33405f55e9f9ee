"""Decides where push notifications may go: to the world, never into our own network.

A caller who can name any URL could otherwise have this server knock on doors that only
it can reach (server-side request forgery).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

import anyio
import anyio.to_thread

PORTS = {"http": 80, "https": 443}

Address = IPv4Address | IPv6Address

_NAT64 = 0x64FF9B << 96
"""64:ff9b::/96, which carries an IPv4 address in its last 32 bits (RFC 6052)."""
_LOW_32 = 0xFFFFFFFF


class Refusal(Exception):
    """The URL must not be called; says why."""


class Nowhere(Refusal):
    """The URL's host has no address, now; it may have one at the next call."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be called, at the address that was checked."""

    url: str
    host: str
    address: str
    """What to connect to; empty where the origin is allowed and the name is trusted."""


def parse(url: str) -> SplitResult:
    """Split a URL; raises Refusal when it is not one to call."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refusal("it is not a URL") from None
    if not url.isprintable():
        raise Refusal("it holds characters that no URL has")
    if parts.scheme not in PORTS or not parts.hostname:
        raise Refusal("it must begin with https:// or http:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise Refusal("it must not hold a user name or password")
    if port == 0:
        raise Refusal("its port is not one to connect to")
    return parts


def origin(url: str) -> str:
    """Scheme, host and port of a URL. Raises Refusal."""
    parts = parse(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or PORTS[parts.scheme]}"


def is_public(address: Address) -> bool:
    """Whether an address is out in the world, however it is dressed up."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo:
            inner = address.teredo[1]
        if int(address) & ~_LOW_32 == _NAT64:
            inner = IPv4Address(int(address) & _LOW_32)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:  # long out of use, and still inside
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def decide(addresses: Sequence[str]) -> str:
    """The address to connect to, of those a name resolves to. Raises Refusal.

    All must be public: a name that also points inside is a trap, not a fallback.
    """
    if not addresses:
        raise Nowhere("its host has no address")
    if not all(is_public(ip_address(a.partition("%")[0])) for a in addresses):
        raise Refusal("its host is not on the public internet")
    return addresses[0]


class Guard:
    """Checks URLs against the network as it is now."""

    def __init__(self, allowed_origins: Sequence[str] = ()) -> None:
        self._allowed = frozenset(origin(allowed) for allowed in allowed_origins)

    async def admit(self, url: str) -> Target:
        """The URL, with the address to call it at. Raises Refusal, of which Nowhere may pass."""
        parts = parse(url)
        host = parts.hostname or ""
        if origin(url) in self._allowed:
            return Target(url, host, "")
        port = parts.port or PORTS[parts.scheme]
        return Target(url, host, decide(await _resolve(host, port)))


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(sockaddr[0]) for *_, sockaddr in found]
