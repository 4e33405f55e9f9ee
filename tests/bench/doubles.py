"""What a house on a call leans on, in processes of their own beside the load: agent and speech."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx

from tests.bench.measure import LOAD_CORE, pin
from tests.bench.phones import Phrase
from tests.bench.speech_double import write
from tests.kill.house import ROOT, free_port

TOKEN = "a token that only the bench knows"
SHORT = "You have three things to do for today."
LONG = (
    "You have three things to do for today. The first one is to buy some milk, the second is to "
    "call your sister about the trip, and the third is to water all of the plants in the kitchen."
)


@dataclass(frozen=True)
class Timing:
    """Milliseconds."""

    stt: float = 0.0
    stt_tail: float = 0.0
    """For one request in twenty."""
    first_token: float = 0.0
    first_audio: float = 0.0


@asynccontextmanager
async def program(
    *args: str, ready: str, interpreter: str = sys.executable, cores: set[int] = LOAD_CORE
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """A process on these cores for as long as the block lasts; entered when `ready` answers."""
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        [interpreter, *args],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            with anyio.fail_after(60):
                while True:
                    try:
                        await client.get(ready)
                        break
                    except httpx.TransportError:
                        assert process.poll() is None, f"{args} did not start"
                        await anyio.sleep(0.1)
        pin(process.pid, cores)
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def doubles(
    said: Sequence[Phrase], timing: Timing | None = None, reply: str = SHORT
) -> AsyncIterator[Mapping[str, str]]:
    """The scripted agent and the speech services; yields the settings that lead to them."""
    timing = timing or Timing()
    agent, speech = free_port(), free_port()
    async with AsyncExitStack() as stack:
        known = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "known.json"
        write(said, known)
        await stack.enter_async_context(
            program(
                "-m",
                "gateway",
                "sim",
                "agent",
                f"--port={agent}",
                f"--script==last:{reply}",
                f"--first-ms={timing.first_token:g}",
                ready=f"http://127.0.0.1:{agent}/.well-known/agent-card.json",
            )
        )
        await stack.enter_async_context(
            program(
                "-m",
                "tests.bench.speech_double",
                str(known),
                str(speech),
                f"{timing.stt:g}",
                f"{timing.stt_tail:g}",
                f"{timing.first_audio:g}",
                ready=f"http://127.0.0.1:{speech}/",
            )
        )
        yield {
            "AGENT_URL": f"http://127.0.0.1:{agent}",
            "GROQ_API_KEY": "x",
            "GROQ_BASE_URL": f"http://127.0.0.1:{speech}",
            "CARTESIA_API_KEY": "x",
            "CARTESIA_BASE_URL": f"http://127.0.0.1:{speech}",
            "SPEECH_TO_TEXT": "groq",
            "TEXT_TO_SPEECH": "cartesia",
            "TWILIO_AUTH_TOKEN": TOKEN,
            "MAX_CALLS": "100000",
        }
