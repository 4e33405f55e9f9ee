"""What HTTP means to a channel: bodies within bounds, and answers that never came."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection, Request

from channels.base import ChannelError, MaybeSent, NotSent


async def body_of(request: Request, *, most: int) -> bytes:
    """A request's body of at most so many bytes; raises OverflowError when there are more."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise OverflowError
    return bytes(body)


def host_of(connection: HTTPConnection) -> str:
    """Whose allowance a stranger uses: an IPv4 address, or an IPv6 network of 64 bits."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return host


def unanswered(platform: str, error: BaseException) -> ChannelError:
    """What it means that a platform did not answer: `error` is httpx's."""
    import httpx  # noqa: PLC0415 - whoever has an error of httpx has paid for it

    unsent = (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
        httpx.InvalidURL,
    )
    kind = type(error).__name__
    if isinstance(error, unsent):
        return NotSent(f"{platform} could not be reached ({kind})")
    return MaybeSent(f"{platform} did not answer ({kind})")
