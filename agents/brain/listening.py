"""Turns what a Strands agent streams into answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import structlog
from strands import Agent
from strands.types.exceptions import MaxTokensReachedException

from agents.base import Answer, BrainError, Produced, Progress, Promise, Wish, Words
from agents.brain.fallover import BrokeOff, NobodyAnswered
from agents.brain.pump import pumped
from agents.brain.thinking import Spoken
from agents.tools import wording
from agents.tools.job import Job
from agents.tools.registry import CALL_TOOLS, TOOLS

log = structlog.get_logger()

MOST_CALLS = 12
"""Model calls for one message."""

_PROGRESS = {tool.name: tool.progress for tool in (*TOOLS, *CALL_TOOLS)}

_UNSPOKEN = str.maketrans("", "", "*_#`|")
"""Markup that a voice would read out."""


class Listening:
    """One agent's answer to one message."""

    def __init__(self, job: Job) -> None:
        self.touched = False
        """Whether anything was said or done, so that doing it again would be twice."""
        self._job = job
        self._spoken = Spoken()
        self._said = False
        self._paused = False

    async def to(self, agent: Agent, message: str) -> AsyncGenerator[Answer, None]:
        """Words and progress as they come, then files and promises, and a question last.

        Raises NobodyAnswered before the first word, and BrainError when there is none at all.
        """
        try:
            async with aclosing(self._hear(agent, message)) as answers:
                async for answer in answers:
                    yield answer
        except (NobodyAnswered, BrokeOff, MaxTokensReachedException) as error:
            if not self._said:
                raise
            log.warning("answer_broke_off", task=self._job.a2a_task, error=type(error).__name__)
            yield Words(f"\n\n{self._say('broke_off')}")
        for made in self._job.out:
            if isinstance(made, Produced | Promise | Wish):
                yield made
        if question := self._job.question:
            yield question
        elif not self._said and not self._job.out:
            raise BrainError("the model said nothing")

    async def _hear(self, agent: Agent, message: str) -> AsyncGenerator[Answer, None]:
        stream = agent.stream_async(message, limits={"turns": MOST_CALLS})
        async with aclosing(pumped(stream)) as events:
            async for event in events:
                for answer in self._heard(event):
                    yield answer

    def _heard(self, event: Mapping[str, Any]) -> Iterator[Answer]:
        if "data" in event:
            yield from self._words(self._spoken.feed(event["data"]))
        raw = event.get("event", {})
        if tool := raw.get("contentBlockStart", {}).get("start", {}).get("toolUse"):
            self.touched = True
            yield Progress(self._progress(tool["name"]))
        if "messageStop" in raw:
            yield from self._words(self._spoken.end())
            self._paused = self._said

    def _words(self, text: str) -> Iterator[Answer]:
        if self._job.caller.modality == "voice":
            text = text.translate(_UNSPOKEN)
        if self._paused or not self._said:
            text = text.lstrip()
        if not text:
            return
        # What is said after a tool was used begins a paragraph of its own.
        yield Words(f"\n\n{text}" if self._paused else text)
        self._paused = False
        self.touched = self._said = True

    def _progress(self, name: str) -> str:
        if key := _PROGRESS.get(name):
            return self._say(key)
        return self._say("using", tool=name.replace("_", " "))

    def _say(self, key: str, **values: object) -> str:
        return wording.say(key, self._job.caller.locale, **values)
