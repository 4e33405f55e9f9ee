"""The agent as one ASGI application: `/.well-known/agent-card.json`, `/a2a` and `/v1`.

Nothing heavy is imported before the agent is started, so a gateway that carries it can be
up first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from agents.base import Brain
from agents.records.base import Clock, Records

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from agents.brain.config import BrainConfig

CARD_PATH = "/.well-known/agent-card.json"
PATHS = (CARD_PATH, "/a2a", "/v1")
"""What the application answers: these paths and those below them."""

MAX_BODY = 28 * 1024 * 1024
"""Bytes of a request: files of 20 MB in base64, and some words."""

MakeBrain = Callable[["BrainConfig", Records, Clock], Brain]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """What the agent is told when it is started."""

    base_url: str
    """How the world reaches it, without a slash at the end: `https://agent.example.com`."""
    database_url: str
    """SQLAlchemy URL of a synchronous driver: `sqlite:////var/lib/agent.db`."""
    connections: int = 8
    """To a database server, at most."""
    migrate: bool = True
    """Whether to bring the database up to date; if not, it must be already."""
    token: str = field(default="", repr=False)
    """Bearer token for `/a2a` and `/v1`; empty serves only who calls it by a local name."""
    push_allowed_origins: tuple[str, ...] = ()
    """Origins that may be pushed to although they are inside: `http://127.0.0.1:8080`."""
    draft_life: float = 30.0
    """Seconds after which a draft that is neither made real nor taken back is dropped."""
    lease: float = 6.0
    """Seconds after which, on a database server, others take up what a dead replica left."""
    brain: BrainConfig | None = None
    """Keys and models, as `agents.brain.make_brain` reads them."""


def bring_up_to_date(database_url: str) -> None:
    """Migrate the agent's database. Raises SchemaError."""
    from agents.records.engine import Database  # noqa: PLC0415 - see the module
    from agents.records.schema import ensure  # noqa: PLC0415 - see the module

    database = Database(database_url)
    try:
        ensure(database.engine)
    finally:
        database.close()


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def running(
    config: AgentConfig, make_brain: MakeBrain | None = None, clock: Clock = now
) -> AsyncIterator[ASGIApp]:
    """The application, alive while the block lasts; it needs no lifespan of its own.

    Raises SchemaError when the database cannot be opened or belongs to a newer version.
    """
    # Importing takes most of a second; whoever shares our event loop goes on meanwhile.
    start = await anyio.to_thread.run_sync(_load)
    async with start(config, make_brain, clock) as app:
        yield app


def create_app(config: AgentConfig, make_brain: MakeBrain | None = None) -> Starlette:
    """The application with a lifespan that starts and stops it, to be served alone."""
    from starlette.applications import Starlette  # noqa: PLC0415 - see the module
    from starlette.routing import Mount  # noqa: PLC0415 - see the module

    inner: ASGIApp | None = None

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal inner
        async with running(config, make_brain) as inner:
            yield

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if inner is None:
            raise RuntimeError("the agent is served before its lifespan began")
        await inner(scope, receive, send)

    return Starlette(routes=[Mount("/", app=serve)], lifespan=lifespan)


Serving = Callable[[AgentConfig, MakeBrain | None, Clock], AbstractAsyncContextManager[ASGIApp]]


def _load() -> Serving:
    from agents.server import serving  # noqa: PLC0415 - see the module

    return serving
