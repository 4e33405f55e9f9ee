"""One intent being carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anyio import to_thread

from agents.base import Ask, Said
from agents.brain.intents import Intent
from agents.records.base import Task
from agents.tools import dates, tasks, wording
from agents.tools.job import Job


@dataclass(frozen=True, slots=True)
class Errand:
    """What a handler works with."""

    job: Job
    ask: Ask
    intent: Intent

    @property
    def history(self) -> Sequence[Said]:
        return self.ask.history

    @property
    def voice(self) -> bool:
        return self.job.caller.modality == "voice"

    def say(self, key: str, **values: object) -> str:
        return wording.say(key, self.intent.locale, **values)

    def when(self, task: Task) -> str:
        """When a task is due or fires, in a sentence."""
        if task.due_at is None:
            return ""
        timed = tasks.is_timed(task.due_at, task.zone)
        zone, locale = self.job.caller.zone, self.intent.locale
        return wording.when(task.due_at, self.job.now, zone, locale, timed=timed)

    async def find(self, text: str) -> dates.Dated | None:
        """The time in a text; on a thread, since the first date loads a parser."""
        zone, locale = self.job.caller.zone, self.intent.locale
        return await to_thread.run_sync(dates.find, text, self.job.now, zone, locale)
