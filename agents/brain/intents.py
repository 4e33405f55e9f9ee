"""What a line asks of the concierge. Pure: text in, intent out, by the tables in `phrases`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, cast, get_args

from agents.brain.phrases import PHRASES
from agents.tools.folding import fold
from agents.tools.numerals import in_digits
from prompts import language_of

Kind = Literal[
    "greet", "mood", "thanks", "bye", "help", "clock", "list", "reminders", "done_list",
    "send_list", "add", "again", "remind", "finish", "cancel", "cancel_reminder", "clear",
    "confirm_clear", "rename", "move", "note", "note_that", "notes", "send_note", "yes", "no",
    "go_on", "repeat", "person", "unknown",
]  # fmt: skip

KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class Intent:
    """What a line asks."""

    kind: Kind
    locale: str
    """The language it was asked in; the person's own tag where that is its language."""
    which: str = ""
    """The tasks or the note meant, as typed; several are joined as typed, too."""
    text: str = ""
    """What is to be done, written or said, as typed, or the new time of `move`."""
    by: bool = False
    """Whether `text` of `move` is a span to add."""
    about: str = ""
    """What the person quoted, to which they say this."""
    sure: bool = False
    """Whether they were asked, and said yes or which."""
    told: str | None = None
    """What they heard already of the list that is to go on."""


def understand(line: str, locale: str = "en") -> Intent:
    """The intent of a line, in the person's language if it has one there, else in any."""
    own = language_of(locale)
    line = unicodedata.normalize("NFC", line).strip()
    # Lists and numbering people paste: "- buy milk", "2) call Bob".
    line = re.sub(r"^(?:[-*\u2022]\s+|\d+[.)]\s+)(?=\w)", "", line)
    for language in dict.fromkeys((own, *PHRASES)):
        told = locale if language == own else language
        if intent := _in(language, line, told):
            return intent
    if remark := _REMARK.match(line):
        meant = understand(line[remark.end() :], locale)
        if meant.kind != "unknown":
            return meant
    return Intent("unknown", locale, text=line)


_REMARK = re.compile(r"(?:\([^()\n]{1,60}\)|[^:\n]{1,60}:) +(?=\S)")
"""What a front door may put before a line: who says it, or that it corrects another."""

_QUOTED = re.compile(r"(?:[^:>\n]{1,60}: )?> ?(.*)")


def understand_all(message: str, locale: str = "en", *, spoken: bool = False) -> tuple[Intent, ...]:
    """The intents of a message: of each line and sentence, unless they belong together.

    A good-bye beside a request is mere courtesy, unless it is `spoken`: then it ends the call.
    """
    intents = _of_lines(message, locale)
    if spoken and len(intents) == 1 and intents[0].kind not in ("bye", "note"):
        last = understand(re.split(r"(?<=[.!?;])\s+", message.strip())[-1], locale)
        if last.kind == "bye":
            return (*intents, last)
    return intents


def _of_lines(message: str, locale: str) -> tuple[Intent, ...]:
    lines = message.splitlines()
    quotes = [quote[1] for line in lines if (quote := _QUOTED.fullmatch(line))]
    said = [line for line in lines if line.strip() and not _QUOTED.fullmatch(line)]
    if quotes and said:
        about = "\n".join(quotes)
        return tuple(replace(i, about=about) for i in _understood(said, locale))
    return _understood([line for line in lines if line.strip()], locale)


def _understood(lines: list[str], locale: str) -> tuple[Intent, ...]:
    if len(lines) <= 1:
        return _sentences("".join(lines), locale)
    whole = understand("\n".join(lines), locale)
    if whole.kind == "note":
        return (whole,)
    if whole.kind == "add" and lines[0].rstrip().endswith(":"):
        return tuple(
            Intent("add", whole.locale, text=item)
            for line in whole.text.splitlines()
            if (item := re.sub(r"^\s*(?:[-*\u2022]|\d+[.)])\s*", "", line).strip())
        )
    return tuple(intent for line in lines for intent in _sentences(line, locale))


def _sentences(line: str, locale: str) -> tuple[Intent, ...]:
    """The intents of a line's sentences, if each is understood; else of the line."""
    intents = [understand(part, locale) for part in re.split(r"(?<=[.!?;])\s+", line)]
    if len(intents) == 1 or any(i.kind == "unknown" for i in intents) or intents[0].kind == "note":
        return (understand(line, locale),)
    return tuple(i for i in intents if i.kind not in _COURTESIES) or (intents[-1],)


_COURTESIES = ("greet", "mood", "thanks", "bye", "yes")
"""Kinds that go without an answer beside a request."""


def introduced(text: str, locale: str) -> str:
    """The thing itself, without the "to" or "that" that leads up to it."""
    opening = re.match(PHRASES[language_of(locale)].introduction, fold(text))
    return text[opening.end() :] if opening else text


def several(which: str) -> tuple[str, ...]:
    """The numbers of "1, 2 and 5", one by one; anything else as it is."""
    which = in_digits(which)
    numbers = re.findall(r"\d+", which)
    bare = re.sub(r"\d+|[,&+# ]|\b(?:and|und|et|y|tasks?|numbers?)\b", "", fold(which))
    return tuple(numbers) if len(numbers) > 1 and not bare else (which,)


def _in(language: str, line: str, locale: str) -> Intent | None:
    folded = fold(line)
    for kind, pattern in _patterns(language):
        if match := pattern.fullmatch(folded):
            told = {
                name.rstrip("0123456789"): line[match.start(name) : match.end(name)].strip(" .!?")
                for name, value in match.groupdict().items()
                if value is not None
            }
            by, early = told.get("by", ""), told.get("early", "")
            text = by or f"{early} {told.get('text', '')}".strip()
            return Intent(kind, locale, told.get("which", ""), text, bool(by))
    return None


@cache
def _patterns(language: str) -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    phrases = PHRASES[language]
    # Who writes down what is heard may leave them out: "whats on my list", "cest fini".
    mark = re.compile(r"'" if language == "en" else r"(?<=\w)'(?=\w)")
    return tuple(
        (
            cast("Kind", kind),  # a test checks the tables against KINDS
            re.compile(
                mark.sub(
                    "'?",
                    rf"(?:{phrases.opening})(?:{_joined(ways)})(?:{phrases.closing})[ .!?\u2026]*",
                ),
                re.DOTALL,
            ),
        )
        for kind, ways in phrases.patterns.items()
    )


def _joined(ways: tuple[str, ...]) -> str:
    """Alternatives in one pattern; a group's name is told apart by a number."""
    return "|".join(re.sub(r"\(\?P<(\w+)>", rf"(?P<\g<1>{i}>", way) for i, way in enumerate(ways))
