"""Runs the operator's scripts as an operator does: a process, its environment, what it says."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "terraform" / "scripts"


def needing(*programs: str) -> None:
    """Skip the test where a program is not installed; tests/services.sh says how to get it."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"There is no {program} here: sh tests/services.sh says how to get it.")


def run(
    script: str, *arguments: str, env: Mapping[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a script with nothing of our environment but the path."""
    path = env.get("PATH", "") + os.pathsep + os.environ["PATH"]
    return subprocess.run(
        ["bash", str(SCRIPTS / script), *arguments],  # noqa: S607 - wherever it is
        env={
            "HOME": "/nonexistent",
            "TMPDIR": tempfile.gettempdir(),
            **env,
            "PATH": path,
        },
        input=typed,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
