"""What the concierge does about each intent: a tool or two, and a sentence."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from agents.base import Ask, Document, Question
from agents.brain.errand import Errand
from agents.brain.followup import last_reply, that
from agents.brain.intents import Intent, Kind, introduced, several
from agents.brain.reminding import again, delayed, remind
from agents.brain.talking import bye, go_on, in_pages, person, repeat, sure
from agents.records.base import Task, TaskKind
from agents.tools import dates, papers, tasks, wording
from agents.tools.folding import fold
from agents.tools.job import Job, ToolError

Handler = Callable[[Errand], Awaitable[str]]


async def carry_out(job: Job, intent: Intent, ask: Ask) -> str:
    """Do what is asked and say so; questions and files go to the job."""
    errand = Errand(job, ask, intent)
    try:
        return await HANDLERS[intent.kind](errand)
    except tasks.Ambiguous as ambiguous:
        return _which(errand, ambiguous.tasks)
    except ToolError as error:
        return error.told(intent.locale)


# Words alone


async def _greet(errand: Errand) -> str:
    name = errand.job.caller.name.split(" ")[0]
    return errand.say("greet_name", name=name) if name else errand.say("greet")


async def _help(errand: Errand) -> str:
    return errand.say("help_voice" if errand.voice else "help")


async def _clock(errand: Errand) -> str:
    job, locale = errand.job, errand.intent.locale
    zone = dates.zone_of(job.caller.zone)
    told = wording.clock(job.now.astimezone(zone), locale)
    return errand.say(
        "now", time=told, date=wording.day_of(job.now, zone.key, locale), zone=zone.key
    )


async def _unknown(errand: Errand) -> str:
    text = errand.intent.text
    if not text:
        return errand.say("nothing_said")
    if errand.voice:
        # The same words again would help nobody.
        again = last_reply(errand.history) == errand.say("unknown_voice")
        return errand.say("unknown_voice_again" if again else "unknown_voice")
    if not re.search(r"\w", text):  # a thumb, or a mark
        return errand.say("at_ease")
    if text.rstrip().endswith("?"):
        return errand.say("unknown_question")
    short = len(text) <= _QUOTABLE and "\n" not in text and not text.startswith("/")
    return errand.say("unknown", text=text.rstrip(".!?")) if short else errand.say("unknown_long")


_QUOTABLE = 60
"""Characters that we repeat as an example."""


async def _plainly(key: str, errand: Errand) -> str:
    return errand.say(key)


# The list


async def _list(errand: Errand) -> str:
    found = await tasks.open_tasks(errand.job)
    return _listing(errand, found, "list_head") if found else errand.say("list_empty")


async def _reminders(errand: Errand) -> str:
    found = await tasks.open_tasks(errand.job, TaskKind.REMINDER)
    return _listing(errand, found, "reminders_head") if found else errand.say("reminders_none")


async def _done_list(errand: Errand) -> str:
    found = await tasks.done_tasks(errand.job)
    if not found:
        return errand.say("done_none")
    if errand.voice:
        return in_pages(errand, errand.say("done_head"), [f"{task.title}." for task in found])
    return "\n".join([errand.say("done_head"), "", *(f"- {task.title}" for task in found)])


async def _add(errand: Errand) -> str:
    due = await errand.find(errand.intent.text)
    title = due.rest if due and due.rest else errand.intent.text
    task = await tasks.add_task(errand.job, introduced(title, errand.intent.locale), due)
    key = "added_due" if due else "added"
    return errand.say(key, number=task.number, title=task.title, when=errand.when(task))


async def _finish(errand: Errand) -> str:
    if fold(errand.intent.which).strip(" .!") in _EVERYTHING:
        return await _finish_all(errand)
    done = [
        await tasks.finish(errand.job, await tasks.select(errand.job, which))
        for which in several(errand.intent.which)
    ]
    left = await tasks.open_tasks(errand.job)
    keys = ["done"] * (len(done) - 1) + ["done" if left else "done_last"]
    return _lines(errand.say(key, title=task.title) for key, task in zip(keys, done, strict=True))


_EVERYTHING = frozenset(
    {
        *("all", "everything", "all of it", "all of them", "all tasks", "all my tasks", "it all"),
        *("alles", "alle", "alle aufgaben", "allem"),
        *("tout", "toutes", "toutes les taches", "toutes mes taches"),
        *("todo", "todas", "todas las tareas", "todas mis tareas"),
    }
)


async def _finish_all(errand: Errand) -> str:
    found = await tasks.open_tasks(errand.job)
    if not found:
        return errand.say("list_empty")
    if not errand.intent.sure:
        return sure(errand, errand.say("confirm_finish_all", count=len(found)))
    for task in found:
        await tasks.finish(errand.job, task)
    return errand.say("finished_all", count=len(found))


async def _cancel(errand: Errand) -> str:
    found = [await tasks.select(errand.job, which) for which in several(errand.intent.which)]
    if errand.voice and not errand.intent.sure:
        titles = ", ".join(task.title for task in found)
        return sure(errand, errand.say("confirm_cancel", title=titles))
    gone = [await tasks.cancel(errand.job, task) for task in found]
    return _lines(errand.say("canceled", title=task.title) for task in gone)


async def _cancel_reminder(errand: Errand) -> str:
    found = await tasks.open_tasks(errand.job, TaskKind.REMINDER)
    if not found:
        return errand.say("reminders_none")
    if errand.intent.which:
        found = (await tasks.select(errand.job, errand.intent.which, TaskKind.REMINDER),)
    if len(found) > 1:
        return _which(errand, found)
    if errand.voice and not errand.intent.sure:
        return sure(errand, errand.say("confirm_reminder", title=found[0].title))
    task = await tasks.cancel(errand.job, found[0])
    return errand.say("reminder_canceled", title=task.title)


async def _clear(errand: Errand) -> str:
    found = await tasks.open_tasks(errand.job)
    if not found:
        return errand.say("list_empty")
    choices = (
        (errand.say("yes_clear"), errand.say("value_yes_clear")),
        (errand.say("no_clear"), errand.say("value_no")),
    )
    errand.job.out.append(Question(errand.say("confirm_clear", count=len(found)), choices))
    return ""


async def _confirm_clear(errand: Errand) -> str:
    found = await tasks.open_tasks(errand.job)
    for task in found:
        await tasks.cancel(errand.job, task)
    return errand.say("cleared", count=len(found)) if found else errand.say("list_empty")


async def _rename(errand: Errand) -> str:
    task = await tasks.select(errand.job, errand.intent.which)
    due = await errand.find(errand.intent.text)
    if due and not due.rest:  # "change 1 to Friday"
        return await _moved(errand, task, due)
    task = await tasks.change(errand.job, task, title=errand.intent.text)
    return errand.say("renamed", number=task.number, title=task.title)


async def _move(errand: Errand) -> str:
    text, locale = errand.intent.text, errand.intent.locale
    task = await tasks.select(errand.job, errand.intent.which)
    if errand.intent.by:
        start = max(task.due_at or errand.job.now, errand.job.now)
        due = dates.find(delayed(text, locale), start, errand.job.caller.zone, locale)
        if due and task.due_at and not tasks.is_timed(task.due_at, task.zone):
            due = dates.Dated(due.at, timed=False, rest="")
    else:
        due = await errand.find(text) or await errand.find(delayed(text, locale))
    if due is None:
        raise ToolError("time_unclear", text=text)
    return await _moved(errand, task, due)


async def _moved(errand: Errand, task: Task, due: dates.Dated) -> str:
    if task.due_at and not due.timed and not errand.intent.by:
        due = _same_hour(task, due)
    task = await tasks.change(errand.job, task, due=tasks.soonest(errand.job.now, due))
    key = "moved_reminder" if task.kind is TaskKind.REMINDER else "moved"
    return errand.say(key, number=task.number, title=task.title, when=errand.when(task))


def _same_hour(task: Task, due: dates.Dated) -> dates.Dated:
    """Moved to another day, a thing keeps its hour."""
    if task.due_at is None or not tasks.is_timed(task.due_at, task.zone):
        return due
    hour = task.due_at.astimezone(due.at.tzinfo)
    return dates.Dated(due.at.replace(hour=hour.hour, minute=hour.minute), timed=True, rest="")


# Notes and files


async def _note(errand: Errand) -> str:
    text = errand.intent.text
    return await _written(errand, text) if text else errand.say("note_what")


async def _note_that(errand: Errand) -> str:
    text = errand.intent.about or that(errand.history, errand.intent.locale)
    return await _written(errand, text) if text else errand.say("note_what")


async def _written(errand: Errand, text: str) -> str:
    note = await papers.write_note(errand.job, text)
    if papers.takes_files(errand.job):
        return errand.say("note_kept", name=note.name)
    return errand.say("note_kept_voice", name=_called(note))


async def _notes(errand: Errand) -> str:
    kept = await papers.notes(errand.job)
    if not kept:
        return errand.say("notes_empty")
    if errand.voice:
        names = [f"{one.name.rsplit('.', 1)[0]}." for one in kept]
        return in_pages(errand, errand.say("notes_head"), names)
    return "\n".join([errand.say("notes_head"), "", *(f"- {one.name}" for one in kept)])


async def _send_note(errand: Errand) -> str:
    note = await papers.send_note(errand.job, errand.intent.which)
    if papers.takes_files(errand.job):
        return errand.say("note_sent", name=note.name)
    if text := papers.readable(note):
        return errand.say("note_read", name=_called(note), text=text)
    return errand.say("note_unreadable", name=_called(note))


def _called(note: Document) -> str:
    """A note's name as it is said."""
    return note.name.rsplit(".", 1)[0].replace("-", " ")


