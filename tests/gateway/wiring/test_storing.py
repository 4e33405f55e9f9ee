"""The doctor tries the place where files are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.commands.doctor import _files
from gateway.settings import Settings
from tests.storage import Storage

pytestmark = pytest.mark.anyio


async def test_a_folder_needs_no_trial(tmp_path: Path) -> None:
    [finding] = await _files(Settings(data_dir=tmp_path))
    assert (finding.state, finding.text) == ("ok", f"in {tmp_path}/files, on this machine")


async def test_a_bucket_is_written_read_and_left_empty(storage_service: Storage) -> None:
    config = storage_service.bucket()
    settings = Settings(
        s3_bucket=config.bucket,
        aws_endpoint_url=config.endpoint,
        aws_region=config.region,
        aws_access_key_id=config.key,
        aws_secret_access_key=config.secret,
    )
    [finding] = await _files(settings)
    assert (finding.state, finding.remedy) == ("ok", "")
    assert finding.text.endswith("written, read and deleted; downloads go through us")
    assert storage_service.keys(config.bucket) == []


async def test_a_bucket_that_is_not_there_comes_with_a_remedy(storage_service: Storage) -> None:
    config = storage_service.bucket()
    settings = Settings(
        s3_bucket="there-is-none",
        aws_endpoint_url=config.endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    [finding] = await _files(settings)
    assert finding.state == "wrong"
    assert finding.text == "bucket there-is-none: cannot write: there is no such bucket"
    assert "S3_BUCKET" in finding.remedy


@pytest.mark.parametrize(
    ("endpoint", "links", "given"),
    [
        ("", "auto", True),
        ("https://s3.example", "auto", True),
        ("http://storage:9000", "auto", False),
        ("http://storage:9000", "on", True),
        ("https://s3.example", "off", False),
    ],
)
def test_links_are_given_where_browsers_can_surely_follow_them(
    endpoint: str,
    links: str,
    given: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert Settings(aws_endpoint_url=endpoint, s3_links=links).links is given
