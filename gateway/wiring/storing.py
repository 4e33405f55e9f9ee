"""Where files are kept by these settings, and whether that works."""

from __future__ import annotations

import secrets

import anyio

from channels.base import FilesAway
from channels.events import File
from gateway.settings import Settings
from gateway.store.objects import Folder, Objects

TRIAL_SECONDS = 30.0
"""Beyond, a storage is as good as away."""


def place_of(settings: Settings) -> Objects:
    """The bucket, or a folder where there is none. Raises SettingsError without its library."""
    if not settings.s3_bucket:
        return Folder(settings.data_dir / "files")
    from gateway.store.s3 import Bucket, BucketConfig  # noqa: PLC0415 - only who has a bucket

    return Bucket(
        BucketConfig(
            settings.s3_bucket,
            endpoint=settings.aws_endpoint_url,
            region=settings.aws_region,
            key=settings.aws_access_key_id,
            secret=settings.aws_secret_access_key,
            token=settings.aws_session_token,
            links=settings.links,
        )
    )


async def trial(place: Objects) -> str:
    """Write a file, read it and delete it; what went wrong, or nothing."""
    key = f"trial/{secrets.token_urlsafe(8)}"
    written = secrets.token_bytes(64)
    step = "write"
    try:
        with anyio.fail_after(TRIAL_SECONDS):
            async with place.writing(key, File("trial", "application/octet-stream")) as write:
                await write(written)
            step = "read"
            read = b"".join([chunk async for chunk in await place.reading(key)])
            if read != written:
                return "read: it gave other bytes than it was given"
            step = "delete"
            await place.delete([key])
    except FilesAway as away:
        return f"{step}: {away}"
    except FileNotFoundError:
        return f"{step}: what was written is not there"
    except TimeoutError:
        return f"{step}: no answer within {TRIAL_SECONDS:.0f} s"
    return ""
