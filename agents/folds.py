"""A2A tasks as data: how a message and an event change one, and what was said in it. Pure."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal

from a2a.helpers import get_message_text
from a2a.types import (
    Artifact,
    Message,
    Part,
    Role,
    StreamResponse,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a.utils.errors import ContentTypeNotSupportedError, InvalidParamsError
from google.protobuf.json_format import (  # type: ignore[import-untyped] # it has no stubs
    MessageToDict,
    MessageToJson,
)

from agents.base import (
    CALL_EXTENSION,
    CALLER_EXTENSION,
    CHOICES_MEDIA_TYPE,
    HEARD_EXTENSION,
    Ask,
    Caller,
    Document,
    Question,
    Said,
    Wish,
)
from agents.records.leases import ENDED

Update = TaskStatusUpdateEvent | TaskArtifactUpdateEvent

REPLY = "reply"
"""Id and name of the artifact that is said to the person."""

NOTICE_EXTENSION = "urn:frontdoor:notice:1"
"""Metadata key, value true, of a status message that the person should be told at once
although the task goes on."""

COMPLETE_EXTENSION = "urn:frontdoor:complete:1"
"""Metadata key, value true, of the reply once it is whole: a snapshot tells no last chunk."""

RESTING = (*ENDED, TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED)
"""States in which a stream ends."""

UNREGISTERED = frozenset(
    f"x-{name}"
    for name in (
        "7z-compressed", "apple-diskimage", "bzip", "bzip2", "compressed", "csh", "debian-package",
        "gtar", "gzip", "httpd-php", "iso9660-image", "java-archive", "javascript", "latex",
        "ms-wmp", "msdos-program", "msdownload", "ndjson", "ole-storage", "php", "python",
        "python-code", "rar", "rar-compressed", "rpm", "sh", "shellscript", "shockwave-flash",
        "sqlite3", "subrip", "tar", "tex", "tgsticker", "x509-ca-cert", "xz", "yaml", "zip",
        "zip-compressed",
    )
)  # fmt: skip
"""Media types under `application/` that are taken although nobody registered them."""

HISTORY_FILE = 64 * 1024
"""Bytes of a person's file up to which a task's history repeats it."""
HISTORY_LINES = 40
HISTORY_CHARACTERS = 16_000


def ended(task: Task) -> bool:
    return task.status.state in ENDED


def knows(task: Task, message: str) -> bool:
    """Whether a task's history has the message of that id."""
    return any(said.message_id == message for said in task.history)


def new_task(id: str, message: Message, now: datetime) -> Task:
    """The task a message starts."""
    task = Task(id=id, context_id=message.context_id, history=[_remembered(message)])
    task.status.CopyFrom(_status(TaskState.TASK_STATE_SUBMITTED, now))
    return task


def resume(task: Task, message: Message, now: datetime) -> Task:
    """The task as it goes on with a further message.

    What was said so far moves into the history, so the `reply` is always the answer to the
    newest message.
    """
    resumed = Task()
    resumed.CopyFrom(task)
    reply = reply_text(task)
    if reply:
        resumed.history.append(_agent_message(task, [Part(text=reply)]))
        kept = [a for a in resumed.artifacts if a.artifact_id != REPLY]
        del resumed.artifacts[:]
        resumed.artifacts.extend(kept)
    if task.status.state in RESTING and task.status.HasField("message"):
        resumed.history.append(task.status.message)
    resumed.history.append(_remembered(message))
    resumed.status.CopyFrom(_status(TaskState.TASK_STATE_WORKING, now))
    return resumed


def fold(task: Task, event: Update) -> None:
    """Bring a task up to date with an event, in place."""
    if isinstance(event, TaskStatusUpdateEvent):
        if not {NOTICE_EXTENSION, CALL_EXTENSION}.isdisjoint(task.status.message.metadata):
            # Whoever looks only now is to find every notice and wish, not the newest alone.
            task.history.append(task.status.message)
        task.status.CopyFrom(event.status)
        return
    known = next((a for a in task.artifacts if a.artifact_id == event.artifact.artifact_id), None)
    if known is None:
        task.artifacts.append(event.artifact)
    elif not event.append:
        known.CopyFrom(event.artifact)
    else:
        known.metadata.update(event.artifact.metadata)
        for part in event.artifact.parts:
            # A reply comes in hundreds of pieces; a snapshot need not tell of each.
            if known.parts and known.parts[-1].HasField("text") and part.HasField("text"):
                known.parts[-1].text += part.text
            else:
                known.parts.append(part)


