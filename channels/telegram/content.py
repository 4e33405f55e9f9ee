"""The content of a Telegram message as our parts; pure."""

from __future__ import annotations

import mimetypes
from typing import Literal

from channels.events import Contact, File, Location, Part, Quote, Text
from channels.telegram import utf16
from channels.telegram.fields import Json, number, table, tables, text, whole
from prompts import sentence

Kind = Literal["file", "image", "audio", "voice", "video"]

_MEDIA: dict[str, tuple[Kind, str]] = {
    # An animation comes with a `document` of the same file, so it is looked for first.
    "animation": ("video", "video/mp4"),
    "audio": ("audio", "audio/mpeg"),
    "voice": ("voice", "audio/ogg"),
    "video": ("video", "video/mp4"),
    # A face in a circle is there to talk.
    "video_note": ("voice", "video/mp4"),
    "document": ("file", "application/octet-stream"),
}

_UNREADABLE = ("checklist", "game", "giveaway", "invoice", "paid_media", "story")


def parts_of(message: Json, words: str) -> list[Part]:
    """Everything in a message but what it quotes; `words` is its text or caption."""
    parts: list[Part] = [Text(words)] if words else []
    parts += files_of(message)
    if venue := table(message, "venue"):
        title = ", ".join(filter(None, (text(venue, "title"), text(venue, "address"))))
        parts.append(_location(table(venue, "location"), title))
    elif location := table(message, "location"):
        parts.append(_location(location))
    if contact := table(message, "contact"):
        parts.append(_contact(contact, message))
    if sticker := table(message, "sticker"):
        parts.append(_sticker(sticker))
    if dice := table(message, "dice"):
        parts.append(Text(f"{text(dice, 'emoji')} {whole(dice, 'value')}"))
    if poll := table(message, "poll"):
        options = [f"- {text(option, 'text')}" for option in tables(poll, "options")]
        parts.append(Text("\n".join([text(poll, "question"), *options])))
    for kind in _UNREADABLE:
        if kind in message:
            locale = text(table(message, "from"), "language_code")
            why = sentence("telegram", "unreadable", locale)
            parts.append(File(kind, "application/octet-stream", error=why))
    return parts


def files_of(message: Json) -> list[File]:
    """The photo, document or recording a message carries."""
    if sizes := tables(message, "photo"):
        photo = max(sizes, key=lambda s: whole(s, "width", 0) * whole(s, "height", 0))
        return [_file(photo, "image", "image/jpeg", "photo")]
    for name, (kind, media_type) in _MEDIA.items():
        if media := table(message, name):
            return [_file(media, kind, media_type, name)]
    return []


def quote_of(message: Json) -> Quote | None:
    """What a message replies to, if it replies to something."""
    chosen = text(table(message, "quote"), "text")
    if reply := table(message, "reply_to_message"):
        if opens_topic(reply):
            return None
        words = chosen or text(reply, "text") or text(reply, "caption")
        return Quote(words, name_of(author_of(reply)), ref_of(reply))
    if external := table(message, "external_reply"):
        origin = table(external, "origin")
        author = (
            name_of(table(origin, "sender_user"))
            or text(origin, "sender_user_name")
            or name_of(table(origin, "sender_chat"))
            or name_of(table(origin, "chat"))
        )
        return Quote(chosen, author) if chosen or author else None
    return None


def opens_topic(message: Json) -> bool:
    """Whether this opened a forum topic: every message there "replies" to it."""
    return "forum_topic_created" in message


def ref_of(message: Json) -> str:
    """What names a message among all of a bot's: `chat:message_id`."""
    return f"{whole(table(message, 'chat'), 'id')}:{whole(message, 'message_id')}"


def words_of(message: Json) -> tuple[str, list[Json]]:
    """A message's text or caption, and its entities (offsets in UTF-16 units)."""
    if "text" in message:
        return text(message, "text"), tables(message, "entities")
    return text(message, "caption"), tables(message, "caption_entities")


def entity_text(words: str, entity: Json) -> tuple[int, int]:
    """Start and end of an entity as code points of `words`."""
    offset, size = whole(entity, "offset"), whole(entity, "length")
    if offset < 0 or size < 0:
        raise ValueError("an entity lies outside its text")
    return utf16.index(words, offset), utf16.index(words, offset + size)


def name_of(who: Json) -> str:
    """A person's or chat's name for people."""
    names = (text(who, "first_name"), text(who, "last_name"))
    return " ".join(filter(None, names)) or text(who, "title")


def author_of(message: Json) -> Json:
    """Who wrote a message: a person, or the group or channel they write as."""
    return table(message, "sender_chat") or table(message, "from")


def _file(media: Json, kind: Kind, media_type: str, stem: str) -> File:
    media_type = text(media, "mime_type") or media_type
    if kind == "file" and media_type.startswith("image/"):
        kind = "image"
    name = text(media, "file_name")
    if not name:
        suffix = ".ogg" if media_type == "audio/ogg" else mimetypes.guess_extension(media_type)
        name = f"{stem}-{text(media, 'file_unique_id')}{suffix or ''}"
    source = text(media, "file_id")
    if not source:
        raise ValueError("a file has no file_id")
    return File(name, media_type, max(0, whole(media, "file_size", 0)), source=source, kind=kind)


def _sticker(sticker: Json) -> Part:
    if emoji := text(sticker, "emoji"):
        return Text(emoji)
    return _file(sticker, "image", "image/webp", "sticker")


def _location(location: Json, title: str = "") -> Location:
    return Location(number(location, "latitude"), number(location, "longitude"), title)


def _contact(contact: Json, message: Json) -> Contact:
    # Telegram finds `user_id` by the phone number, so a card whose id is the sender's shows
    # the sender's number; a forwarded one says nothing of who holds it now.
    own = (
        contact.get("user_id") is not None
        and contact["user_id"] == table(message, "from").get("id")
        and "forward_origin" not in message
    )
    return Contact(name_of(contact), text(contact, "phone_number"), own)
