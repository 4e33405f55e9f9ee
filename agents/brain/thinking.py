"""Keeps a model's thoughts out of what it says. Pure."""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class Spoken:
    """Lets through what is said of a text that comes in pieces.

    Some models think aloud between `<think>` and `</think>` where their server does not keep
    that apart.
    """

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False

    def feed(self, piece: str) -> str:
        """What may be said now; the beginning of a mark is held until it is sure."""
        self._held += piece
        said = ""
        while self._held:
            mark = _CLOSE if self._thinking else _OPEN
            before, found, after = self._held.partition(mark)
            if not found:
                before = before[: len(before) - _begun(before, mark)]
                after = self._held[len(before) :]
            if not self._thinking:
                said += before
            self._held = after
            if not found:
                break
            self._thinking = not self._thinking
        return said

    def end(self) -> str:
        """What was held to the end and is no mark."""
        held, self._held = self._held, ""
        return "" if self._thinking else held


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of the text may begin the mark."""
    return next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)