def status_update(
    task: Task,
    state: TaskState,
    now: datetime,
    parts: Sequence[Part] = (),
    *,
    notice: bool = False,
) -> TaskStatusUpdateEvent:
    """That a task has come to `state`, and what is said of it."""
    status = _status(state, now)
    if parts:
        status.message.CopyFrom(_agent_message(task, parts))
    if notice:
        status.message.metadata.update({NOTICE_EXTENSION: True})
    return TaskStatusUpdateEvent(task_id=task.id, context_id=task.context_id, status=status)


def wish_update(task: Task, wish: Wish, now: datetime) -> TaskStatusUpdateEvent:
    """That something is to be done with the call; it says nothing to anybody."""
    event = status_update(task, TaskState.TASK_STATE_WORKING, now, [Part(text="")])
    wanted = {"action": wish.action, "to": wish.to, "summary": wish.summary}
    event.status.message.metadata.update({CALL_EXTENSION: wanted})
    return event


def reply_update(task: Task, text: str, *, first: bool, last: bool) -> TaskArtifactUpdateEvent:
    """A piece of the reply."""
    artifact = Artifact(artifact_id=REPLY, name=REPLY, parts=[Part(text=text)])
    if last:
        artifact.metadata.update({COMPLETE_EXTENSION: True})
    return TaskArtifactUpdateEvent(
        task_id=task.id,
        context_id=task.context_id,
        artifact=artifact,
        append=not first,
        last_chunk=last,
    )


def file_update(task: Task, document: Document, id: str) -> TaskArtifactUpdateEvent:
    """A file for the person, whole."""
    part = Part(filename=document.name, media_type=document.media_type)
    if document.url:
        part.url = document.url
    else:
        part.raw = document.data
    return TaskArtifactUpdateEvent(
        task_id=task.id,
        context_id=task.context_id,
        artifact=Artifact(artifact_id=id or uuid.uuid4().hex, name=document.name, parts=[part]),
        last_chunk=True,
    )


def question_parts(question: Question) -> list[Part]:
    """A question as the parts of a status message."""
    parts = [Part(text=question.text)]
    if question.choices:
        choices = [{"label": label, "value": value} for label, value in question.choices]
        offered = Part(media_type=CHOICES_MEDIA_TYPE)
        offered.data.struct_value.update({"choices": choices})
        parts.append(offered)
    return parts


def reply_text(task: Task) -> str:
    """What the reply says so far."""
    return "".join(part.text for a in task.artifacts if a.artifact_id == REPLY for part in a.parts)


def whole_reply(task: Task) -> TaskArtifactUpdateEvent:
    """The reply in one piece, for those who were not there while it grew."""
    return reply_update(task, reply_text(task), first=True, last=True)


def stream_response(event: Task | Update) -> bytes:
    """An event as the JSON of a StreamResponse."""
    if isinstance(event, Task):
        response = StreamResponse(task=event)
    elif isinstance(event, TaskStatusUpdateEvent):
        response = StreamResponse(status_update=event)
    else:
        response = StreamResponse(artifact_update=event)
    text: str = MessageToJson(response, indent=None)
    return text.encode()


def check(message: Message) -> None:
    """Refuse a message that says nothing, is named beyond measure, or is of an unheard-of type.

    Raises InvalidParamsError and ContentTypeNotSupportedError.
    """
    for name in ("message_id", "context_id", "task_id"):
        if len(getattr(message, name)) > 255:  # noqa: PLR2004 - what the tables hold
            raise InvalidParamsError(f"{name} may have at most 255 characters")
        if not getattr(message, name).isprintable():
            raise InvalidParamsError(f"{name} holds characters that cannot be printed")
    if message.role != Role.ROLE_USER:
        raise InvalidParamsError("role must be ROLE_USER: nobody speaks for the agent")
    for part in message.parts:
        if part.WhichOneof("content") is None:
            raise InvalidParamsError("each part needs one of text, raw, url or data")
        if not _understood(part.media_type):
            raise ContentTypeNotSupportedError(
                f"{part.media_type} is not a registered media type; "
                "send what has none as application/octet-stream"
            )
    if not any(part.text.strip() or not part.HasField("text") for part in message.parts):
        raise InvalidParamsError("the message is empty")


