"""One call on a paper line, with an inbox that answers as the test says; time is virtual."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import cast

import anyio
from anyio.abc import TaskGroup

from channels.events import (
    Delta,
    Entry,
    Live,
    Message,
    Receipt,
    Status,
    Text,
    TurnState,
    Wish,
)
from gateway.agent.base import Agent
from gateway.bus.memory import MemoryBus
from gateway.call.policy import Policy
from gateway.speech.base import SpeechToText, TextToSpeech
from gateway.store import inbox as inbox_store
from gateway.store.engine import Database
from gateway.voice import VoiceCall, VoiceParts
from prompts import sentence
from tests.channels.doubles import InMemoryInbox
from tests.gateway.lines import CallerRecogniser, LetterVoice, LoudActivity, PaperLine

CONVERSATION = "conversation"

Step = str | float | Wish | Status
"""More of the reply, seconds of waiting, or something published as it is."""


@dataclass
class PaperHouse(InMemoryInbox):
    """Plays a script for each message it takes, one turn at a time, as `chat` would."""

    bus: MemoryBus = field(default_factory=MemoryBus)
    scripts: deque[Sequence[Step]] = field(default_factory=deque)
    """What the agent does about the messages to come; nothing, when there are no more."""
    delay: float = 0.0
    """Seconds that it takes to store a message."""
    tasks: TaskGroup | None = None
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _turn: anyio.CancelScope | None = None

    async def accept(self, message: Message) -> Receipt:
        await anyio.sleep(self.delay)
        receipt = await super().accept(message)
        if self.scripts and self.tasks:
            number, script = next(self._numbers), self.scripts.popleft()
            self.tasks.start_soon(self._play, number, script, message)
        return receipt

    async def cancel(self, conversation: str, *, waiting: bool = True) -> bool:
        assert not waiting, "what somebody typed would be lost"
        if self._turn:
            self._turn.cancel()
        return await super().cancel(conversation, waiting=waiting)

    async def _play(self, number: int, script: Sequence[Step], message: Message) -> None:
        id = inbox_store.message_id(message.route, message.event)
        self.say(Status(number, TurnState.WORKING, messages=(id,)))
        text, end = "", TurnState.DONE
        with anyio.CancelScope() as self._turn:
            for step in script:
                match step:
                    case str():
                        text += step
                        self.say(Delta(number, step))
                    case float():
                        await anyio.sleep(step)
                    case Wish():
                        self.say(Wish(number, step.action, step.to, step.summary))
                    case Status():
                        self.say(Status(number, step.state, step.text))
        if self._turn.cancel_called:
            text, end = f"{text} Stopped.", TurnState.CANCELED
        if text:
            self.tell(text)
        self.say(Status(number, end))

    def say(self, event: Live) -> None:
        self.bus.publish(CONVERSATION, event)

    def tell(self, text: str) -> None:
        """Something of the agent's becomes part of the log."""
        self.say(Entry(0, "id", "agent", (Text(text),), datetime.now(UTC)))


@dataclass
class PaperCall:
    """A call under way, and all that is around it."""

    line: PaperLine
    house: PaperHouse
    voice: TextToSpeech
    recogniser: SpeechToText
    activity: LoudActivity
    talk: VoiceCall
    over: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Cancel it, and the call is told to stop."""
    tasks_before: int = 0

    @property
    def asked(self) -> list[str]:
        """What the house was asked."""
        return [part.text for m in self.house.messages for part in m.parts if hasattr(part, "text")]

    async def greeted(self) -> None:
        await self.line.has_heard(GREETING)
        await anyio.sleep(0.2)

    async def ended(self, seconds: float = 60.0) -> None:
        with anyio.fail_after(seconds):
            await self.over.wait()


GREETING = "Hi."


def ours(key: str) -> str:
    """A sentence of the house's own."""
    return sentence("voice", key, "en")


@asynccontextmanager
async def on_paper(
    *scripts: Sequence[Step],
    line: PaperLine | None = None,
    voice: TextToSpeech | None = None,
    recogniser: SpeechToText | None = None,
    house: PaperHouse | None = None,
    greeting: str = GREETING,
    can_transfer: bool = True,
    **policy: object,
) -> AsyncIterator[PaperCall]:
    """A call that lasts until the block is left, or until it has ended by itself."""
    line, voice = line or PaperLine(), voice or LetterVoice()
    house = house or PaperHouse()
    house.scripts = deque(scripts)
    recogniser = recogniser or CallerRecogniser(line)
    activity = LoudActivity()
    parts = VoiceParts(
        cast("Database", None),  # Only drafts read it.
        house.bus,
        house,
        cast("Agent", None),
        recogniser,
        voice,
        activity,
        Policy(**policy),  # type: ignore[arg-type]  # checked by Policy
        greeting=greeting,
        can_transfer=can_transfer,
        wall_clock=lambda: 1000.0,
    )
    async with anyio.create_task_group() as tasks:
        house.tasks = tasks
        call = PaperCall(
            line,
            house,
            voice,
            recogniser,
            activity,
            VoiceCall(parts, line, CONVERSATION),
            tasks_before=len(asyncio.all_tasks()),
        )

        async def talk() -> None:
            with call.scope:
                await call.talk.run()
            call.over.set()

        tasks.start_soon(talk)
        yield call
        line.hung_up()
        with anyio.fail_after(60):
            await call.over.wait()
        tasks.cancel_scope.cancel()
