"""What is written in digits and signs, found and put into words, one kind after another.

The specific go before the general: a date is no subtraction, a phone number no amount. What has
become words has no digits, so no later step finds it again. In a language without a table digits
are left to the voice, and only what no voice can say is dropped.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from functools import cache

from gateway.speech.wording.calendar import Calendar
from gateway.speech.wording.numbers import Numbers
from gateway.speech.wording.tables import EN, TABLES, Table

Found = re.Match[str]
Step = tuple[re.Pattern[str], Callable[[Found], str]]

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U0001fb00-\U0001fbff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff"
    "\ufe0f\u200d\u20e3\u200b\u2060\ufeff\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"[ \t\u00a0\u202f]+")
_URL = r"(?:https?://|www\.)[^\s<>\")\]]*[^\s<>\")\].,;:!?]"
# RFC 5321, 4.5.3.1: so many characters at most. Here as elsewhere no search begins within what
# was searched already, or what is written to be slow would be.
_EMAIL = r"(?<![\w.+-])[.+-]*+\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+\b"
_PHONE = r"(?<![\w.])(?:\+\d[\d ()/.\-]{5,}\d|\(?0\d{1,5}\)?[ /\-]\d[\d /\-]{4,}\d)(?!\w)"
_ORDINALS = {
    "en": r"\b(\d{1,4})(?:st|nd|rd|th)\b",
    "de": r"(?<![\d.,])\b(\d{1,2})\.(?=\s+[A-ZÄÖÜa-zäöü])",
    "fr": r"\b(\d{1,3})(?:er|re|ère|e|ème)\b",
    "es": r"\b(\d{1,2})\.?([ºª])",
}
_VERSION = r"(?<![\w.])\d+(?:\.\d+){2,}(?!\w)"
_CODE = r"#\s?(?=\d)"
_SIGNS_LEFT = re.compile(r"[*_`|~<>{}\\^•●▪◦]+|(?<!\w)[#/](?!\w)")
_MINUS = "[-−]"  # noqa: RUF001 - both are used
_FRACTIONS = {"1/2": "½", "1/4": "¼", "3/4": "¾"}
_GROUPS = 6
"""Of three digits; a longer number is a code."""
_VOWELS = "aeiouyéèêâîôûh"


def spoken(text: str, locale: str) -> str:
    """The text in words; one that is all signs becomes empty."""
    text = _SPACES.sub(" ", _EMOJI.sub("", text)).strip()
    language = locale.replace("_", "-").split("-")[0].lower() or "en"
    text = _forms(language, locale).apply(text)
    text = re.sub(r"\s+([.,;:!?])", r"\1", re.sub(r"\s{2,}", " ", text)).strip()
    return text if re.search(r"\w", text) else ""


def warm() -> None:
    """Load what puts numbers into words; blocks for a tenth of a second."""
    importlib.import_module("num2words")


@cache
def _forms(language: str, locale: str) -> _Forms:
    return _Forms(language, TABLES.get(language), locale)


class _Forms:
    """The steps of one language."""

    def __init__(self, language: str, table: Table | None, locale: str) -> None:
        self._language = language
        self._table = table or EN
        self._numbers = Numbers(language, self._table)
        if table is None:
            self._steps = [_step(_URL, lambda m: _site(m[0]))]
        else:
            self._steps = [_step(_URL, self._url), _step(_EMAIL, self._email)]
            calendar = Calendar(language, table, self._numbers, locale)
            self._steps += [_step(_PHONE, self._phone)]
            self._steps += [_step(pattern, say) for pattern, say in calendar.steps()]
            self._steps += self._amounts() + self._rest()

    def apply(self, text: str) -> str:
        for pattern, say in self._steps:
            text = pattern.sub(say, text)
        return _SIGNS_LEFT.sub(" ", text)

    def _amounts(self) -> list[Step]:
        table, amount = self._table, self._amount()
        multiple = rf"(?:\s(?P<multiple>{table.multiples})(?!\w))?"
        sign = rf"(?P<sign>{_any(table.currencies)})"
        units = _any(table.units)
        return [
            _step(rf"(?<!\w){sign}\s?(?P<amount>{amount}){multiple}(?!\w)", self._money),
            _step(rf"(?<![\w.])(?P<amount>{amount}){multiple}\s?{sign}(?!\w)", self._money),
            _step(_ORDINALS[self._language], self._ordinal),
            _step(
                rf"(?<![\w.,])(?P<minus>{_MINUS})?(?P<amount>{amount})\s?(?P<unit>{units})(?!\w)",
                self._unit,
            ),
        ]

    def _rest(self) -> list[Step]:
        table = self._table
        between, amount = _any(table.between), self._amount()
        return [
            _step(_VERSION, self._version),
            *self._abbreviations(),
            _step(
                rf"(?<=\d)\s(?P<sign>{between})\s(?=\d)|(?<=\d)(?P<tight>[=+×÷*])(?=\d)",  # noqa: RUF001 - a sign
                self._between,
            ),
            _step(r"(?<![\w/.,])(?:1/2|1/4|3/4)(?![\w/])", lambda m: _FRACTIONS[m[0]]),
            _step(r"(?<=\d)/(?=\d)", lambda _: f" {table.between['/']} "),
            _step(r"(?<=\d)\s?[–—-]\s?(?=\d)", lambda _: f" {table.to} "),  # noqa: RUF001 - dashes
            _step(_CODE, lambda _: f"{table.number} "),
            _step(rf"(?<![\w.,]){_MINUS}(?=\d)", lambda _: f"{table.minus} "),
            _step(r"(?<!\w)~\s?(?=\d)", lambda _: f"{table.signs['≈']} "),
            _step(r"(?<!\w)\+(?=\d)", lambda _: f"{table.plus} "),
            _step(r"(?<![\w.,])1\s(?=[^\W\d])", self._single),
            _step(rf"(?<!\w)(?:{amount})(?!\w)", lambda m: self._numbers.written(m[0])),
            _step(rf"\s?(?P<sign>{_any(table.signs)})\s?", lambda m: f" {table.signs[m['sign']]} "),
        ]

    def _amount(self) -> str:
        table = self._table
        decimals = rf"(?:{re.escape(table.decimal)}\d+)?"
        grouped = rf"\d{{1,3}}(?:{table.thousands}\d{{3}}){{1,{_GROUPS}}}(?!\d)"
        return rf"(?:{grouped}{decimals}|\d+{decimals})"

    def _abbreviations(self) -> list[Step]:
        written = self._table.abbreviations
        # Those that mean something only before a number.
        steps = [
            _step(rf"(?<!\w){re.escape(short.removesuffix('#').strip())}\s?(?=\d)", _always(said))
            for short, said in written.items()
            if short.endswith("#")
        ]
        plain = _any(short for short in written if not short.endswith("#"))
        # At the end of a sentence the point of a short form is the sentence's too.
        return [
            *steps,
            _step(
                rf"(?<![\w.])(?P<short>{plain})(?P<over>\s*$)?(?!\w)",
                lambda m: written[m["short"]] + ("." if m["over"] is not None else ""),
            ),
        ]

    def _url(self, found: Found) -> str:
        return self._table.link.format(site=self._dotted(_site(found[0])))

    def _email(self, found: Found) -> str:
        name, _, site = found[0].lstrip(".+-").partition("@")
        return f"{self._dotted(name)} {self._table.at} {self._dotted(site)}"

    def _dotted(self, name: str) -> str:
        return name.replace(".", f" {self._table.dot} ")

    def _phone(self, found: Found) -> str:
        groups = re.findall(r"\d+", found[0])
        said = ", ".join(self._numbers.digits(group) for group in groups)
        return f"{self._table.plus} {said}" if found[0].startswith("+") else said

    def _money(self, found: Found) -> str:
        unit, cent = self._table.currencies[found["sign"]]
        multiple = found["multiple"]
        if not multiple:
            return self._numbers.money(found["amount"], unit, cent)
        multiple = self._table.units.get(multiple, (multiple, multiple))[1]
        return f"{self._numbers.written(found['amount'])} {multiple} {self._of(multiple, unit[1])}"

    def _of(self, multiple: str, unit: str) -> str:
        """The unit after "millions"."""
        if self._language == "es" and multiple.startswith("mill"):
            return f"de {unit}"
        if self._language == "fr" and multiple.startswith("mill") and multiple != "mille":
            return f"d'{unit}" if unit[0] in _VOWELS else f"de {unit}"
        return unit

    def _single(self, found: Found) -> str:
        noun = re.match(r"\w+", found.string[found.end() :])
        return f"{self._numbers.one(noun[0] if noun else '')} "

    def _unit(self, found: Found) -> str:
        said = self._numbers.counted(found["amount"], self._table.units[found["unit"]])
        return f"{self._table.minus} {said}" if found["minus"] else said

    def _ordinal(self, found: Found) -> str:
        if self._language == "de":
            return self._numbers.german_ordinal(int(found[1]), found.string[: found.start()])
        said = self._numbers.ordinal(int(found[1]))
        if self._language == "es" and found[2] == "ª":
            return re.sub("o( |$)", r"a\1", said)
        return said

    def _version(self, found: Found) -> str:
        parts = map(self._numbers.written, found[0].split("."))
        return f" {self._table.dot if self._language == 'de' else 'point'} ".join(parts)

    def _between(self, found: Found) -> str:
        return f" {self._table.between[found['sign'] or found['tight']]} "


def _site(url: str) -> str:
    return re.split(r"[/?#:]", re.sub(r"^(?:https?://)?(?:www\.)?", "", url))[0]


def _step(pattern: str, say: Callable[[Found], str]) -> Step:
    return re.compile(pattern), say


def _always(said: str) -> Callable[[Found], str]:
    return lambda _: f"{said} "


def _any(words: Iterable[str]) -> str:
    """A pattern of any of them, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
