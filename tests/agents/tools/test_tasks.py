"""How things on a list are named, and how times are put."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents.records.base import Task, TaskKind, TaskState
from agents.tools.dates import Dated
from agents.tools.tasks import due_at, is_timed, matching, soonest
from agents.tools.wording import clock, pieces, plain, when

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def _task(number: int, title: str) -> Task:
    return Task(
        id=str(number), person="ann", number=number, title=title, kind=TaskKind.TODO,
        state=TaskState.OPEN, detail="", project="", due_at=None, zone="UTC", locale="en",
        context="", a2a_task="", outcome="", created_at=NOW, updated_at=NOW,
    )  # fmt: skip


LIST = (
    _task(1, "Renew the passport"),
    _task(2, "Buy a passport cover"),
    _task(3, "Call Zoé about the flat"),
    _task(12, "Milk"),
)


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        ("1", [1]),
        ("#2", [2]),
        ("number 3", [3]),
        ("Nr. 12", [12]),
        ("4", []),
        ("9" * 5000, []),
        ("milk", [12]),
        ("the passport", [1, 2]),
        ("passport cover", [2]),
        ("renewing passports", [1]),
        ("ZOE", [3]),
        ("the call with Zoé", [3]),
        ("bread", []),
        ("the", []),
        ("", []),
        ("call the landlord about money owed", []),
    ],
)
def test_things_are_named_by_number_or_words(which: str, numbers: list[int]) -> None:
    assert [task.number for task in matching(LIST, which)] == numbers


def test_a_due_day_ends_with_the_day_and_has_no_hour() -> None:
    at = due_at(Dated(NOW, timed=False, rest=""))
    assert f"{at:%H:%M}" == "23:59"
    assert not is_timed(at, "UTC")
    assert is_timed(NOW, "UTC")


def test_today_without_an_hour_is_soon() -> None:
    morning = Dated(NOW.replace(hour=9, minute=0), timed=False, rest="x")
    assert soonest(NOW, morning) == Dated(NOW + timedelta(hours=1), timed=True, rest="x")
    tomorrow = Dated(morning.at + timedelta(days=1), timed=False, rest="")
    assert soonest(NOW, tomorrow) is tomorrow


@pytest.mark.parametrize(
    ("locale", "told"),
    [("en-US", "2:05 pm"), ("en", "2:05 pm"), ("en-GB", "14:05"), ("de", "14:05")],
)
def test_hours_are_read_as_people_do_there(locale: str, told: str) -> None:
    assert clock(NOW.replace(minute=5), locale) == told


@pytest.mark.parametrize(
    ("later", "timed", "told"),
    [
        (timedelta(seconds=1), True, "in a second"),
        (timedelta(seconds=20), True, "in 20 seconds"),
        (timedelta(seconds=60), True, "in a minute (at 14:31)"),
        (timedelta(seconds=90), True, "in 90 seconds"),
        (timedelta(seconds=110), True, "in 2 minutes (at 14:31)"),
        (timedelta(minutes=2), True, "in 2 minutes (at 14:32)"),
        (timedelta(hours=2), True, "today at 16:30"),
        (timedelta(hours=20), True, "tomorrow at 10:30"),
        (timedelta(days=1), False, "tomorrow"),
        (timedelta(days=4), False, "on Friday 27 November"),
        (timedelta(days=60), False, "on Friday 22 January"),
        (timedelta(days=400), False, "on Tuesday 28 December 2027"),
    ],
)
def test_times_are_put_as_people_put_them(later: timedelta, told: str, *, timed: bool) -> None:
    assert when(NOW + later, NOW, "UTC", "en-GB", timed=timed) == told


def test_pieces_join_to_the_whole() -> None:
    text = "On your list:\n\n**1.** Milk  \n**2.** Bread"
    assert "".join(pieces(text)) == text


def test_markup_is_not_heard() -> None:
    assert plain("- **Done**: `milk`. ✅\n- _tea_ — ⏰ now") == "Done: milk. tea, now"
