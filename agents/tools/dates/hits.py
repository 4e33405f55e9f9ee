"""Which words of a text tell a time, and which of them belong together. Pure."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from agents.tools.dates.words import DATE_WORDS, DateWords
from prompts import language_of

Kind = Literal[
    "delay", "fixed", "day", "weekday", "date", "monthday", "period", "clock", "today", "part"
]  # fmt: skip

_FIRST_YEAR = 1970


@dataclass(frozen=True, slots=True)
class Hit:
    """Words that tell something of a time."""

    kind: Kind
    match: re.Match[str]
    value: Any = None
    """What the table says they mean; a date for a calendar date."""

    @property
    def start(self) -> int:
        return self.match.start()

    @property
    def end(self) -> int:
        return self.match.end()


def groups_of(folded: str, here: datetime, locale: str) -> list[list[Hit]]:
    """The hits in a folded text, those together between which only small words stand."""
    language = words_of(locale)
    words = DATE_WORDS[language]
    between = re.compile(rf"[ ,]*(?:(?:{words.lead}) ?)*[ ,]*")
    groups: list[list[Hit]] = []
    for hit in _hits(folded, language, here, locale):
        last = groups[-1][-1] if groups else None
        if last and between.fullmatch(folded, last.end, hit.start) and _fits(hit, groups[-1]):
            groups[-1].append(hit)
        else:
            groups.append([hit])
    return [group for group in groups if not _idle(group)]


def words_of(locale: str) -> str:
    """The language whose table reads this locale."""
    language = language_of(locale)
    return language if language in DATE_WORDS else "en"


def parse_date(text: str, here: datetime, locale: str, *, strict: bool = True) -> datetime | None:
    """What `dateparser` makes of a whole text; unless `strict`, of one without a day, too.

    Its import and its tables are slow, so it is asked only for what the tables here lack, and
    in one language only.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it reads its tables with deprecated calls
        from dateparser.date import DateDataParser  # noqa: PLC0415 - most turns never need it

        settings: dict[str, Any] = {
            "RELATIVE_BASE": here.replace(tzinfo=None),
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": _order(locale),
            **({"REQUIRE_PARTS": ["day", "month"]} if strict else {}),
        }
        language = re.split(r"[-_]", locale)[0].lower() or "en"
        bare = re.sub(r"^(?:le|el dia|el|the) ", "", text).rstrip(".")
        bare = re.sub(r"(?<=\d)\. ?(?=\d)", "/", bare)  # it reads 15.12 as a time of day
        try:
            parser = DateDataParser(languages=[language], settings=settings)
            parsed = parser.get_date_data(bare).date_obj
        except ValueError:  # a language it does not know
            return None
    if parsed is None or parsed.year < _FIRST_YEAR:
        return None
    # It loses the hour of "domani alle 9", and takes a bare number for a month.
    guessed = parsed.time() == here.time() or not re.search(r"[^\W\d]", text)
    if not strict and guessed and re.search(r"\d", text):
        return None
    return parsed.replace(tzinfo=parsed.tzinfo or here.tzinfo)


def _order(locale: str) -> str:
    """Whether 3/12 is in March or in December."""
    tag = locale.replace("_", "-").lower()
    return "MDY" if tag in ("en", "en-us", "en-ph", "es-us") else "DMY"


def _hits(folded: str, language: str, here: datetime, locale: str) -> list[Hit]:
    hits: list[Hit] = []
    taken: set[int] = set()
    for kind, pattern, meant in _table(language):
        for match in pattern.finditer(folded):
            span = range(*match.span())
            value = _date(match.group(), here, locale or language) if kind == "date" else meant
            if not span or not taken.isdisjoint(span) or (kind == "date" and value is None):
                continue
            hits.append(Hit(kind, match, value))
            taken.update(span)
    return sorted(hits, key=lambda hit: hit.start)


def _date(text: str, here: datetime, locale: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        parsed = parse_date(text, here, locale)
        return parsed.date() if parsed else None


@cache
def _table(language: str) -> list[tuple[Kind, re.Pattern[str], Any]]:
    """All patterns of a language, the stronger first."""
    words = DATE_WORDS[language]
    hour = rf"(?:[01]?\d|2[0-4]|{_spoken(words, 12)})"
    minutes = rf"(?:[0-5]?\d|{_spoken(words, 59)})"
    weekday = "(?P<weekday>" + "|".join(f"(?:{name})" for name in words.weekdays) + ")"
    raw: list[tuple[Kind, str, Any]] = [
        *(("fixed", fixed, minutes) for fixed, minutes in words.fixed.items()),
        *(("delay", delay.format(span=span_of(words)), None) for delay in words.delay),
        ("date", r"\d{4}-[01]\d-[0-3]\d", None),
        *(("date", day.format(month=words.months), None) for day in words.dates),
        *(("today", today, part) for part, today in words.today.items()),
        *(("day", day, days) for day, days in words.days.items()),
        *(("period", period, name) for name, period in words.periods.items()),
        ("weekday", words.weekday.format(day=weekday), None),
        *(("clock", clock.format(n=hour, k=minutes), None) for clock in words.clocks),
        ("monthday", words.monthday, None),
        *(("part", part, name) for name, part in words.parts.items()),
    ]
    return [
        (kind, re.compile(rf"(?<![\w.:/])(?:{pattern})(?![\w/]|[.:]\d)"), value)
        for kind, pattern, value in raw
    ]


def amounts(words: DateWords) -> tuple[str, str]:
    """Patterns of a number and of a unit of time."""
    longest_first = sorted(words.numbers, key=len, reverse=True)
    number = "|".join([r"\d{1,4}(?:[.,]\d)?", *longest_first])
    return f"(?:{number})", "(?:" + "|".join(f"(?:{u})" for u in words.units.values()) + ")"


def span_of(words: DateWords) -> str:
    """A pattern of one or two amounts of a unit, in group `span`."""
    number, unit = amounts(words)
    amount = rf"{number} ?{unit}\b"
    return rf"(?P<span>\d{{1,2}} ?h ?[0-5]\d|{amount}(?:{words.conjunction}{amount})?)"


def _spoken(words: DateWords, most: int) -> str:
    """Hours and minutes in words."""
    named = [
        word
        for word, n in words.numbers.items()
        if n == int(n) and n <= most and word not in words.articles
    ]
    return "|".join(sorted(named, key=len, reverse=True))


def _fits(hit: Hit, group: list[Hit]) -> bool:
    """Whether a hit adds to a group what it lacks; "Friday, 4 December" is one day."""
    days = {one.kind for one in (hit, *group)} - {"clock", "part"}
    if days in ({"weekday", "period"}, {"weekday", "date"}):
        return True
    return _role(hit) not in {_role(one) for one in group}


def _role(hit: Hit) -> str:
    return hit.kind if hit.kind in ("clock", "part") else "day"


def _idle(group: list[Hit]) -> bool:
    """A part of the day tells no time by itself: "the evening show"."""
    only = group[0]
    return (
        len(group) == 1
        and only.kind == "part"
        and only.value not in ("noon", "midnight")
        and " " not in only.match.group()
    )
