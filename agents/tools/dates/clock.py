"""Hours and minutes as they are told. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.tools.dates.words import DateWords, Part

_EARLY, _HALF, _FULL = 7, 12, 24
"""Hours: before the first of them the afternoon is likelier; half a day; a day."""


@dataclass(frozen=True, slots=True)
class Clock:
    hour: int
    minute: int
    exact: bool
    """Whether the half of the day was said."""


def clock_of(match: re.Match[str], words: DateWords) -> Clock:
    """The hour and minute a clock pattern caught; see `DateWords.clocks`."""
    told = {name: value for name, value in match.groupdict().items() if value is not None}

    def number(name: str) -> int:
        return int(value_of(told[name], words))

    for name, minutes in (("half", 30), ("quarter", 15), ("before", -15), ("halfto", -30)):
        if name in told:
            return _turned(number(name), minutes)
    hour = number("h")
    if "past" in told:
        return _turned(hour, number("past"))
    if "to" in told:
        return _turned(hour, -number("to"))
    minute = number("m") if "m" in told else 0
    if "pm" in told:
        return Clock(hour % _HALF + _HALF, minute, exact=True)
    if "am" in told:
        return Clock(hour % _HALF, minute, exact=True)
    return Clock(hour, minute, exact="exact" in told or told["h"].startswith("0"))


def _turned(hour: int, minutes: int) -> Clock:
    hour, minute = divmod((hour * 60 + minutes) % (_FULL * 60), 60)
    return Clock(hour or _HALF, minute, exact=False)


def value_of(text: str, words: DateWords) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return next(n for word, n in words.numbers.items() if re.fullmatch(word, text))


def hours_of(clock: Clock, part: Part | None, *, named_day: bool) -> tuple[int, ...]:
    """The hours of the day that may be meant, the likelier first."""
    hour = clock.hour % _FULL
    if part in ("afternoon", "evening", "night") and 0 < hour <= _HALF:
        late = hour % _HALF + _HALF
        return (late,) if hour != _HALF or part == "afternoon" else (0,)
    if clock.exact or hour > _HALF or hour == 0:
        return (hour,)
    if part in ("morning", "midnight"):
        return (hour % _HALF,)
    late = (hour + _HALF) % _FULL
    if named_day:
        return (late, hour) if hour < _EARLY else (hour, late)
    return (hour, late) if hour < _HALF else (hour,)
