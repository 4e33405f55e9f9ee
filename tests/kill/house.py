"""A front door in a process of its own, to be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """`frontdoor serve`, started and killed at will; its log is kept in `folder`."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    kills: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _log_read: int = 0
    _log_begun: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text("utf-8")

    def take_log(self) -> str:
        """What was logged since the last time."""
        with (self.folder / "serve.log").open(encoding="utf-8") as log:
            log.seek(self._log_read)
            text = log.read()
            self._log_read = log.tell()
        return text

    @property
    def worked(self) -> bool:
        """Whether it came so far, since it was last started, that it worked."""
        with (self.folder / "serve.log").open(encoding="utf-8") as log:
            log.seek(self._log_begun)
            return '"event": "working"' in log.read()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DATA_DIR": str(self.folder / "data"),
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
            "PYTHONPATH": str(ROOT),
            "PYTHONFAULTHANDLER": "1",
            **self.settings,
        }
        with (self.folder / "serve.log").open("ab") as log:
            self._log_begun = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "serve"],
                env=environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    async def ready(self, seconds: float = 30) -> None:
        """Wait until it answers on /readyz with everything up."""
        async with httpx.AsyncClient(trust_env=False) as client:
            with anyio.fail_after(seconds):
                while True:
                    try:
                        answer = await client.get(f"{self.url}/readyz")
                        if answer.status_code == 200 and "starting" not in answer.text:
                            return
                    except httpx.TransportError:
                        pass
                    assert self._process is not None
                    assert self._process.poll() is None, self.log
                    await anyio.sleep(0.05)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def fallen(self) -> int | None:
        """The exit code, told once, of a process that ended though nobody told it to."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        return code

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None
        self.kills += 1

    def abort(self) -> None:
        """End one that hangs, and have its log say where each of its threads is."""
        assert self._process is not None
        self._process.send_signal(signal.SIGABRT)
        self._process.wait()
        self._process = None

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """The exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(timeout=30)


@asynccontextmanager
async def house(
    folder: Path, settings: Mapping[str, str] | None = None, port: int = 0
) -> AsyncIterator[House]:
    """A front door that is up; it is killed when the block is left."""
    built = House(folder, settings or {}, port or free_port())
    built.start()
    try:
        await built.ready()
        yield built
    finally:
        if built._process and built._process.poll() is None:
            built._process.kill()
            built._process.wait()
