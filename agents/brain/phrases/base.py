"""What a table of phrases holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's ways of asking, as patterns over folded text (`folding.fold`)."""

    opening: str
    """Courtesies before what is asked."""
    closing: str
    """Courtesies after it."""
    patterns: dict[str, tuple[str, ...]]
    """By kind of intent; the first that fits the whole line counts.

    Group `which` is the task or note meant, `text` what is to be written or said, and `by` a
    span to move something by; all are cut from the text as typed. `early` is a time that comes
    before "remind me", and is put before `text`.
    """
    introduction: str
    """What may stand between "remind me" and the thing itself."""
    by: str
    """What makes a span of time a delay: "2 days" becomes "in 2 days"."""
