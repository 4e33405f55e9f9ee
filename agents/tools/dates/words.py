# ruff: noqa: E501 - a table is read by its columns
"""How people say when, by language: patterns over folded text (`folding.fold`).

`{n}` in a pattern stands for a number in digits or words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["seconds", "minutes", "hours", "days", "weeks", "months", "years"]
Period = Literal["next_week", "next_month", "weekend", "week_end", "month_end"]
Part = Literal["morning", "noon", "afternoon", "evening", "night", "midnight"]


@dataclass(frozen=True, slots=True)
class DateWords:
    """One language's ways of saying when."""

    numbers: dict[str, float]
    articles: frozenset[str]
    """Those of the numbers that are no hour: "at a café"."""
    units: dict[Unit, str]
    delay: tuple[str, ...]
    """With `{span}`: one or two amounts of a unit."""
    conjunction: str
    """Between the two amounts of a span."""
    fixed: dict[str, int]
    """Delays with a wording of their own, in minutes."""
    days: dict[str, int]
    """Days from today."""
    weekdays: tuple[str, ...]
    """Monday first."""
    weekday: str
    """With `{day}`: one of the weekdays and the words that belong to it."""
    monthday: str
    """A day of the month with no month; group `d`."""
    periods: dict[Period, str]
    clocks: tuple[str, ...]
    """Group `h` is the hour and `m` the minute, or `half`, `quarter` past, `before` (a quarter to),
    `halfto` an hour; `past` and `to` are minutes around `h`; `am`, `pm` and `exact` say which half
    of the day. `{n}` is an hour here, `{k}` some minutes."""
    parts: dict[Part, str]
    """A part of the day with what it adds to another day or hour."""
    today: dict[Part, str]
    """A part of this day."""
    months: str
    dates: tuple[str, ...]
    """With `{month}`: calendar dates, for the parser."""
    before: str
    """Between a span and the time that it comes before."""
    lead: str
    """What may stand before a time and belongs to it."""
    every: str
    """What says that it is to repeat."""


_CLOCK = r"(?P<h>[01]?\d|2[0-4])"
_MINUTES = r"(?P<m>[0-5]\d)"
_HOUR_ONLY = (
    r"(?! ?(?:%|percent|prozent|euros?|dollars?|days?|weeks?|hours?|minutes?|months?|years?"
    r"|tagen?|wochen?|stunden?|minuten?|monaten?|jahren?|dias|semanas|minutos|meses))"
)
"""Not after "by two" of "by two weeks"."""


def _teens(names: str, first: int) -> dict[str, float]:
    return {name: number for number, name in enumerate(names.split(), start=first)}


def _compounds(tens: str, ones: str, joined: str) -> dict[str, float]:
    """Numbers up to 59 that are made of two: `joined` has `{t}`, twenty and so on, and `{o}`."""
    return {
        joined.format(t=ten, o=one): 10 * t + o
        for t, ten in enumerate(tens.split(), start=2)
        for o, one in enumerate(ones.split(), start=1)
    }


