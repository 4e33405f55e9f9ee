"""Shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.services import Postgres, Redis, ServiceMissing, migrated


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
def postgres_template(postgres_service: Postgres) -> str:
    return migrated(postgres_service)


@pytest.fixture
def postgres(postgres_service: Postgres, postgres_template: str) -> Iterator[str]:
    """The URL of a database of this test's own, with today's schema and nothing in it."""
    url = postgres_service.database(postgres_template)
    yield url
    postgres_service.drop(url)


@pytest.fixture
def redis_server(redis_service: Redis) -> str:
    """The URL of a Redis with nothing in it."""
    redis_service.flush()
    return redis_service.url
