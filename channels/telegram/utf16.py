"""Telegram counts in UTF-16 code units; Python counts in code points."""

from __future__ import annotations


def length(text: str) -> int:
    """UTF-16 units of `text`."""
    return len(text) if text.isascii() else len(text) + sum(c > "\uffff" for c in text)


def index(text: str, units: int) -> int:
    """How many code points of `text` fit in `units`; never half a surrogate pair."""
    if text.isascii():
        return min(units, len(text))
    for position, character in enumerate(text):
        units -= 2 if character > "\uffff" else 1
        if units < 0:
            return position
    return len(text)
