"""A real S3 wire on the loopback: moto's server, in a process of its own.

with Storage() as server:
    config = server.bucket()
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import sys

import httpx

from gateway.store.s3 import BucketConfig
from tests.services import Service


class Storage(Service):
    """S3-compatible storage; who stops it starts it again, empty."""

    _stopping = signal.SIGTERM

    def __init__(self) -> None:
        super().__init__("storage")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bucket(self, *, links: bool = False) -> BucketConfig:
        """A new bucket with nothing in it."""
        name = f"bucket-{secrets.token_hex(6)}"
        self._ask("PUT", f"/{name}").raise_for_status()
        return BucketConfig(name, self.url, "us-east-1", "key", "secret", links=links)

    def keys(self, bucket: str) -> list[str]:
        """What is in a bucket."""
        return _between("Key", self._ask("GET", f"/{bucket}?list-type=2").text)

    def uploads(self, bucket: str) -> list[str]:
        """What is half way into a bucket."""
        return _between("Key", self._ask("GET", f"/{bucket}?uploads").text)

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return self._ask("GET", "/moto-api/").is_success
        return False

    def _ask(self, method: str, path: str) -> httpx.Response:
        return httpx.request(method, self.url + path, trust_env=False, timeout=10)


def _between(tag: str, xml: str) -> list[str]:
    return [piece.split(f"</{tag}>")[0] for piece in xml.split(f"<{tag}>")[1:]]
