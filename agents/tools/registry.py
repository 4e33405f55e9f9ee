"""The tools as a model is shown them: name, description, parameters, and what it is told back.

The concierge calls the same functions directly. What a tool tells is plain English facts;
the model words them for the person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from anyio import to_thread

from agents.base import Question, Wish
from agents.records.base import RecordsError, Task, TaskKind
from agents.tools import dates, papers, tasks, wording
from agents.tools.job import Job, ToolError

Arguments = Mapping[str, Any]
"""What a model passed; strings where it was asked for strings, if it kept to the schema."""

Progress = Literal["looking", "writing", "setting", "updating", "checking"]

_FACTS = "en"
"""The language in which tools tell a model facts."""

_MOST_CHOICES = 8


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a brain can do."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON schema of its arguments."""
    run: Callable[[Job, Arguments], Awaitable[str]]
    progress: Progress
    """Key of the sentence for somebody who waits."""
    acts: bool = True
    """Whether it does more than look, and so must wait until the person's words are final."""


async def use(tool: Tool, job: Job, arguments: Arguments) -> tuple[str, bool]:
    """What the tool tells, and whether it did its work; it never raises for wrong arguments."""
    if tool.acts:
        await job.final()
    try:
        return await tool.run(job, arguments), True
    except (ToolError, RecordsError) as error:
        return str(error), False


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    return "" if value is None else str(value).strip()


async def _moment(job: Job, text: str) -> dates.Dated:
    caller = job.caller
    # On a thread: the parser for rarer dates is slow to load.
    found = await to_thread.run_sync(
        dates.moment, text, job.now, caller.zone, caller.locale or _FACTS
    )
    if found is None:
        raise ToolError("time_unclear", text=text)
    return found


def _fact(task: Task, job: Job) -> str:
    told = wording.due(task, job.now, _FACTS)
    verb = "rings" if task.kind is TaskKind.REMINDER else "due"
    detail = f" [{task.detail}]" if task.detail else ""
    return f"{task.number}: {task.title}{detail}" + (f" ({verb} {told})" if told else "")


def _facts(found: Sequence[Task], job: Job) -> str:
    return "\n".join(_fact(task, job) for task in found) or "nothing"


async def _add_task(job: Job, arguments: Arguments) -> str:
    due = _text(arguments, "due")
    task = await tasks.add_task(
        job,
        _text(arguments, "title"),
        await _moment(job, due) if due else None,
        _text(arguments, "detail"),
    )
    return f"added {_fact(task, job)}"


async def _list_tasks(job: Job, arguments: Arguments) -> str:
    if _text(arguments, "which") == "done":
        return "\n".join(task.title for task in await tasks.done_tasks(job)) or "nothing"
    kind = TaskKind.REMINDER if _text(arguments, "which") == "reminders" else None
    return _facts(await tasks.open_tasks(job, kind), job)


async def _change_task(job: Job, arguments: Arguments) -> str:
    due, detail = _text(arguments, "due"), _text(arguments, "detail")
    task = await tasks.change(
        job,
        await tasks.select(job, _text(arguments, "task")),
        title=_text(arguments, "title"),
        due=await _moment(job, due) if due else None,
        detail=detail or None,
    )
    return f"changed: {_fact(task, job)}"


async def _finish_task(job: Job, arguments: Arguments) -> str:
    task = await tasks.finish(job, await tasks.select(job, _text(arguments, "task")))
    return f"done: {task.title}"


async def _cancel_task(job: Job, arguments: Arguments) -> str:
    task = await tasks.cancel(job, await tasks.select(job, _text(arguments, "task")))
    return f"taken off the list: {task.title}"


async def _set_reminder(job: Job, arguments: Arguments) -> str:
    when = tasks.soonest(job.now, await _moment(job, _text(arguments, "when")))
    task = await tasks.remind(job, _text(arguments, "text"), when)
    return f"set {_fact(task, job)}"


async def _write_note(job: Job, arguments: Arguments) -> str:
    suffix = ".txt" if _text(arguments, "format") == "txt" else ".md"
    text = _text(arguments, "text")
    note = await papers.write_note(job, text, _text(arguments, "title"), suffix)
    return f"kept and sent as {note.name}" if papers.takes_files(job) else f"kept as {note.name}"


async def _list_notes(job: Job, _: Arguments) -> str:
    return "\n".join(one.name for one in await papers.notes(job)) or "nothing"


async def _send_note(job: Job, arguments: Arguments) -> str:
    note = await papers.send_note(job, _text(arguments, "name"))
    if papers.takes_files(job):
        return f"sent {note.name}"
    return f"{_NO_FILES}. {note.name}: {papers.readable(note)}"


_NO_FILES = "not sent: a telephone takes no files, so read it out as far as it is wanted"


