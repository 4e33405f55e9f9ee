"""The A2A tasks of this process: how each stands, durably, and who listens.

What must survive a kill is saved before anybody hears of it: a task's start, every status,
the first piece of a reply, every file. The pieces between are saved in strides;
a listener may have heard a little more of a reply than a restarted process remembers.

Where replicas share the database, a task is changed by the one that owns it, and read from the
database by the others; who listens there hears what was saved since the last look.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import structlog
from a2a.types import Message, Task, TaskArtifactUpdateEvent, TaskState
from a2a.utils.errors import TaskNotFoundError
from anyio import CancelScope, Lock, WouldBlock, create_memory_object_stream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from agents.changes import changes
from agents.folds import COMPLETE_EXTENSION, REPLY, Update, ended, fold, whole_reply
from agents.records.leases import ENDED, LeaseLost, Leases
from agents.records.protocol import SqlTaskStore

STRIDE = 32
"""Pieces of a reply between two saves."""
STRIDE_SECONDS = 0.5
"""After which a piece is saved in any case, for those who listen at other replicas."""
PATIENCE = 4096
"""Events a listener may lag behind before it is cut off; it can subscribe again."""

Tell = Callable[[Task, Task | Update], None]
"""Hears what is worth pushing: a task as it stands, and the event."""


log = structlog.get_logger()


class TaskOver(Exception):
    """The task has come to its end, or to another replica; nothing more happens to it here."""


class Elsewhere(Exception):
    """Another replica has the task."""


@dataclass(eq=False)
class Live:
    """A task in use."""

    task: Task
    loaded: bool = False
    lock: Lock = field(default_factory=Lock)
    listeners: set[MemoryObjectSendStream[Update]] = field(default_factory=set)
    holders: int = 0
    owners: int = 0
    """Who changes it; the last of them gives the lease back."""
    owned: bool = False
    """Whether the lease is ours."""
    unsaved: int = 0
    saved_at: float = 0.0
    """On the event loop's clock."""
    draft: bool = False
    """Whether it is not stored: it may never have been."""

    @property
    def over(self) -> bool:
        return ended(self.task)


