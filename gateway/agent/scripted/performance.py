"""One task of the agent double: what it told so far, and how a script makes it tell more."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from uuid import uuid4

import anyio
from a2a.server.events import Event
from a2a.types import (
    Artifact,
    Message,
    Part,
    Role,
    Task,
    TaskArtifactUpdateEvent,
    TaskPushNotificationConfig,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a.utils.errors import InternalError

from gateway.agent.base import End
from gateway.agent.hearing import CALL_EXTENSION, CHOICES_MEDIA_TYPE, REPLY
from gateway.agent.scripted import scripts
from gateway.agent.scripted.scripts import Step

TERMINAL = (
    TaskState.TASK_STATE_COMPLETED,
    TaskState.TASK_STATE_FAILED,
    TaskState.TASK_STATE_CANCELED,
    TaskState.TASK_STATE_REJECTED,
)
AT_REST = (
    *TERMINAL,
    TaskState.TASK_STATE_INPUT_REQUIRED,
    TaskState.TASK_STATE_AUTH_REQUIRED,
)


class Cut:
    """Told to listeners whose connection is to be dropped."""


class Nonsense:
    """Told as an event without a payload."""


Told = Event | Cut | Nonsense | InternalError


@dataclass(frozen=True, slots=True)
class World:
    """What a performance needs of the agent it belongs to."""

    pass_gate: Callable[[str], Awaitable[None]]
    typed: Callable[[], Awaitable[str]]
    """The next line written at the keyboard."""
    notify: Callable[[TaskPushNotificationConfig, TaskStatusUpdateEvent], Awaitable[None]]
    first_delay: float = 0.0
    """Seconds before the first words of an answer."""
    token_delay: float = 0.0
    """Seconds between words."""


class Performance:
    """A task, played step by step and told to any number of listeners."""

    def __init__(self, context: str, world: World, *, draft: bool = False) -> None:
        state = TaskStatus(state=TaskState.TASK_STATE_SUBMITTED)
        self.task = Task(id=str(uuid4()), context_id=context, status=state)
        self.notify: TaskPushNotificationConfig | None = None
        self.taken = False
        """Whether anybody was told of the task; until then it cannot be found."""
        self.told: list[Told] = []
        self.scope = anyio.CancelScope()
        self.final = anyio.Event()
        """Set when the words it answers are no draft, or one no longer."""
        if not draft:
            self.final.set()
        self._world = world
        self._turn = 0
        self._spoke = False
        self._steps: Iterator[Step] = iter(())
        self._step: Step | None = None
        self._fresh = True
        self._more = anyio.Event()

    @property
    def at_rest(self) -> bool:
        return self.task.status.state in AT_REST

    @property
    def vanished(self) -> bool:
        """Whether it failed before anybody knew of it, as if the message had never come."""
        return self._over and not self.taken and not isinstance(self.told[-1], Message)

    def answer(self, message: Message, script: Iterable[Step]) -> None:
        """Take a message, which `play` then answers with the script."""
        self.task.history.append(message)
        self._turn += 1
        self._steps = iter(script)
        self._fresh = True
        self._spoke = False
        self._step = next(self._steps, scripts.Rest())

    async def play(self) -> None:
        """Play what is left of the script; cancelled and called again, it goes on."""
        with anyio.CancelScope() as self.scope:
            while self._step is not None:
                await self._perform(self._step)
                self._step = next(self._steps, None)
                if self._step is None and not (self.at_rest or self._over):
                    self._step = scripts.Rest()

    async def listen(self, since: int | None = None) -> AsyncGenerator[Event | Cut | Nonsense]:
        """What is told from position `since` of `told` until the task rests.

        Without it, how the task stands is told first, and then what happens from now on.
        """
        if since is None:
            since = len(self.told)
            if self.taken:
                # It may come to rest while the listener is busy with how it stood.
                standing = self.snapshot()
                yield standing
                if _closes(standing):
                    return
            elif since and isinstance(self.told[-1], Message):
                since -= 1
        while True:
            for item in self.told[since:]:
                since += 1
                if isinstance(item, InternalError):
                    raise item
                yield item
                if _closes(item):
                    return
            # More may have been told while the listener was busy with the last piece.
            if since == len(self.told):
                await self._more.wait()

    def snapshot(self) -> Task:
        """The task as it stands."""
        snapshot = Task()
        snapshot.CopyFrom(self.task)
        return snapshot

    async def rest(self, state: TaskState, message: Message | None = None) -> None:
        """Bring the task to a state and tell it."""
        self._take()
        if CALL_EXTENSION in self.task.status.message.metadata:
            self.task.history.append(self.task.status.message)
        self.task.status.CopyFrom(TaskStatus(state=state, message=message))
        self.task.status.timestamp.GetCurrentTime()
        update = TaskStatusUpdateEvent(
            task_id=self.task.id, context_id=self.task.context_id, status=self.task.status
        )
        self._tell(update)
        if self.notify is not None:
            await self._world.notify(self.notify, update)

    @property
    def _over(self) -> bool:
        return bool(self.told) and isinstance(self.told[-1], Message | InternalError)

    async def _perform(self, step: Step) -> None:  # noqa: C901, PLR0912 - one line a step
        if isinstance(step, scripts.Give | scripts.Wish | scripts.Rest):
            await self.final.wait()
        match step:
            case scripts.Take():
                self._take()
            case scripts.Say():
                await self._speak(step)
            case scripts.Report(text):
                await self.rest(TaskState.TASK_STATE_WORKING, self._message(text))
            case scripts.Give():
                self._give(step)
            case scripts.Wait(seconds):
                await anyio.sleep(seconds)
            case scripts.Gate(name):
                await self._world.pass_gate(name)
            case scripts.Cut():
                self._tell(Cut())
            case scripts.Fail(message):
                self._tell(InternalError(message))
            case scripts.Odd():
                self._tell(Nonsense())
            case scripts.Bare(text):
                self._tell(self._message(text))
            case scripts.Wish(action, to, summary):
                wish = self._message("")
                wanted = {"action": action, "to": to, "summary": summary}
                wish.metadata.update({CALL_EXTENSION: wanted})
                await self.rest(TaskState.TASK_STATE_WORKING, wish)
            case scripts.Rest():
                await self.rest(_state(step.end), self._closing(step))
            case scripts.Improvise():
                self._take()
                self._steps = chain(_read(await self._world.typed()), self._steps)

    def _tell(self, item: Told) -> None:
        self.told.append(item)
        self._more.set()
        self._more = anyio.Event()

    def _take(self) -> None:
        if not self._fresh:
            return
        self._fresh = False
        self.taken = True
        if self._turn > 1:
            self.task.status.CopyFrom(TaskStatus(state=TaskState.TASK_STATE_WORKING))
        self._tell(self.snapshot())

    async def _speak(self, step: scripts.Say) -> None:
        """Say it, as fast as the agent is made out to be."""
        if not self._spoke:
            self._spoke = True
            if self._world.first_delay:
                await anyio.sleep(self._world.first_delay)
        if not self._world.token_delay:
            self._say(step)
            return
        words = re.findall(r"\s*\S+\s*", step.text) or [step.text]
        for i, word in enumerate(words, start=1):
            self._say(replace(step, text=word, last=step.last and i == len(words)))
            await anyio.sleep(self._world.token_delay)

    def _say(self, step: scripts.Say) -> None:
        sent = time.monotonic_ns()
        text = step.text.replace("{ns}", str(sent)) if step.stamp else step.text
        update = self._chunk(f"{REPLY}-{self._turn}", REPLY, Part(text=text), last=step.last)
        if step.stamp:
            update.metadata.update({"sent_ns": sent})
        self._tell(update)

    def _give(self, step: scripts.Give) -> None:
        common = Part(filename=step.name, media_type=step.media_type)
        parts = [Part(url=step.url)] if step.url else [Part(raw=piece) for piece in step.pieces]
        id = str(uuid4())
        for i, part in enumerate(parts):
            part.MergeFrom(common)
            self._tell(self._chunk(id, step.name, part, last=i == len(parts) - 1))

    def _chunk(self, id: str, name: str, part: Part, *, last: bool) -> TaskArtifactUpdateEvent:
        self._take()
        chunk = Artifact(artifact_id=id, name=name, parts=[part])
        known = next((a for a in self.task.artifacts if a.artifact_id == id), None)
        if known is None:
            self.task.artifacts.append(chunk)
        else:
            known.parts.append(part)
        return TaskArtifactUpdateEvent(
            task_id=self.task.id,
            context_id=self.task.context_id,
            artifact=chunk,
            append=known is not None,
            last_chunk=last,
        )

    def _message(self, *parts: Part | str) -> Message:
        return Message(
            message_id=str(uuid4()),
            context_id=self.task.context_id,
            role=Role.ROLE_AGENT,
            parts=[Part(text=part) if isinstance(part, str) else part for part in parts],
        )

    def _closing(self, step: scripts.Rest) -> Message | None:
        if not (step.text or step.choices):
            return None
        if not step.choices:
            return self._message(step.text)
        choices = Part(media_type=CHOICES_MEDIA_TYPE)
        offered = [{"label": c.label, "value": c.value} for c in step.choices]
        choices.data.struct_value.update({"choices": offered})
        return self._message(step.text, choices)


def _state(end: End) -> TaskState:
    state: TaskState = TaskState.Value(f"TASK_STATE_{end.name}")
    return state


def _closes(item: Event | Cut | Nonsense) -> bool:
    if isinstance(item, Task | TaskStatusUpdateEvent):
        return item.status.state in AT_REST
    return isinstance(item, Message)


def _read(line: str) -> Iterable[Step]:
    """A line from the keyboard: a script, or else plain words to say."""
    try:
        return scripts.parse(line)
    except ValueError:
        return (scripts.Say(line, last=True),)
