"""What a house on a call leans on, in processes of their own beside the load: agent and speech."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import anyio
import httpx

from tests.bench.measure import LOAD_CORE, pin
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
    timing: Timing | None = None, reply: str = SHORT
) -> AsyncIterator[Mapping[str, str]]:
    """The scripted agent and the speech services; yields the settings that lead to them."""
    timing = timing or Timing()
    agent, speech = free_port(), free_port()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            program(
                "-m",
                "gateway",
                "sim",
                "agent",
                f"--port={agent}",
                f"--script=list=say:{reply}",
                f"--first-ms={timing.first_token:g}",
                ready=f"http://127.0.0.1:{agent}/.well-known/agent-card.json",
            )
        )
        await stack.enter_async_context(
            program(
                "-m",
                "gateway",
                "sim",
                "speech",
                f"--port={speech}",
                "--text=what is on my list",
                f"--stt-ms={timing.stt:g}",
                f"--stt-tail-ms={timing.stt_tail:g}",
                f"--tts-ms={timing.first_audio:g}",
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
