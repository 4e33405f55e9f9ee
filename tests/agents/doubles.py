"""A brain that does as it is told, and an agent served on a real socket."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import httpx

from agents.app import AgentConfig, now, running
from agents.base import (
    Answer,
    Ask,
    Brain,
    Document,
    Produced,
    Progress,
    Promise,
    Question,
    Wish,
    Words,
)
from agents.records.base import Clock, NewTask, Records, TaskKind
from agents.records.engine import Database
from agents.records.schema import ensure
from channels.loopback import serving
from tests.waiting import PATIENCE

_ids = count(1)

V1 = {"A2A-Version": "1.0"}


class TestClock:
    """Tells the time it was set to."""

    __test__ = False

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Obedient(Brain):
    """Does what the text says, step by step: `say:hello;gate:x;say: world`."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.gates: defaultdict[str, anyio.Event] = defaultdict(anyio.Event)
        self.canceled: list[str] = []
        self.acts_done: list[str] = []
        self.records: Records | None = None
        self.clock: Clock = now

    async def answer(self, ask: Ask) -> AsyncIterator[Answer]:
        self.asks.append(ask)
        try:
            for step in ask.text.split(";"):
                word, _, rest = step.partition(":")
                async for answer in self._step(ask, word, rest):
                    yield answer
        except BaseException:
            self.canceled.append(ask.task)
            raise

    async def _step(  # noqa: C901, PLR0912 - a list of words, one beside the other
        self, ask: Ask, word: str, rest: str
    ) -> AsyncIterator[Answer]:
        match word:
            case "say":
                yield Words(rest)
            case "count":
                for n in range(int(rest)):
                    yield Words(f"{n} ")
            case "gate":
                await self.gates[rest].wait()
            case "act":
                await ask.final()
                self.acts_done.append(rest)
            case "wish":
                yield Wish("hang_up" if rest == "hang_up" else "transfer", summary=rest)
            case "do":
                yield Progress(rest)
            case "file":
                yield Produced(Document(rest, "text/plain", b"content of " + rest.encode()))
            case "ask":
                yield Question(rest, (("Yes", "y"), ("No", "n")))
            case "fail":
                raise RuntimeError(f"a secret: {rest}")
            case "remind" | "record":
                assert self.records
                seconds, _, title = rest.partition(",")
                task = await self.records.create_task(
                    NewTask(
                        person=ask.caller.person,
                        title=title,
                        kind=TaskKind.REMINDER,
                        due_at=self.clock() + timedelta(seconds=float(seconds)),
                        zone="Europe/Vienna",
                        locale=ask.caller.locale,
                        a2a_task=ask.task,
                    )
                )
                if word == "remind":
                    yield Promise(task.id)
            case "":
                pass
            case _:
                yield Words(f"echo {ask.text}")


@dataclass
class Served:
    """An agent on a socket."""

    url: str
    brain: Obedient
    clock: TestClock
    http: httpx.AsyncClient

    def message(self, text: str, **more: Any) -> dict[str, Any]:
        parts = more.pop("parts", [{"text": text}])
        return {"messageId": f"m{next(_ids)}", "role": "ROLE_USER", "parts": parts, **more}

    async def rpc(self, method: str, params: dict[str, Any], **headers: str) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = await self.http.post("/a2a", json=body, headers={**V1, **headers})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        answer = await self.rpc(method, params)
        assert "result" in answer, answer
        return dict(answer["result"] or {})

    async def error(self, method: str, params: dict[str, Any]) -> int:
        answer = await self.rpc(method, params)
        assert "error" in answer, answer
        return int(answer["error"]["code"])

    async def send(self, text: str, **more: Any) -> dict[str, Any]:
        """Send and wait for the task."""
        configuration = more.pop("configuration", {})
        message = self.message(text, **more)
        params = {"message": message, "configuration": configuration}
        return dict((await self.call("SendMessage", params))["task"])

    @asynccontextmanager
    async def stream(
        self, method: str, params: dict[str, Any]
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self.http.stream("POST", "/a2a", json=body, headers=V1) as answer:
            yield _events(answer)

    async def wait_for(self, id: str, *states: str) -> dict[str, Any]:
        with anyio.fail_after(PATIENCE):
            while True:
                task = await self.call("GetTask", {"id": id})
                if task["status"]["state"].removeprefix("TASK_STATE_") in states:
                    return task
                await anyio.sleep(0.005)


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        if line.startswith("data:"):
            yield json.loads(line[5:])["result"]


@cache
def _migrated() -> Path:
    """A database at head, so that only the first test pays for the migration."""
    path = Path(tempfile.mkdtemp(prefix="agents-")) / "agent.db"
    database = Database(f"sqlite:///{path}")
    ensure(database.engine)
    database.close()
    return path


@asynccontextmanager
async def serve(
    folder: Path,
    *,
    database: str = "",
    lease: float = 6.0,
    clock: TestClock | None = None,
    token: str = "",
    allowed: Sequence[str] = (),
    brain: Obedient | None = None,
    draft_life: float = 30.0,
) -> AsyncIterator[Served]:
    """An agent over the database in `folder`, on a free port; may be called again to restart it.

    Over `database` instead if it is given, the URL of one that replicas may share.
    """
    clock = clock or TestClock()
    if not database and not (folder / "agent.db").exists():
        shutil.copy(_migrated(), folder / "agent.db")
    obedient = brain or Obedient()

    def make(_config: Any, records: Records, given: Clock) -> Brain:
        obedient.records = records
        obedient.clock = given
        return obedient

    config = AgentConfig(
        base_url="http://localhost",
        database_url=database or f"sqlite:///{folder / 'agent.db'}",
        lease=lease,
        token=token,
        push_allowed_origins=tuple(allowed),
        draft_life=draft_life,
    )
    async with running(config, make, clock) as app, serving(app) as url:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
            yield Served(url, obedient, clock, http)
