"""How times and lists are put into the person's language. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from agents.records.base import Task, TaskKind
from agents.tools.dates import zone_of
from agents.tools.job import BOOK
from agents.tools.tasks import is_timed
from prompts import language_of, sentence

_SOON = timedelta(minutes=59, seconds=30)


def say(key: str, locale: str, **values: object) -> str:
    """A sentence of the concierge's book."""
    return sentence(BOOK, key, locale, **values)


def clock(at: datetime, locale: str) -> str:
    """The hour as it is read there: 5:00 pm or 17:00."""
    if language_of(locale) == "en" and not re.search(r"(?i)[-_](?:gb|ie|za|nz)\b", locale):
        return f"{at.hour % 12 or 12}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"  # noqa: PLR2004 - noon
    return f"{at.hour}:{at.minute:02}"


def day(at: datetime, now: datetime, locale: str) -> str:
    """The day: today, tomorrow, or with its name and date. Both times in the person's zone."""
    ahead = (at.date() - now.date()).days
    if ahead in (0, 1):
        return say("tomorrow" if ahead else "today", locale)
    return say(
        "date" if at.year == now.year or 0 < ahead < _FAR else "date_year",
        locale,
        weekday=say("weekdays", locale).split(",")[at.weekday()],
        day=at.day,
        month=say("months", locale).split(",")[at.month - 1],
        year=at.year,
    )


_FAR = 120
"""Days after which the year is said."""


def when(at: datetime, now: datetime, zone: str, locale: str, *, timed: bool = True) -> str:
    """A time in a sentence: "in 2 minutes", "tomorrow at 9:00 am", "on Friday 27 November"."""
    at, now = at.astimezone(zone_of(zone)), now.astimezone(zone_of(zone))
    ahead = at - now
    if timed and timedelta(0) < ahead <= _SOON:
        return _soon(round(ahead.total_seconds()), clock(at, locale), locale)
    told = day(at, now, locale)
    named = told if (at.date() - now.date()).days in (0, 1) else say("on_day", locale, day=told)
    return say("day_time", locale, day=named, time=clock(at, locale)) if timed else named


def _soon(seconds: int, time: str, locale: str) -> str:
    if seconds < _EXACT and seconds % 60:
        return say("in_second" if seconds == 1 else "in_seconds", locale, seconds=seconds)
    minutes = round(seconds / 60)
    return say("in_minute" if minutes == 1 else "in_minutes", locale, minutes=minutes, time=time)


_EXACT = 100
"""Seconds up to which they are said rather than minutes."""


def due(task: Task, now: datetime, locale: str) -> str:
    """When a task is due or fires, for a list; empty when it is not."""
    if task.due_at is None:
        return ""
    at, here = (moment.astimezone(zone_of(task.zone)) for moment in (task.due_at, now))
    told = day(at, here, locale)
    if is_timed(task.due_at, task.zone):
        told = say("day_time", locale, day=told, time=clock(at, locale))
    return told


def listing(tasks: Sequence[Task], now: datetime, locale: str) -> str:
    """The list, with the numbers by which its tasks are called."""
    return "\n".join(_written(task, now, locale) for task in tasks)


def _written(task: Task, now: datetime, locale: str) -> str:
    told = due(task, now, locale)
    bell = "\u23f0 " if task.kind is TaskKind.REMINDER else ""
    late = task.due_at is not None and task.due_at < now
    tail = f" \u2014 {bell}{say('overdue', locale, when=told) if late else told}" if told else ""
    # Bold, since Markdown would number a list of its own anew; two blanks break the line.
    return f"**{task.number}.** {task.title}{tail}  "


def spoken(task: Task, now: datetime, locale: str) -> str:
    """A task of the list to be heard, with the number by which it is called."""
    told = due(task, now, locale)
    return f"{task.number}: {task.title}{', ' + told if told else ''}."


def as_file(tasks: Sequence[Task], now: datetime, zone: str, locale: str) -> str:
    """The list as a Markdown document with boxes to tick."""
    title = say("list_title", locale, date=day_of(now, zone, locale))
    lines = [
        f"- [ ] {task.number}. {task.title}"
        + (f" ({told})" if (told := due(task, now, locale)) else "")
        for task in tasks
    ]
    return "\n".join([f"# {title}", "", *lines, ""])


def title_of(markdown: str) -> str:
    """The first line of a document, without its mark."""
    return markdown.split("\n", 1)[0].lstrip("# ")


def day_of(now: datetime, zone: str, locale: str) -> str:
    """Today's date in full."""
    here = now.astimezone(zone_of(zone))
    return say(
        "date_year",
        locale,
        weekday=say("weekdays", locale).split(",")[here.weekday()],
        day=here.day,
        month=say("months", locale).split(",")[here.month - 1],
        year=here.year,
    )


def plain(markdown: str) -> str:
    """Words to be heard: no markup, no signs."""
    text = re.sub(r"\*\*|[*_`#>]|\u23f0 ?|\u2705 ?|\U0001f44b ?", "", markdown)
    text = re.sub(r"(?m)^\s*[-\u2022]\s*", "", text)
    return re.sub(r"\s*\n+\s*", " ", text.replace(" \u2014 ", ", ")).strip()


def pieces(text: str) -> list[str]:
    """A reply in the pieces in which it is said, a few words each."""
    return re.findall(r"(?:\S+\s*){1,3}", text)
