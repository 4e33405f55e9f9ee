"""Cutting a rendered text into messages; pure.

A cut falls between paragraphs or around a block of code if it can, else between lines,
sentences or words. Every tag it falls into is closed and opened again in the next piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from channels.telegram import markdown, utf16
from channels.telegram.markdown import Run

_BORDER = re.compile(r"\n\n")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"[.!?…][\"'»”’)\]]*(?=\s)|[。！？]")  # noqa: RUF001 - as people write them
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Piece:
    """What fits in one message."""

    html: str
    plain: str
    """The same as a person sees it, without any formatting."""


def cut(text: str, limit: int, above: Sequence[Run] = ()) -> list[Piece]:
    """Markdown, below what stands `above`, as pieces of at most `limit` visible UTF-16 units.

    Nothing but white space at a cut is lost; a blank text has no pieces.
    """
    runs = [*above, *markdown.read(text)]
    pieces = []
    while runs:
        head, runs = _divide(runs, limit)
        plain = "".join(run.text for run in head)
        if plain.strip():
            pieces.append(Piece(_html(head), plain))
    return pieces


def _divide(runs: list[Run], limit: int) -> tuple[list[Run], list[Run]]:
    whole = "".join(run.text for run in runs)
    fits = utf16.index(whole[: limit + 1], limit)
    if fits >= len(whole):
        return runs, []
    at = _cut_at(runs, whole, fits)
    in_code = any(run.code and start < at < end for run, start, end in _placed(runs))
    after = at
    while after < len(whole) and (whole[after] == "\n" or (not in_code and whole[after] == " ")):
        after += 1
    kept = len(whole[:at].rstrip()) or at
    return _slice(runs, 0, kept), _slice(runs, after, len(whole))


def _cut_at(runs: list[Run], whole: str, fits: int) -> int:
    """Where to cut, at most `fits` code points in."""
    code = [(start, end) for run, start, end in _placed(runs) if run.code and start < fits]

    def prose(position: int) -> bool:
        return not any(start < position < end for start, end in code)

    window = whole[: fits + 1]
    borders = [m.start() for m in _BORDER.finditer(window) if prose(m.start())]
    borders += [edge for span in code for edge in span if edge <= fits]
    lines = [m.start() for m in _LINE.finditer(window)]
    sentences = [m.end() for m in _SENTENCE.finditer(window) if prose(m.end())]
    spaces = [m.start() for m in _SPACE.finditer(window)]
    for places, least in ((borders, fits // 4), (lines, fits // 2), (sentences, fits // 2)):
        best = max((place for place in places if place <= fits), default=0)
        if best > least:
            return best
    return max((place for place in spaces if 0 < place <= fits), default=fits)


def _placed(runs: list[Run]) -> Iterable[tuple[Run, int, int]]:
    ends = list(accumulate(len(run.text) for run in runs))
    return zip(runs, [0, *ends[:-1]], ends, strict=True)


def _slice(runs: list[Run], start: int, stop: int) -> list[Run]:
    return [
        Run(run.text[max(0, start - first) : stop - first], run.tags)
        for run, first, last in _placed(runs)
        if first < stop and last > start
    ]


def _html(runs: list[Run]) -> str:
    out: list[str] = []
    tags: tuple[str, ...] = ()
    for run in (*runs, Run("")):
        same = next(
            (i for i, (a, b) in enumerate(zip(tags, run.tags, strict=False)) if a != b),
            min(len(tags), len(run.tags)),
        )
        out += [f"</{tag.split(' ')[0]}>" for tag in reversed(tags[same:])]
        out += [f"<{tag}>" for tag in run.tags[same:]]
        out.append(escape(run.text, quote=False))
        tags = run.tags
    return "".join(out)
