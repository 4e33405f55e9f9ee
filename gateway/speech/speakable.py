"""A growing Markdown reply as clauses to be spoken, one by one: pure.

What nobody would read aloud (tables, code, pictures, the end of a long list) is left out, and the
listener is told once where it is to be found. Where nothing can be shown, a small table is read
after all, row by row. What is plain words is taken as it comes, and put into spoken words by
`wording`.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Literal

from gateway.speech.clauses import cut
from gateway.speech.wording import spoken
from prompts import sentence

LONGEST_LIST = 8
"""Items that are read of a list."""
LONGEST_TABLE = 6
"""Rows that are read of a table, if they are read at all."""

Kind = Literal["table", "code", "image", "list"]

_NEXT = "A"
"""How another sentence may begin."""
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_TABLE = re.compile(r"\s*\||[^|\n]*\|.*\n\s*:?-{2,}.*(?:\||$)")
_RULE = re.compile(r"\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|=+)$")
_HEADING = re.compile(r" {0,3}#{1,6}\s+")
_ITEM = re.compile(r"\s*(?:[-*+•]|(?P<number>\d{1,3})[.)])\s+(?:\[[ xX]\]\s+)?")
_BLANK = re.compile(r"\s*\n")
_SET_IN = re.compile(r"[\s>]*")
_QUOTE = re.compile(r"\s*(?:>\s?)+")
_HALF_ITEM = re.compile(r"(?:[-*+•=_>#`~|!]+|\d{1,3}[.)]?)?")
# What never closes is looked at once: no further than to the next that opens.
_IMAGE = re.compile(r"!\[[^\[\]]*\](?:\([^()]*(?:\([^()]*\)[^()]*)?\)|\[[^\[\]]*\])?")
_LINK = re.compile(r"\[([^\[\]]+)\](?:\([^()]*(?:\([^()]*\)[^()]*)?\)|\[[^\[\]]*\])")
_LEADS = re.compile(
    r"\[[^\[\]]+\]\((?:https?://|mailto:)[^()]*(?:\([^()]*\)[^()]*)?\)"
    r"|(?:https?://|www\.)[^\s<>)\]]*[^\s<>)\].,;:!?]"
)
_UNDERLINE = re.compile(r":?-+:?")
_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>")
_CODE = re.compile(r"`+([^`]*)`+")
_STRESS = re.compile(r"\*\*|__|~~|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>|<!--(?:(?!<!--).)*?-->")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&quot;": '"', "&#39;": "'"}


class Speakable:
    """One reply. Hand it the whole text so far as often as it grows, then `finish`."""

    def __init__(self, locale: str, *, shown: bool = True) -> None:
        """`shown` is whether what is left out can be seen somewhere."""
        self._locale = locale
        self._language = locale.replace("_", "-").split("-")[0].lower() or "en"
        self._shown = shown
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next text is spoken from its beginning, as of a new reply."""
        self.spilled = False
        """Whether something was left out."""
        self.left_out: list[str] = []
        """What: lines and links, as they were written."""
        self._text = ""
        self._at = 0
        self._joined = 0
        """Up to here no line begins anything but more of the paragraph."""
        self._cuts: list[int] = []
        self._spoke = False
        self._announced = False
        self._fence = ""
        self._in_table = False
        self._head: list[str] = []
        self._rows = self._items = 0

    def so_far(self, text: str) -> list[str]:
        """The clauses that `text`, all of the reply so far, completed.

        A text that takes back words already spoken is gone on with after the last clause that
        still stands: what changed is spoken again, since nothing can be unsaid. A shorter text
        that takes nothing back (the same reply told again) completes nothing.
        """
        if self._text.startswith(text):
            return []
        if not text.startswith(self._text[: self._at]):
            kept = [at for at in self._cuts if text.startswith(self._text[:at])]
            self._cuts, self._at = kept, kept[-1] if kept else 0
            self._fence, self._in_table, self._items = "", False, 0
        if not text.startswith(self._text):
            self._joined = 0
        self._text = text
        return self._advance(whole=False)

    def settle(self) -> list[str]:
        """The clauses that the text so far completes if what comes next is another sentence."""
        text = self._text
        said = self.so_far(f"{text} {_NEXT}") if text else []
        self._text, self._at = text, min(self._at, len(text))
        return said

    def finish(self) -> list[str]:
        """The clauses that are left, when no more text will come."""
        return self._advance(whole=True)

    def _advance(self, *, whole: bool) -> list[str]:
        clauses: list[str] = []
        while self._at < len(self._text):
            before = self._at
            said = self._next(whole=whole)
            if said:
                clauses += said
                self._spoke = True
            if self._at == before:
                break
            self._cuts.append(self._at)
        return clauses

    # -- blocks ----------------------------------------------------------------------------

    def _next(self, *, whole: bool) -> list[str]:
        """Take a clause or something that is not spoken; nothing, if more must be known."""
        if blank := _BLANK.match(self._text, self._at):
            self._at = blank.end()
            self._in_table = False
            return []
        if not self._fence and not self._begins_line():
            return self._prose(whole=whole)
        line, newline, after = self._text[self._at :].partition("\n")
        complete = bool(newline) or whole
        if self._fence:
            return self._in_fence(line, complete=complete)
        if not complete and _HALF_ITEM.fullmatch(line.strip()):
            return []
        if (said := self._unspoken(line, after, complete=complete, whole=whole)) is not None:
            return said
        if (said := self._marked(line, complete=complete)) is not None:
            return said
        if not line[:1].isspace():
            self._items = 0
        return self._prose(whole=whole)

    def _unspoken(self, line: str, after: str, *, complete: bool, whole: bool) -> list[str] | None:
        """Leave a line out that is not for the ear; None if it is."""
        if fence := _FENCE.match(line):
            if complete:
                self._fence = fence[1]
            return self._left_out(line, "code", complete=complete)
        under, newline, _ = after.partition("\n")
        in_table = self._in_table and ("|" in line or not complete)
        if in_table or _TABLE.match(line) or _TABLE.match(f"{line}\n{under}"):
            if not self._in_table:
                self._head, self._rows = [], 0
            self._in_table = self._in_table or complete
            if self._shown:
                return self._left_out(line, "table", complete=complete)
            return self._row(line) if complete else []
        self._in_table = False
        if "|" in line and not whole and not newline:
            return []  # The next line tells whether this one is the head of a table.
        if complete and _RULE.match(line):
            self._take(line)
            return []
        return None

    def _row(self, line: str) -> list[str]:
        """A row of a table that can be seen nowhere: "Monday: opens 9; closes 17"."""
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not self._head:
            self._take(line)
            self._head = cells
            return []
        if all(_UNDERLINE.fullmatch(cell) for cell in cells):
            self._take(line)
            return []
        self._rows += 1
        if self._rows > LONGEST_TABLE:
            return self._left_out(line, "table", complete=True)
        named = zip_longest(self._head[1 : len(cells)], cells[1:], fillvalue="")
        said = "; ".join(f"{head} {cell}".strip() for head, cell in named if cell)
        return self._whole_line(line, ": ".join(filter(None, (cells[0], said))), complete=True)

    def _marked(self, line: str, *, complete: bool) -> list[str] | None:
        """Take a line that Markdown's signs set apart; None if it is none."""
        if heading := _HEADING.match(line):
            return self._whole_line(line, line[heading.end() :].rstrip("# "), complete=complete)
        if item := _ITEM.match(line):
            return self._item(line, item, complete=complete)
        if quote := _QUOTE.match(line):
            self._at += quote.end()
            return []
        return None

    def _begins_line(self) -> bool:
        line = self._text.rfind("\n", 0, self._at) + 1
        return bool(_SET_IN.fullmatch(self._text, line, self._at))

    def _take(self, line: str) -> None:
        self._at = min(self._at + len(line) + 1, len(self._text))

    def _in_fence(self, line: str, *, complete: bool) -> list[str]:
        if complete:
            if line.strip().startswith(self._fence) and not line.strip(f" {self._fence[0]}"):
                self._fence = ""
            self.left_out.append(line)
            self._take(line)
        return []

    def _left_out(self, line: str, kind: Kind, *, complete: bool) -> list[str]:
        if not complete:
            return []
        self.left_out.append(line)
        self._take(line)
        return self._spill(kind)

    def _whole_line(self, line: str, text: str, *, complete: bool) -> list[str]:
        if not complete:
            return []
        self._take(line)
        return self._spoken(text, closed=True)

    def _item(self, line: str, item: re.Match[str], *, complete: bool) -> list[str]:
        if not complete:
            return []
        self._items += 1
        if self._items > LONGEST_LIST:
            return self._left_out(line, "list", complete=True)
        number = f"{item['number']}: " if item["number"] else ""
        return self._whole_line(line, number + line[item.end() :], complete=True)

    def _prose(self, *, whole: bool) -> list[str]:
        end, over = self._paragraph()
        paragraph, over = self._text[self._at : end], over or whole
        size = cut(paragraph, self._language, first=not self._spoke, whole=over)
        self._at += size
        return self._spoken(paragraph[:size], closed=over and size == len(paragraph))

    def _paragraph(self) -> tuple[int, bool]:
        """Where the text ends or something else begins, and whether that is known by now."""
        text = self._text
        newline = text.find("\n", max(self._at, self._joined))
        while newline >= 0:
            stop = text.find("\n", newline + 1)
            line = text[newline + 1 : stop if stop >= 0 else len(text)]
            begins = (_FENCE, _HEADING, _ITEM, _QUOTE, _RULE, _TABLE)
            if not line.strip() and stop >= 0:
                return newline, True
            if any(pattern.match(line) for pattern in begins):
                return newline, True
            if _HALF_ITEM.fullmatch(line.strip()):
                # More of that line must come to tell what it is; what is before it is known.
                return newline, False
            if stop >= 0:
                self._joined = stop
            newline = stop
        return len(text), False

    # -- words -----------------------------------------------------------------------------

    def _spoken(self, raw: str, *, closed: bool) -> list[str]:
        """The words of a piece of Markdown; `closed` says that a pause follows it."""
        said: list[str] = []
        if _IMAGE.search(raw):
            self.left_out += _IMAGE.findall(raw)
            raw = _IMAGE.sub("", raw)
            said = self._spill("image")
        if _LINK.search(raw) or "://" in raw:
            self.left_out += _LEADS.findall(raw)
            self.spilled = True
        text = spoken(_plain(raw), self._locale)
        if text and closed and text[-1] not in ".!?…:;,":
            text += "."
        return [text, *said] if text else said

    def _spill(self, kind: Kind) -> list[str]:
        """What to say of something left out: only the first time."""
        self.spilled = True
        if self._announced:
            return []
        self._announced = True
        key = kind if self._shown else "unshown"
        return [sentence("speakable", key, self._locale)]


