"""What the concierge does about each intent: a tool or two, and a sentence."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from agents.base import Question, Said
from agents.brain.followup import that
from agents.brain.intents import Intent, Kind, introduced, several
from agents.brain.reminding import again, delayed, remind
from agents.brain.turn import Turn
from agents.records.base import Task, TaskKind
from agents.tools import dates, papers, tasks, wording
from agents.tools.desk import Desk, ToolError

Handler = Callable[[Turn], Awaitable[str]]


async def carry_out(desk: Desk, intent: Intent, history: Sequence[Said]) -> str:
    """Do what is asked and say so; questions and files go to the desk."""
    turn = Turn(desk, history, intent)
    try:
        return await HANDLERS[intent.kind](turn)
    except tasks.Ambiguous as ambiguous:
        return _which(turn, ambiguous.tasks)
    except ToolError as error:
        return error.told(intent.locale)


# Words alone


async def _greet(turn: Turn) -> str:
    name = turn.desk.caller.name.split(" ")[0]
    return turn.say("greet_name", name=name) if name else turn.say("greet")


async def _help(turn: Turn) -> str:
    return turn.say("help_voice" if turn.voice else "help")


async def _clock(turn: Turn) -> str:
    desk, locale = turn.desk, turn.intent.locale
    zone = dates.zone_of(desk.caller.zone)
    told = wording.clock(desk.now.astimezone(zone), locale)
    return turn.say(
        "now", time=told, date=wording.day_of(desk.now, zone.key, locale), zone=zone.key
    )


async def _unknown(turn: Turn) -> str:
    text = turn.intent.text
    if not text:
        return turn.say("nothing_said")
    if turn.voice:
        return turn.say("unknown_voice")
    if not re.search(r"\w", text):  # a thumb, or a mark
        return turn.say("at_ease")
    if text.rstrip().endswith("?"):
        return turn.say("unknown_question")
    short = len(text) <= _QUOTABLE and "\n" not in text and not text.startswith("/")
    return turn.say("unknown", text=text.rstrip(".!?")) if short else turn.say("unknown_long")


_QUOTABLE = 60
"""Characters that we repeat as an example."""


async def _plainly(key: str, turn: Turn) -> str:
    return turn.say(key)


# The list


async def _list(turn: Turn) -> str:
    found = await tasks.open_tasks(turn.desk)
    return _listing(turn, found, "list_head") if found else turn.say("list_empty")


async def _reminders(turn: Turn) -> str:
    found = await tasks.open_tasks(turn.desk, TaskKind.REMINDER)
    return _listing(turn, found, "reminders_head") if found else turn.say("reminders_none")


async def _done_list(turn: Turn) -> str:
    found = await tasks.done_tasks(turn.desk)
    if not found:
        return turn.say("done_none")
    if turn.voice:
        return f"{turn.say('done_head')} {'; '.join(task.title for task in found)}."
    return "\n".join([turn.say("done_head"), "", *(f"- {task.title}" for task in found)])


async def _add(turn: Turn) -> str:
    due = await turn.find(turn.intent.text)
    title = due.rest if due and due.rest else turn.intent.text
    task = await tasks.add_task(turn.desk, introduced(title, turn.intent.locale), due)
    key = "added_due" if due else "added"
    return turn.say(key, number=task.number, title=task.title, when=turn.when(task))


async def _finish(turn: Turn) -> str:
    done = [
        await tasks.finish(turn.desk, await tasks.select(turn.desk, which))
        for which in several(turn.intent.which)
    ]
    left = await tasks.open_tasks(turn.desk)
    keys = ["done"] * (len(done) - 1) + ["done" if left else "done_last"]
    return _lines(turn.say(key, title=task.title) for key, task in zip(keys, done, strict=True))


async def _cancel(turn: Turn) -> str:
    gone = [
        await tasks.cancel(turn.desk, await tasks.select(turn.desk, which))
        for which in several(turn.intent.which)
    ]
    return _lines(turn.say("canceled", title=task.title) for task in gone)


async def _cancel_reminder(turn: Turn) -> str:
    found = await tasks.open_tasks(turn.desk, TaskKind.REMINDER)
    if not found:
        return turn.say("reminders_none")
    if turn.intent.which:
        found = (await tasks.select(turn.desk, turn.intent.which, TaskKind.REMINDER),)
    if len(found) > 1:
        return _which(turn, found)
    task = await tasks.cancel(turn.desk, found[0])
    return turn.say("reminder_canceled", title=task.title)


async def _clear(turn: Turn) -> str:
    found = await tasks.open_tasks(turn.desk)
    if not found:
        return turn.say("list_empty")
    choices = (
        (turn.say("yes_clear"), turn.say("value_yes_clear")),
        (turn.say("no_clear"), turn.say("value_no")),
    )
    turn.desk.out.append(Question(turn.say("confirm_clear", count=len(found)), choices))
    return ""


async def _confirm_clear(turn: Turn) -> str:
    found = await tasks.open_tasks(turn.desk)
    for task in found:
        await tasks.cancel(turn.desk, task)
    return turn.say("cleared", count=len(found)) if found else turn.say("list_empty")


async def _rename(turn: Turn) -> str:
    task = await tasks.select(turn.desk, turn.intent.which)
    due = await turn.find(turn.intent.text)
    if due and not due.rest:  # "change 1 to Friday"
        return await _moved(turn, task, due)
    task = await tasks.change(turn.desk, task, title=turn.intent.text)
    return turn.say("renamed", number=task.number, title=task.title)


async def _move(turn: Turn) -> str:
    text, locale = turn.intent.text, turn.intent.locale
    task = await tasks.select(turn.desk, turn.intent.which)
    if turn.intent.by:
        start = max(task.due_at or turn.desk.now, turn.desk.now)
        due = dates.find(delayed(text, locale), start, turn.desk.caller.zone, locale)
        if due and task.due_at and not tasks.is_timed(task.due_at, task.zone):
            due = dates.Dated(due.at, timed=False, rest="")
    else:
        due = await turn.find(text) or await turn.find(delayed(text, locale))
    if due is None:
        raise ToolError("time_unclear", text=text)
    return await _moved(turn, task, due)


async def _moved(turn: Turn, task: Task, due: dates.Dated) -> str:
    if task.due_at and not due.timed and not turn.intent.by:
        due = _same_hour(task, due)
    task = await tasks.change(turn.desk, task, due=tasks.soonest(turn.desk.now, due))
    key = "moved_reminder" if task.kind is TaskKind.REMINDER else "moved"
    return turn.say(key, number=task.number, title=task.title, when=turn.when(task))


def _same_hour(task: Task, due: dates.Dated) -> dates.Dated:
    """Moved to another day, a thing keeps its hour."""
    if task.due_at is None or not tasks.is_timed(task.due_at, task.zone):
        return due
    hour = task.due_at.astimezone(due.at.tzinfo)
    return dates.Dated(due.at.replace(hour=hour.hour, minute=hour.minute), timed=True, rest="")


# Notes and files


async def _note(turn: Turn) -> str:
    return await _written(turn, turn.intent.text)


async def _note_that(turn: Turn) -> str:
    text = turn.intent.about or that(turn.history, turn.intent.locale)
    return await _written(turn, text) if text else turn.say("note_what")


async def _written(turn: Turn, text: str) -> str:
    note = await papers.write_note(turn.desk, text)
    return turn.say("note_kept", name=note.name)


async def _notes(turn: Turn) -> str:
    kept = await papers.notes(turn.desk)
    if not kept:
        return turn.say("notes_empty")
    if turn.voice:
        return f"{turn.say('notes_head')} {', '.join(one.name.rsplit('.', 1)[0] for one in kept)}."
    return "\n".join([turn.say("notes_head"), "", *(f"- {one.name}" for one in kept)])


async def _send_note(turn: Turn) -> str:
    note = await papers.send_note(turn.desk, turn.intent.which)
    return turn.say("note_sent", name=note.name)


async def _send_list(turn: Turn) -> str:
    found = await tasks.open_tasks(turn.desk)
    if not found:
        return turn.say("list_empty")
    desk, locale = turn.desk, turn.intent.locale
    text = wording.as_file(found, desk.now, desk.caller.zone, locale)
    await papers.write_file(desk, wording.title_of(text), text)
    return turn.say("list_sent")


# Questions and wording


def _which(turn: Turn, found: Sequence[Task]) -> str:
    """Ask which of several tasks is meant; each choice is a whole request of its own."""
    intent = turn.intent
    question, value = {
        "finish": ("which_done", "value_done"),
        "rename": ("which_change", "value_rename"),
        "move": ("which_change", "value_move_by" if intent.by else "value_move"),
    }.get(intent.kind, ("which_cancel", "value_cancel"))
    choices = tuple(
        (
            f"{task.number} \u00b7 {task.title}",
            turn.say(value, number=task.number, text=intent.text),
        )
        for task in found[:_MOST_CHOICES]
    )
    turn.desk.out.append(Question(turn.say(question), choices))
    return ""


_MOST_CHOICES = 8
"""More buttons than that nobody reads."""


def _listing(turn: Turn, found: Sequence[Task], head: str) -> str:
    text = wording.listing(found, turn.desk.now, turn.intent.locale, voice=turn.voice)
    if not turn.voice:
        return f"{turn.say(head)}\n\n{text}"
    count = len(found)
    spoken = "list_voice_one" if count == 1 else "list_voice"
    return f"{turn.say(spoken, count=count) if head == 'list_head' else turn.say(head)} {text}"


def _lines(sentences: Iterable[str]) -> str:
    return "  \n".join(sentences)


HANDLERS: dict[Kind, Handler] = {
    "greet": _greet,
    "mood": partial(_plainly, "mood"),
    "thanks": partial(_plainly, "thanks"),
    "bye": partial(_plainly, "bye"),
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
