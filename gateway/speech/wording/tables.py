"""How languages say what is written in signs and digits.

Units and currencies are a pair: for one, and for several. A unit that is read the same for both
is a pair of equals.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One language."""

    decimal: str
    """The sign before decimals."""
    thousands: str
    """A class of regular expressions: what may stand between groups of three digits."""
    point: str
    minus: str
    to: str
    """Between the ends of a range."""
    dot: str
    """In the name of a site."""
    at: str
    """In an e-mail address."""
    link: str
    """`{site}` is spoken for a link that has no text."""
    plus: str
    number: str
    """Before the digits after "#"."""
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    date: str
    """`{day}`, `{month}`"""
    date_year: str
    """And `{year}`."""
    hour: str
    """`{hour}` on the hour."""
    minutes: str
    """`{hour}` and `{minute}`."""
    units: dict[str, Pair]
    currencies: dict[str, tuple[Pair, Pair]]
    """Sign: the unit, and its hundredth."""
    cents: str
    """`{amount}` and `{cents}` of a currency."""
    signs: dict[str, str]
    between: dict[str, str]
    """Signs that are only spoken between two numbers."""
    abbreviations: dict[str, str]
    """As they are written, point included; where a number must follow, the key ends in `#`."""
    multiples: str = ""
    """A regular expression of words that multiply an amount: "million"."""
    years: str = ""
    """The same of words after which a number of four digits is a year."""
    feminine: dict[str, str] = field(default_factory=dict)
    """How the numbers of hours differ from others."""


_SAME = {"GB": "gigabyte", "MB": "megabyte", "KB": "kilobyte", "TB": "terabyte"}

# fmt: off
EN = Table(
    decimal=".",
    thousands=",",
    point="point",
    minus="minus",
    to="to",
    dot="dot",
    at="at",
    link="link to {site}",
    plus="plus",
    number="number",
    months=("January", "February", "March", "April", "May", "June", "July", "August",
            "September", "October", "November", "December"),
    short_months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept?", "Oct", "Nov",
                  "Dec"),
    date="{month} {day}",
    date_year="{month} {day}, {year}",
    hour="{hour} o'clock",
    minutes="{hour} {minute}",
    units={
        "km/h": ("kilometer per hour", "kilometers per hour"),
        "mph": ("mile per hour", "miles per hour"),
        "km": ("kilometer", "kilometers"),
        "cm": ("centimeter", "centimeters"),
        "mm": ("millimeter", "millimeters"),
        "m²": ("square meter", "square meters"),
        "m": ("meter", "meters"),
        "mi": ("mile", "miles"),
        "ft": ("foot", "feet"),
        "kg": ("kilogram", "kilograms"),
        "mg": ("milligram", "milligrams"),
        "g": ("gram", "grams"),
        "lbs": ("pound", "pounds"),
        "lb": ("pound", "pounds"),
        "oz": ("ounce", "ounces"),
        "ml": ("milliliter", "milliliters"),
        "l": ("liter", "liters"),
        "kWh": ("kilowatt hour", "kilowatt hours"),
        "kW": ("kilowatt", "kilowatts"),
        "°C": ("degree Celsius", "degrees Celsius"),
        "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
        "°": ("degree", "degrees"),
        "hrs": ("hour", "hours"),
        "hr": ("hour", "hours"),
        "h": ("hour", "hours"),
        "min": ("minute", "minutes"),
        "sec": ("second", "seconds"),
        "ms": ("millisecond", "milliseconds"),
        "s": ("second", "seconds"),
        "%": ("percent", "percent"),
        **{sign: (name, f"{name}s") for sign, name in _SAME.items()},
    },
    currencies={
        "$": (("dollar", "dollars"), ("cent", "cents")),
        "US$": (("dollar", "dollars"), ("cent", "cents")),
        "USD": (("dollar", "dollars"), ("cent", "cents")),
        "€": (("euro", "euros"), ("cent", "cents")),
        "EUR": (("euro", "euros"), ("cent", "cents")),
        "£": (("pound", "pounds"), ("penny", "pence")),
        "GBP": (("pound", "pounds"), ("penny", "pence")),
        "CHF": (("Swiss franc", "Swiss francs"), ("centime", "centimes")),
        "¥": (("yen", "yen"), ("sen", "sen")),
    },
    cents="{amount} and {cents}",
    signs={"&": "and", "→": "to", "≈": "about", "½": "one half", "¼": "one quarter",
           "¾": "three quarters"},
    between={"+": "plus", "−": "minus", "-": "minus", "=": "equals", "×": "times", "*": "times",  # noqa: RUF001 - signs
             "÷": "divided by", "/": "over", "<": "is less than", ">": "is more than",
             "≤": "is at most", "≥": "is at least", "±": "plus or minus"},
    abbreviations={
        "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "approx.": "approximately",
        "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor",
        "vs.": "versus", "No. #": "number", "w/": "with", "a.m.": "A M", "p.m.": "P M",
        "asap": "as soon as possible", "ASAP": "as soon as possible", "incl.": "including",
        "Jr.": "Junior",
    },
    multiples="thousand|million|billion|trillion",
    years="in|since|until|till|by|from|of|before|after|year|summer|winter|spring|autumn|fall",
)