def ask_of(message: Message, *, history: Iterable[Said], continues: bool) -> Ask:
    """A message as the brain is asked it."""
    lines = [part.text for part in message.parts if part.HasField("text")]
    lines += [
        json.dumps(MessageToDict(part.data), ensure_ascii=False)
        for part in message.parts
        if part.HasField("data")
    ]
    files = [
        Document(
            name=part.filename or "file",
            media_type=part.media_type or "application/octet-stream",
            data=part.raw,
            url=part.url,
        )
        for part in message.parts
        if part.HasField("raw") or part.HasField("url")
    ]
    return Ask(
        text="\n".join(lines),
        context=message.context_id,
        task=message.task_id,
        caller=caller_of(message),
        files=tuple(files),
        history=tuple(history),
        continues=continues,
        heard=heard_of(message),
    )


def heard_of(message: Message) -> str | None:
    """What the person heard of the reply before; None when they did not cut it short."""
    if HEARD_EXTENSION not in message.metadata:
        return None
    heard = message.metadata.fields[HEARD_EXTENSION]
    return heard.string_value if heard.HasField("string_value") else None


def caller_of(message: Message) -> Caller:
    """Who is asking, as far as the caller extension tells and makes sense."""
    told = MessageToDict(message.metadata).get(CALLER_EXTENSION)
    given: dict[str, Any] = told if isinstance(told, dict) else {}

    def word(key: str, default: str = "") -> str:
        value = given.get(key)
        return value.strip()[:255] if isinstance(value, str) and value.strip() else default

    return Caller(
        person=word("person", message.context_id),
        channel=word("channel"),
        modality="voice" if given.get("modality") == "voice" else "text",
        locale=word("locale", "en"),
        zone=word("zone", "UTC"),
        trust=word("trust", "anonymous"),
        name=word("name"),
        doubtful=given.get("doubtful") is True,
    )


def history_of(earlier: Iterable[Task], task: Task, message: str) -> list[Said]:
    """What was said in a context before the message of that id in `task`, bounded."""
    before = takewhile(lambda m: m.message_id != message, task.history)
    lines: list[Said] = []
    for other in earlier:
        _recount(other.history, lines)
        lines += _at_last(other)
    _recount(before, lines)
    kept: list[Said] = []
    room = HISTORY_CHARACTERS
    for line in reversed(lines[-HISTORY_LINES:]):
        room -= len(line.text)
        if room < 0:
            break
        kept.append(line)
    return kept[::-1]


def _recount(history: Iterable[Message], lines: list[Said]) -> None:
    """Add what was said; of a reply that was cut short, only what was heard of it remains."""
    for message in history:
        if (heard := heard_of(message)) is not None:
            cut_short(lines, heard)
        lines += _line(message)


def cut_short(lines: list[Said], heard: str) -> None:
    """Put what was heard in the place of the last reply."""
    while lines and lines[-1].role == "agent":
        lines.pop()
    if heard.strip():
        lines.append(Said("agent", heard))


def _at_last(task: Task) -> list[Said]:
    lines: list[Said] = []
    if reply := reply_text(task):
        lines.append(Said("agent", reply))
    if task.status.state in RESTING and task.status.HasField("message"):
        lines += _line(task.status.message)
    return lines


def _line(message: Message) -> list[Said]:
    role: Literal["user", "agent"] = "agent" if message.role == Role.ROLE_AGENT else "user"
    text = get_message_text(message)
    return [Said(role, text)] if text else []


def _understood(media_type: str) -> bool:
    """Whether a media type is one that somebody may be expected to know.

    Types that begin with `x-` are nobody's (RFC 6838); a few of them are everybody's.
    """
    kind, _, rest = media_type.lower().partition(";")[0].strip().partition("/")
    known = not rest.startswith("x-") or rest in UNREGISTERED or kind != "application"
    return not media_type or (bool(kind and rest) and known)


def _remembered(message: Message) -> Message:
    """A message as the history keeps it: of large files only what they were."""
    kept = Message()
    kept.CopyFrom(message)
    for part in kept.parts:
        size = len(part.raw)
        if size > HISTORY_FILE:
            part.text = ""
            part.metadata.update({"omittedBytes": size})
    return kept


def _status(state: TaskState, now: datetime) -> TaskStatus:
    status = TaskStatus(state=state)
    status.timestamp.FromDatetime(now)
    return status


def _agent_message(task: Task, parts: Sequence[Part]) -> Message:
    return Message(
        message_id=uuid.uuid4().hex,
        context_id=task.context_id,
        task_id=task.id,
        role=Role.ROLE_AGENT,
        parts=parts,
    )
