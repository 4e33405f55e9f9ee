"""Folding keeps every offset."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from agents.tools.folding import fold


def test_case_and_accents_go() -> None:
    assert fold("Mañana À 9H, ça l\u2019été") == "manana a 9h, ca l'ete"


@given(st.text())
def test_offsets_stay(text: str) -> None:
    assert len(fold(text)) == len(unicodedata.normalize("NFC", text))
