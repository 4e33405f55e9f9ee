"""What is remembered of who asks stays within bounds, however many ask."""

from __future__ import annotations

import pytest

from gateway.bus import allowances
from gateway.bus.allowances import Allowances


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "KEYS", 100)


def test_a_crowd_of_strangers_does_not_fill_our_memory() -> None:
    kept = Allowances(lambda: 0.0)
    for stranger in range(10_000):
        assert kept.take(f"host:{stranger}", interval=60.0, burst=1) == 0
        kept.pause(f"chat:{stranger}", 60.0)
    assert len(kept._full_at) <= 101
    assert len(kept._paused_until) <= 101


def test_who_has_used_up_most_is_remembered_longest() -> None:
    kept = Allowances(lambda: 0.0)
    for _ in range(5):
        kept.take("flood", interval=60.0, burst=5)
    for stranger in range(200):
        kept.take(f"host:{stranger}", interval=60.0, burst=5)
    assert kept.take("flood", interval=60.0, burst=5) > 0


def test_whose_allowance_is_whole_again_is_forgotten_first() -> None:
    now = 0.0
    kept = Allowances(lambda: now)
    for stranger in range(101):
        kept.take(f"host:{stranger}", interval=1.0, burst=1)
    now = 5.0
    kept.take("newcomer", interval=1.0, burst=1)
    assert list(kept._full_at) == ["newcomer"]
