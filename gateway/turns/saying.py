"""From words and files to a log entry and its deliveries: pure."""

from __future__ import annotations

import uuid

from channels.base import PREVIEW_OPENING, Channel
from channels.events import Choice, Choices, File, Part, Reply, Route, Text
from gateway.speech.speakable import unspoken
from gateway.store.base import Saying


def saying(
    channel: Channel | None,
    route: Route,
    text: str,
    files: tuple[File, ...] = (),
    choices: tuple[Choice, ...] = (),
    *,
    locale: str = "",
    quote: str = "",
    preview_ref: str = "",
) -> Saying:
    """What is stored and sent for one thing said on `route`; see `Reply` for `quote`.

    A channel that is switched off now gets no deliveries: the log alone keeps it.
    """
    id = str(uuid.uuid4())
    parts: list[Part] = [Text(text)] if text else []
    parts += files
    if choices:
        parts.append(Choices(choices))
    lost = unspoken(text, locale) if channel and channel.heard else ""
    reply = Reply(text, files, choices, id, locale, quote, lost)
    outgoing = channel.render(route, reply) if channel else []
    if channel and outgoing and preview_ref == PREVIEW_OPENING:
        outgoing[0] = channel.repeated(outgoing[0])
        preview_ref = ""
    return Saying(id, tuple(parts), tuple(outgoing), preview_ref)