DE = Table(
    decimal=",",
    thousands=".",
    point="Komma",
    minus="minus",
    to="bis",
    dot="Punkt",
    at="ät",
    link="Link zu {site}",
    plus="plus",
    number="Nummer",
    months=("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
            "Oktober", "November", "Dezember"),
    short_months=("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sept?", "Okt", "Nov",
                  "Dez"),
    date="{day} {month}",
    date_year="{day} {month} {year}",
    hour="{hour} Uhr",
    minutes="{hour} Uhr {minute}",
    units={
        "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
        "km": ("Kilometer", "Kilometer"),
        "cm": ("Zentimeter", "Zentimeter"),
        "mm": ("Millimeter", "Millimeter"),
        "m²": ("Quadratmeter", "Quadratmeter"),
        "m": ("Meter", "Meter"),
        "kg": ("Kilogramm", "Kilogramm"),
        "mg": ("Milligramm", "Milligramm"),
        "g": ("Gramm", "Gramm"),
        "ml": ("Milliliter", "Milliliter"),
        "l": ("Liter", "Liter"),
        "kWh": ("Kilowattstunde", "Kilowattstunden"),
        "kW": ("Kilowatt", "Kilowatt"),
        "°C": ("Grad Celsius", "Grad Celsius"),
        "°F": ("Grad Fahrenheit", "Grad Fahrenheit"),
        "°": ("Grad", "Grad"),
        "Std.": ("Stunde", "Stunden"),
        "h": ("Stunde", "Stunden"),
        "Min.": ("Minute", "Minuten"),
        "min": ("Minute", "Minuten"),
        "Sek.": ("Sekunde", "Sekunden"),
        "ms": ("Millisekunde", "Millisekunden"),
        "s": ("Sekunde", "Sekunden"),
        "Mio.": ("Million", "Millionen"),
        "Mrd.": ("Milliarde", "Milliarden"),
        "%": ("Prozent", "Prozent"),
        **{sign: (name.capitalize(), name.capitalize()) for sign, name in _SAME.items()},
    },
    currencies={
        "€": (("Euro", "Euro"), ("Cent", "Cent")),
        "EUR": (("Euro", "Euro"), ("Cent", "Cent")),
        "$": (("Dollar", "Dollar"), ("Cent", "Cent")),
        "USD": (("Dollar", "Dollar"), ("Cent", "Cent")),
        "£": (("Pfund", "Pfund"), ("Penny", "Pence")),
        "GBP": (("Pfund", "Pfund"), ("Penny", "Pence")),
        "CHF": (("Franken", "Franken"), ("Rappen", "Rappen")),
    },
    cents="{amount} und {cents}",
    signs={"&": "und", "→": "nach", "≈": "ungefähr", "½": "ein halb", "¼": "ein Viertel",
           "¾": "drei Viertel"},
    between={"+": "plus", "−": "minus", "-": "minus", "=": "gleich", "×": "mal", "*": "mal",  # noqa: RUF001 - signs
             "÷": "durch", "/": "durch", "<": "ist kleiner als", ">": "ist größer als",
             "≤": "ist höchstens", "≥": "ist mindestens", "±": "plus minus"},
    abbreviations={
        "z.B.": "zum Beispiel", "z. B.": "zum Beispiel", "d.h.": "das heißt",
        "d. h.": "das heißt", "usw.": "und so weiter", "bzw.": "beziehungsweise", "ca.": "circa",
        "ggf.": "gegebenenfalls", "evtl.": "eventuell", "u.a.": "unter anderem",
        "u. a.": "unter anderem", "inkl.": "inklusive", "zzgl.": "zuzüglich", "Dr.": "Doktor",
        "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau", "Nr.": "Nummer", "Tel.": "Telefon",
        "etc.": "et cetera", "vgl.": "vergleiche", "bspw.": "beispielsweise", "St.": "Sankt",
        "v.a.": "vor allem", "mind.": "mindestens", "max.": "maximal", "sog.": "sogenannte",
    },
    multiples=r"Tausend|Millionen?|Milliarden?|Mio\.|Mrd\.",
    years="in|seit|bis|von|ab|Jahr|Jahre|Jahres|im|Sommer|Winter|Frühjahr|Herbst|vor|nach",
    feminine={"eins": "ein"},
)

