"""What a message means in the light of what was said before. Pure.

Nothing is remembered between messages: what a question was about is read again from the
lines before it, so an answer may arrive at another process, after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents.base import Said
from agents.brain.intents import Intent, understand, understand_all

_ASKING = ("clear", "finish", "cancel", "cancel_reminder", "rename", "move", "remind")
"""What may end in a question."""

_PASSING = (
    *("note", "note_that", "send_note", "clear", "confirm_clear"),
    *("thanks", "yes", "no", "greet", "mood", "bye"),
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
        return reply
    return replace(pending, which=reply.text)


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
