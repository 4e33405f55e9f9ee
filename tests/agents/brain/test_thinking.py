"""Thoughts are cut out of a stream wherever it is cut itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.brain.thinking import Spoken

TEXT = "One <think>not this</think>two <3 and <thin air.<think>nor this"
SAID = "One two <3 and <thin air."


def _said(pieces: list[str]) -> str:
    spoken = Spoken()
    return "".join(spoken.feed(piece) for piece in pieces) + spoken.end()


@pytest.mark.parametrize("size", range(1, 12))
def test_thoughts_are_left_out_however_the_text_is_cut(size: int) -> None:
    assert _said([TEXT[i : i + size] for i in range(0, len(TEXT), size)]) == SAID


@given(st.lists(st.text(alphabet="abc <>/", max_size=8)))
def test_text_without_thoughts_is_said_whole(pieces: list[str]) -> None:
    assert _said(pieces) == "".join(pieces)


def test_nothing_is_held_back_without_need() -> None:
    assert Spoken().feed("Hello.") == "Hello."