async def _send_list(job: Job, _: Arguments) -> str:
    found = await tasks.open_tasks(job)
    if not found:
        raise ToolError("list_empty")
    if not papers.takes_files(job):
        return f"{_NO_FILES}. {'; '.join(_fact(task, job) for task in found)}"
    text = wording.as_file(found, job.now, job.caller.zone, job.caller.locale)
    return f"sent {(await papers.write_file(job, wording.title_of(text), text)).name}"


async def _current_time(job: Job, _: Arguments) -> str:
    zone = dates.zone_of(job.caller.zone)
    here = job.now.astimezone(zone)
    return f"{here:%A %Y-%m-%d %H:%M} {zone.key}"


async def _ask_person(job: Job, arguments: Arguments) -> str:
    question = _text(arguments, "question")
    if not question:
        raise ToolError("no_title")
    offered = arguments.get("choices")
    choices = [str(one).strip() for one in offered] if isinstance(offered, list) else []
    kept = tuple((choice, choice) for choice in choices[:_MOST_CHOICES] if choice)
    job.out.append(Question(question, kept))
    return "asked; the answer comes with the next message"


async def _end_call(job: Job, _: Arguments) -> str:
    job.out.append(Wish("hang_up"))
    return "the call ends once your words were heard; say good-bye now"


async def _transfer_call(job: Job, arguments: Arguments) -> str:
    job.out.append(Wish("transfer", summary=_text(arguments, "summary")))
    return "a person takes over once your words were heard; say so now"


def _schema(required: Sequence[str] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            name: {"type": "string", "description": told} if isinstance(told, str) else told
            for name, told in properties.items()
        },
        "required": list(required),
    }


_TIME = (
    'A time to come, as the person said it ("in 20 minutes", "tomorrow at 9", "Friday") '
    "or ISO 8601 in their zone."
)
_TASK = "The number of the task on the list, or words of its title."

TOOLS: tuple[Tool, ...] = (
    Tool(
        "add_task",
        "Put a to-do on the person's list. It does not ring; use set_reminder for that.",
        _schema(
            ["title"], title="What is to be done, short.", due=_TIME, detail="More, if needed."
        ),
        _add_task,
        "updating",
    ),
    Tool(
        "list_tasks",
        "The person's list with numbers and times.",
        _schema(
            which={
                "type": "string",
                "enum": ["open", "reminders", "done"],
                "description": "Open tasks and reminders (the default), reminders only, or done.",
            }
        ),
        _list_tasks,
        "looking",
        acts=False,
    ),
    Tool(
        "change_task",
        "Reword or move a task or a reminder; what is left out stays.",
        _schema(
            ["task"], task=_TASK, title="The new wording.", due=_TIME, detail="The new detail."
        ),
        _change_task,
        "updating",
    ),
    Tool(
        "finish_task",
        "Tick a task off as done.",
        _schema(["task"], task=_TASK),
        _finish_task,
        "updating",
    ),
    Tool(
        "cancel_task",
        "Take a task or a reminder off the list undone. There is no undo.",
        _schema(["task"], task=_TASK),
        _cancel_task,
        "updating",
    ),
    Tool(
        "set_reminder",
        "Have the person called out to, once, at a time or after a delay.",
        _schema(["text", "when"], text="What to remind them of, short.", when=_TIME),
        _set_reminder,
        "setting",
    ),
    Tool(
        "write_note",
        "Write a note or document; it is kept and sent to the person as a file.",
        _schema(
            ["text"],
            text="The whole text, Markdown unless format is txt.",
            title="Title, becomes the file's name.",
            format={"type": "string", "enum": ["md", "txt"], "description": "md by default."},
        ),
        _write_note,
        "writing",
    ),
    Tool(
        "list_notes",
        "Names of the notes and files kept.",
        _schema(),
        _list_notes,
        "looking",
        acts=False,
    ),
    Tool(
        "send_note",
        "Send a note or file that is kept once more.",
        _schema(["name"], name="Words of its name; empty for the newest."),
        _send_note,
        "looking",
    ),
    Tool("send_list", "Send the list as a file.", _schema(), _send_list, "writing"),
    Tool(
        "current_time",
        "Date and time where the person is.",
        _schema(),
        _current_time,
        "checking",
        acts=False,
    ),
    Tool(
        "ask_person",
        "Ask what you must know to go on, with answers to choose from. Ends your turn.",
        _schema(
            ["question"],
            question="The question, complete in itself.",
            choices={
                "type": "array",
                "items": {"type": "string"},
                "description": "Up to 8 short answers; leave out for an open question.",
            },
        ),
        _ask_person,
        "checking",
        acts=False,
    ),
)

CALL_TOOLS: tuple[Tool, ...] = (
    Tool(
        "end_call",
        "Hang up, when the person has said good-bye or that this was all.",
        _schema(),
        _end_call,
        "checking",
    ),
    Tool(
        "transfer_call",
        "Put the caller through to a person, when they ask for one or you cannot help.",
        _schema(
            ["summary"],
            summary="What the person who takes over must know: who calls and what for, short.",
        ),
        _transfer_call,
        "checking",
    ),
)
"""For who is on a call."""