EN = DateWords(
    numbers={
        **_teens("thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 13),
        **_compounds(
            "twenty thirty forty fifty", "one two three four five six seven eight nine",
            "{t}[- ]?{o}",
        ),
        "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
        "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
        "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
        "ninety": 90, "a couple of": 2, "a few": 3,
    },
    articles=frozenset({"a", "an", "a couple of", "a few"}),
    units={
        "seconds": r"sec(?:ond)?s?", "minutes": r"min(?:ute)?s?", "hours": r"h(?:ou)?rs?|h",
        "days": r"days?", "weeks": r"weeks?", "months": r"months?", "years": r"years?",
    },
    delay=(r"(?:in|within)(?: about)? {span}(?:'s time)?", r"{span} from now"),
    conjunction=r"(?:,? and |, | )?",
    fixed={
        r"in (?:an|one|1) hour and a half|in (?:1|one) and a half hours": 90,
        r"in half an hour|in a half hour|half an hour from now": 30,
        r"in (?:a )?quarter of an hour": 15,
        r"in (?:three|3) quarters of an hour": 45,
    },
    days={r"(?:the )?day after tomorrow": 2, r"tomorrow|tmrw|tomorow": 1, r"today": 0},
    weekdays=(
        r"monday", r"tuesday", r"wednesday", r"thursday", r"friday", r"saturday", r"sunday",
    ),
    weekday=r"(?:(?:this|next|coming|the coming) )?{day}",
    monthday=r"(?:on|by|before|until) the (?P<d>[0-3]?\d)(?:st|nd|rd|th)",
    periods={
        "weekend": r"(?:this|on the|at the|the) weekend|next weekend",
        "next_week": r"(?:sometime )?next week",
        "next_month": r"next month",
        "month_end": r"(?:the )?end of (?:the|this) month",
        "week_end": r"(?:the )?end of (?:the|this) week",
    },
    clocks=(
        rf"(?:at )?{_CLOCK}(?:[:.]{_MINUTES})? ?(?:(?P<am>a\.?m\.?)|(?P<pm>p\.?m\.?))",
        rf"(?:at )?{_CLOCK}:{_MINUTES}(?: (?:h|hours|o'?clock))?",
        rf"at {_CLOCK}\.{_MINUTES}",
        r"(?:at )?half past (?P<half>{n})",
        r"(?:at )?quarter past (?P<quarter>{n})",
        r"(?:at )?(?:a )?quarter to (?P<before>{n})",
        r"(?:at )?(?P<past>{k})(?: minutes)? past (?P<h>{n})",
        r"(?:at )?(?P<to>{k})(?: minutes)? to (?P<h>{n})",
        r"(?:at )?(?P<h>{n}) o'?clock",
        r"(?:at )?(?P<h>{n}) ?(?:(?P<am>a\.?m\.?)|(?P<pm>p\.?m\.?))",
        r"(?:at|around|about|by) (?P<h>{n}) (?P<m>fifteen|thirty|forty[- ]five)",
        rf"(?:at|around|about|by) (?P<h>{{n}}){_HOUR_ONLY}",
    ),
    parts={
        "noon": r"(?:at )?(?:noon|midday|lunch ?time)",
        "midnight": r"(?:at )?midnight",
        "morning": r"(?:in the |early )?morning",
        "afternoon": r"(?:in the )?afternoon",
        "evening": r"(?:in the )?evening",
        "night": r"at night|night",
    },
    today={
        "morning": r"this morning", "afternoon": r"this afternoon", "evening": r"this evening",
        "night": r"tonight|this night",
    },
    months=r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?",
    dates=(
        r"(?:the )?[0-3]?\d(?:st|nd|rd|th)?(?: of)? (?:{month})\.?(?:,? \d{{4}})?",
        r"(?:{month})\.? (?:the )?[0-3]?\d(?:st|nd|rd|th)?(?!:|\d| ?[ap]\.?m)(?:,? \d{{4}})?",
        r"[0-3]?\d\.[01]?\d\.(?:\d{{4}}|\d{{2}})?",
        r"(?<=on )[01]?\d/[0-3]?\d|(?<=by )[01]?\d/[0-3]?\d|[0-3]?\d/[0-3]?\d/\d{{2,4}}",
    ),
    before=r"before(?: the)?",
    lead=r"every|each|by|on|at|until|till|before|due|due by|due on|from|for|not later than|no later than",
    every=r"\b(?:every|each) (?:other )?(?:\d+ )?(?:days?|weeks?|months?|years?|morning|evening|hours?|minutes?|\w+day)"
    r"|\b(?:daily|weekly|monthly|yearly|hourly)\b",
)  # fmt: skip

DE = DateWords(
    numbers={
        **_teens("dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn", 13),
        **_compounds(
            "zwanzig drei(?:ß|ss)ig vierzig funfzig",
            "ein zwei drei vier funf sechs sieben acht neun", "{o}und{t}",
        ),
        "einem": 1, "ein": 1, "einer": 1, "einen": 1, "eine": 1, "eins": 1, "zwei": 2, "drei": 3,
        "vier": 4, "funf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
        "elf": 11, "zwolf": 12, "funfzehn": 15, "zwanzig": 20, "dreißig": 30, "dreissig": 30,
        "vierzig": 40, "funfundvierzig": 45, "funfzig": 50, "sechzig": 60, "neunzig": 90,
        "ein paar": 3, "anderthalb": 1.5, "eineinhalb": 1.5,
    },
    articles=frozenset({"einem", "einer", "einen", "eine", "ein"}),
    units={
        "seconds": r"sek(?:unden?)?", "minutes": r"min(?:uten?)?", "hours": r"std|stunden?|h",
        "days": r"tage?n?", "weeks": r"wochen?", "months": r"monate?n?", "years": r"jahre?n?",
    },
    delay=(r"(?:in|innerhalb von)(?: etwa| ca\.?)? {span}",),
    conjunction=r"(?: und |, | )?",
    fixed={
        r"in (?:einer|ner|1) halben stunde": 30,
        r"in (?:einer viertelstunde|einer viertel stunde)": 15,
        r"in (?:einer )?dreiviertelstunde": 45,
    },
    days={r"ubermorgen": 2, r"(?<!am )(?<!jeden )(?<!heute )morgen": 1, r"heute": 0},
    weekdays=(
        r"montag", r"dienstag", r"mittwoch", r"donnerstag", r"freitag",
        r"samstag|sonnabend", r"sonntag",
    ),
    weekday=r"(?:(?:den |dem |am |zum )?(?:nachste[nr]?|diese[nr]?|kommende[nr]?) )?{day}",
    monthday=r"(?:am|zum|bis zum|bis|vor dem) (?P<d>[0-3]?\d)\.(?! ?\d| [a-z]*(?:uhr))",
    periods={
        "weekend": r"(?:am|dieses|nachstes|kommendes|zum)? ?wochenende",
        "next_week": r"(?:in der )?(?:nachste[nr]?|kommende[nr]?) woche",
        "next_month": r"(?:im )?(?:nachsten|kommenden) monat",
        "month_end": r"(?:am |zum )?(?:monatsende|ende des monats)",
        "week_end": r"(?:am |zum )?ende der woche",
    },
    clocks=(
        rf"(?:um |gegen )?{_CLOCK}[:.]{_MINUTES} uhr(?P<exact>)",
        rf"(?:um |gegen )?{_CLOCK} uhr(?: {_MINUTES})?(?P<exact>)",
        rf"(?:um |gegen )?{_CLOCK}:{_MINUTES}(?P<exact>)",
        rf"(?:um|gegen) {_CLOCK}\.{_MINUTES}(?P<exact>)",
        r"(?:um )?halb (?P<halfto>{n})",
        r"(?:um )?viertel nach (?P<quarter>{n})",
        r"(?:um )?(?:viertel vor|dreiviertel) (?P<before>{n})",
        r"(?:um )?(?P<past>{k}) nach (?P<h>{n})",
        r"(?:um )?(?P<to>{k}) vor (?P<h>{n})",
        r"(?:um |gegen )?(?P<h>{n}|ein) uhr",
        rf"(?:um|gegen) (?P<h>{{n}}){_HOUR_ONLY}",
    ),
    parts={
        "noon": r"mittags?|am mittag",
        "midnight": r"(?:um )?mitternacht",
        "morning": r"fruh|am (?:fruhen )?morgen|morgens|vormittags?|am vormittag"
        r"|(?<=heute )morgen|in der fruhe?",
        "afternoon": r"nachmittags?|am nachmittag",
        "evening": r"abends?|am abend",
        "night": r"nachts?|in der nacht",
    },
    today={},
    months=r"jan(?:uar)?|janner|feb(?:ruar)?|marz|apr(?:il)?|mai|juni?|juli?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|okt(?:ober)?|nov(?:ember)?|dez(?:ember)?",
    dates=(
        r"[0-3]?\d\.? (?:{month})\.?(?: \d{{4}})?",
        r"[0-3]?\d\. ?[01]?\d\.(?: ?\d{{4}}|\d{{2}})?",
    ),
    before=r"vor(?: dem)?",
    lead=r"jede[nsrm]?|bis spatestens|spatestens|bis zum|bis|am|um|zum|vor dem|vor|fallig|fallig am|ab|den|fur",
    every=r"\bjede[nsrm]? (?:zweiten? )?\w+|\b(?:taglich|wochentlich|monatlich|stundlich"
    r"|montags|dienstags|mittwochs|donnerstags|freitags|samstags|sonntags)\b",
)  # fmt: skip

FR = DateWords(
    numbers={
        **_teens("treize quatorze quinze seize dix-sept dix-huit dix-neuf", 13),
        **_compounds(
            "vingt trente quarante cinquante", "un deux trois quatre cinq six sept huit neuf",
            "{t}(?:[- ]et[- ]|[- ]){o}",
        ),
        "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7,
        "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "quinze": 15, "vingt": 20,
        "trente": 30, "quarante": 40, "quarante-cinq": 45, "cinquante": 50, "soixante": 60,
        "quelques": 3,
    },
    articles=frozenset({"un", "quelques"}),
    units={
        "seconds": r"sec(?:ondes?)?", "minutes": r"min(?:utes?)?", "hours": r"heures?|h",
        "days": r"jours?", "weeks": r"semaines?", "months": r"mois", "years": r"ans?|annees?",
    },
    delay=(r"(?:dans|d'ici)(?: environ)? {span}",),
    conjunction=r"(?: et |, | )?",
    fixed={
        r"dans (?:une|1) heure et demie": 90,
        r"dans (?:une )?demi[- ]heure": 30,
        r"dans (?:un )?quart d'heure": 15,
        r"dans trois quarts d'heure": 45,
    },
    days={
        r"apres[- ]demain": 2, r"demain": 1, r"aujourd'? ?hui": 0,
    },
    weekdays=(r"lundi", r"mardi", r"mercredi", r"jeudi", r"vendredi", r"samedi", r"dimanche"),
    weekday=r"(?:ce |le )?{day}(?: (?:prochain|qui vient))?",
    monthday=r"(?:avant le|pour le|d'ici le|le) (?P<d>[0-3]?\d)(?:er)?(?! ?[\d/h:.]| heures?)",
    periods={
        "weekend": r"(?:ce|le) week-?end(?: prochain)?",
        "next_week": r"(?:de )?(?:la )?semaine prochaine",
        "next_month": r"(?:le )?mois prochain",
        "month_end": r"(?:a )?(?:la )?fin du mois",
        "week_end": r"(?:en |la )?fin de (?:la )?semaine",
    },
    clocks=(
        rf"(?:a |vers )?{_CLOCK} ?h ?{_MINUTES}?(?P<exact>)(?! ?\d)",
        rf"(?:a |vers )?{_CLOCK}:{_MINUTES}(?P<exact>)",
        r"(?:a|vers) (?P<half>{n}) heures? et demie?",
        r"(?:a|vers) (?P<quarter>{n}) heures? et quart",
        r"(?:a|vers) (?P<before>{n}) heures? moins le quart",
        rf"(?:a|vers) {_CLOCK} heures?(?: {_MINUTES})?(?P<exact>)",
        r"(?:a|vers) (?P<h>{n}) heures?(?: (?P<m>quinze|trente|quarante-cinq))?",
    ),
    parts={
        "noon": r"(?:a |ce )?midi",
        "midnight": r"(?:a )?minuit",
        "morning": r"(?:le |du |au )?matin(?:ee)?",
        "afternoon": r"(?:l'|de l'|dans l')?apres[- ]midi",
        "evening": r"(?:le |du |au )?soir(?:ee)?",
        "night": r"(?:la |de la |dans la )nuit",
    },
    today={
        "morning": r"ce matin", "afternoon": r"cet apres[- ]midi", "evening": r"ce soir",
        "night": r"cette nuit",
    },
    months=r"janv(?:ier)?|fevr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|aout"
    r"|sept?(?:embre)?|oct(?:obre)?|nov(?:embre)?|dec(?:embre)?",
    dates=(
        r"(?:le )?[0-3]?\d(?:er)? (?:{month})\.?(?: \d{{4}})?",
        r"(?:le )?[0-3]?\d/[01]?\d(?:/\d{{2,4}})?",
    ),
    before=r"avant(?: le| la)?",
    lead=r"chaque|tous les|toutes les|avant le|avant|d'ici a|d'ici|pour le|pour|le|a|au plus tard|jusqu'au?|des|vers|du",
    every=r"\b(?:chaque|tous les|toutes les) \w+|\b(?:quotidien|hebdomadaire|mensuel)\w*",
)  # fmt: skip

ES = DateWords(
    numbers={
        **_teens("trece catorce quince dieciseis diecisiete dieciocho diecinueve", 13),
        **_compounds(
            "veinti treinta cuarenta cincuenta",
            "un[oa]? dos tres cuatro cinco seis siete ocho nueve", "{t}(?: y )?{o}",
        ),
        "un": 1, "una": 1, "uno": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
        "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12, "quince": 15,
        "veinte": 20, "treinta": 30, "cuarenta": 40, "cuarenta y cinco": 45, "cincuenta": 50,
        "sesenta": 60, "unos": 3, "unas": 3,
    },
    articles=frozenset({"un", "uno", "unos", "unas"}),
    units={
        "seconds": r"seg(?:undos?)?", "minutes": r"min(?:utos?)?", "hours": r"horas?|h",
        "days": r"dias?", "weeks": r"semanas?", "months": r"mes(?:es)?", "years": r"anos?",
    },
    delay=(r"(?:en|dentro de|de aqui a)(?: unos| unas)? {span}",),
    conjunction=r"(?: y |, | )?",
    fixed={
        r"(?:en|dentro de) (?:una|1) hora y media": 90,
        r"(?:en|dentro de) media hora": 30,
        r"(?:en|dentro de) (?:un )?cuarto de hora": 15,
        r"(?:en|dentro de) tres cuartos de hora": 45,
    },
    days={
        r"pasado manana": 2,
        r"(?<!la )(?<!esta )(?<!cada )manana": 1,
        r"hoy": 0,
    },
    weekdays=(r"lunes", r"martes", r"miercoles", r"jueves", r"viernes", r"sabado", r"domingo"),
    weekday=r"(?:(?:el |este )?(?:proximo |este )?)?{day}(?: (?:proximo|que viene))?",
    monthday=r"(?:antes del|para el|hasta el|el(?: dia)?) (?P<d>[0-3]?\d)(?! ?[\d/:.]| de [a-z])",
    periods={
        "weekend": r"(?:este |el |el proximo )?fin de semana(?: que viene)?",
        "next_week": r"(?:de |en )?(?:la )?(?:proxima semana|semana que viene|semana proxima)",
        "next_month": r"(?:el )?(?:proximo mes|mes que viene)",
        "month_end": r"(?:a )?(?:fin(?:ales)? de mes|final del mes)",
        "week_end": r"(?:a )?final(?:es)? de (?:la )?semana",
    },
    clocks=(
        rf"(?:a las? )?{_CLOCK}[:.]{_MINUTES} ?(?:(?P<am>a\.?m\.?)|(?P<pm>p\.?m\.?))",
        rf"(?:a las? )?{_CLOCK}[:.]{_MINUTES}(?: ?h(?:oras)?\b)?",
        rf"(?:a las? )?{_CLOCK} ?(?:(?P<am>a\.?m\.?)|(?P<pm>p\.?m\.?))",
        r"a las? (?P<half>{n}) y media",
        r"a las? (?P<quarter>{n}) y cuarto",
        r"a las? (?P<before>{n}) menos cuarto",
        rf"(?:a las? )?{_CLOCK} ?(?:h|horas)(?P<exact>)",
        rf"a las? (?P<h>{{n}}){_HOUR_ONLY}",
    ),
    parts={
        "noon": r"(?:al |a )?mediodia",
        "midnight": r"(?:a )?(?:la )?medianoche",
        "morning": r"(?:por|de|en) la manana|temprano",
        "afternoon": r"(?:por|de|en) la tarde",
        "evening": r"(?:por|de|en) la noche",
        "night": r"de madrugada",
    },
    today={
        "morning": r"esta manana", "afternoon": r"esta tarde", "evening": r"esta noche",
    },
    months=r"ene(?:ro)?|feb(?:rero)?|mar(?:zo)?|abr(?:il)?|mayo|jun(?:io)?|jul(?:io)?"
    r"|ago(?:sto)?|sep(?:t(?:iembre)?)?|oct(?:ubre)?|nov(?:iembre)?|dic(?:iembre)?",
    dates=(
        r"(?:el (?:dia )?)?[0-3]?\d de (?:{month})(?: (?:de |del )?\d{{4}})?",
        r"(?:el )?[0-3]?\d/[01]?\d(?:/\d{{2,4}})?",
    ),
    before=r"antes de(?:l| la| las)?",
    lead=r"cada|todos los|todas las|antes del?|para el|para la|para|hasta el|hasta|el|a mas tardar|desde|del",
    every=r"\b(?:cada|todos los|todas las) \w+|\b(?:diario|diariamente|semanal|mensual)\w*",
)  # fmt: skip

DATE_WORDS = {"en": EN, "de": DE, "fr": FR, "es": ES}
