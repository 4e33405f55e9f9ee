"""Files in a bucket of S3-compatible storage.

    place = Bucket(BucketConfig("my-bucket", endpoint="https://s3.fr-par.scw.cloud", …))

A file goes up in parts as it comes, so of each at most `PART` bytes wait here, and the same again
for each part under way. A small one is a single request. What breaks off is taken back; where even
that is impossible (we were killed), parts stay that nobody sees until a lifecycle rule of the
bucket deletes them. Each request is signed over the bytes it carries (Signature Version 4), so the
storage refuses what was changed on the way.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import anyio

from channels import showing
from channels.base import FilesAway
from channels.events import File
from gateway.errors import SettingsError
from gateway.store.objects import CHUNK, Objects, Write
from gateway.telemetry import asking

PART = 5 * 1024 * 1024
"""Bytes of a part; S3 takes no smaller ones but the last."""
PARTS_AT_ONCE = 2
PREFIX = "files/"
"""Before each key, so that a bucket may hold other things."""

CONNECT_SECONDS = 3
SILENCE_SECONDS = 20
"""Without a byte from the storage, a request has failed."""
REQUEST_SECONDS = 3600
"""Of one request in all; a slow reader may well take long over a large file."""
RETRIES = 3
RETRY_SECONDS = 10
"""No request is tried again after so long: somebody waits for the answer."""


@dataclass(frozen=True, slots=True)
class BucketConfig:
    """Which bucket, and how to get at it.

    What is empty the library looks up: the role of a machine or container, `AWS_DEFAULT_REGION`.
    """

    bucket: str
    endpoint: str = ""
    """URL of the storage; empty for AWS."""
    region: str = ""
    key: str = ""
    secret: str = ""
    token: str = ""
    links: bool = True
    """Whether browsers may be sent to the bucket itself."""


class Bucket(Objects):
    """Keeps files in a bucket. Raises SettingsError when the library is missing."""

    def __init__(self, config: BucketConfig) -> None:
        try:
            import obstore  # noqa: PLC0415 - only who has a bucket pays for it
            from obstore.store import S3Store  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise SettingsError("S3_BUCKET needs a library: pip install 'frontdoor[s3]'") from error
        given: dict[str, Any] = {
            "endpoint": config.endpoint,
            "region": config.region,
            "access_key_id": config.key,
            "secret_access_key": config.secret,
            "session_token": config.token,
        }
        store = S3Store(
            config.bucket,
            config={name: value for name, value in given.items() if value},  # type: ignore[arg-type, unused-ignore]
            client_options={
                "allow_http": config.endpoint.startswith("http:"),
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "read_timeout": timedelta(seconds=SILENCE_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=2),
                    "base": 2,
                },
            },
        )
        self._library: Any = obstore
        self._store: Any = store
        self._links = config.links

        if config.links:
            # Where AWS has it depends on a region that we may not have been told.
            url = urlsplit(config.endpoint or "https://*.amazonaws.com")
            self.origin = f"{url.scheme}://{url.netloc}"

    @asynccontextmanager
    async def writing(self, key: str, file: File) -> AsyncIterator[Write]:
        upload = self._library.open_writer_async(
            self._store,
            PREFIX + key,
            # Whom we send here gets it as if from us, but for what S3 does not keep.
            attributes=showing.headers(file),
            buffer_size=PART,
            max_concurrency=PARTS_AT_ONCE,
        )

        async def write(chunk: bytes) -> None:
            with self._at_hand():
                await upload.write(chunk)

        try:
            yield write
            # Nobody could tell what became of a completion that we left half way.
            with anyio.CancelScope(shield=True), asking("s3", (FilesAway,)), self._at_hand():
                await upload.close()
        except BaseException as error:
            # Leaving it in disorder is how the library is told to take back what went up. Where
            # that fails too, the first error is the one to tell.
            with anyio.CancelScope(shield=True), suppress(Exception):
                await upload.__aexit__(type(error), error, error.__traceback__)
            raise

    async def reading(self, key: str) -> AsyncIterator[bytes]:
        with asking("s3", (FilesAway,)), self._at_hand(missing=key):
            found = await self._library.get_async(self._store, PREFIX + key)
        return self._chunks(found)

    async def _chunks(self, found: Any) -> AsyncIterator[bytes]:
        stream = aiter(found.stream(min_chunk_size=CHUNK))
        while True:
            with self._at_hand():
                chunk = await anext(stream, None)
            if chunk is None:
                return
            yield bytes(chunk)

    async def delete(self, keys: Sequence[str]) -> None:
        with asking("s3", (FilesAway,)), self._at_hand():
            await self._library.delete_async(self._store, [PREFIX + key for key in keys])

    async def link(self, key: str, seconds: float) -> str | None:
        with self._at_hand():
            url: str = await self._library.sign_async(
                self._store, "GET", PREFIX + key, timedelta(seconds=seconds)
            )
        return url

    @contextmanager
    def _at_hand(self, missing: str = "") -> Iterator[None]:
        """Tell the library's errors as ours; with `missing`, that may be what is not there."""
        try:
            yield
        except FileNotFoundError as error:
            if missing and "<Code>NoSuchBucket<" not in str(error):
                raise FileNotFoundError(missing) from None
            raise FilesAway("there is no such bucket") from None
        except (self._library.exceptions.BaseError, OSError) as error:
            # The writer tells all as OSError. Their words name the object, which is a capability.
            raise FilesAway(_told(type(error).__name__, str(error))) from None


def _told(kind: str, text: str) -> str:
    """What went wrong, in words that hold no key, name or address."""
    if kind in ("PermissionDeniedError", "PermissionError", "UnauthenticatedError"):
        return "the storage does not accept our keys, or not for this"
    if status := re.search(r"status code: (\d{3})", text):
        return f"the storage answered {status[1]}"
    return "the storage does not answer"
