"""The A2A tasks of this process: how each stands, durably, and who listens.

What must survive a kill is saved before anybody hears of it: a task's start, every status,
the first piece of a reply, every file. The pieces between are saved in strides;
a listener may have heard a little more of a reply than a restarted process remembers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from a2a.types import Message, Task, TaskArtifactUpdateEvent, TaskState
from a2a.utils.errors import TaskNotFoundError
from anyio import Lock, WouldBlock, create_memory_object_stream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from agents.folds import COMPLETE_EXTENSION, REPLY, Update, ended, fold, whole_reply
from agents.records.protocol import ENDED, SqlTaskStore

STRIDE = 32
"""Pieces of a reply between two saves."""
PATIENCE = 4096
"""Events a listener may lag behind before it is cut off; it can subscribe again."""

Tell = Callable[[Task, Task | Update], None]
"""Hears what is worth pushing: a task as it stands, and the event."""


class TaskOver(Exception):
    """The task has come to its end; nothing more happens to it."""


@dataclass(eq=False)
class Live:
    """A task in use."""

    task: Task
    loaded: bool = False
    lock: Lock = field(default_factory=Lock)
    listeners: set[MemoryObjectSendStream[Update]] = field(default_factory=set)
    holders: int = 0
    unsaved: int = 0
    draft: bool = False
    """Whether it is not stored: it may never have been."""


class Ledger:
    """All changes to tasks pass through here, one at a time for each task."""

    def __init__(self, store: SqlTaskStore, tell: Tell) -> None:
        self._store = store
        self._tell = tell
        self._live: dict[str, Live] = {}

    @asynccontextmanager
    async def hold(self, id: str) -> AsyncIterator[Live]:
        """A task kept in memory while the block lasts. Raises TaskNotFoundError."""
        live = self._live.setdefault(id, Live(Task()))
        live.holders += 1
        try:
            async with live.lock:
                if not live.loaded:
                    task = await self._store.get(id)
                    if task is None:
                        raise TaskNotFoundError
                    live.task, live.loaded = task, True
            yield live
        finally:
            self.release(id)

    def keep(self, task: Task, *, draft: bool = False) -> None:
        """Keep a task in memory, until `release`: one that was just stored, or a draft."""
        live = self._live.setdefault(task.id, Live(Task(), draft=draft))
        live.holders += 1
        if not live.loaded:
            live.task, live.loaded = task, True

    def release(self, id: str) -> None:
        """Undo a `keep`."""
        live = self._live[id]
        live.holders -= 1
        if not live.holders:
            del self._live[id]

    async def take(self, task: Task, message: Message) -> str:
        """Store a message together with the task it starts; see SqlTaskStore.take."""
        return await self._store.take(task, message)

    async def take_further(self, live: Live, task: Task, message: Message) -> None:
        """Store a message together with its task, standing as `task` from now on.

        The caller holds the task's lock.
        """
        await self._store.take(task, message)
        live.task = task

    async def make_real(self, live: Live, message: Message) -> str:
        """Store a draft as it stands, together with its message as it came for good.

        Returns the id of the task the message belongs to; if that is another one, the draft
        has become nobody's and must be dropped.
        """
        async with live.lock:
            touched = bool(live.task.artifacts) or live.task.status.HasField("message")
            task = Task()
            task.CopyFrom(live.task)
            for said in task.history:
                if said.message_id == message.message_id:
                    said.metadata.CopyFrom(message.metadata)
            id = await self._store.take(task, message, touched=touched)
            if id == task.id:
                live.task, live.draft, live.unsaved = task, False, 0
            return id

    def push(self, task: Task) -> None:
        """Push the reply of a draft that was whole before anybody could be told."""
        if any(COMPLETE_EXTENSION in a.metadata for a in task.artifacts if a.name == REPLY):
            self._tell(task, whole_reply(task))

    async def tell(
        self,
        live: Live,
        event: Update,
        *,
        answered: str = "",
        told: str = "",
        touched: bool | None = None,
        unless: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Let an event happen: fold it in, save it, let the listeners hear. Raises TaskOver.

        False, and nothing happens, if `unless` holds when it is the event's turn. For
        `answered`, `told` and `touched` see SqlTaskStore.put.
        """
        async with live.lock:
            if ended(live.task):
                raise TaskOver
            if unless():
                return False
            live.unsaved += 1
            task = live.task
            if live.draft:
                fold(task, event)
            elif (
                touched is not None or answered or told or _weighty(event) or live.unsaved >= STRIDE
            ):
                # On a copy: what could not be saved has not happened.
                task = Task()
                task.CopyFrom(live.task)
                fold(task, event)
                await self._store.put(task, touched=touched, answered=answered, told=told)
                live.task, live.unsaved = task, 0
            else:
                fold(task, event)
            self._announce(live, event)
            return True

    async def tell_at_once(
        self, live: Live, events: Callable[[], Awaitable[Sequence[Update]]], answered: str
    ) -> None:
        """Let several events happen in one transaction with what `events` does to find them.

        Raises TaskOver.
        """
        async with live.lock:
            if ended(live.task):
                raise TaskOver
            task = Task()
            task.CopyFrom(live.task)
            async with self._store.unit():
                found = await events()
                for event in found:
                    fold(task, event)
                await self._store.put(task, answered=answered)
            live.task, live.unsaved = task, 0
            for event in found:
                self._announce(live, event)

    @asynccontextmanager
    async def follow(
        self, id: str
    ) -> AsyncIterator[tuple[Task, MemoryObjectReceiveStream[Update]]]:
        """A task as it stands, and what happens to it from then on, without gap or overlap."""
        send, receive = create_memory_object_stream[Update](PATIENCE)
        async with self.hold(id) as live:
            async with live.lock:
                snapshot = Task()
                snapshot.CopyFrom(live.task)
                live.listeners.add(send)
            try:
                yield snapshot, receive
            finally:
                live.listeners.discard(send)
                send.close()
                receive.close()

    async def look(self, id: str) -> Task | None:
        """A task as it stands."""
        live = self._live.get(id)
        if live is None or not live.loaded:
            return await self._store.get(id)
        snapshot = Task()
        snapshot.CopyFrom(live.task)
        return snapshot

    def _announce(self, live: Live, event: Update) -> None:
        for listener in tuple(live.listeners):
            self._pass_on(live, listener, event)
        if live.draft:
            return
        if isinstance(event, TaskArtifactUpdateEvent):
            if event.last_chunk:
                whole = whole_reply(live.task) if event.artifact.name == REPLY else event
                self._tell(live.task, whole)
        elif event.status.HasField("message") or event.status.state in ENDED:
            self._tell(live.task, event)

    def _pass_on(self, live: Live, listener: MemoryObjectSendStream[Update], event: Update) -> None:
        try:
            listener.send_nowait(event)
        except WouldBlock:
            live.listeners.discard(listener)
            listener.close()


def _weighty(event: Update) -> bool:
    """Whether the event must be saved before anybody hears it.

    Not so that work began, which a restart assumes, nor that a reply is complete, which
    the status at its heels tells.
    """
    if isinstance(event, TaskArtifactUpdateEvent):
        return not event.append
    begun = event.status.state == TaskState.TASK_STATE_WORKING
    return not begun or event.status.HasField("message")
