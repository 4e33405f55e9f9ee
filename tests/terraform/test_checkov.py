"""Our rules for checkov: the source keeps them, and each refuses a mistake and names the remedy.

They read the source, so what is wrong is told before there is a plan; what only a plan knows,
policy.py judges.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.mistakes import MISTAKES, Mistake
from tests.terraform.offline import PATIENCE_SECONDS, STACK

ROOT = STACK.parent
MADE = ROOT / "build" / "checkov" / "bin" / "checkov"
RULE = re.compile(r"""id(?:: |=")(CKV2_FD_\d+)""")
# For what the stack must never have.
IDLE = {"CKV2_FD_2", "CKV2_FD_11"}


@dataclass(frozen=True)
class Finding:
    """What a rule says of a block."""

    rule: str
    name: str
    file: str


@dataclass(frozen=True)
class Scan:
    """One run of checkov over a folder."""

    passed: list[Finding]
    failed: list[Finding]
    unread: list[str]


Checkov = Callable[[Path], Scan]


@pytest.fixture(scope="module")
def checkov(tmp_path_factory: pytest.TempPathFactory) -> Checkov:
    program = str(MADE) if MADE.exists() else shutil.which("checkov")
    if not program:
        pytest.skip("there is no checkov here: make build/checkov/stamp installs it")
    # It writes there what it heard of newer versions.
    home = tmp_path_factory.mktemp("home")

    def scan(folder: Path) -> Scan:
        ended = subprocess.run(
            [program, "--config-file", "terraform/.checkov.yaml", "-d", str(folder), "-o", "json"],
            cwd=ROOT,
            env={**os.environ, "HOME": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert ended.stdout.lstrip().startswith(("{", "[")), ended.stderr
        # Of one report alone there is no list.
        reports = json.loads(ended.stdout)
        results = [r["results"] for r in (reports if isinstance(reports, list) else [reports])]
        return Scan(
            [_finding(each) for result in results for each in result["passed_checks"]],
            [_finding(each) for result in results for each in result["failed_checks"]],
            [each for result in results for each in result["parsing_errors"]],
        )

    return scan


@pytest.fixture(scope="module")
def refused(checkov: Checkov, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """All mistakes at once, each in a folder of its own, and those in a copy of the stack."""
    folder = tmp_path_factory.mktemp("mistakes")
    for number, mistake in enumerate(MISTAKES):
        (folder / str(number)).mkdir()
        (folder / str(number) / "main.tf").write_text(mistake.source)
    shutil.copytree(STACK, folder / "stack", ignore=shutil.ignore_patterns(".terraform"))
    for path, old, new in EDITS:
        file = folder / "stack" / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new, 1))
    return checkov(folder)


# What is refused in the stack itself, through modules and variables, and in any file.
EDITS = (
    ("main.tf", '"ObjectStorageObjectsDelete"', '"AllProductsFullAccess"'),
    ("main.tf", "  databases          =", "  backup_days = 1\n  databases ="),
    ("services.tf", "OTEL_SERVICE_NAME = name", 'GROQ_API_KEY = "gsk-written-down"'),
    (
        "environments/prod.tfvars",
        'environment     = "prod"',
        'environment = "prod"\ngroq_api_key = "gsk_3Kd9s0fJq2mVx81LrTzWb6Yn"',
    ),
)
FOUND = (
    ("stack/modules/iam/main.tf", "CKV2_FD_22"),
    ("stack/modules/database/main.tf", "CKV2_FD_3"),
    ("stack/services.tf", "CKV_SECRET_6"),
    ("stack/environments/prod.tfvars", "CKV_SECRET_6"),
)


def test_the_source_keeps_every_rule_and_every_rule_reads_it(checkov: Checkov) -> None:
    scan = checkov(STACK)
    assert scan.failed == []
    assert scan.unread == []
    assert {finding.rule for finding in scan.passed} == set(_rules()) - IDLE


@pytest.mark.parametrize(
    ("number", "mistake"),
    list(enumerate(MISTAKES)),
    ids=[f"{mistake.rule}-{mistake.told}" for mistake in MISTAKES],
)
def test_a_mistake_is_refused_with_its_remedy(refused: Scan, number: int, mistake: Mistake) -> None:
    told = [f for f in refused.failed if f.file == f"/{number}/main.tf"]
    assert any(f.rule == mistake.rule and mistake.told in f.name for f in told), told


@pytest.mark.parametrize(("file", "rule"), FOUND, ids=[file for file, _ in FOUND])
def test_a_mistake_in_the_stack_is_found_where_it_shows(
    refused: Scan, file: str, rule: str
) -> None:
    assert rule in {f.rule for f in refused.failed if f.file == f"/{file}"}


def test_every_rule_has_a_number_of_its_own_and_a_mistake() -> None:
    rules = _rules()
    assert len(rules) == len(set(rules))
    assert {mistake.rule for mistake in MISTAKES} == set(rules)


def _rules() -> list[str]:
    files = sorted(p for p in (STACK / "policies").iterdir() if p.suffix in {".yaml", ".py"})
    return [rule for file in files for rule in RULE.findall(file.read_text())]


def _finding(it: dict[str, Any]) -> Finding:
    return Finding(it["check_id"], it["check_name"], it["file_path"])
