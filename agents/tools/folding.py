"""Text as people type it in a hurry: matched without case or accents, offset by offset."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """`text` in lower case without accents, each character in its place.

    The result is as long as the NFC form of `text`, so offsets in one are offsets in the other.
    """
    return "".join(_bare(char) for char in unicodedata.normalize("NFC", text))


def _bare(char: str) -> str:
    if char in "\u2019\u2018\u02bc":
        return "'"
    if char in "\u00a0\u202f\t":
        return " "
    return unicodedata.normalize("NFD", char)[0].lower()[0]