async def _send_list(errand: Errand) -> str:
    if not papers.takes_files(errand.job):
        return await _list(errand)
    found = await tasks.open_tasks(errand.job)
    if not found:
        return errand.say("list_empty")
    job, locale = errand.job, errand.intent.locale
    text = wording.as_file(found, job.now, job.caller.zone, locale)
    await papers.write_file(job, wording.title_of(text), text)
    return errand.say("list_sent")


# Questions and wording


def _which(errand: Errand, found: Sequence[Task]) -> str:
    """Ask which of several tasks is meant; each choice is a whole request of its own."""
    intent = errand.intent
    question, value = {
        "finish": ("which_done", "value_done"),
        "rename": ("which_change", "value_rename"),
        "move": ("which_change", "value_move_by" if intent.by else "value_move"),
    }.get(intent.kind, ("which_cancel", "value_cancel"))
    choices = tuple(
        (
            f"{task.number} \u00b7 {task.title}",
            errand.say(value, number=task.number, text=intent.text),
        )
        for task in found[:_MOST_CHOICES]
    )
    errand.job.out.append(Question(errand.say(question), choices))
    return ""


_MOST_CHOICES = 8
"""More buttons than that nobody reads."""


def _listing(errand: Errand, found: Sequence[Task], head: str) -> str:
    now, locale = errand.job.now, errand.intent.locale
    if not errand.voice:
        return f"{errand.say(head)}\n\n{wording.listing(found, now, locale)}"
    count = len(found)
    spoken = "list_voice_one" if count == 1 else "list_voice"
    heading = errand.say(spoken, count=count) if head == "list_head" else errand.say(head)
    return in_pages(errand, heading, [wording.spoken(task, now, locale) for task in found])


def _lines(sentences: Iterable[str]) -> str:
    return "  \n".join(sentences)


HANDLERS: dict[Kind, Handler] = {
    "greet": _greet,
    "mood": partial(_plainly, "mood"),
    "thanks": partial(_plainly, "thanks"),
    "bye": bye,
    "person": person,
    "go_on": go_on,
    "repeat": repeat,
    "yes": partial(_plainly, "at_ease"),
    "no": partial(_plainly, "kept"),
    "help": _help,
    "clock": _clock,
    "list": _list,
    "reminders": _reminders,
    "done_list": _done_list,
    "send_list": _send_list,
    "add": _add,
    "again": again,
    "remind": remind,
    "finish": _finish,
    "cancel": _cancel,
    "cancel_reminder": _cancel_reminder,
    "clear": _clear,
    "confirm_clear": _confirm_clear,
    "rename": _rename,
    "move": _move,
    "note": _note,
    "note_that": _note_that,
    "notes": _notes,
    "send_note": _send_note,
    "unknown": _unknown,
}
