"""What a model is told before it answers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, TypedDict

from agents.base import Ask, Caller, Document, Said
from agents.folds import cut_short
from agents.tools.dates import zone_of
from prompts import prompt, sentence

READABLE = 20_000
"""Characters of a text file that the model is shown."""


class Text(TypedDict):
    """A block of words."""

    text: str


class Line(TypedDict):
    """One side's words, as models want them."""

    role: Literal["user", "assistant"]
    content: list[Text]


def system_prompt(caller: Caller, now: datetime) -> str:
    """Who the model is, and what it must know of the person and the hour."""
    zone = zone_of(caller.zone)
    return prompt("chief_of_staff", caller.locale).format(
        now=f"{now.astimezone(zone):%A %Y-%m-%d %H:%M}",
        zone=zone.key,
        language=caller.locale or "en",
        channel=caller.channel or "?",
        modality=caller.modality,
        name=caller.name or "?",
    )


def message(ask: Ask) -> str:
    """What the person wrote, how they came to, and what is in the files they sent."""
    parts = [_heard(ask), _doubt(ask), ask.text, *(_file(file) for file in ask.files)]
    return "\n\n".join(part for part in parts if part.strip()) or "(an empty message)"


def history(said: Sequence[Said], heard: str | None = None) -> list[Line]:
    """Earlier lines, as far as they were `heard`: both sides in turn, the person first."""
    lines = list(said)
    if heard is not None:
        cut_short(lines, heard)
    return list(_turns(lines))


def _heard(ask: Ask) -> str:
    if ask.heard is None:
        return ""
    key = "heard" if ask.heard.strip() else "heard_nothing"
    return sentence("agent", key, ask.caller.locale, heard=ask.heard)


def _doubt(ask: Ask) -> str:
    return sentence("agent", "doubtful", ask.caller.locale) if ask.caller.doubtful else ""


def _turns(said: Sequence[Said]) -> Iterator[Line]:
    line: Line | None = None
    for one in said:
        role: Literal["user", "assistant"] = "user" if one.role == "user" else "assistant"
        if line is None and role == "assistant":
            continue
        if line and line["role"] == role:
            line["content"].append({"text": one.text})
            continue
        if line:
            yield line
        line = {"role": role, "content": [{"text": one.text}]}
    if line:
        yield line


def _file(file: Document) -> str:
    kept = "kept for the person" if file.data else "not received, only its address"
    if not (file.media_type.startswith("text/") and file.data):
        return f"[file {file.name}: {file.media_type}, {kept}, you cannot see into it]"
    text = file.data.decode("utf-8", "replace")[:READABLE]
    return f"[file {file.name}: {kept}]\n{text}\n[end of {file.name}]"
