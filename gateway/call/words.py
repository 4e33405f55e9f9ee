"""What words tell about whose turn it is, in the languages we know. Data, and two look-ups."""

from __future__ import annotations

import re

ASSENT = {
    "en": "mhm mm mmm mmhm hm hmm uh-huh uhuh aha ah oh okay ok yeah yes yep yup right sure i-see "
    "got-it great good cool nice fine wow really exactly of-course all-right alright",
    "de": "mhm hm hmm aha ah oh okay ok ja jaja jep genau gut stimmt klar richtig verstehe so "
    "schön alles-klar ach-so na-gut",
    "fr": "mhm hm hmm ah oh euh oui ouais okay ok d'accord bien bon voilà exact exactement super "
    "je-vois c'est-ça très-bien",
    "es": "mhm hm hmm ajá aha ah oh sí si okay ok vale claro bueno bien exacto ya entiendo "
    "de-acuerdo muy-bien eso",
}
"""What people say while they listen. Over our speech it does not mean that they want the floor."""

UNFINISHED = {
    "en": "and or but because so if when while that which who to of for with in on at from by the "
    "a an my your his her our their is are was am i'm it's um uh er erm like and-then then "
    "about than as into i we you he she they can could would should will",
    "de": "und oder aber weil dass ob wenn als wie zu von für mit in im an am auf bei aus der die "
    "das den dem ein eine einen mein meine dein ist sind war äh ähm also dann über ich wir "
    "er sie kann könnte würde soll",
    "fr": "et ou mais parce-que que qui si quand de du des pour avec dans sur à au aux le la les "
    "un une mon ma mes est sont euh alors puis je tu il elle nous vous peux pourrais",
    "es": "y o pero porque que si cuando de del para con en a al el la los las un una mi mis es "
    "son eh este entonces luego yo tú él ella puede podría",
}
"""Words after which a sentence goes on."""

WHOLE = {
    "en": "yes no stop wait help goodbye bye thanks thank-you that's-all that-is-all never-mind "
    "hang-up cancel",
    "de": "ja nein stopp stop warte hilfe tschüss danke das-ist-alles das-war's auf-wiederhören",
    "fr": "oui non stop arrête attends aide au-revoir merci c'est-tout merci-beaucoup",
    "es": "sí no para alto espera ayuda adiós gracias eso-es-todo nada-más muchas-gracias",
}
"""What is a whole turn by itself."""

NUMBERS = {
    "en": "zero oh one two three four five six seven eight nine ten double triple",
    "de": "null eins zwei zwo drei vier fünf sechs sieben acht neun zehn",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez",
}

_PHRASES = {
    name: {locale: frozenset(words.split()) for locale, words in table.items()}
    for name, table in (
        ("assent", ASSENT),
        ("unfinished", UNFINISHED),
        ("whole", WHOLE),
        ("numbers", NUMBERS),
    )
}
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def words(text: str) -> list[str]:
    """The words of a text, without case and punctuation."""
    return _WORD.findall(text.casefold().replace(_APOSTROPHE, "'"))


def phrases(table: str, locale: str) -> frozenset[str]:
    """A table in the locale's language, else in English. Phrases are joined by hyphens."""
    tables = _PHRASES[table]
    return tables.get(locale.partition("-")[0].lower(), tables["en"])
