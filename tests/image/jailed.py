"""Commands in the image, as an engine would run them that was told to be strict."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

JAIL = Path(__file__).parent / "jail.sh"
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Running:
    """A container that serves."""

    process: subprocess.Popen[str]
    url: str
    log_file: Path
    started: float

    @property
    def pid(self) -> int:
        """Of what is process 1 inside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    @property
    def memory(self) -> int:
        """Bytes resident."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def until(self, path: str, word: str = "") -> float:
        """Seconds from its start until a path was answered 200, with `word` in it."""
        while (now := time.monotonic()) < self.started + PATIENCE_SECONDS:
            try:
                answer = httpx.get(f"{self.url}{path}", trust_env=False)
                if answer.status_code == httpx.codes.OK and word in answer.text:
                    return now - self.started
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, self.log
            time.sleep(0.01)
        raise AssertionError(f"{path} was not answered:\n{self.log}")

    def stop(self) -> int:
        """SIGTERM to process 1, and its exit code."""
        # unshare(1) passes on what its child ended with.
        subprocess.run(["kill", f"-{signal.SIGTERM}", str(self.pid)], check=True)  # noqa: S607
        return self.process.wait(PATIENCE_SECONDS)


@dataclass(slots=True)
class Jail:
    """The image unpacked at `root`, with what an engine is told of it."""

    root: Path
    config: Mapping[str, Any]
    data: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="frontdoor-data-")))

    def __post_init__(self) -> None:
        user, _, group = self.config["User"].partition(":")
        shutil.chown(self.data, int(user), int(group))

    def close(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)

    def command(self, arguments: list[str], settings: Mapping[str, str]) -> list[str]:
        environment = dict(pair.split("=", 1) for pair in self.config["Env"])
        pairs = [f"{name}={value}" for name, value in (environment | dict(settings)).items()]
        return ["unshare", "-m", "-p", "-f", "--kill-child", "sh", str(JAIL), str(self.root),
                str(self.data), self.config["User"], *pairs, "--", *arguments]  # fmt: skip

    def run(
        self, *arguments: str, input: str = "", settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run something to its end."""
        return subprocess.run(
            self.command(list(arguments), settings or {}),
            input=input,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def frontdoor(
        self, *arguments: str, input: str = "", settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What `docker run IMAGE frontdoor arguments…` would."""
        return self.run("frontdoor", *arguments, input=input, settings=settings)

    @contextmanager
    def serving(self, *arguments: str, settings: Mapping[str, str]) -> Iterator[Running]:
        """`docker run -d`, and killed at the end if it has not ended by then."""
        log_file = self.data.with_name(f"{self.data.name}-{settings['PORT']}.log")
        called = [*(arguments or self.config["Cmd"])]
        started = time.monotonic()
        with log_file.open("w") as log:
            process = subprocess.Popen(
                self.command(called, settings), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                text=True,
            )  # fmt: skip
        try:
            yield Running(process, f"http://127.0.0.1:{settings['PORT']}", log_file, started)
        finally:
            process.kill()
            process.wait()
            log_file.unlink()
