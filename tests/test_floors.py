"""The floors of docs/architecture.md: every import runs downwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = {
    "gateway.main": 5,
    "gateway.__main__": 6,
    "gateway.server": 4,
    "gateway.app": 4,
    "gateway.commands": 4,
    "gateway.cli": 4,
    "gateway.wiring": 4,
    "gateway.alone": 3,
    "gateway.turns": 3,
    "gateway.line": 3,
    "gateway.keeping": 3,
    "gateway.voice": 3,
    "gateway.chat": 3,
    "gateway.delivery": 3,
    "gateway.inbox": 3,
    "gateway.replicas": 3,
    "gateway.agent": 2,
    "gateway.bus": 2,
    "gateway.speech": 2,
    "gateway.store": 2,
    "gateway.call": 1,
    "gateway.complaints": 1,
    "gateway.errors": 1,
    "gateway.settings": 1,
    "gateway.seeing": 1,
    "gateway.telemetry": 1,
    "gateway.vault": 1,
    "gateway": 1,
    "channels": 1,
    "prompts": 0,
}
INSTRUMENTS = {"gateway.agent", "gateway.bus", "gateway.speech", "gateway.store"}
PURE = [
    "gateway/turns/aloud.py",
    "gateway/commands/banner.py",
    "gateway/line/figures.py",
    "gateway/turns/heard.py",
    "gateway/turns/question.py",
    "gateway/turns/saying.py",
    *(str(path.relative_to(ROOT)) for path in (ROOT / "gateway" / "call").glob("*.py")),
]


def room(module: str) -> str | None:
    """The longest name in FLOORS that the module belongs to."""
    while module and module not in FLOORS:
        module = module.rpartition(".")[0]
    return module or None


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources(*packages: str) -> list[Path]:
    return [
        path
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if "node_modules" not in path.parts
    ]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources("gateway", "channels"), ids=name)
def test_imports_run_downwards(path: Path) -> None:
    own = room(module_of(path))
    assert own is not None, "every module has a floor: add it to FLOORS"
    for imported in imports(path):
        other = room(imported)
        if other is None or other == own:
            continue
        assert FLOORS[other] <= FLOORS[own], f"{own} must not import {imported}"
        assert not {own, other} <= INSTRUMENTS, f"{own} and {other} are strangers"


@pytest.mark.parametrize("path", sources("channels"), ids=name)
def test_channels_never_import_the_gateway_or_the_agents(path: Path) -> None:
    assert not [i for i in imports(path) if i.split(".")[0] in ("gateway", "agents")]


@pytest.mark.parametrize("path", sources("agents"), ids=name)
def test_agents_know_nothing_of_the_gateway(path: Path) -> None:
    assert not [i for i in imports(path) if i.split(".")[0] in ("gateway", "channels")]


@pytest.mark.parametrize("path", sources("gateway"), ids=name)
def test_the_gateway_meets_the_agents_only_in_main(path: Path) -> None:
    if name(path) != "gateway/main.py":
        assert not [i for i in imports(path) if i.split(".")[0] == "agents"]


@pytest.mark.parametrize("path", sources("gateway", "channels", "agents", "prompts"), ids=name)
def test_only_settings_read_the_environment(path: Path) -> None:
    if name(path) != "gateway/settings.py":
        assert not [i for i in imports(path) if i in ("os.environ", "os.getenv")]
        assert "os.environ" not in path.read_text("utf-8")
        assert "getenv" not in path.read_text("utf-8")


@pytest.mark.parametrize("path", sources("gateway", "agents"), ids=name)
def test_nobody_leaves_tasks_to_the_sdk_of_the_protocol(path: Path) -> None:
    # Its queues, up to Python 3.12, can block for ever any thread that collects a forgotten task.
    banned = ("a2a.server.agent_execution", "a2a.server.request_handlers.Default")
    assert not [i for i in imports(path) if i.startswith(banned) or i.endswith("EventQueue")]


@pytest.mark.parametrize("path", PURE)
def test_what_decides_neither_waits_nor_looks_at_the_clock(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    if path != "gateway/commands/banner.py":
        waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)
        assert not [node for node in ast.walk(tree) if isinstance(node, waiting)]
    assert not [i for i in imports(ROOT / path) if i.split(".")[0] in ("time", "anyio", "asyncio")]


@pytest.mark.parametrize("path", sources("gateway/call"), ids=name)
def test_a_call_is_decided_without_anything_from_outside(path: Path) -> None:
    known = {"__future__", "abc", "collections", "dataclasses", "enum", "math", "re", "typing"}
    for imported in imports(path):
        head = imported.split(".")[0]
        assert head in known or imported.startswith("gateway.call."), imported


@pytest.mark.parametrize("path", sources("gateway", "channels", "agents", "prompts"), ids=name)
def test_no_room_holds_the_whole_conversation(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 410
