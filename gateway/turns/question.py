"""From stored messages to the agent's question: pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
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
from gateway.agent.base import Ask, Attachment, Caller
from gateway.store.base import Stored, Turn
from prompts import sentence

BOOK = "gateway"


def text(turn: Turn) -> str:
    """What the agent reads: the messages of a turn as one text."""
    return "\n\n".join(text for m in turn.messages if (text := _read(m)))


def ask(turn: Turn, text: str, files: Iterable[Attachment]) -> Ask:
    """What the agent is handed: `text` as it is to read it, and who asks."""
    sender = turn.sender
    return Ask(
        id=turn.ask_id,
        context=turn.context,
        text=text,
        caller=Caller(
            person=turn.person,
            channel=turn.route.channel,
            modality=modality(turn),
            locale=sender.locale,
            zone=sender.zone,
            trust=str(sender.trust),
            name=sender.name,
            doubtful=doubtful(turn),
        ),
        files=tuple(files),
        task=turn.answers_task,
        heard=heard(turn),
    )


def modality(turn: Turn) -> Literal["text", "voice"]:
    """How the person is talking to us now, and so is to be answered."""
    return "voice" if turn.messages and spoken(turn.messages[-1].parts) else "text"


def doubtful(turn: Turn) -> bool:
    """Whether what was said is a guess that would destroy something."""
    parts = (part for message in turn.messages for part in message.parts)
    return any(isinstance(part, Transcript) and part.doubtful for part in parts)


def heard(turn: Turn) -> str | None:
    """What the person had heard of the reply before, when they cut it short; else None."""
    return next((m.heard for m in turn.messages if m.heard is not None), None)


def transcript(turn: Turn) -> str:
    """What a machine made of the recordings in a turn, for their speakers to check."""
    return "\n\n".join(
        f"{m.sender.name}: {words.text}" if _speaks(m) else words.text
        for m in turn.messages
        for _, words in with_words(m.parts)
        if words
    )


def language(turn: Turn) -> str:
    """What an answer is to be spoken in: as they spoke last, else as their app is."""
    locale = turn.sender.locale
    spoken_in = [
        part.language
        for message in turn.messages
        for part in message.parts
        if isinstance(part, Transcript) and part.language
    ]
    # The app knows more of the same language: `de-AT`.
    return spoken_in[-1] if spoken_in and not locale.startswith(spoken_in[-1]) else locale


def files(turn: Turn) -> list[File]:
    """The files of a turn that could be had, in order; what was said is read instead."""
    return [
        file
        for m in turn.messages
        for file, words in with_words(m.parts)
        if file.id and not (words and file.kind == "voice")
    ]


def only_recordings(turn: Turn) -> bool:
    """Whether there is nothing in the turn but speech that was not understood."""
    recorded = any(file.kind == "voice" for m in turn.messages for file, _ in with_words(m.parts))
    return recorded and not text(turn)


def _speaks(message: Stored) -> bool:
    """Whether a recording has to say whose it is; one that was replied to may be anybody's."""
    replied = any(isinstance(part, Quote) for part in message.parts)
    return message.group and bool(message.sender.name) and not replied


def with_words(parts: tuple[Part, ...]) -> Iterable[tuple[File, Transcript | None]]:
    """The files among parts, each with its transcript, which stands right after it."""
    for part, following in zip_longest(parts, parts[1:]):
        if isinstance(part, File):
            yield part, following if isinstance(following, Transcript) else None


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
