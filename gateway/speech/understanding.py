"""How well a caller is understood, and what to say to one who was not: pure.

To ask for the same words again helps once. Who is not understood a second time is told how to be,
or offered a person. And a recogniser that knows only some phrases will not know others the next
time either: its caller is told some of those, other ones each time.
"""

from __future__ import annotations

from gateway.speech.base import Transcription
from prompts import sentence

EXAMPLES = 2
"""Told at a time; more nobody remembers."""


class Understanding:
    """One call's."""

    def __init__(self, locale: str, *, person: bool) -> None:
        """`person` says whether the key 0 leads to one."""
        self._locale = locale
        self._person = person
        self._sayable: tuple[str, ...] = ()
        self._doubted: set[str] = set()
        self._misses = self._told = 0

    def take(self, known: Transcription) -> None:
        """Note what was made of the caller's words."""
        self._sayable = known.sayable
        if known.doubtful:
            self._doubted.add(known.text.strip())

    def doubts(self, text: str) -> bool:
        """Whether these words are a guess that would destroy something."""
        return text in self._doubted

    def succeeded(self) -> None:
        """The next miss is a first one."""
        self._misses = 0

    def pardon(self) -> str:
        """What to say to somebody who was not understood now."""
        self._misses += 1
        again = self._misses > 1
        key = "sayable" if self._sayable else "pardon"
        words = sentence(
            "voice", f"{key}_again" if again else key, self._locale, examples=self._examples()
        )
        if again and self._person:
            words = f"{words} {sentence('voice', 'zero', self._locale)}"
        return words

    def _examples(self) -> str:
        if not self._sayable:
            return ""
        told = [self._sayable[(self._told + n) % len(self._sayable)] for n in range(EXAMPLES)]
        self._told += EXAMPLES
        return sentence("voice", "either", self._locale).join(told)
