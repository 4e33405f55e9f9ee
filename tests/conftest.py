"""Shared by all tests."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from tests.hanging import Watch
from tests.services import Postgres, Redis, ServiceMissing, migrated
from tests.storage import Storage

_WATCH = pytest.StashKey[Watch]()

# No property is about time: a busy machine fails none.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_WATCH] = Watch(float(config.getini("faulthandler_timeout")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with item.config.stash[_WATCH].over(item.nodeid):
        return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_WATCH].over_the_end()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_service() -> Iterator[Postgres]:
    """A running PostgreSQL; who stops it starts it again."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Postgres())
        except ServiceMissing as missing:
            pytest.skip(str(missing))
        yield server


@pytest.fixture(scope="session")
def redis_service() -> Iterator[Redis]:
    """A running Redis; who stops it starts it again."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Redis())
        except ServiceMissing as missing:
            pytest.skip(str(missing))
        yield server


@pytest.fixture(scope="session")
def postgres_migrated(postgres_service: Postgres) -> str:
    return migrated(postgres_service)


@pytest.fixture
def postgres(postgres_service: Postgres, postgres_migrated: str) -> str:
    """The URL of a database with today's schema and nothing in it; it is nobody else's now."""
    postgres_service.empty(postgres_migrated)
    return postgres_migrated


@pytest.fixture
def redis_server(redis_service: Redis) -> str:
    """The URL of a Redis with nothing in it."""
    redis_service.flush()
    return redis_service.url


@pytest.fixture(scope="session")
def storage_service() -> Iterator[Storage]:
    """A running S3-compatible storage; who stops it starts it again."""
    with Storage() as server:
        yield server
