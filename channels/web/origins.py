"""Which web pages may talk to us. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PORTS = {"http": 80, "https": 443}


class Origins:
    """The pages that may: on this machine, at our own address, and those configured."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._known = {origin for url in urls if (origin := normal(url))}

    def admit(self, origin: str | None) -> bool:
        """Whether a page of that Origin may. No Origin means no browser; its token decides."""
        if origin is None:
            return True
        known = normal(origin)
        return bool(known) and (known in self._known or urlsplit(known).hostname in _LOOPBACK)


def normal(url: str) -> str:
    """The origin of a URL as browsers write it; empty when it has none."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (
        f":{port}" if port not in (None, _PORTS[parts.scheme]) else ""
    )
