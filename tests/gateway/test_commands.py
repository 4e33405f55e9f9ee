"""The commands, as somebody at a terminal has them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys

import pytest

from tests.kill.house import free_port


@pytest.mark.parametrize("double", ["telegram", "agent"])
def test_ctrl_c_ends_a_double_that_waits_for_the_keyboard(double: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", "sim", double, "--port", str(free_port())]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        said = b""
        while b"ines you type" not in said and b"Write to the bot" not in said:
            said += os.read(process.stdout.fileno(), 4096)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 130
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        os.close(ours)
        os.close(theirs)
