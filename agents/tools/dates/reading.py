"""When somebody means, read from what they wrote. Pure: text, now, zone and locale in.

Delays, days and hours are read by the tables in `words`; calendar dates, and the
languages the tables lack, by `dateparser`. Its own search is not used: it takes "die" for
Tuesday, "May I" for a month and loses the hour of "tomorrow at 9".
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agents.tools.dates.clock import Clock, clock_of, hours_of, value_of
from agents.tools.dates.hits import Hit, amounts, groups_of, parse_date, span_of, words_of
from agents.tools.dates.words import DATE_WORDS, DateWords, Part, Period
from agents.tools.folding import fold

MORNING = time(9)
"""When a day is meant and no hour."""

_PARTS: dict[Part, tuple[int, int]] = {
    "midnight": (0, 1), "morning": (9, 12), "noon": (12, 13), "afternoon": (15, 18),
    "evening": (19, 24), "night": (20, 24),
}  # fmt: skip
"""The hour meant by a part of the day, and the one at which it is over."""

_NIGHT, _SOON = 5, timedelta(hours=6)
"""Before that hour nobody is reminded, unless it is so near."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A time found in a text."""

    at: datetime
    """In the person's zone."""
    timed: bool
    """Whether an hour was meant; if not, only the day of `at` was."""
    rest: str
    """The text without the words that told the time."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a stretch of text says of a time, as far as it does."""

    moment: datetime | None = None
    day: date | None = None
    clock: Clock | None = None
    part: Part | None = None


def find(text: str, now: datetime, zone: str = "UTC", locale: str = "en") -> Dated | None:
    """The time a text tells, preferring the future, and the text without it.

    Of several, one at the beginning of the text counts, else one at its end. `now` is aware.
    """
    text = unicodedata.normalize("NFC", text)
    folded = fold(text)
    words = DATE_WORDS[words_of(locale)]
    here = now.astimezone(zone_of(zone))
    groups = groups_of(folded, here, locale)
    if not groups:
        return None
    chosen = _choose(groups, folded, words)
    others = [group for group in groups if group is not chosen]
    spans = [chosen]
    try:
        told = _meaning(chosen, words, here)
        if len(others) == 1 and (both := _together(told, _meaning(others[0], words, here))):
            told, spans = both, groups
        at, timed = _resolve(told, here)
        if at and (ahead := _ahead(folded[: chosen[0].start], words)):
            earlier, in_days = _after(ahead.match["span"], words, at)
            at, timed = at - (earlier - at), timed or not in_days
            spans = [[ahead, *chosen], *spans[1:]] if spans[0] is chosen else spans
    except (OverflowError, ValueError):  # further off than the calendar goes
        return None
    if at is None or not _everywhere(at):
        return None
    return Dated(at, timed, _without(text, folded, spans, words))


def moment(text: str, now: datetime, zone: str = "UTC", locale: str = "en") -> Dated | None:
    """The time that a whole text is: ISO 8601, English or the person's language, whichever."""
    try:
        told = _whole(text, now, zone, locale)
    except OverflowError:
        return None
    return told if told and _everywhere(told.at) else None


def _whole(text: str, now: datetime, zone: str, locale: str) -> Dated | None:
    here = now.astimezone(zone_of(zone))
    text = text.strip()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        for one in dict.fromkeys((locale, "en")):
            dated = find(text, now, zone, one)
            if dated and not re.search(r"\w", dated.rest):
                return dated
        parsed = parse_date(text, here, locale, strict=False)
        if parsed and parsed.time() == here.time():
            return Dated(_at(parsed.date(), MORNING, here), timed=False, rest="")
        return Dated(_real(parsed, here), timed=True, rest="") if parsed else None
    at = at.replace(tzinfo=at.tzinfo or here.tzinfo)
    if re.search(r"\d[T ]\d", text):
        return Dated(_real(at, here), timed=True, rest="")
    return Dated(_at(at.date(), MORNING, here), timed=False, rest="")


