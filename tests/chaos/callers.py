"""People who phone: they ask, wait for the answer, ask again when none comes, and call again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

import anyio
import numpy as np
from psycopg import OperationalError

from channels.events import PHONE
from channels.twilio.simulator import NotOnTheLine, Phone, PhoneCall
from channels.twilio.simulator.sound import from_mulaw, to_mulaw
from gateway.speech.espeak import EspeakVoice
from gateway.speech.simulator import SpeechSimulator, Timing
from tests.chaos.books import Place
from tests.chaos.parts import AUTH_TOKEN, Parts

GREETED_SECONDS = 6.0
ANSWER_SECONDS = 8.0
"""How long a caller waits before they ask again."""
PATIENCE_SECONDS = 90.0
"""How long until they give up, and we complain."""
LOOK_SECONDS = 0.25
TALKATIVE = 4
"""Questions that a caller asks before they put down."""


@dataclass
class Caller:
    """Somebody with a phone. Each time they ask, the number is another."""

    prefix: str
    phone: str
    parts: Parts
    speech: SpeechSimulator
    asked: list[str] = field(default_factory=list)
    calls: int = 0
    taken_up: int = 0
    """How often a call went on by another stream."""
    gave_up: list[str] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return f"phone:{self.phone}"

    async def call(self, dice: Random, enough: anyio.Event) -> None:
        """Call and ask until it is enough, and all that was asked is answered."""
        answered = True
        began = anyio.current_time()
        while not (answered and enough.is_set()):
            if answered:
                began = anyio.current_time()
            elif anyio.current_time() - began > PATIENCE_SECONDS:
                self.gave_up.append(self.asked[-1])
                return
            url = self.parts.balancer.url
            self.calls += 1
            async with Phone(self.phone, noise=None).call(url, token=AUTH_TOKEN) as line:
                answered = await self._talk(line, enough, answered=answered)
            self.taken_up += max(0, line.streams - 1)
            await anyio.sleep(dice.uniform(0, 0.5))

    async def _talk(self, line: PhoneCall, enough: anyio.Event, *, answered: bool) -> bool:
        """Ask a few things; whether the last was answered."""
        await line.answer(since=0.0, seconds=GREETED_SECONDS)
        for _ in range(TALKATIVE):
            if line.over or (answered and enough.is_set()):
                break
            number = f"{self.prefix}x{len(self.asked)}"
            self.asked.append(number)
            try:
                await line.say(await self._sound(number))
            except NotOnTheLine:
                return False
            answered = await self._answer(line, number)
        return answered

    async def _answer(self, line: PhoneCall, number: str) -> bool:
        with anyio.move_on_after(ANSWER_SECONDS):
            while not line.over:
                if await is_answered(self.parts, number):
                    await line.answer(seconds=ANSWER_SECONDS)
                    return True
                await anyio.sleep(LOOK_SECONDS)
        return await is_answered(self.parts, number)

    async def _sound(self, number: str) -> bytes:
        """The question as it sounds, which the recogniser's double learns."""
        text = f"tell me about {number}"
        spoken = b"".join([piece async for piece in EspeakVoice().speak(text, format=PHONE)])
        # The double knows sound by its frames: no two may have the same, though words are.
        dice = Random(number)  # noqa: S311 - a script to be repeated, not a secret
        louder = from_mulaw(spoken).astype(np.float64) * dice.uniform(0.5, 1.0)
        sound = bytes([0xFF] * dice.randrange(160)) + to_mulaw(louder.astype(np.int16))
        self.speech.learn({text: sound})
        return sound


@asynccontextmanager
async def hearing() -> AsyncIterator[tuple[SpeechSimulator, dict[str, str]]]:
    """Ears and a voice for all replicas, and the settings that lead to them."""
    speech = SpeechSimulator(text="", voice="tone", timing=Timing(tts_speed=0))
    async with speech.serving() as url:
        settings = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": f"{url}/v1"}
        yield speech, settings


async def is_answered(parts: Parts, number: str) -> bool:
    """Whether an answer is in the log, as far as anybody can tell while the database is away."""
    with suppress(OperationalError):
        return bool(
            await parts.ask(
                "SELECT 1 FROM messages WHERE role = 'agent'"  # noqa: S608 - a number of ours
                f" AND CAST(parts AS TEXT) LIKE '%{number}.%' LIMIT 1"
            )
        )
    return False


async def spoken_answers(parts: Parts, homes: Mapping[str, Place]) -> list[tuple[Place, str]]:
    """What the house said in conversations of callers, whose ids lead to who they are."""
    rows = await parts.ask(
        "SELECT conversation_id, CAST(parts AS TEXT) FROM messages WHERE role = 'agent'"
        " ORDER BY seq"
    )
    return [(homes[conversation], said) for conversation, said in rows if conversation in homes]