FR = Table(
    decimal=",",
    thousands="[\u202f\u00a0 ]",
    point="virgule",
    minus="moins",
    to="à",
    dot="point",
    at="arobase",
    link="lien vers {site}",
    plus="plus",
    number="numéro",
    months=("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
            "octobre", "novembre", "décembre"),
    short_months=("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct",
                  "nov", "déc"),
    date="{day} {month}",
    date_year="{day} {month} {year}",
    hour="{hour} heures",
    minutes="{hour} heures {minute}",
    units={
        "km/h": ("kilomètre par heure", "kilomètres par heure"),
        "km": ("kilomètre", "kilomètres"),
        "cm": ("centimètre", "centimètres"),
        "mm": ("millimètre", "millimètres"),
        "m²": ("mètre carré", "mètres carrés"),
        "m": ("mètre", "mètres"),
        "kg": ("kilogramme", "kilogrammes"),
        "mg": ("milligramme", "milligrammes"),
        "g": ("gramme", "grammes"),
        "ml": ("millilitre", "millilitres"),
        "l": ("litre", "litres"),
        "kWh": ("kilowattheure", "kilowattheures"),
        "kW": ("kilowatt", "kilowatts"),
        "°C": ("degré Celsius", "degrés Celsius"),
        "°": ("degré", "degrés"),
        "min": ("minute", "minutes"),
        "ms": ("milliseconde", "millisecondes"),
        "s": ("seconde", "secondes"),
        "%": ("pour cent", "pour cent"),
        "Go": ("gigaoctet", "gigaoctets"),
        "Mo": ("mégaoctet", "mégaoctets"),
        **{sign: (name, f"{name}s") for sign, name in _SAME.items()},
    },
    currencies={
        "€": (("euro", "euros"), ("centime", "centimes")),
        "EUR": (("euro", "euros"), ("centime", "centimes")),
        "$": (("dollar", "dollars"), ("cent", "cents")),
        "USD": (("dollar", "dollars"), ("cent", "cents")),
        "£": (("livre", "livres"), ("penny", "pence")),
        "CHF": (("franc suisse", "francs suisses"), ("centime", "centimes")),
    },
    cents="{amount} et {cents}",
    signs={"&": "et", "→": "vers", "≈": "environ", "½": "un demi", "¼": "un quart",
           "¾": "trois quarts"},
    between={"+": "plus", "−": "moins", "-": "moins", "=": "égale", "×": "fois", "*": "fois",  # noqa: RUF001 - signs
             "÷": "divisé par", "/": "sur", "<": "est inférieur à", ">": "est supérieur à",
             "≤": "est au plus", "≥": "est au moins", "±": "plus ou moins"},
    abbreviations={
        "p. ex.": "par exemple", "p.ex.": "par exemple", "c.-à-d.": "c'est-à-dire",
        "etc.": "et cetera", "env.": "environ", "M.": "Monsieur", "MM.": "Messieurs",
        "Mme": "Madame", "Mlle": "Mademoiselle", "Dr": "Docteur", "Dr.": "Docteur",
        "n°": "numéro", "N°": "numéro", "tél.": "téléphone", "RDV": "rendez-vous",
        "rdv": "rendez-vous", "max.": "maximum", "min.": "minimum", "St": "Saint",
    },
    multiples="mille|millions?|milliards?",
    feminine={"un": "une", "vingt et un": "vingt et une", "vingt-et-un": "vingt et une"},
)

