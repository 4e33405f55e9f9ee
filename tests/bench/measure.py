"""What the benchmarks share: a house on one core, quantiles, a lean HTTP client."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.kill.house import House, house

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = {CORES[0]}, {CORES[-1]}


@asynccontextmanager
async def house_on_one_core(settings: Mapping[str, str]) -> AsyncIterator[House]:
    """A house on the first core; we keep to the last."""
    with tempfile.TemporaryDirectory() as folder:
        quiet = {"LOG_LEVEL": "warning", "MESSAGES_PER_MINUTE": "1000000", **settings}
        async with house(Path(folder), quiet) as built:
            pin(built.pid, SERVER_CORE)
            pin(0, LOAD_CORE)
            yield built


def pin(pid: int, cores: set[int]) -> None:
    """Keep a process, its threads of now and later included, to these cores."""
    for thread in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def resident(pid: int) -> float:
    """Resident memory, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError


def quantile(values: Sequence[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)]


def spread(values: Sequence[float], scale: float = 1e3, unit: str = "ms") -> str:
    return "  ".join(
        f"{name} {quantile(values, q) * scale:.1f} {unit}"
        for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    )


class Client:
    """One keep-alive HTTP/1.1 connection; leaner than a real client, so that we measure the
    server and not ourselves.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def post(self, path: str, body: bytes, headers: str = "") -> int:
        """The status of the answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in answer.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if length:
            await self._reader.readexactly(length)
        return int(answer.split(b" ", 2)[1])

    def close(self) -> None:
        self._writer.close()
