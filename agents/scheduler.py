"""Fires reminders when they are due, once, also those that came due while nobody was there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import anyio
import structlog

from agents.records.base import Clock, Task, TaskEnded, TaskKind, TaskState
from agents.records.store import SqlRecords
from prompts import sentence

log = structlog.get_logger()

LATE = timedelta(minutes=1)
"""From when on the person is told that a reminder comes late."""
LONGEST_SLEEP = 30.0
"""Seconds after which to look again anyway: clocks are set, and others write to the database."""

Wait = Callable[[anyio.Event, float], Awaitable[None]]
"""Waits until the event is set, but at most so many seconds."""


async def wait(woken: anyio.Event, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await woken.wait()


class Scheduler:
    """One loop that knows the next due time; `changed` wakes it when that may be another."""

    def __init__(
        self,
        records: SqlRecords,
        clock: Clock,
        wait: Wait = wait,
        *,
        look_again: float = LONGEST_SLEEP,
    ) -> None:
        self._records = records
        self._clock = clock
        self._wait = wait
        self._look_again = look_again
        self._woken = anyio.Event()

    def changed(self, task: Task) -> None:
        """Hear that a task was made or changed."""
        if task.kind is TaskKind.REMINDER:
            self._woken.set()

    async def run(self) -> None:
        """Fire what is due, until cancelled."""
        while True:
            # A fresh event before looking: what changes after the look will set it.
            self._woken = woken = anyio.Event()
            try:
                seconds = await self._fire_due()
            except Exception:
                log.exception("scheduler_stumbled")
                seconds = self._look_again
            await self._wait(woken, seconds)

    async def _fire_due(self) -> float:
        """Fire all that is due; returns the seconds until to look again."""
        while task := await self._records.due():
            now = self._clock()
            if task.due_at is not None and task.due_at > now:
                return min(self._look_again, (task.due_at - now).total_seconds())
            try:
                await self._records.end_task(task.id, TaskState.DONE, wording(task, now))
            except TaskEnded:
                continue  # canceled, or fired by another process, a moment ago
            log.info("reminder_fired", task=task.id)
        return self._look_again


def wording(task: Task, now: datetime) -> str:
    """What a reminder says at `now`."""
    due = task.due_at or now
    if now - due < LATE:
        return sentence("agent", "reminder", task.locale, title=task.title)
    try:
        local = due.astimezone(ZoneInfo(task.zone))
    except (LookupError, ValueError, OSError, OverflowError):
        # A zone nobody knows or a year that it lacks, from a caller's hand.
        local = due
    when = f"{local:%Y-%m-%d %H:%M}"
    return sentence("agent", "reminder_late", task.locale, title=task.title, due=when)
