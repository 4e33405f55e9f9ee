"""A double of the speech services: Groq's, OpenAI's and Cartesia's wire on loopback.

It hears the utterances it was told of, speaks with a real voice if one is installed, takes as
long as it is told to and goes wrong when it is told to. `frontdoor sim speech` serves it too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import anyio
from starlette.applications import Starlette

from channels.loopback import serving
from gateway.speech.simulator.cartesia import Voice
from gateway.speech.simulator.cartesia_stt import Recogniser
from gateway.speech.simulator.completions import Completions
from gateway.speech.simulator.faults import Fault
from gateway.speech.simulator.hearing import Hearing, Known, Unknown, Utterance
from gateway.speech.simulator.sounds import Sounds
from gateway.speech.simulator.world import ChatReply, Request, Timing, Tool, World

__all__ = ["Fault", "Request", "SpeechSimulator", "Timing", "Tool", "Utterance", "run"]

_UNLIMITED = 1_000_000


class SpeechSimulator:
    """Serve `app` with any ASGI server, or use `serving`."""

    def __init__(
        self,
        known: Known = (),
        *,
        text: Unknown = "what is on my list",
        timing: Timing | None = None,
        reply: ChatReply = "All right.",
        voice: Literal["auto", "espeak", "tone"] = "auto",
        key: str = "",
        contexts: int = _UNLIMITED,
        idle_seconds: float = 300.0,
        seed: int = 0,
    ) -> None:
        """Let `text` be heard in sound that is not `known`, and let only `key` in, if it is set.

        `contexts` is how many utterances Cartesia's voice speaks at a time, `idle_seconds` after
        what time it closes a socket that is not used.
        """
        self.world = World(
            timing or Timing(),
            Hearing(known, text),
            Sounds(voice),
            reply=reply,
            key=key,
            contexts=contexts,
            idle_seconds=idle_seconds,
            seed=seed,
        )
        parts = (Completions(self.world), Voice(self.world), Recogniser(self.world))
        self.app = Starlette(routes=[route for part in parts for route in part.routes()])

    @property
    def requests(self) -> deque[Request]:
        """What came in, oldest first."""
        return self.world.requests

    def asked(self, path: str) -> list[Request]:
        """What came in at paths that end so."""
        return [request for request in self.requests if request.path.endswith(path)]

    def learn(self, known: Known) -> None:
        """Know more utterances."""
        self.world.hearing.learn(known)

    def fail(self, endpoint: str, *faults: Fault) -> None:
        """Let the next requests to paths that end so go wrong, one fault each.

        "tts/websocket#connect" is the opening of that socket, "tts/websocket" an utterance on it.
        """
        self.world.faults.add(endpoint, *faults)

    @asynccontextmanager
    async def serving(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve; yields the URL for GROQ_BASE_URL and CARTESIA_BASE_URL, with /v1 for OpenAI."""
        async with serving(self.app, port, host) as url:
            yield url


async def run(port: int, timing: Timing, text: str) -> None:
    """Serve until interrupted, and say how to use it."""
    async with SpeechSimulator(text=text, timing=timing).serving(port) as url:
        print(  # noqa: T201 - a command speaks to a person
            f"Speech on {url}. In another terminal:\n"
            f"  export GROQ_API_KEY=x GROQ_BASE_URL={url}\n"
            f"  export CARTESIA_API_KEY=x CARTESIA_BASE_URL={url}\n"
            f"  export OPENAI_API_KEY=x OPENAI_BASE_URL={url}/v1\n"
            "Ctrl-C ends it.",
            flush=True,
        )
        await anyio.sleep_forever()
