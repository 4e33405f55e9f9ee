"""Numbers in words, by num2words, with what it lacks."""

from __future__ import annotations

from typing import Literal

from gateway.speech.wording.tables import Pair, Table

_DIGIT_BY_DIGIT = 7
"""So many digits without a separator are a code, not an amount."""
_LONGEST = 15
"""Digits of a number that is said as a whole."""


_ONE = {
    "de": ("ein", "eine", ("e", "ung", "heit", "keit", "ion", "tät", "schaft")),
    "fr": (
        "un",
        "une",
        ("tion", "ette", "ure", "ée", "ance", "ence", "che", "nde", "ute", "livre"),
    ),
    "es": ("un", "una", ("a", "ción", "dad")),
}
_DATIVE = frozenset(
    ("am", "vom", "zum", "beim", "dem", "den", "im", "ab", "bis", "seit", "des", "diesem", "jedem")
)


class Numbers:
    """The numbers of one language."""

    def __init__(self, language: str, table: Table) -> None:
        self._language = language
        self._table = table

    def cardinal(
        self, number: int, kind: Literal["cardinal", "ordinal", "year"] = "cardinal"
    ) -> str:
        import num2words  # type: ignore[import-untyped]  # noqa: PLC0415 - 130 ms

        words: str = num2words.num2words(number, lang=self._language, to=kind)
        # Hyphens and commas would be read as pauses by some voices.
        return words.replace(",", "") if kind == "cardinal" else words

    def ordinal(self, number: int) -> str:
        return self.cardinal(number, "ordinal")

    def year(self, year: int) -> str:
        return (
            self.cardinal(year, "year") if self._language in ("en", "de") else self.cardinal(year)
        )

    def digits(self, code: str) -> str:
        return " ".join(self.cardinal(int(digit)) for digit in code if digit.isdigit())

    def written(self, text: str) -> str:
        """Digits with separators of thousands and decimals, as the language writes them."""
        whole, decimals = self._parts(text)
        code = len(whole) >= _DIGIT_BY_DIGIT and whole == text
        # Python reads no number of thousands of digits, and nobody would follow one.
        if code or len(whole) > _LONGEST or whole != str(int(whole)):
            words = self.digits(whole)
        else:
            words = self.cardinal(int(whole))
        if not decimals:
            return words
        return f"{words} {self._table.point} {self.digits(decimals)}"

    def counted(self, text: str, unit: Pair, *, feminine: bool = False) -> str:
        """So much of a unit."""
        single = self._parts(text) == ("1", "")
        if single:
            return f"{self.one(unit[0])} {unit[0]}"
        words = self.written(text)
        if feminine:
            words = self._table.feminine.get(words, words)
        # "veintiún euros": Spanish shortens before a noun.
        if self._language == "es" and not feminine and words.endswith("uno"):
            words = words.removesuffix("uno") + ("ún" if words.endswith("veintiuno") else "un")
        return f"{words} {unit[1]}"

    def money(self, text: str, unit: Pair, cent: Pair) -> str:
        """An amount with its hundredths."""
        whole, decimals = self._parts(text)
        if len(decimals) not in (1, 2) or not int(decimals):
            return self.counted(whole if not decimals or not int(decimals) else text, unit)
        cents = self.counted(str(int(decimals.ljust(2, "0"))), cent)
        if not whole.strip("0"):
            return cents
        return self._table.cents.format(amount=self.counted(whole, unit), cents=cents)

    def _parts(self, text: str) -> tuple[str, str]:
        whole, _, decimals = text.partition(self._table.decimal)
        return "".join(filter(str.isdigit, whole)) or "0", decimals

    def one(self, noun: str) -> str:
        """One of something, as far as its ending tells the gender."""
        if self._language == "en":
            return self.cardinal(1)
        male, female, endings = _ONE[self._language]
        return female if noun.endswith(endings) else male

    def german_ordinal(self, number: int, before: str) -> str:
        """An ordinal with the ending that the word before it asks for."""
        word = before.rstrip().rpartition(" ")[2].lower()
        ending = "n" if word in _DATIVE else "" if word in ("der", "die", "das") else "r"
        return self.ordinal(number) + ending
