"""Dates, times and years in words."""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.speech.wording.numbers import Numbers
from gateway.speech.wording.tables import Table

Found = re.Match[str]

_ISO = r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:\b|T(?=\d))"
_TIME = (
    r"(?<![\d.:])(?P<hour>[01]?\d|2[0-4])[:hH](?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])"
    r"(?:\s*(?:Uhr|h|hrs)\b)?(?:\s*(?P<half>[aApP])\.?[mM]\b\.?)?"
)
_FULL = {
    "en": r"\b(?P<hour>1[0-2]|[1-9])\s?(?P<half>[aApP])\.?[mM]\b\.?",
    "de": r"(?<![\d.:])\b(?P<hour>[01]?\d|2[0-4]) Uhr\b",
    "fr": r"(?<![\d.:])\b(?P<hour>[01]?\d|2[0-4]) ?h\b",
}
_NUMERIC = {
    "en": r"\b(?P<first>[0-3]?\d)/(?P<second>[0-3]?\d)/(?P<year>(?:19|20)\d\d)\b",
    "de": r"\b(?P<first>[0-3]?\d)\.\s?(?P<second>[01]?\d)\.(?P<year>(?:19|20)\d\d)?(?![\d.,]*\d)",
    "fr": r"\b(?P<first>[0-3]?\d)[/.](?P<second>[01]?\d)[/.](?P<year>(?:19|20)\d\d)\b",
}
_MONTHS, _DAYS, _HOURS, _NOON = 12, 31, 24, 12


class Calendar:
    """The dates and times of one language."""

    def __init__(self, language: str, table: Table, numbers: Numbers, locale: str) -> None:
        self._language = language
        self._table = table
        self._numbers = numbers
        self._month_first = locale.lower().replace("_", "-") in ("", "en", "en-us")

    def steps(self) -> list[tuple[str, Callable[[Found], str]]]:
        """What to look for, in this order, and what to say instead."""
        table = self._table
        names = (
            rf"(?:{long}|{short})\b\.?"
            for long, short in zip(table.months, table.short_months, strict=True)
        )
        flags = "" if self._language in ("en", "de") else "i"
        month = "|".join(f"(?P<m{n}>{name})" for n, name in enumerate(names, 1))
        month = rf"(?{flags}:{month})"
        day = r"(?P<day>[0-3]?\d)(?:\.|st|nd|rd|th|er|º)?"
        year = r"(?:,? (?:del? )?(?P<year>(?:1[5-9]|20)\d\d)\b(?![.,:]\d))?"
        steps: list[tuple[str, Callable[[Found], str]]] = [
            (_ISO, self._iso),
            (rf"(?<![\d.,])\b{day}(?: de| of)? {month}{year}", self._named),
        ]
        if self._language == "en":
            steps.append((rf"\b{month} {day}\b(?![.,:]\d){year}", self._named))
        steps += [
            (_NUMERIC.get(self._language, _NUMERIC["fr"]), self._numeric),
            (_TIME, self._time),
        ]
        if full := _FULL.get(self._language):
            steps.append((full, self._time))
        if table.years:
            years = rf"\b(?P<before>(?:{table.years})\s)(?P<year>1[1-9]\d\d|20\d\d)\b(?![.,:]\d)"
            steps.append((years, self._year))
        return steps

    def _year(self, found: Found) -> str:
        return f"{found['before']}{self._numbers.year(int(found['year']))}"

    def _iso(self, found: Found) -> str:
        return self._date(found, int(found["day"]), int(found["month"]))

    def _named(self, found: Found) -> str:
        groups = found.groupdict()
        month = next(n for n in range(1, _MONTHS + 1) if groups[f"m{n}"])
        return self._date(found, int(found["day"]), month)

    def _numeric(self, found: Found) -> str:
        first, second = int(found["first"]), int(found["second"])
        # Where months go first, 24/11 is still the 24th of November.
        swapped = self._language == "en" and (self._month_first or second > _MONTHS)
        day, month = (second, first) if swapped and first <= _MONTHS else (first, second)
        return self._date(found, day, month)

    def _date(self, found: Found, day: int, month: int) -> str:
        if not (1 <= month <= _MONTHS and 1 <= day <= _DAYS):
            return found[0]
        words = {"day": self._day(found, day), "month": self._table.months[month - 1]}
        if not found["year"]:
            return self._table.date.format(**words)
        year = self._numbers.year(int(found["year"]))
        return self._table.date_year.format(**words, year=year)

    def _day(self, found: Found, day: int) -> str:
        if self._language == "en":
            return self._numbers.ordinal(day)
        if self._language == "de":
            return self._numbers.german_ordinal(day, found.string[: found.start()])
        if day == 1:
            return {"fr": "premier", "es": "primero"}[self._language]
        return self._numbers.cardinal(day)

    def _time(self, found: Found) -> str:
        hour = int(found["hour"])
        minute = int(found.groupdict().get("minute") or 0)
        half = (found.groupdict().get("half") or "").upper()
        words = self._table.feminine.get(self._numbers.cardinal(hour), self._numbers.cardinal(hour))
        if half:
            said = self._numbers.cardinal(hour) + (f" {self._minute(minute)}" if minute else "")
            return f"{said} {half} M"
        if minute:
            said = self._table.minutes.format(hour=words, minute=self._minute(minute))
        elif self._language == "en" and not 1 <= hour <= _NOON:
            said = f"{words} hundred" if hour % _HOURS else "midnight"
        else:
            said = self._table.hour.format(hour=words)
        return said.replace("une heures", "une heure") if self._language == "fr" else said

    def _minute(self, minute: int) -> str:
        said = self._numbers.cardinal(minute)
        return f"oh {said}" if self._language == "en" and minute < 10 else said  # noqa: PLR2004 - one digit
