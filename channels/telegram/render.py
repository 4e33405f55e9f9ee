"""A reply as requests to the Bot API; pure.

{"method": "sendMessage", "fields": {…}, "plain": text without formatting, "locale"}
{"method": "sendPhoto" | "sendDocument" | "sendAudio" | "sendVoice", "fields": {…},
 "file": {"id", "source", "name", "media_type"}, "plain": caption without formatting, "locale"}
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from channels.base import Outgoing
from channels.events import File, Reply, Route
from channels.telegram import pieces, utf16
from channels.telegram.budget import is_group
from channels.telegram.buttons import keyboard
from channels.telegram.markdown import Run
from channels.telegram.pieces import Piece
from prompts import sentence

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
UPLOAD_BYTES = 50_000_000
PHOTO_BYTES = 10_000_000

_ROOM = 96
"""UTF-16 units kept free in each text, so that it can be marked as a repeat."""

_FOLDED_QUOTE = 300
"""Characters of a transcript that are shown without asking for more."""
_LONGEST_QUOTE = 3000
"""Characters of a transcript that are shown at all, so that the answer is near."""

_PHOTOS = {"image/jpeg", "image/png", "image/webp"}
_VOICES = {"audio/ogg", "audio/mpeg", "audio/mp4", "audio/x-m4a"}
_AUDIOS = {"audio/mpeg", "audio/mp4", "audio/x-m4a"}

FILE_FIELDS = {
    "sendPhoto": "photo",
    "sendDocument": "document",
    "sendAudio": "audio",
    "sendVoice": "voice",
}


def render(route: Route, reply: Reply) -> list[Outgoing]:
    """Cut a reply into requests, in order."""
    files = [file for file in reply.files if not _excuse(file, reply.locale)]
    excuses = [why for file in reply.files if (why := _excuse(file, reply.locale))]
    text = "\n\n".join(filter(None, (reply.text.strip(), *excuses)))
    words = pieces.cut(text, TEXT_UNITS - _ROOM, quoted(reply.quote, reply.locale))
    if reply.choices and not words and not files:
        words = pieces.cut(sentence("telegram", "choose", reply.locale), TEXT_UNITS)
    if _is_caption(route, words, files):
        sent = [_file(files[0], words[0])]
    else:
        sent = [*map(_text, words), *map(_file, files)]
    for outgoing in sent:
        outgoing["fields"] |= _where(route)
        outgoing["locale"] = reply.locale
    if sent and route.reply_to:
        sent[0]["fields"]["reply_parameters"] = {
            "message_id": int(route.reply_to),
            "allow_sending_without_reply": True,
        }
    if sent and reply.choices:
        sent[-1]["fields"]["reply_markup"] = keyboard(reply.choices, reply.id)
    return sent


def repeated(outgoing: Outgoing) -> Outgoing:
    """The same request, saying that the person may have it already."""
    if outgoing.get("repeated"):
        return outgoing
    note = sentence("telegram", "repeat", outgoing.get("locale", ""))
    key = "text" if "text" in outgoing["fields"] else "caption"
    words = outgoing["fields"].get(key, "")
    marked = f"<i>{escape(note, quote=False)}</i>\n{words}"
    return {
        **outgoing,
        "fields": {**outgoing["fields"], key: marked, "parse_mode": "HTML"},
        "plain": f"{note}\n{outgoing['plain']}",
        "repeated": True,
    }


def as_plain(outgoing: Outgoing) -> Outgoing:
    """The same request without formatting."""
    key = "text" if "text" in outgoing["fields"] else "caption"
    fields = {**outgoing["fields"], key: outgoing["plain"]}
    fields.pop("parse_mode", None)
    return {**outgoing, "fields": fields}


def as_document(outgoing: Outgoing) -> Outgoing:
    """The same request, its file sent as it is."""
    return {**outgoing, "method": "sendDocument"}


def preview(markdown: str, *, last: bool, above: Sequence[Run] = ()) -> Piece | None:
    """A growing reply as one message: its end, or its beginning; None for a blank one."""
    words = pieces.cut(markdown, TEXT_UNITS - _ROOM, above)
    return words[-1 if last else 0] if words else None


def quoted(transcript: str, locale: str) -> list[Run]:
    """What a machine made of a recording, marked as that, to stand above the answer."""
    if not transcript:
        return []
    if len(transcript) > _LONGEST_QUOTE:
        transcript = f"{transcript[:_LONGEST_QUOTE].rstrip()}…"
    # Telegram folds an expandable quote, for its reader to open.
    tag = "blockquote expandable" if len(transcript) > _FOLDED_QUOTE else "blockquote"
    return [
        Run(sentence("telegram", "heard", locale), (tag, "i")),
        Run(f" {transcript}", (tag,)),
        Run("\n\n"),
    ]


def _text(piece: Piece) -> Outgoing:
    return {
        "method": "sendMessage",
        "fields": {"text": piece.html, "parse_mode": "HTML"},
        "plain": piece.plain,
    }


def _file(file: File, caption: Piece | None = None) -> Outgoing:
    fields: dict[str, Any] = {}
    if caption:
        fields = {"caption": caption.html, "parse_mode": "HTML"}
    return {
        "method": _method(file),
        "fields": fields,
        "plain": caption.plain if caption else "",
        "file": {
            "id": file.id,
            "source": file.source,
            "name": file.name,
            "media_type": file.media_type,
        },
    }


def _method(file: File) -> str:
    if file.media_type in _PHOTOS and file.size <= PHOTO_BYTES:
        return "sendPhoto"
    if file.kind == "voice" and file.media_type in _VOICES:
        return "sendVoice"
    if file.media_type in _AUDIOS:
        return "sendAudio"
    return "sendDocument"


def _is_caption(route: Route, words: list[Piece], files: list[File]) -> bool:
    # In a group the words are shown already and are edited into the final message,
    # which a message that carries a file cannot be.
    return (
        len(files) == 1
        and len(words) == 1
        and not is_group(route.chat)
        and utf16.length(words[0].plain) <= CAPTION_UNITS - _ROOM
    )


def _where(route: Route) -> dict[str, Any]:
    where: dict[str, Any] = {"chat_id": int(route.chat)}
    if route.thread:
        where["message_thread_id"] = int(route.thread)
    return where


def _excuse(file: File, locale: str) -> str:
    """Why a file cannot be sent, in plain words; empty when it can."""
    name = file.name or "?"
    if file.error:
        return sentence("telegram", "file_failed", locale, name=name, why=file.error)
    if file.size > UPLOAD_BYTES:
        return sentence("telegram", "too_large", locale, name=name)
    return ""
