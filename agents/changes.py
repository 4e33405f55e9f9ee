"""What happened to a task between two looks at it, as the events that it would have told. Pure."""

from __future__ import annotations

from a2a.types import (
    Artifact,
    Message,
    Role,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)

from agents.base import CALL_EXTENSION
from agents.folds import (
    COMPLETE_EXTENSION,
    NOTICE_EXTENSION,
    REPLY,
    Update,
    reply_text,
    reply_update,
)


def changes(before: Task, after: Task) -> list[Update]:
    """Events that bring who knows `before` to `after`; several of a kind may have become one."""
    found: list[Update] = []
    known = {artifact.artifact_id: artifact for artifact in before.artifacts}
    for artifact in after.artifacts:
        if artifact.artifact_id == REPLY:
            found += _reply(before, after, known.get(REPLY), artifact)
        elif known.get(artifact.artifact_id) != artifact:
            found.append(
                TaskArtifactUpdateEvent(
                    task_id=after.id,
                    context_id=after.context_id,
                    artifact=artifact,
                    last_chunk=True,
                )
            )
    said = {message.message_id for message in before.history} | {before.status.message.message_id}
    for message in after.history:
        newest = message.message_id == after.status.message.message_id
        if _told(message) and not newest and message.message_id not in said:
            working = TaskStatus(state=TaskState.TASK_STATE_WORKING, message=message)
            working.timestamp.CopyFrom(after.status.timestamp)
            found.append(_status(after, working))
    if before.status != after.status:
        found.append(_status(after, after.status))
    return found


def _reply(before: Task, after: Task, old: Artifact | None, new: Artifact) -> list[Update]:
    was, now = reply_text(before), reply_text(after)
    whole = COMPLETE_EXTENSION in new.metadata
    grows = old is not None and now.startswith(was)
    if grows and old is not None and now == was and whole == (COMPLETE_EXTENSION in old.metadata):
        return []
    text = now[len(was) :] if grows else now
    return [reply_update(after, text, first=not grows, last=whole)]


def _told(message: Message) -> bool:
    """Whether it is a notice or a wish, of which each is kept in the history."""
    marks = {NOTICE_EXTENSION, CALL_EXTENSION}
    return message.role == Role.ROLE_AGENT and not marks.isdisjoint(message.metadata)


def _status(task: Task, status: TaskStatus) -> TaskStatusUpdateEvent:
    return TaskStatusUpdateEvent(task_id=task.id, context_id=task.context_id, status=status)
