"""Numbers as people say them, for calling things by their number. Pure."""

from __future__ import annotations

import re

from agents.tools.folding import fold

_NAMES = {
    "en": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty",
    "de": "eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn "
    "funfzehn sechzehn siebzehn achtzehn neunzehn zwanzig",
    "fr": "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
    "seize dix-sept dix-huit dix-neuf vingt",
    "es": "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciseis diecisiete dieciocho diecinueve veinte",
}

NUMERALS = {
    name: number for names in _NAMES.values() for number, name in enumerate(names.split(), start=1)
}
"""By folded name, in all our languages; those that two share mean the same."""

_CALLED = (
    r"nr\.?|no\.?|numbers?|tasks?|items?|to-?dos?|reminders?|nummern?|aufgaben?|erinnerung(?:en)?"
    r"|numeros?|taches?|rappels?|tareas?|recordatorios?"
)
_WORD = "|".join(sorted(map(re.escape, NUMERALS), key=len, reverse=True))
_NUMBER = rf"#?(?:\d{{1,9}}|{_WORD})"
_ONLY_NUMBERS = re.compile(
    rf"(?:(?:the|die|la|le|las|les|los|el) )?(?:(?:{_CALLED}) )?(?:{_CALLED} )?{_NUMBER}"
    rf"(?:(?:,? (?:and|und|et|y) |, ?| )(?:(?:{_CALLED}) )?{_NUMBER})*\.?"
)


def in_digits(which: str) -> str:
    """The same with numbers in digits, if it is only numbers: "task one and two"."""
    folded = fold(which).strip()
    if not _ONLY_NUMBERS.fullmatch(folded):
        return which
    return re.sub(rf"\b(?:{_WORD})\b", lambda found: str(NUMERALS[found[0]]), folded)
