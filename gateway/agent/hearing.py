"""What an agent sends on one task, folded into what we heard of it. Pure.

The convention that the shipped agent keeps, harmless to others: the artifact named `reply` is
what is said to the person, and its `lastChunk` ends it though the task may go on. Snapshots of
a task do not tell a last chunk, so an agent may repeat it as artifact metadata under `COMPLETE`.
A status message with `NOTICE` in its metadata is for the person, although the task goes on.
One with `CALL_EXTENSION` wants something done with the call that the person is on.
Without an artifact of that name, all artifact text is the reply.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from channels.events import Choice
from gateway.agent.base import (
    AgentEvent,
    Attachment,
    End,
    Ended,
    Notice,
    Produced,
    Progress,
    ReplyText,
    Started,
    Wished,
)
from gateway.errors import AgentBroken

if TYPE_CHECKING:
    from a2a.types import Artifact, Message, Part, StreamResponse, Task, TaskStatus

REPLY = "reply"
COMPLETE = "urn:frontdoor:complete:1"
NOTICE = "urn:frontdoor:notice:1"
CALL_EXTENSION = "urn:frontdoor:call:1"
CHOICES_MEDIA_TYPE = "application/vnd.frontdoor.choices+json"

# Numbers of a2a.v1.TaskState. They are part of the protocol; to name them would load the SDK.
_SUBMITTED, _WORKING = 1, 2
_ENDS = {
    3: End.COMPLETED,
    4: End.FAILED,
    5: End.CANCELED,
    6: End.INPUT_REQUIRED,
    7: End.REJECTED,
    8: End.AUTH_REQUIRED,
}


@dataclass(slots=True)
class _Heard:
    """One artifact as far as it has come."""

    id: str
    name: str = ""
    text: str = ""
    files: list[Attachment] = field(default_factory=list)
    complete: bool = False

    def add(self, parts: Iterable[Part]) -> None:
        for part in parts:
            if part.WhichOneof("content") == "text" and not part.filename:
                self.text += part.text
            elif part.media_type != CHOICES_MEDIA_TYPE:
                _add_file(self.files, _file(part, self.name, self.id))


class Hearing:
    """Hears one task: feed it what arrives, in order, and it tells what is new.

    A snapshot replaces what was heard before, so a broken stream leaves neither a gap nor a
    repetition. `past` is the task as it stood before our message, when it continues one.
    """

    def __init__(self, past: Task | None = None) -> None:
        self.task = ""
        self.ended = False
        self.contacts = 0
        """How many times the agent told anything, new or not."""
        self._past = past
        self._artifacts: dict[str, _Heard] = {}
        self._produced: set[str] = set()
        self._noticed: set[str] = set()
        # What was wished before our message is done, or too late.
        self._wished = {message.message_id for message in past.history} if past else set()
        if past and past.status.HasField("message"):
            self._wished.add(past.status.message.message_id)
        self._reply = ReplyText("")
        self._progress: str | None = None

    def hear(self, response: StreamResponse) -> list[AgentEvent]:
        """What an event of the stream tells. Raises AgentBroken when it tells nothing."""
        self.contacts += 1
        match response.WhichOneof("payload"):
            case "task":
                return self._snapshot(response.task)
            case "status_update":
                update = response.status_update
                return self._known(update.task_id) + self._status(update.status)
            case "artifact_update":
                change = response.artifact_update
                known = self._known(change.task_id)
                self._extend(change.artifact, append=change.append, last=change.last_chunk)
                return known + self._news()
            case "message":
                return self._answer(response.message)
            case _:
                raise AgentBroken(
                    "The agent sent an event that is no task, message, status or artifact update."
                )

    def hear_task(self, task: Task) -> list[AgentEvent]:
        """What a task that we asked for tells. Raises AgentBroken."""
        self.contacts += 1
        return self._snapshot(task)

    def _snapshot(self, task: Task) -> list[AgentEvent]:
        known = self._known(task.id)
        for artifact in task.artifacts:
            self._extend(artifact, append=False, last=False)
        past = [event for m in task.history for event in (*self._notice(m), *self._wish(m))]
        return known + self._news() + past + self._status(task.status)

    def _known(self, task: str) -> list[AgentEvent]:
        if not task:
            raise AgentBroken("The agent sent an event that names no task.")
        if self.task:
            return []
        self.task = task
        return [Started(task)]

    def _extend(self, artifact: Artifact, *, append: bool, last: bool) -> None:
        parts = list(artifact.parts)
        before = self._artifacts.get(artifact.artifact_id)
        if not append:
            parts = self._without_past(artifact)
            if artifact.parts and not parts:
                return
        if before is None or not append:
            heard = _Heard(artifact.artifact_id, artifact.name)
            heard.complete = before is not None and before.complete
            self._artifacts[heard.id] = before = heard
        before.add(parts)
        before.complete |= last or (COMPLETE in artifact.metadata)

    def _without_past(self, artifact: Artifact) -> list[Part]:
        parts = list(artifact.parts)
        for old in self._past.artifacts if self._past else ():
            n = len(old.parts)
            if old.artifact_id == artifact.artifact_id and parts[:n] == list(old.parts):
                return parts[n:]
        return parts

    def _news(self) -> list[AgentEvent]:
        text, complete = self._said()
        return [*self._say(text, complete=complete), *self._hand_over(at_rest=False)]

    def _said(self) -> tuple[str, bool]:
        replies = [a for a in self._artifacts.values() if a.name == REPLY]
        spoken = replies or self._artifacts.values()
        complete = bool(replies) and replies[-1].complete
        return "\n\n".join(a.text for a in spoken if a.text), complete

    def _say(self, text: str, *, complete: bool) -> list[AgentEvent]:
        before = self._reply
        if text == before.text and (before.complete or not complete):
            return []
        if not complete and before.text.startswith(text):
            # An older snapshot, or a replay from the start: it will catch up.
            return []
        self._reply = ReplyText(text, complete=complete)
        return [self._reply]

    def _hand_over(self, *, at_rest: bool) -> list[AgentEvent]:
        told = any(a.name == REPLY for a in self._artifacts.values())
        produced: list[AgentEvent] = []
        for artifact in self._artifacts.values():
            if artifact.id in self._produced or not (at_rest or artifact.complete):
                continue
            self._produced.add(artifact.id)
            produced += map(Produced, artifact.files)
            if told and artifact.name != REPLY and artifact.text:
                name = _file_name(artifact.name or artifact.id, "text/plain")
                data = artifact.text.encode()
                produced.append(Produced(Attachment(name, "text/plain", data, id=artifact.id)))
        return produced

    def _status(self, status: TaskStatus) -> list[AgentEvent]:
        if self.ended or (self._past is not None and status == self._past.status):
            return []
        if notice := self._notice(status.message):
            return notice
        wish = self._wish(status.message)
        if end := _ENDS.get(status.state):
            return [*wish, *self._end(end, status.message)]
        if status.state not in (_SUBMITTED, _WORKING):
            raise AgentBroken("The agent reported a task state that A2A 1.0 does not know.")
        text = _words(status.message)
        if wish and not text:
            return wish
        return [*wish, *self._working(status.state, text)]

    def _working(self, state: int, text: str) -> list[AgentEvent]:
        if text == self._progress or (state == _SUBMITTED and not text):
            return []
        self._progress = text
        return [Progress(text)]

    def _notice(self, message: Message) -> list[AgentEvent]:
        if NOTICE not in message.metadata or message.message_id in self._noticed:
            return []
        self._noticed.add(message.message_id)
        return [Notice(message.message_id, _words(message))]

    def _wish(self, message: Message) -> list[AgentEvent]:
        if CALL_EXTENSION not in message.metadata or message.message_id in self._wished:
            return []
        self._wished.add(message.message_id)
        told = message.metadata.fields[CALL_EXTENSION].struct_value.fields
        action, to, summary = (told[key].string_value for key in ("action", "to", "summary"))
        if action not in ("hang_up", "transfer"):
            return []
        return [Wished("hang_up" if action == "hang_up" else "transfer", to, summary)]

    def _end(self, end: End, closing: Message) -> list[AgentEvent]:
        self.ended = True
        text, _ = self._said()
        said = self._say(text, complete=True) if text else []
        words = _words(closing)
        return [
            *said,
            *self._hand_over(at_rest=True),
            *map(Produced, _files(closing)),
            Ended(end, "" if words.strip() == text.strip() else words, _choices(closing)),
        ]

    def _answer(self, message: Message) -> list[AgentEvent]:
        self.ended = True
        return [
            *self._say(_words(message), complete=True),
            *map(Produced, _files(message)),
            Ended(End.COMPLETED, choices=_choices(message)),
        ]


def _words(message: Message) -> str:
    return "\n".join(p.text for p in message.parts if p.text and not p.filename)


def _files(message: Message) -> list[Attachment]:
    heard = _Heard(message.message_id)
    heard.add(message.parts)
    return heard.files


def _choices(message: Message) -> tuple[Choice, ...]:
    for part in message.parts:
        if part.media_type == CHOICES_MEDIA_TYPE and part.HasField("data"):
            offered = part.data.struct_value.fields["choices"].list_value.values
            options = (option.struct_value.fields for option in offered)
            return tuple(
                Choice(label, option["value"].string_value or label)
                for option in options
                if (label := option["label"].string_value)
            )
    return ()


def _file(part: Part, name: str, id: str) -> Attachment:
    kind = part.WhichOneof("content")
    if kind == "url":
        media_type = part.media_type or mimetypes.guess_type(part.url)[0] or _ANYTHING
        name = part.filename or name or part.url.rstrip("/").rpartition("/")[2]
        return Attachment(_file_name(name, media_type), media_type, url=part.url, id=id)
    if kind == "raw":
        media_type, data = part.media_type or _ANYTHING, part.raw
    elif kind == "text":
        media_type, data = part.media_type or "text/plain", part.text.encode()
    else:
        media_type, data = part.media_type or "application/json", _json(part)
    return Attachment(_file_name(part.filename or name, media_type), media_type, data, id=id)


_ANYTHING = "application/octet-stream"


def _json(part: Part) -> bytes:
    # Rare, and slow to load.
    from google.protobuf import json_format  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        text: str = json_format.MessageToJson(part.data, ensure_ascii=False)
    except ValueError:
        raise AgentBroken("The agent sent a number that JSON cannot say.") from None
    return text.encode()


def _file_name(name: str, media_type: str) -> str:
    name = name or "file"
    return name if "." in name else name + (mimetypes.guess_extension(media_type) or "")


def _add_file(files: list[Attachment], file: Attachment) -> None:
    """Add a file, or the next piece of the one before: appended chunks stay separate parts."""
    if files and files[-1].name == file.name and not (file.url or files[-1].url):
        files[-1] = replace(files[-1], data=files[-1].data + file.data)
    else:
        files.append(file)
