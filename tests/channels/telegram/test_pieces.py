from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.telegram import markdown, utf16
from channels.telegram.pieces import cut
from channels.telegram.simulator.formatting import visible


def html(text: str) -> str:
    (piece,) = cut(text, 4000)
    return piece.html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# Title\ntext", "<b>Title</b>\n\ntext"),
        ("**b** *i* ~~s~~ `c<`", "<b>b</b> <i>i</i> <s>s</s> <code>c&lt;</code>"),
        ("**a *b* c**", "<b>a <i>b</i> c</b>"),
        ("- a\n- b", "• a\n• b"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("0. a\n1. b", "0. a\n1. b"),
        ("intro\n\n- a\n  - b\n- c", "intro\n\n• a\n  • b\n• c"),
        (
            "```python x\nif a < b:\n    c\n```",
            '<pre><code class="language-python">if a &lt; b:\n    c</code></pre>',
        ),
        ("```\nx\n```", "<pre>x</pre>"),
        ("> a\n> > b\n\nc", "<blockquote>a\n\nb</blockquote>\n\nc"),
        ("[a](https://x.y/?a=1&b=2)", '<a href="https://x.y/?a=1&amp;b=2">a</a>'),
        ('[a](https://x.y/"onclick)', '<a href="https://x.y/%22onclick">a</a>'),
        ("<b>raw</b> & <script>", "&lt;b&gt;raw&lt;/b&gt; &amp; &lt;script&gt;"),
        ("![alt](https://x.y/i.png)", '<a href="https://x.y/i.png">alt</a>'),
        ("| a | bc |\n|---|---|\n| 1 | 2 |", "<pre>a | bc\n--+---\n1 | 2</pre>"),
        ("a\nb", "a\nb"),
        ("**unclosed", "**unclosed"),
    ],
)  # fmt: skip
def test_markdown_becomes_what_telegram_can_show(source: str, expected: str) -> None:
    assert html(source) == expected


def test_a_blank_text_has_no_pieces() -> None:
    assert cut(" \n ", 100) == []


def test_a_long_text_is_cut_between_paragraphs() -> None:
    paragraphs = ["word " * 12 + str(number) for number in range(5)]
    pieces = cut("\n\n".join(paragraphs), 150)
    assert [piece.plain for piece in pieces] == [
        "\n\n".join(paragraphs[:2]),
        "\n\n".join(paragraphs[2:4]),
        paragraphs[4],
    ]


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    pieces = cut("This is one sentence. " * 10, 100)
    assert all(piece.plain.endswith("sentence.") for piece in pieces)


def test_a_cut_block_of_code_is_closed_and_opened_again_between_lines() -> None:
    lines = [f"    line {number}" for number in range(40)]
    pieces = cut("Look:\n\n```py\n" + "\n".join(lines) + "\n```\n\nDone.", 120)
    for piece in pieces[1:-1]:
        assert piece.html.startswith('<pre><code class="language-py">    line')
        assert piece.html.endswith("</code></pre>")
    shown = [line for piece in pieces for line in piece.plain.splitlines()]
    assert [line for line in shown if line.startswith(" ")] == lines


def test_bold_words_stay_bold_across_a_cut() -> None:
    pieces = cut("**" + "word " * 50 + "end**", 100)
    assert all(p.html.startswith("<b>") and p.html.endswith("</b>") for p in pieces)


def test_a_surrogate_pair_is_never_cut() -> None:
    pieces = cut("😀" * 100, 51)
    assert {utf16.length(piece.plain) for piece in pieces} == {50}


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "word", "a sentence.", "😀", "**", "*", "`", "~~", "```\n", "```python\n", "\n", "\n\n",
            "# ", "- ", "1. ", "> ", "[link](https://x.y)", "<b>", "&amp;",
            "| a | b |\n|---|---|\n",
            "    ", " ", "x" * 50, "![i](u)", "***", "\\", "\t", "é",
        ]
    )
    | st.text(max_size=8),
    max_size=60,
).map("".join)  # fmt: skip


@given(MARKDOWN, st.integers(min_value=10, max_value=200))
@settings(max_examples=400, deadline=None)
def test_cutting_keeps_the_limit_and_loses_no_words(text: str, limit: int) -> None:
    pieces = cut(text, limit)
    whole = "".join(run.text for run in markdown.read(text))
    assert "".join("".join(p.plain for p in pieces).split()) == "".join(whole.split())
    for piece in pieces:
        assert 0 < utf16.length(piece.plain) <= limit
        piece.plain.encode()
        # Telegram would take it, and show the same words.
        assert visible(piece.html) == piece.plain