class Ledger:
    """All changes to tasks pass through here, one at a time for each task."""

    def __init__(self, store: SqlTaskStore, tell: Tell, leases: Leases | None = None) -> None:
        """Without `leases` all tasks are ours."""
        self._store = store
        self._tell = tell
        self._leases = leases
        self._live: dict[str, Live] = {}

    @asynccontextmanager
    async def hold(self, id: str) -> AsyncIterator[Live]:
        """A task kept in memory while the block lasts. Raises TaskNotFoundError."""
        live = self._live.setdefault(id, Live(Task()))
        live.holders += 1
        try:
            async with live.lock:
                if not live.loaded or self._foreign(live):
                    task = await self._store.get(id)
                    if task is None:
                        raise TaskNotFoundError
                    self._catch_up(live, task)
            yield live
        finally:
            self._let_go(id)

    @asynccontextmanager
    async def own(self, id: str) -> AsyncIterator[Live]:
        """A task that is ours to change while the block lasts, or has ended.

        Raises TaskNotFoundError and Elsewhere.
        """
        async with self.hold(id) as live:
            async with live.lock:
                if self._leases and self._foreign(live) and not ended(live.task):
                    task = await self._leases.claim(id)
                    if task is None:
                        task = await self._store.get(id)
                        if task is None or not ended(task):
                            raise Elsewhere
                    else:
                        live.owned = True
                    self._catch_up(live, task)
                live.owners += 1
            try:
                yield live
            finally:
                await self._disown(id, live)

    def keep(self, task: Task, *, draft: bool = False) -> None:
        """Keep a task as ours until `release`: one that was just stored, or a draft."""
        live = self._live.setdefault(task.id, Live(Task(), draft=draft))
        live.holders += 1
        live.owners += 1
        live.owned = not draft
        if not live.loaded:
            live.task, live.loaded = task, True

    async def release(self, id: str) -> bool:
        """Undo a `keep`; true if messages wait in the task that nobody has now."""
        try:
            return await self._disown(id, self._live[id])
        finally:
            self._let_go(id)

    def owned(self) -> dict[str, Live]:
        """The tasks whose leases are ours."""
        return {id: live for id, live in self._live.items() if live.owned and not live.draft}

    def followed(self) -> list[str]:
        """The tasks of others, or of nobody, to which somebody listens here."""
        return [id for id, live in self._live.items() if live.listeners and self._foreign(live)]

    async def refresh(self, id: str) -> None:
        """Let who listens to a task of others hear what was saved since the last look."""
        if id in self._live:
            async with self.hold(id):
                pass

    def _foreign(self, live: Live) -> bool:
        return bool(self._leases) and not live.owned and not live.draft

    def _catch_up(self, live: Live, task: Task) -> None:
        missed = changes(live.task, task) if live.loaded and live.listeners else []
        live.task, live.loaded, live.unsaved = task, True, 0
        for event in missed:
            self._hear(live, event)

    async def _disown(self, id: str, live: Live) -> bool:
        live.owners -= 1
        if not (self._leases and live.owned):
            return False
        waiting = False
        with CancelScope(shield=True):
            async with live.lock:
                if live.owners or not live.owned:
                    return False
                live.owned = False
                try:
                    # One that has ended was given back with its end.
                    waiting = not ended(live.task) and await self._leases.release(id)
                except Exception as error:  # noqa: BLE001 - the work itself is done
                    # It runs out by itself.
                    log.warning("lease_kept", task=id, error=type(error).__name__)
        return waiting

    def _let_go(self, id: str) -> None:
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
        try:
            await self._store.take(task, message)
        except LeaseLost:
            live.owned = False
            raise Elsewhere from None
        live.task = task

    async def take_in(self, live: Live, task: Task) -> None:
        """Let a task stand as `task`, which knows of a message that another replica stored.

        The caller holds the task's lock. Raises TaskOver.
        """
        await self._put(live, task)
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
                live.task, live.draft, live.unsaved, live.owned = task, False, 0, True
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

        False, and nothing happens, if `unless` holds when it is the event's turn, or if it would
        complete a task in which messages wait that came by another replica. For `answered`,
        `told` and `touched` see SqlTaskStore.put.
        """
        async with live.lock:
            if ended(live.task):
                raise TaskOver
            if unless():
                return False
            live.unsaved += 1
            if self._leases and anyio.current_time() - live.saved_at > STRIDE_SECONDS:
                live.unsaved = STRIDE
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
                if not await self._put(live, task, touched=touched, answered=answered, told=told):
                    return False
                live.task = task
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
                if not await self._put(live, task, answered=answered):
                    # Messages wait that came by another replica: it goes on.
                    task.status.state = TaskState.TASK_STATE_WORKING
                    last = found[-1]
                    if not isinstance(last, TaskArtifactUpdateEvent):
                        last.status.state = TaskState.TASK_STATE_WORKING
                    await self._put(live, task, answered=answered)
            live.task = task
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
        if live is None or not live.loaded or self._foreign(live):
            return await self._store.get(id)
        snapshot = Task()
        snapshot.CopyFrom(live.task)
        return snapshot

    async def _put(
        self,
        live: Live,
        task: Task,
        *,
        touched: bool | None = None,
        answered: str = "",
        told: str = "",
    ) -> bool:
        try:
            saved = await self._store.put(task, touched=touched, answered=answered, told=told)
        except LeaseLost:
            live.owned = False
            raise TaskOver from None
        live.unsaved, live.saved_at = 0, anyio.current_time()
        return saved

    def _hear(self, live: Live, event: Update) -> None:
        for listener in tuple(live.listeners):
            self._pass_on(live, listener, event)

    def _announce(self, live: Live, event: Update) -> None:
        self._hear(live, event)
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
