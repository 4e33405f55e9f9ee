"""When a preview shows what; pure, time is passed in as seconds of any steady clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Step = Literal["show", "type"]

TYPING_SECONDS = 4.0
"""A chat action lasts five."""

RENEW_SECONDS = 20.0
"""A draft lasts thirty."""

_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class Pacing:
    """What is to be shown, what was, and when the next request is due."""

    private: bool
    """Drafts in private chats, edits of one message elsewhere."""

    text: str = ""
    """The newest."""
    shown: str = ""
    busy: bool = False
    """Whether the agent works."""
    mute: bool = False
    """Whether the chat takes no previews."""

    _not_before: float = 0.0
    _shown_at: float = float("-inf")
    _typed_at: float = float("-inf")
    _pause: float = _FIRST_PAUSE

    def next(self, now: float) -> tuple[Step | None, float]:
        """What is due, or None and the seconds until something may be (infinite for never)."""
        show = self._show_at()
        type_ = self._type_at()
        due = min(show, type_)
        if due > now:
            return None, due - now
        return ("show" if show <= now else "type"), 0.0

    def was_shown(self, text: str, now: float) -> None:
        """Telegram shows `text`."""
        self.shown, self._shown_at = text, now
        self._pause = _FIRST_PAUSE
        self._not_before = now + self.interval(len(text))

    def was_typed(self, now: float) -> None:
        """Telegram shows that we type."""
        self._typed_at = now

    def hold(self, seconds: float, now: float) -> None:
        """Ask for nothing for so long."""
        self._not_before = max(self._not_before, now + seconds)

    def failed(self, now: float) -> None:
        """Something went wrong: slow down, more each time."""
        self.hold(self._pause, now)
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause)

    def interval(self, length: int) -> float:
        """Seconds between two shows; a longer text is read, and sent, more slowly."""
        return 0.25 + length / 8000 if self.private else 1.2 + length / 2000

    def _show_at(self) -> float:
        if self.mute or not self.text.strip():
            return float("inf")
        if self.text != self.shown:
            return self._not_before
        # A draft fades while the agent is silent.
        renew = self._shown_at + RENEW_SECONDS if self.private else float("inf")
        return max(renew, self._not_before)

    def _type_at(self) -> float:
        if not self.busy:
            return float("inf")
        # Growing text says as much as typing does.
        since = max(self._typed_at, self._shown_at)
        return max(since + TYPING_SECONDS, self._not_before)
