"""No text takes more than its length to read."""

from __future__ import annotations

import re

import pytest

from tests.fuzz import slowness


@pytest.mark.parametrize("name", slowness.READERS)
def test_no_text_is_slow_to_read(name: str) -> None:
    assert slowness.slow(name) == []


PATTERNS = dict(slowness.patterns())


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_is_slow(name: str) -> None:
    pattern = PATTERNS[name]
    for atom in slowness.ATOMS:
        for text in slowness.texts(atom, 8000):
            with slowness.bounded(1.0):
                pattern.search(text)
                pattern.fullmatch(text)


def test_what_is_slow_is_caught() -> None:
    with pytest.raises(slowness.TooSlow), slowness.bounded(0.5):
        re.match(r"(a+)+$", "a" * 40 + "b")
