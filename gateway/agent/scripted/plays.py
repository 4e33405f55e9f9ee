"""How the agent double chooses a script: from the message it received."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from a2a.types import SendMessageRequest
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]

from gateway.agent.asking import CALLER_EXTENSION, DRAFT_EXTENSION, HEARD_EXTENSION
from gateway.agent.scripted import scripts
from gateway.agent.scripted.scripts import Script, Step


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it arrived."""

    id: str
    context: str
    task: str
    """The task it continues; empty when it starts one."""
    text: str
    caller: Mapping[str, Any]
    """What the caller extension told."""
    files: tuple[str, ...] = ()
    """Names of the files that came with it."""
    notification_url: str = ""
    notification_token: str = ""
    draft: bool = False
    """Whether its words may yet change."""
    heard: str | None = None
    """What was heard of the reply before, when that was cut short."""
    again: bool = False
    """Whether a message of this id came before and this one therefore started nothing."""


Play = Callable[[Received], Iterable[Step]]
"""Which script answers a message."""


def as_written(received: Received) -> Script:
    """Play the message's own text as a script; say plain text back."""
    try:
        return scripts.parse(received.text)
    except ValueError:
        return (scripts.Say(f"You said: {received.text}", last=True),)


def by_keyword(plays: Mapping[str, Script]) -> Play:
    """Play the script of the first keyword in the text; else what the text itself says."""

    def play(received: Received) -> Script:
        text = received.text.casefold()
        found = (script for word, script in plays.items() if word.casefold() in text)
        return next(found, None) or as_written(received)

    return play


def received_from(params: SendMessageRequest, *, again: bool) -> Received:
    """What arrived with a request."""
    message, push = params.message, params.configuration.task_push_notification_config
    told = MessageToDict(message.metadata)
    return Received(
        id=message.message_id,
        context=message.context_id,
        task=message.task_id,
        text="\n".join(part.text for part in message.parts if part.text),
        caller=told.get(CALLER_EXTENSION, {}),
        files=tuple(part.filename for part in message.parts if part.filename),
        notification_url=push.url,
        notification_token=push.token,
        draft=told.get(DRAFT_EXTENSION) is True,
        heard=told.get(HEARD_EXTENSION),
        again=again,
    )
