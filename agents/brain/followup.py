"""What a message means in the light of what was said before. Pure.

Nothing is remembered between messages: what a question was about is read again from the
lines before it, so an answer may arrive at another process, after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from agents.base import Said
from agents.brain.intents import Intent, understand, understand_all
from agents.tools.folding import fold
from agents.tools.job import BOOK
from prompts import sentence

_ASKING = ("clear", "finish", "cancel", "cancel_reminder", "rename", "move", "remind")
"""What may end in a question."""

_PASSING = (
    *("note", "note_that", "send_note", "clear", "confirm_clear"),
    *("thanks", "yes", "no", "greet", "mood", "bye", "go_on", "repeat", "person"),
)
"""What nobody means by "that"."""


def answered(reply: Intent, history: Sequence[Said], locale: str) -> Intent:
    """The intent of an answer to a question, or the reply itself if it asks something new."""
    if reply.kind not in ("unknown", "yes", "no"):
        return reply
    pending = _pending(history, locale)
    if pending is None or reply.kind == "no":
        return reply
    if pending.kind == "clear":
        return replace(pending, kind="confirm_clear") if reply.kind == "yes" else reply
    if reply.kind == "yes":
        certain = pending.kind in _DESTROYING
        return replace(pending, sure=True) if certain else reply
    return replace(pending, which=reply.text, sure=True)


_DESTROYING = ("cancel", "cancel_reminder", "finish")
"""What is asked before it is done to somebody on a call, or to everything at once."""


def going_on(reply: Intent, history: Sequence[Said], heard: str | None, locale: str) -> Intent:
    """The list that is to go on, when that was offered and is wanted; else the reply itself."""
    if reply.kind not in ("yes", "go_on"):
        return reply
    told: list[str] = []
    for said in reversed(history):
        if said.role == "agent":
            told.insert(0, said.text)
            continue
        for intent in reversed(understand_all(said.text, locale)):
            if intent.kind in _PAGED and told:
                offered = sentence(BOOK, "shall_i_go_on", intent.locale) in told[-1]
                if heard is not None:
                    told[-1] = heard
                return replace(intent, told="\n".join(told)) if offered else reply
        if understand(said.text, locale).kind not in ("yes", "go_on"):
            break
    return reply


_PAGED = ("list", "reminders", "done_list", "notes")
"""What is told in pages to somebody on a call."""


def last_reply(history: Sequence[Said]) -> str:
    """What we said last."""
    said = takewhile(lambda line: line.role == "agent", reversed(history))
    return "\n\n".join(reversed([line.text for line in said]))


def rest_of(reply: str, heard: str) -> str:
    """What of a reply was not heard, from the beginning of the sentence that was cut."""
    sentences = re.split(r"(?<=[.!?:;])\s+", reply.strip())
    left = len(re.findall(r"\w+", fold(heard)))
    for i, one in enumerate(sentences):
        left -= len(re.findall(r"\w+", fold(one)))
        if left < 0:
            return " ".join(sentences[i:])
    return ""


def that(history: Sequence[Said], locale: str) -> str:
    """What "write that down" means: our last answer, or the words we could make nothing of."""
    answer: list[str] = []
    for said in reversed(history):
        if said.role == "agent":
            answer.insert(0, said.text)
            continue
        kind = understand(said.text, locale).kind
        if kind not in _PASSING:
            words = said.text if kind == "unknown" or not answer else "\n\n".join(answer)
            return words.strip()
        answer.clear()
    return "\n\n".join(answer).strip()


def _pending(history: Sequence[Said], locale: str) -> Intent | None:
    for said in reversed(history):
        if said.role == "user":
            for intent in reversed(understand_all(said.text, locale)):
                if intent.kind in _ASKING:
                    return intent
    return None