def _everywhere(at: datetime) -> bool:
    """Whether it has a date in every zone, so that it can be stored and told."""
    return 1 < at.year < 9999  # noqa: PLR2004 - as datetime has it


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name; UTC when there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def repeats(text: str, locale: str = "en") -> bool:
    """Whether the text asks for something again and again."""
    return _every(text, locale) is not None


def once(text: str, locale: str = "en") -> str:
    """The text without the words that ask for it again and again."""
    every = _every(text, locale)
    return f"{text[: every.start()]} {text[every.end() :]}".strip() if every else text


def _every(text: str, locale: str) -> re.Match[str] | None:
    return re.search(DATE_WORDS[words_of(locale)].every, fold(text))


def _choose(groups: list[list[Hit]], folded: str, words: DateWords) -> list[Hit]:
    first, last = groups[0], groups[-1]
    if re.fullmatch(rf"\W*(?:(?:{words.lead})\W+)*", folded[: first[0].start]):
        return first
    return first if re.search(r"\w", folded[last[-1].end :]) else last


def _ahead(before: str, words: DateWords) -> Hit | None:
    """What a text that leads up to a time says that is to come before it: "an hour before"."""
    found = re.search(rf"(?<!\w){span_of(words)} {words.before} ?$", before)
    return Hit("delay", found) if found else None


# What it means


def _meaning(group: list[Hit], words: DateWords, here: datetime) -> _Meaning:
    meaning = _Meaning()
    for hit in sorted(group, key=lambda one: one.kind != "weekday"):  # a date knows better
        meaning = _add(meaning, hit, words, here)
    week = any(hit.value == "next_week" for hit in group)
    weekday = next((hit for hit in group if hit.kind == "weekday"), None)
    if week and weekday:
        ahead = 7 - here.weekday() + _weekday(weekday, words)
        return replace(meaning, day=here.date() + timedelta(days=ahead))
    return meaning


def _add(  # noqa: C901 - one case a kind
    meaning: _Meaning, hit: Hit, words: DateWords, here: datetime
) -> _Meaning:
    today = here.date()
    match hit.kind:
        case "fixed":
            return replace(meaning, moment=_later(here, hit.value * 60))
        case "delay":
            at, in_days = _after(hit.match["span"], words, here)
            return replace(meaning, moment=at, day=at.date() if in_days else None)
        case "clock":
            return replace(meaning, clock=clock_of(hit.match, words))
        case "part":
            return replace(meaning, part=hit.value)
        case "today":
            return replace(meaning, day=today, part=hit.value)
        case "day":
            return replace(meaning, day=today + timedelta(days=hit.value))
        case "weekday":
            ahead = (_weekday(hit, words) - today.weekday()) % 7
            this = re.match(r"(?:this|diese[nr]?|ce|este) ", hit.match.group())
            return replace(meaning, day=today + timedelta(days=ahead or (0 if this else 7)))
        case "date":
            return replace(meaning, day=hit.value)
        case "monthday":
            return replace(meaning, day=_monthday(int(hit.match["d"]), today))
        case "period":
            return replace(meaning, day=_period(hit.value, today))


def _together(one: _Meaning, other: _Meaning) -> _Meaning | None:
    """A day told at one end of the text and its hour at the other."""
    for day, hour in ((one, other), (other, one)):
        if day.day and not (day.clock or day.part or day.moment) and not (hour.day or hour.moment):
            return replace(day, clock=hour.clock, part=hour.part)
    return None


def _weekday(hit: Hit, words: DateWords) -> int:
    name = hit.match["weekday"]
    return next(i for i, pattern in enumerate(words.weekdays) if re.fullmatch(pattern, name))


def _monthday(day: int, today: date) -> date | None:
    """The next such day of a month, skipping months that lack it."""
    first = today.replace(day=1)
    for _ in range(12):
        length = monthrange(first.year, first.month)[1]
        if 1 <= day <= length and (found := first.replace(day=day)) > today:
            return found
        first += timedelta(days=length)
    return None


def _period(period: Period, today: date) -> date:
    length = monthrange(today.year, today.month)[1]
    match period:
        case "next_week":
            return today + timedelta(days=7 - today.weekday())
        case "next_month":
            return today.replace(day=1) + timedelta(days=length)
        case "weekend":
            return today + timedelta(days=(5 - today.weekday()) % 7)
        case "week_end":
            return today + timedelta(days=(4 - today.weekday()) % 7)
        case "month_end":
            return today.replace(day=length)


