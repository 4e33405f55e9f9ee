"""What can be said when only some phrases are known: a JSGF grammar, read as a list. Pure.

https://www.w3.org/TR/jsgf/, of which `grammar/*.gram` use rules, alternatives and sequences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product

TOP = "said"
"""The public rule, whose alternatives are the rules that name what is meant."""
DESTRUCTIVE = "destroy_"

_ENOUGH = 0.6
"""Share of a phrase's words that must have been heard to take the rest for granted."""
_ALIKE = 0.75
_CLEARLY = 0.08
"""How much more alike than any other a phrase must be."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something a caller may say."""

    text: str
    rule: str
    """The rule that it follows."""

    @property
    def destructive(self) -> bool:
        return self.rule.startswith(DESTRUCTIVE)


class PhraseBook:
    """All phrases of a grammar."""

    def __init__(self, grammar: str) -> None:
        rules = _rules(grammar)
        self._phrases = {
            text: Phrase(text, name.strip("<>"))
            for [name] in rules[TOP]
            for text in _expanded(rules, name)
        }

    def __iter__(self) -> Iterator[Phrase]:
        return iter(self._phrases.values())

    def __len__(self) -> int:
        return len(self._phrases)

    def meant(self, heard: str) -> Phrase | None:
        """The phrase that somebody of whom this was heard must have said; None if any could be.

        A recogniser may lose the end of a phrase, or take a word for another.
        """
        if not heard:
            return None
        return self._phrases.get(heard) or self._completed(heard) or self._most_alike(heard)

    def _completed(self, heard: str) -> Phrase | None:
        begun = [text for text in self._phrases if text.startswith(f"{heard} ")]
        if not begun:
            return None
        shortest = min(begun, key=len)
        certain = all(text.startswith(shortest) for text in begun)
        enough = len(heard.split()) >= _ENOUGH * len(shortest.split())
        return self._phrases[shortest] if certain and enough else None

    def _most_alike(self, heard: str) -> Phrase | None:
        matcher: SequenceMatcher[str] = SequenceMatcher(None, [], heard.split(), autojunk=False)
        best, second = ("", 0.0), 0.0
        for text in self._phrases:
            matcher.set_seq1(text.split())
            if matcher.real_quick_ratio() < second or matcher.quick_ratio() < second:
                continue
            ratio = matcher.ratio()
            if ratio > best[1]:
                best, second = (text, ratio), best[1]
            else:
                second = max(second, ratio)
        certain = best[1] >= _ALIKE and best[1] - second >= _CLEARLY
        return self._phrases[best[0]] if certain else None


_Rules = Mapping[str, list[list[str]]]


def _rules(grammar: str) -> _Rules:
    bare = re.sub(r"//.*", "", grammar)
    return {
        name: [way.split() for way in ways.split("|")]
        for name, ways in re.findall(r"<(\w+)>\s*=([^;]*);", bare)
    }


def _expanded(rules: _Rules, token: str) -> list[str]:
    if not token.startswith("<"):
        return [token]
    return [
        " ".join(words)
        for way in rules[token.strip("<>")]
        for words in product(*(_expanded(rules, part) for part in way))
    ]
