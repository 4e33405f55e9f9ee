"""The person's list: to-dos and reminders, called by number or by words of their title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from agents.base import Promise
from agents.records.base import NewTask, Query, Task, TaskChanges, TaskEnded, TaskKind, TaskState
from agents.tools.dates import Dated, zone_of
from agents.tools.folding import fold
from agents.tools.job import Job, ToolError
from agents.tools.numerals import in_digits

END_OF_DAY = time(23, 59)
"""The hour of a due date that was told without one."""

LONGEST_TITLE = 500
"""Characters."""


class Ambiguous(ToolError):
    """Several tasks answer to it."""

    def __init__(self, which: str, tasks: Sequence[Task]) -> None:
        titles = "; ".join(f"{task.number}: {task.title}" for task in tasks)
        super().__init__("several_match", which=which, titles=titles)
        self.tasks = tuple(tasks)


async def add_task(job: Job, title: str, due: Dated | None = None, detail: str = "") -> Task:
    """Put a to-do on the list. Raises ToolError."""
    new = _new(job, title, due_at(due) if due else None)
    return await job.records.create_task(replace(new, detail=detail))


async def remind(job: Job, title: str, when: Dated) -> Task:
    """Call out at a time. Raises ToolError when that has passed."""
    if when.at <= job.now:
        raise ToolError("time_passed")
    new = replace(_new(job, title, when.at), kind=TaskKind.REMINDER)
    task = await job.records.create_task(new)
    job.out.append(Promise(task.id))
    return task


async def open_tasks(job: Job, kind: TaskKind | None = None) -> tuple[Task, ...]:
    """What is on the list, by number."""
    tasks = await job.records.open_tasks(job.caller.person)
    return tuple(task for task in tasks if kind in (None, task.kind))


async def done_tasks(job: Job, limit: int = 10) -> tuple[Task, ...]:
    """What was finished last, newest first."""
    query = Query(person=job.caller.person, states=(TaskState.DONE,), limit=limit)
    return (await job.records.tasks(query)).items


async def last_fired(job: Job) -> Task | None:
    """The reminder that was called out last, of the newest few."""
    query = Query(
        person=job.caller.person, kind=TaskKind.REMINDER, states=(TaskState.DONE,), limit=20
    )
    fired = (await job.records.tasks(query)).items
    return max((task for task in fired if task.outcome), key=lambda t: t.updated_at, default=None)


async def select(job: Job, which: str, kind: TaskKind | None = None) -> Task:
    """The one task meant; nothing named means the only one.

    Raises ToolError, or Ambiguous when there are several.
    """
    tasks = await open_tasks(job, kind)
    if not tasks:
        raise ToolError("list_empty")
    found = matching(tasks, which) if which else tasks
    if is_pronoun(which):
        found = (max(tasks, key=_newness),)
    if not found:
        raise ToolError("no_such_task", which=which)
    if len(found) > 1:
        raise Ambiguous(which, found)
    return found[0]


async def finish(job: Job, task: Task) -> Task:
    """Tick it off."""
    return await _end(job, task, TaskState.DONE)


async def cancel(job: Job, task: Task) -> Task:
    """Take it off the list undone."""
    return await _end(job, task, TaskState.CANCELED)


async def change(
    job: Job, task: Task, *, title: str = "", due: Dated | None = None, detail: str | None = None
) -> Task:
    """Reword it, move it, or both. Raises ToolError."""
    changes = TaskChanges()
    if title:
        changes["title"] = _title(title)
    if detail is not None:
        changes["detail"] = detail
    if due:
        if task.kind is TaskKind.REMINDER and due.at <= job.now:
            raise ToolError("time_passed")
        changes["due_at"] = due.at if task.kind is TaskKind.REMINDER else due_at(due)
        changes["zone"] = job.caller.zone
    try:
        return await job.records.update_task(task.id, **changes)
    except TaskEnded:
        raise ToolError("no_such_task", which=task.title) from None


def due_at(due: Dated) -> datetime:
    """When a to-do is late: at the hour told, else at the end of that day."""
    return due.at if due.timed else datetime.combine(due.at.date(), END_OF_DAY, due.at.tzinfo)


def is_timed(at: datetime, zone: str) -> bool:
    """Whether a stored due date has an hour that was told."""
    local = at.astimezone(zone_of(zone))
    return (local.hour, local.minute) != (END_OF_DAY.hour, END_OF_DAY.minute)


def soonest(now: datetime, when: Dated) -> Dated:
    """A reminder for today without an hour is meant in a while."""
    local = now.astimezone(when.at.tzinfo)
    if when.timed or when.at > local or when.at.date() != local.date():
        return when
    return Dated(local.replace(microsecond=0) + _A_WHILE, timed=True, rest=when.rest)


_A_WHILE = timedelta(hours=1)


def matching(tasks: Sequence[Task], which: str) -> tuple[Task, ...]:
    """The tasks that a number or some words name; pure."""
    bare = fold(in_digits(which)).strip(" .!?\"'\u201c\u201d\u00ab\u00bb#")
    if number := re.fullmatch(rf"(?:(?:the|die|la|le|el) )?(?:{_CALLED} )?#?(\d{{1,9}})\.?", bare):
        return tuple(task for task in tasks if task.number == int(number[1]))
    if exact := tuple(task for task in tasks if fold(task.title) == bare):
        return exact
    wanted = _stems(bare) - _SMALL
    scores = {task.number: len(wanted & _stems(fold(task.title))) for task in tasks}
    best = max(scores.values(), default=0)
    # Half of the words must be there, else another thing is meant.
    if best == 0 or 2 * best < len(wanted):
        return ()
    return tuple(task for task in tasks if scores[task.number] == best)


_CALLED = (
    r"(?:nr\.?|no\.?|number|task|item|to-?do|reminder|nummer|aufgabe|erinnerung"
    r"|numero|tache|rappel|tarea|recordatorio)"
)


def is_pronoun(which: str) -> bool:
    """Whether it names a thing without saying which; pure."""
    return fold(which).strip(" .!?") in _PRONOUNS


_PRONOUNS = frozenset(
    {"it", "that", "this", "that one", "das", "es", "die", "ca", "cela", "le", "la", "eso", "lo"}
)


def _newness(task: Task) -> tuple[datetime, int]:
    return task.created_at, task.number


def _stems(folded: str) -> set[str]:
    return {_stem(word) for word in re.findall(r"\w+", folded)}


def _stem(word: str) -> str:
    """Enough of a word to know it again with another ending."""
    return word[:5] if len(word) > 5 else word.removesuffix("s")  # noqa: PLR2004 - letters


_SMALL = frozenset(
    {
        *("the", "a", "an", "my", "to", "of", "task", "item", "one", "about", "for", "with", "it"),
        *("der", "die", "das", "den", "dem", "ein", "eine", "mein", "meine", "zu", "aufga", "mit"),
        *("le", "la", "les", "l", "un", "une", "mon", "ma", "mes", "de", "du", "des", "d", "tache"),
        *("el", "los", "las", "una", "mi", "mis", "del", "tarea", "al"),
    }
)  # fmt: skip


def _title(title: str) -> str:
    title = re.sub(r"\s+", " ", title).strip(" .;,:")
    title = re.sub(r"^[\"\u201c\u201e\u00ab] ?([^\"]+?) ?[\"\u201d\u201c\u00bb]$", r"\1", title)
    if not title:
        raise ToolError("no_title")
    title = title[:LONGEST_TITLE]
    return title[0].upper() + title[1:]


def _new(job: Job, title: str, at: datetime | None) -> NewTask:
    return NewTask(
        person=job.caller.person,
        title=_title(title),
        due_at=at,
        zone=job.caller.zone,
        locale=job.caller.locale,
        context=job.context,
        a2a_task=job.a2a_task,
    )


async def _end(job: Job, task: Task, state: TaskState) -> Task:
    try:
        return await job.records.end_task(task.id, state)
    except TaskEnded:
        raise ToolError("no_such_task", which=task.title) from None
