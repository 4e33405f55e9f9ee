"""Markdown as Telegram shows it: runs of styled words, which can be cut anywhere; pure.

The Bot API knows no headings, lists or tables, so they become bold lines, bullets and
fixed-width text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

_INLINE = {"strong_open": "b", "em_open": "i", "s_open": "s"}
_LINK = re.compile(r"(?:https?|tg|mailto|tel):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Run:
    """Words under one set of tags."""

    text: str
    tags: tuple[str, ...] = ()
    """Opening tags without their brackets, outermost first: `a href="…"`."""

    @property
    def code(self) -> bool:
        """Whether it is a block of fixed-width text, whose line breaks and blanks count."""
        return "pre" in self.tags


def read(markdown: str) -> list[Run]:
    """Markdown as runs; their joined text is what a person sees."""
    writer = _Writer()
    for token in _parser().parse(markdown):
        writer.block(token)
    return writer.runs


@cache
def _parser() -> MarkdownIt:
    # Without the html option HTML is text like any other, and is escaped as such.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@dataclass(slots=True)
class _List:
    number: int | None
    """Of the next item; None for bullets."""
    items: int = 0


class _Writer:
    """Turns block tokens, one after the other, into runs."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self._tags: list[str] = []
        self._lists: list[_List] = []
        self._rows: list[list[str]] = []
        self._fresh = True
        """Whether nothing stands on the line yet but a bullet or the start of a quote."""

    def block(self, token: Token) -> None:
        match token.type:
            case "paragraph_open":
                self._border()
            case "heading_open":
                self._border()
                self._tags.append("b")
            case "heading_close":
                self._tags.remove("b")
            case "list_item_open":
                self._item(self._lists[-1])
            case "fence" | "code_block":
                self._border()
                self._code(token)
            case "hr":
                self._border()
                self._put("———")
            case "inline":
                self._inline(token.children or [])
            case "tr_open":
                self._rows.append([])
            case "table_close":
                self._border()
                self._put(_drawn(self._rows), "pre")
                self._rows = []
            case _:
                self._nest(token)

    def _nest(self, token: Token) -> None:
        match token.type:
            case "blockquote_open":
                self._border()
                self._fresh = True
                self._tags.insert(0, "blockquote")
            case "blockquote_close":
                self._tags.remove("blockquote")
            case "bullet_list_open":
                self._lists.append(_List(None))
            case "ordered_list_open":
                self._lists.append(_List(int(token.attrs.get("start", 1))))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()

    def _put(self, text: str, *tags: str) -> None:
        # Quotes and bold cannot be nested, so each tag is open once.
        every = tuple(dict.fromkeys((*self._tags, *tags)))
        if text:
            self.runs.append(Run(text, every))

    def _border(self) -> None:
        """What stands between two blocks."""
        if not self._fresh:
            self._put("\n" + "  " * len(self._lists) if self._lists else "\n\n")
        self._fresh = False

    def _item(self, of: _List) -> None:
        if not self._fresh:
            self._put("\n" if of.items or len(self._lists) > 1 else "\n\n")
        mark = "•"
        if of.number is not None:
            mark = f"{of.number}."
            of.number += 1
        of.items += 1
        self._put("  " * (len(self._lists) - 1) + mark + " ")
        self._fresh = True

    def _code(self, token: Token) -> None:
        info = token.info.split()
        language = re.sub(r"[^\w+#.-]", "", info[0]) if info else ""
        tags = (f'code class="language-{language}"',) if language else ()
        self._put(token.content.rstrip("\n"), "pre", *tags)

    def _inline(self, tokens: Sequence[Token]) -> None:
        # The cells of a table are drawn when all are known.
        if self._rows:
            self._rows[-1].append("".join(_plain(token) for token in tokens))
            return
        for token in tokens:
            if tag := _INLINE.get(token.type):
                self._tags.append(tag)
            elif token.type == "link_open":
                self._tags.append(_link(str(token.attrGet("href") or "")))
            elif token.nesting < 0:
                self._tags.pop()
            elif token.type == "code_inline":
                self._put(token.content, "code")
            elif token.type == "image":
                source = str(token.attrGet("src") or "")
                self._put(token.content or source, _link(source))
            else:
                self._put(_plain(token))


def _link(href: str) -> str:
    # Telegram opens no other schemes; underlining keeps the pairs in step.
    return f'a href="{escape(href)}"' if _LINK.match(href) else "u"


def _plain(token: Token) -> str:
    return "\n" if token.type in ("softbreak", "hardbreak") else token.content


def _drawn(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])
