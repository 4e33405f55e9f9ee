"""`frontdoor migrate`, and what a database that is away makes of a request."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.app import Face, create_app
from gateway.errors import StoreUnavailable
from tests.services import Postgres

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent.parent


async def frontdoor(folder: Path, *command: str, **settings: str) -> tuple[int, str]:
    """Run a command; its exit code and all that it said."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    done = await anyio.run_process(
        [sys.executable, "-m", "gateway", *command],
        env={**environment, "DATA_DIR": str(folder), **settings},
        cwd=folder,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_migrate_brings_both_databases_up_to_date(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = {}
    if kind == "postgres":
        server: Postgres = request.getfixturevalue("postgres_service")
        settings["DATABASE_URL"] = server.database()
    code, said = await frontdoor(tmp_path, "migrate", **settings)
    assert (code, said.strip()) == (0, "The databases are up to date.")
    if kind == "sqlite":
        assert {"frontdoor.db", "agent.db"} <= set(os.listdir(tmp_path))  # noqa: PTH208 - names
    else:
        for table in ("messages", "agents_tasks"):
            found = server.run(f"SELECT count(*) FROM {table}", settings["DATABASE_URL"])  # noqa: S608 - ours
            assert found == [(0,)]


async def test_a_house_that_may_not_migrate_says_what_to_do(tmp_path: Path) -> None:
    code, said = await frontdoor(tmp_path, "serve", MIGRATE="off")
    assert code == 2
    assert "frontdoor migrate" in said


async def test_a_request_that_needs_a_database_that_is_away_is_asked_to_come_again() -> None:
    async def needs_it(_: Request) -> Response:
        raise StoreUnavailable("The database is away.")

    async def checks() -> dict[str, str]:
        return {}

    async def notified(_: str) -> None:
        pass

    face = Face(checks, notified, "n", "", frozenset({"127.0.0.1"}))
    app = create_app(face, [Route("/door", needs_it)], [])

    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/door", "raw_path": b"/door",
        "query_string": b"", "headers": [], "client": ("127.0.0.1", 1), "scheme": "http",
        "server": ("127.0.0.1", 80), "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    await app(scope, receive, send)
    [start, _] = said
    assert start["status"] == 503
    assert (b"retry-after", b"3") in start["headers"]
