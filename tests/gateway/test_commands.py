"""The commands, as somebody at a terminal has them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.house import free_port


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    # A shell that runs the tests in its background has them ignore Ctrl-C, and so would the
    # programs that they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def test_ctrl_c_while_it_loads_ends_it_without_a_word(tmp_path: Path) -> None:
    # The first thing that is imported lets itself be interrupted.
    (tmp_path / "structlog.py").write_text("import os; os.kill(os.getpid(), 2)\n")
    command = [sys.executable, "-m", "gateway", "serve"]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    ended = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=20)
    assert (ended.returncode, ended.stdout + ended.stderr) == (-signal.SIGINT, b"")


@pytest.mark.parametrize("double", ["telegram", "agent", "speech"])
def test_ctrl_c_ends_a_double(double: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", "sim", double, "--port", str(free_port())]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        said = b""
        ready = (b"ines you type", b"Write to the bot", b"Ctrl-C ends it")
        while not any(words in said for words in ready):
            more = os.read(process.stdout.fileno(), 4096)
            assert more, "it ended by itself"
            said += more
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 130
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        os.close(ours)
        os.close(theirs)
