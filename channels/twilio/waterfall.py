"""Where the time of each turn went, as a picture (SVG). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _RIGHT = 860, 170, 80
_ROW, _TITLE, _GAP, _MARGIN = 22, 26, 14, 24
_COLOURS = ("#4e79a7", "#76b7b2", "#f28e2b", "#59a14f", "#b07aa1", "#9c755f")
_TITLE_LETTERS = 100
_GRID = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_GRID_LINES = 8


@dataclass(frozen=True, slots=True)
class Bars:
    """One turn of a call."""

    title: str
    """What the caller said."""
    steps: Mapping[str, float]
    """What had happened so many seconds after the caller's last word, by name, in order."""


def picture(turns: Sequence[Bars], heading: str) -> str:
    """The turns below one another, on one scale of time."""
    longest = max((at for turn in turns for at in turn.steps.values()), default=0.0) or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    names = dict.fromkeys(name for turn in turns for name in turn.steps)
    # One colour a step, for its place differs: an agent may start before a turn is over.
    colours = dict(zip(names, cycle(_COLOURS), strict=False))
    y = _MARGIN + _TITLE
    body = [_text(_MARGIN, _MARGIN + 4, heading, "heading")]
    for turn in turns:
        y += _TITLE
        title = turn.title
        if len(title) > _TITLE_LETTERS:
            title = f"{title[: _TITLE_LETTERS - 1]}…"
        body.append(_text(_MARGIN, y - 8, title, "title"))
        begun = 0.0
        for name, at in turn.steps.items():
            start, end = min(begun, at), at
            body += [
                _text(_LEFT - 8, y + 13, name, "name"),
                (
                    f'<rect x="{_LEFT + start * scale:.1f}" y="{y + 3}" height="{_ROW - 8}" '
                    f'width="{max(2.0, (end - start) * scale):.1f}" rx="2" fill="{colours[name]}"/>'
                ),
                _text(_LEFT + end * scale + 6, y + 13, f"{at * 1000:.0f} ms", "time"),
            ]
            begun = max(begun, at)
            y += _ROW
        y += _GAP
    height = y + _MARGIN
    step = next((s for s in _GRID if longest / s <= _GRID_LINES), longest)
    grid = []
    for line in range(int(longest / step) + 1):
        x = _LEFT + line * step * scale
        top = _MARGIN + _TITLE
        grid.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{height - _MARGIN}"/>')
        grid.append(_text(x, height - 8, f"{line * step:g} s", "tick"))
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
                f'viewBox="0 0 {_WIDTH} {height}" role="img">'
            ),
            f"<title>{escape(heading)}</title>",
            f"<style>{_STYLE}</style>",
            '<rect class="paper" width="100%" height="100%"/>',
            *grid,
            *body,
            "</svg>\n",
        ]
    )


_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.heading{font-size:15px;font-weight:600}"
    ".title{font-style:italic}.name{text-anchor:end;fill:#666}.tick{text-anchor:middle;fill:#999}"
    ".time{fill:#666}.paper{fill:#fff}line{stroke:#e5e5e5}"
)


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
