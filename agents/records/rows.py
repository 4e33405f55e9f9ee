"""Rows as the records they hold, and the places between them that a cursor names."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from agents.records.base import (
    AgentRecord,
    Artifact,
    BadCursor,
    Event,
    Project,
    Task,
    TaskKind,
    TaskState,
    TaskUpdate,
)

HIGHEST = 2**63 - 1
"""What a database holds as an integer."""


def write_cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(f"s{seq}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        seq = int(plain[1:]) if plain.startswith("s") else -1
    except (binascii.Error, ValueError):
        seq = -1
    if not 0 <= seq <= HIGHEST:
        raise BadCursor("the cursor is not one that a page of ours ended with")
    return seq


def project_of(row: Any) -> Project:
    return Project(**_values(row, ("seq", "key")))


def task_of(row: Any) -> Task:
    values = _values(row, ("seq",))
    values.update(kind=TaskKind(row.kind), state=TaskState(row.state))
    return Task(**values)


def update_of(row: Any) -> TaskUpdate:
    values = _values(row, ("seq",))
    values.update(state=TaskState(row.state))
    return TaskUpdate(**values)


def artifact_of(row: Any) -> Artifact:
    return Artifact(**_values(row, ("seq",)))


def event_of(row: Any) -> Event:
    return Event(**_values(row))


def agent_of(row: Any) -> AgentRecord:
    return AgentRecord(**_values(row, ("seq",)))


def _values(row: Any, drop: tuple[str, ...] = ()) -> dict[str, Any]:
    return {k: v for k, v in row._mapping.items() if k not in drop}  # noqa: SLF001 - its public name