def _after(span: str, words: DateWords, here: datetime) -> tuple[datetime, bool]:
    """The time after a span such as "2 hours and 10 minutes", and whether it counts in days."""
    if compact := re.fullmatch(r"(\d+) ?h ?(\d\d)", span):
        return _later(here, int(compact[1]) * 3600 + int(compact[2]) * 60), False
    number, unit = amounts(words)
    at, in_days = here, True
    for amount, called in re.findall(rf"({number}) ?({unit})\b", span):
        value = value_of(amount, words)
        match next(name for name, u in words.units.items() if re.fullmatch(u, called)):
            case "years":
                at = _months_on(at, round(value * 12))
            case "months":
                at = _months_on(at, round(value))
            case "weeks":
                at = _at((at + timedelta(weeks=value)).date(), at.time(), at)
            case "days":
                at = _at((at + timedelta(days=value)).date(), at.time(), at)
            case name:
                at, in_days = _later(at, value * _SECONDS[name]), False
    return at, in_days


_SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}


def _months_on(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, monthrange(year, month + 1)[1])
    return _at(date(year, month + 1, day), at.time(), at)


# Which moment that is


def _resolve(told: _Meaning, here: datetime) -> tuple[datetime | None, bool]:
    """The moment, and whether an hour was meant; None when there is no such moment."""
    if told.clock:
        return _hour(told.clock, told.part, told.day, here), True
    if told.moment and not told.part:
        return told.moment, told.day is None
    if told.part:
        return _part(told.part, told.day, here), True
    return (_at(told.day, MORNING, here) if told.day else None), False


def _part(part: Part, day: date | None, here: datetime) -> datetime:
    """When a part of a day begins; one that is under way is meant soon."""
    hour, over = _PARTS[part]
    tomorrow = here.date() + timedelta(days=1)
    if part == "midnight" and day is None:
        return _at(tomorrow, time(0), here)
    at = _at(day or here.date(), time(hour), here)
    if at > here or (day and day != here.date()):
        return at
    if here.hour < over:
        return _later(here, 1800)
    return at if day else _at(tomorrow, time(hour), here)


def _hour(clock: Clock, part: Part | None, day: date | None, here: datetime) -> datetime:
    hours = hours_of(clock, part, named_day=day is not None)
    if day is not None:
        choices = [_at(day, time(hour, clock.minute), here) for hour in hours]
        return next((at for at in choices if at > here), choices[0])
    days = (here.date(), here.date() + timedelta(days=1))
    both = sorted(_at(one, time(hour, clock.minute), here) for one in days for hour in hours)
    ahead = [at for at in both if at > here]
    if clock.exact or part:
        return ahead[0]
    return next((at for at in ahead if at.hour >= _NIGHT or at - here < _SOON), ahead[0])


# Clocks that are put forward and back


def _at(day: date, hour: time, like: datetime) -> datetime:
    return _real(datetime.combine(day, hour, like.tzinfo), like)


def _real(at: datetime, like: datetime) -> datetime:
    """The same moment on a clock that shows it: an hour that is skipped moves on."""
    return at.astimezone(UTC).astimezone(like.tzinfo)


def _later(at: datetime, seconds: float) -> datetime:
    return (at.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(at.tzinfo)


def _without(text: str, folded: str, groups: list[list[Hit]], words: DateWords) -> str:
    """The text without these groups and the small words that lead up to them."""
    lead = re.compile(rf"(?:(?<=\W)|^)(?:(?:{words.lead})\s+)+$")
    rest = text
    for group in sorted(groups, key=lambda one: -one[0].start):
        before = lead.search(folded[: group[0].start])
        start = before.start() if before else group[0].start
        rest = f"{rest[:start]} {rest[group[-1].end :]}"
    rest = re.sub(r"\s+", " ", rest)
    return re.sub(r"[ ,;:]+(?=[.!?,:]|$)", "", rest).strip(" ,;:-\u2013")
