"""Our questions in the protocol's words. Pure; loads the SDK, so only `link` imports it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from a2a.types import (
    Message,
    Part,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    TaskPushNotificationConfig,
)

from gateway.agent.base import Ask, Attachment
from gateway.agent.hearing import CALL_EXTENSION

CALLER_EXTENSION = "urn:frontdoor:caller:1"
"""Key of the message metadata that tells who asks; the value is `Caller` without what is empty."""

DRAFT_EXTENSION = "urn:frontdoor:draft:1"
"""Key of the message metadata, value true, that says that the words may yet change."""

HEARD_EXTENSION = "urn:frontdoor:heard:1"
"""Key of the message metadata that tells what was heard of the reply that was cut short."""

EXTENSIONS = frozenset({CALLER_EXTENSION, DRAFT_EXTENSION, HEARD_EXTENSION, CALL_EXTENSION})
"""What we ask agents to use that have it on their cards."""

INLINE_BYTES = 1 << 20
"""Files up to this size travel in the message, larger ones by their URL if they have one."""


def request(
    ask: Ask, *, notification_url: str, notification_token: str, known: Collection[str]
) -> SendMessageRequest:
    """The request that hands `ask` over.

    With a `notification_url` the agent is asked to report there. `known` are the extensions on
    its card; what it does not know it is told all the same, for that is harmless.
    """
    parts = [Part(text=ask.text)] if ask.text else []
    message = Message(
        message_id=ask.id,
        context_id=ask.context,
        task_id=ask.task,
        role=Role.ROLE_USER,
        parts=[*parts, *map(_part, ask.files)],
    )
    caller = {key: value for key, value in asdict(ask.caller).items() if value}
    message.metadata.update({CALLER_EXTENSION: caller})
    if ask.draft:
        message.metadata.update({DRAFT_EXTENSION: True})
    if ask.heard is not None:
        message.metadata.update({HEARD_EXTENSION: ask.heard})
    message.extensions.extend(sorted(set(message.metadata) & set(known)))
    # Only SendMessage heeds it, which agents that cannot stream are sent.
    configuration = SendMessageConfiguration(return_immediately=True)
    if notification_url:
        configuration.task_push_notification_config.CopyFrom(
            TaskPushNotificationConfig(url=notification_url, token=notification_token)
        )
    return SendMessageRequest(message=message, configuration=configuration)


def _part(file: Attachment) -> Part:
    if file.url and (not file.data or len(file.data) > INLINE_BYTES):
        return Part(url=file.url, filename=file.name, media_type=file.media_type)
    return Part(raw=file.data, filename=file.name, media_type=file.media_type)
