"""From stored messages to the agent's question: pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from channels.events import (
    Chosen,
    Contact,
    File,
    Location,
    Part,
    Quote,
    Text,
    Transcript,
    spoken,
)
from gateway.store.base import Stored, Turn
from prompts import sentence

BOOK = "gateway"


def text(turn: Turn) -> str:
    """What the agent reads: the messages of a turn as one text."""
    return "\n\n".join(text for m in turn.messages if (text := _read(m)))


def modality(turn: Turn) -> Literal["text", "voice"]:
    """How the person is talking to us now, and so is to be answered."""
    return "voice" if turn.messages and spoken(turn.messages[-1].parts) else "text"


def heard(turn: Turn) -> str | None:
    """What the person had heard of the reply before, when they cut it short; else None."""
    return next((m.heard for m in turn.messages if m.heard is not None), None)


def files(turn: Turn) -> list[File]:
    """The files of a turn that could be had, in order."""
    return [file for file in _files(turn) if file.id]


def only_recordings(turn: Turn) -> bool:
    """Whether there is nothing in the turn but speech, which nobody here understands yet."""
    return bool(recordings(turn)) and not text(turn)


def recordings(turn: Turn) -> list[File]:
    return [file for file in _files(turn) if file.kind == "voice"]


def _files(turn: Turn) -> Iterable[File]:
    return (part for m in turn.messages for part in m.parts if isinstance(part, File))


def _read(message: Stored) -> str:
    if message.command == "tasks":
        return sentence(BOOK, "tasks_request", message.sender.locale)
    words = "\n".join(
        text for part in message.parts if (text := _words(part, message.sender.locale))
    )
    if words and message.edited:
        words = sentence(BOOK, "edited", message.sender.locale, text=words)
    if words and message.group and message.sender.name:
        words = f"{message.sender.name}: {words}"
    return words


def _words(part: Part, locale: str) -> str:
    match part:
        case Text(text) | Transcript(text):
            return text
        case Chosen(value):
            return value
        case Quote(text, author):
            head = f"{author}: " if author else ""
            return "\n".join(f"> {line}" for line in f"{head}{text}".splitlines())
        case Location(latitude, longitude, title):
            place = f"{latitude}, {longitude}" + (f" ({title})" if title else "")
            return sentence(BOOK, "location", locale, place=place)
        case Contact(name, phone):
            return sentence(BOOK, "contact", locale, name=name, phone=phone).strip()
        case File(name=name, error=error) if error:
            return sentence(BOOK, "file_missing", locale, name=name)
        case _:
            return ""