def clauses_of(text: str, locale: str, *, shown: bool = True) -> list[str]:
    """A whole text as clauses to be spoken."""
    speakable = Speakable(locale, shown=shown)
    return [*speakable.so_far(text), *speakable.finish()]


def unspoken(text: str, locale: str) -> str:
    """What of a text is lost on who hears it and sees nothing: Markdown, empty for nothing."""
    speakable = Speakable(locale, shown=False)
    speakable.so_far(text)
    speakable.finish()
    return "\n".join(speakable.left_out)


def _plain(raw: str) -> str:
    """Markdown within a line as plain text."""
    text = _TAG.sub(" ", _ADDRESS.sub(r"\1", raw.replace("\0", "")))
    text = _LINK.sub(r"\1", text)
    text = _CODE.sub(r"\1", text)
    escaped: list[str] = []

    def keep(match: re.Match[str]) -> str:
        escaped.append(match[1])
        return "\0"

    text = _STRESS.sub("", _ESCAPED.sub(keep, text))
    signs = iter(escaped)
    text = re.sub("\0", lambda _: next(signs), text)
    for entity, sign in _ENTITIES.items():
        text = text.replace(entity, sign)
    lines = map(str.strip, text.replace("mailto:", "").split("\n"))
    return " ".join(filter(None, lines))
