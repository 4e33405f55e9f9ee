"""What HTTP means to a channel: bodies within bounds, and answers that never came."""

from __future__ import annotations

from starlette.requests import Request

from channels.base import ChannelError, MaybeSent, NotSent


async def body_of(request: Request, *, most: int) -> bytes:
    """A request's body of at most so many bytes; raises OverflowError when there are more."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise OverflowError
    return bytes(body)


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
