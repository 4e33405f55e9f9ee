"""What is said of a Redis that is fine, and of one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.bus.checking import inspect
from tests.services import Redis

pytestmark = pytest.mark.anyio


async def test_a_redis_that_works_is_told_by_its_version(redis_server: str) -> None:
    report = await inspect(redis_server)
    assert report.works
    assert report.text.startswith("Redis ")


async def test_nobody_there_is_a_matter_of_host_and_port() -> None:
    report = await inspect("redis://127.0.0.1:1/0")
    assert not report.works
    assert "host and port" in report.remedy


async def test_a_missing_password_is_named(redis_service: Redis) -> None:
    redis_service.say("CONFIG SET requirepass sesame")
    try:
        report = await inspect(redis_service.url)
        known = await inspect(redis_service.url.replace("//", "//default:sesame@"))
    finally:
        redis_service.say("AUTH sesame\r\nCONFIG SET requirepass ''")
        redis_service.flush()
    assert not report.works
    assert "user and password" in report.remedy
    assert known.works


async def test_a_user_who_may_not_publish_is_named(redis_service: Redis) -> None:
    redis_service.say("ACL SETUSER reader on nopass ~* &* +@all -publish")
    try:
        report = await inspect(redis_service.url.replace("//", "//reader:any@"))
    finally:
        redis_service.say("ACL DELUSER reader")
    assert report.works is False
    assert report.remedy.startswith("Allow its user PUBLISH")


async def test_a_full_redis_is_named(redis_service: Redis) -> None:
    redis_service.say("CONFIG SET maxmemory 1")
    try:
        report = await inspect(redis_service.url)
    finally:
        redis_service.say("CONFIG SET maxmemory 0")
    assert report.text == "it is full"
    assert report.works


async def test_a_file_that_is_no_certificate_is_named(redis_service: Redis, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    url = redis_service.url.replace("redis://", "rediss://")
    report = await inspect(url, str(tmp_path / "ca.pem"))
    assert not report.works
    assert "REDIS_CA_FILE" in report.remedy
