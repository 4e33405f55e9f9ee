"""What a process that serves asks of Python itself."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from gateway.server.serving import sweep_seldom


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Knot:
    """Keeps itself alive."""

    def __init__(self) -> None:
        self.me = self


def test_what_was_loaded_is_not_looked_at_again_and_what_comes_after_is() -> None:
    sweep_seldom()
    loaded = gc.get_freeze_count()
    assert loaded > 10_000
    knot = weakref.ref(Knot())
    gc.collect()
    assert knot() is None
    assert gc.get_freeze_count() <= loaded


def test_everything_is_looked_at_more_seldom_than_by_default() -> None:
    young, older, _ = gc.get_threshold()
    sweep_seldom()
    swept_young, swept_older, swept_all = gc.get_threshold()
    assert swept_young * swept_older * swept_all >= 10 * young * older * 10