ES = Table(
    decimal=",",
    thousands=r"[.\u202f\u00a0 ]",
    point="coma",
    minus="menos",
    to="a",
    dot="punto",
    at="arroba",
    link="enlace a {site}",
    plus="más",
    number="número",
    months=("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
            "septiembre", "octubre", "noviembre", "diciembre"),
    short_months=("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept?", "oct", "nov",
                  "dic"),
    date="{day} de {month}",
    date_year="{day} de {month} de {year}",
    hour="{hour} en punto",
    minutes="{hour} y {minute}",
    units={
        "km/h": ("kilómetro por hora", "kilómetros por hora"),
        "km": ("kilómetro", "kilómetros"),
        "cm": ("centímetro", "centímetros"),
        "mm": ("milímetro", "milímetros"),
        "m²": ("metro cuadrado", "metros cuadrados"),
        "m": ("metro", "metros"),
        "kg": ("kilo", "kilos"),
        "mg": ("miligramo", "miligramos"),
        "g": ("gramo", "gramos"),
        "ml": ("mililitro", "mililitros"),
        "l": ("litro", "litros"),
        "kWh": ("kilovatio hora", "kilovatios hora"),
        "kW": ("kilovatio", "kilovatios"),
        "°C": ("grado Celsius", "grados Celsius"),
        "°": ("grado", "grados"),
        "h": ("hora", "horas"),
        "min": ("minuto", "minutos"),
        "ms": ("milisegundo", "milisegundos"),
        "s": ("segundo", "segundos"),
        "%": ("por ciento", "por ciento"),
        **{sign: (name, f"{name}s") for sign, name in _SAME.items()},
    },
    currencies={
        "€": (("euro", "euros"), ("céntimo", "céntimos")),
        "EUR": (("euro", "euros"), ("céntimo", "céntimos")),
        "$": (("dólar", "dólares"), ("centavo", "centavos")),
        "USD": (("dólar", "dólares"), ("centavo", "centavos")),
        "£": (("libra", "libras"), ("penique", "peniques")),
        "CHF": (("franco suizo", "francos suizos"), ("céntimo", "céntimos")),
    },
    cents="{amount} con {cents}",
    signs={"&": "y", "→": "a", "≈": "aproximadamente", "½": "medio", "¼": "un cuarto",
           "¾": "tres cuartos"},
    between={"+": "más", "−": "menos", "-": "menos", "=": "igual a", "×": "por", "*": "por",  # noqa: RUF001 - signs
             "÷": "entre", "/": "entre", "<": "es menor que", ">": "es mayor que",
             "≤": "es como máximo", "≥": "es como mínimo", "±": "más menos"},
    abbreviations={
        "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "etc.": "etcétera",
        "aprox.": "aproximadamente", "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita",
        "Dr.": "doctor", "Dra.": "doctora", "Ud.": "usted", "Uds.": "ustedes",
        "núm.": "número", "n.º": "número", "tel.": "teléfono", "Tel.": "teléfono",
        "EE.UU.": "Estados Unidos", "EE. UU.": "Estados Unidos", "pág.": "página",
        "máx.": "máximo", "mín.": "mínimo", "Av.": "Avenida",
    },
    multiples="mil|millón|millones",
    feminine={"uno": "una", "veintiuno": "veintiuna"},
)
# fmt: on

TABLES = {"en": EN, "de": DE, "fr": FR, "es": ES}
