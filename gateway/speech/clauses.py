"""Where a growing text may be cut into clauses to be spoken: pure.

The first clause of a reply is to come early, so it may end at a comma; those after it are whole
sentences, which sound better and have time. Nothing is cut where more text could still change
what was meant: after "3." may come a 5.
"""

from __future__ import annotations

import re

EARLY = 25
"""Characters after which the first clause may end at a comma or before an "and"."""
LONG_FIRST = 60
"""A first sentence up to this long is not cut at a comma."""
LONG = 220
"""A sentence that has not ended by then is cut at a comma too."""
MIDDLE = 100
"""But not sooner than this."""
STILL_OPEN = 50
"""Places to cut at that are passed over because a bracket or the like is open there: who has not
closed it by then never will."""
_LONGEST_SHORT = 40
"""Characters before a point that are looked at to tell whether it ends a sentence."""

_END = re.compile(r"(?<![.!?…:])[.!?…:]++[\"'”’»“)\]*_~]*+(?=\s|$)|[。！？]")  # noqa: RUF001 - quotes are meant
_SOFT = re.compile(r"[,;:][\"'”’»)*_]*(?=\s)|\s[–—-](?=\s)")  # noqa: RUF001 - dashes are meant
_GAP = re.compile(r"\s*")
_JOINTS = {
    "en": "and|but|or|so|because|which",
    "de": "und|aber|oder|denn|sondern",
    "fr": "et|mais|ou|donc|car",
    "es": "y|e|pero|o|así|porque",
}
_ABBREVIATIONS = {
    "": "dr prof st tel vs etc al fig vol inc ltd co jr sr approx",
    "en": "mr mrs ms e.g i.e a.m p.m ave dept est min max hr hrs jan feb mar apr jun jul aug sep "
    "sept oct nov dec u.s u.k",
    "de": "hr fr frl z.b z d.h d b h u.a u usw bzw ca ggf evtl inkl exkl zzgl str std min sek abs "
    "art bspw etw geb gem i.d.r lt max mind mio mrd o.ä s.o s.u sog u.u v.a vgl zw jan feb mär "
    "apr jun jul aug sept okt nov dez mo di mi do sa so",
    "fr": "m mm p p.ex ex c.-à-d env av bd apr j.-c janv févr avr juil sept oct nov déc min max "
    "réf",
    "es": "p ej sra srta dra ud uds aprox núm pág av avda c ene feb mar abr jun jul ago sept oct "
    "nov dic ee.uu min máx ref",
}
_NUMBERED = ("no", "nr", "nos")
"""Words that are only short before a number."""
_WORD_BEFORE = re.compile(r"([^\W_]+(?:[.\-][^\W_]+)*)\.$")
_ORDINALS = ("de",)
"""Languages that write ordinals with a point: there it does not end a sentence after a number."""
_LONGEST_ORDINAL = 2
"""Digits; what is longer is a year or an amount."""


def cut(text: str, language: str, *, first: bool, whole: bool) -> int:
    """How much of `text` is the next clause; 0 when it cannot be told yet.

    `text` is a paragraph's raw Markdown, as far as it is known; `whole` says that no more of it
    will come, `first` that nothing was spoken before it. Whole text that has no cut is one clause.
    """
    end = _sentence(text, language, whole=whole)
    if first and (not end or end > LONG_FIRST):
        early = _soft(text, language, EARLY, end or len(text))
        # What is left of the sentence should be worth a clause of its own.
        if early and not (whole and (end or len(text)) - early < EARLY // 2):
            return early
    if (end or len(text)) > LONG and (late := _soft(text, language, MIDDLE, LONG)):
        return late
    return end or (len(text) if whole else 0)


def _sentence(text: str, language: str, *, whole: bool) -> int:
    passed = 0
    for match in _END.finditer(text):
        at = match.end()
        gap = _GAP.match(text, at)
        begins = gap.end() if gap else at
        after = text[begins : begins + 1]
        mark = match.group()
        if mark.startswith(":"):
            # What follows a colon belongs to it, unless it is a list.
            ends = whole if not after else "\n" in text[at:begins]
        elif mark.startswith((".", "…")):
            if not after and not whole:
                return 0
            point = match.start() + 1
            ends = _closes(text[max(0, point - _LONGEST_SHORT) : point], after, language)
        else:
            # A mark after a space may become the beginning of a picture.
            ends = match.start() > 0 and not text[match.start() - 1].isspace()
        if ends and (passed >= STILL_OPEN or balanced(text[:at])):
            return at
        passed += ends
    return 0


def _closes(before: str, after: str, language: str) -> bool:
    """Whether the point at the end of `before` closes a sentence; `after` begins the next."""
    if not after:
        return True
    if after.islower():
        return False
    last = _WORD_BEFORE.search(before)
    if not last:
        return True
    word = last[1].lower()
    if word in _NUMBERED:
        return not after.isdigit()
    if word.isdigit():
        return not (language in _ORDINALS and len(word) <= _LONGEST_ORDINAL)
    if len(word) == 1 and last[1].isupper():
        return False  # an initial
    return word not in f"{_ABBREVIATIONS['']} {_ABBREVIATIONS.get(language, '')}".split()


def _soft(text: str, language: str, least: int, most: int) -> int:
    """The first comma or joint between two lengths."""
    commas = (m.end() for m in _SOFT.finditer(text, least, most) if m.end() < most)
    joints: list[int] = []
    if words := _JOINTS.get(language):
        found = re.finditer(rf"\s(?=(?:{words})\s)", text[least:most])
        joints = [least + m.start() for m in found]
    places = sorted((*commas, *joints))[:STILL_OPEN]
    return next((at for at in places if balanced(text[:at])), 0)


def balanced(raw: str) -> bool:
    """Whether no piece of Markdown within a line is open at the end of it."""
    plain = re.sub(r"`[^`]*`", "", raw)
    if "`" in plain or plain.count("**") % 2 or plain.count("~~") % 2:
        return False
    opened = plain.rfind("[")
    if opened < 0:
        return True
    closed = plain.find("]", opened)
    if closed < 0:
        return False
    return not plain.startswith("(", closed + 1) or ")" in plain[closed:]
