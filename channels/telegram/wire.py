"""Bot API updates as our events; pure.

    update = {"update_id", one of "message" | "edited_message" | "callback_query" |
              "my_chat_member"}

Anything else, and anything that says nothing to us, becomes no event at all.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast, get_args

from channels.events import (
    Address,
    Chosen,
    Command,
    Message,
    Part,
    Reachability,
    Route,
    Sender,
    Trust,
)
from channels.telegram.buttons import read_button
from channels.telegram.content import (
    author_of,
    entity_text,
    files_of,
    name_of,
    opens_topic,
    parts_of,
    quote_of,
    ref_of,
    words_of,
)
from channels.telegram.fields import Json, table, text, whole

CHANNEL = "telegram"

Event = Message | Reachability

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?=\s|$)")
_COMMANDS = get_args(Command)
_UNHEARD = {"left", "kicked"}


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself."""

    id: int
    username: str = ""
    """Without @; empty until Telegram told us."""


class Malformed(ValueError):
    """Not an update as the Bot API writes them; asking for it again is no use."""


class NameNeeded(Exception):
    """Whether this group message is for us depends on our username, which is not known yet."""


def normalise(update: object, me: Me, albums: Container[str] = ()) -> list[Event]:
    """Read one update.

    `albums` holds the albums in groups that were addressed to us by a caption: their other
    pictures carry none. Raises Malformed, NameNeeded and nothing else.
    """
    try:
        return _read(update, me, albums)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, OSError) as error:
        raise Malformed(f"not a Bot API update: {error}") from error


def update_id(update: object) -> int | None:
    """The update's number, if it has one."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _read(update: object, me: Me, albums: Container[str]) -> list[Event]:
    if not isinstance(update, dict):
        raise TypeError("an update is an object")
    event = str(whole(update, "update_id"))
    if message := table(update, "message"):
        return _message(event, message, me, albums)
    if message := table(update, "edited_message"):
        # A live location is edited every few seconds.
        if "location" in message:
            return []
        return _message(event, message, me, albums, edited=True)
    if query := table(update, "callback_query"):
        return _chosen(event, query, me)
    if member := table(update, "my_chat_member"):
        status = text(table(member, "new_chat_member"), "status")
        address = Address(CHANNEL, str(whole(table(member, "chat"), "id")))
        return [Reachability(address, reachable=status not in _UNHEARD)]
    return []


def _message(
    event: str, message: Json, me: Me, albums: Container[str], *, edited: bool = False
) -> list[Event]:
    who = author_of(message)
    # Two bots that answer each other never stop.
    if who.get("is_bot") or message.get("is_automatic_forward"):
        return []
    words, entities = words_of(message)
    group = _is_group(message)
    words, mentioned = _mentions(words, entities, me, group=group)
    command, words, named = _command(words, me, group=group)
    album = text(message, "media_group_id")
    quoted = table(message, "reply_to_message")
    ours = table(quoted, "from").get("id") == me.id and not opens_topic(quoted)
    to_us = (
        not group
        or command is not None
        or named
        or mentioned
        or ours
        or (bool(album) and album in albums)
    )
    if not to_us:
        return []
    parts: list[Part] = []
    if quote := quote_of(message):
        parts.append(quote)
        # In a group we may be asked about a file that somebody else sent.
        if group and not ours:
            parts += files_of(quoted)
    parts += parts_of(message, words)
    if not parts and command is None:
        return []
    ref = ref_of(message)
    return [
        Message(
            event=event,
            sender=_sender(who),
            route=_route(message, me, group=group),
            parts=tuple(parts),
            command=command,
            group=group,
            ref=ref,
            edits=ref if edited else "",
            album=album,
            at=_when(message),
        )
    ]


def _chosen(event: str, query: Json, me: Me) -> list[Event]:
    message = table(query, "message")
    # A button under an inline message or a game belongs to no chat we know.
    if not message or "data" not in query:
        return []
    data = text(query, "data")
    label = _label(message, data)
    value, offer = read_button(data, label)
    group = _is_group(message)
    return [
        Message(
            event=event,
            sender=_sender(table(query, "from")),
            route=_route(message, me, group=group),
            parts=(Chosen(value, label, offer),),
            group=group,
        )
    ]


def _label(message: Json, data: str) -> str:
    """What the tapped button says; empty when Telegram no longer shows the message."""
    for row in table(message, "reply_markup").get("inline_keyboard") or ():
        for button in row:
            if button.get("callback_data") == data:
                return text(button, "text")
    return ""


def _is_group(message: Json) -> bool:
    return text(table(message, "chat"), "type") != "private"


def _sender(who: Json) -> Sender:
    return Sender(
        Address(CHANNEL, str(whole(who, "id"))),
        name=name_of(who),
        locale=text(who, "language_code"),
        trust=Trust.PLATFORM,
    )


def _route(message: Json, me: Me, *, group: bool) -> Route:
    # Replies in an ordinary supergroup carry a thread id too, which cannot be sent to.
    topic = message.get("is_topic_message")
    return Route(
        channel=CHANNEL,
        account=str(me.id),
        chat=str(whole(table(message, "chat"), "id")),
        thread=str(whole(message, "message_thread_id")) if topic else "",
        reply_to=str(whole(message, "message_id")) if group else "",
    )


def _when(message: Json) -> datetime | None:
    date = whole(message, "date", 0)
    return datetime.fromtimestamp(date, UTC) if date > 0 else None


def _command(words: str, me: Me, *, group: bool) -> tuple[Command | None, str, bool]:
    """A command at the start, what follows it, and whether it named us."""
    match = _COMMAND.match(words)
    if not match:
        return None, words, False
    name, bot = match[1].lower(), (match[2] or "").lower()
    if bot and group and not me.username:
        raise NameNeeded
    if bot and me.username and bot != me.username.lower():
        return None, words, False
    if name not in _COMMANDS:
        return None, words, bool(bot)
    return cast("Command", name), words[match.end() :].strip(), bool(bot)


def _mentions(words: str, entities: list[Json], me: Me, *, group: bool) -> tuple[str, bool]:
    """The words with the mention of us cut out and hidden links shown, and whether it was there."""
    mentioned = False
    # From the back, so that earlier offsets stay true.
    for entity in sorted(entities, key=lambda e: whole(e, "offset"), reverse=True):
        kind = text(entity, "type")
        start, end = entity_text(words, entity)
        if kind == "text_link":
            words = f"{words[:end]} ({text(entity, 'url')}){words[end:]}"
        elif group and _is_us(kind, entity, words[start:end], me):
            mentioned = True
            words = _without(words, start, end)
    return words, mentioned


def _is_us(kind: str, entity: Json, mention: str, me: Me) -> bool:
    if kind == "text_mention":
        return table(entity, "user").get("id") == me.id
    if kind != "mention":
        return False
    if not me.username:
        raise NameNeeded
    return mention.lower() == f"@{me.username}".lower()


def _without(words: str, start: int, end: int) -> str:
    before, after = words[:start].rstrip(" "), words[end:].lstrip(" ")
    if not before.strip():
        after = after.lstrip(",:;.!? ") or after
    glue = " " if before and after and after[0] not in ",.;:!?\n" else ""
    # A bare mention still says that we are wanted.
    return f"{before}{glue}{after}".strip() or words
