"""What is written in digits and signs, said aloud."""

from __future__ import annotations

import pytest

from gateway.speech.wording import spoken

TABLE = [
    # -- English
    ("en", "Nothing to change here, is there?", "Nothing to change here, is there?"),
    ("en", "I have 3 tasks", "I have three tasks"),
    ("en", "1,200,000", "one million two hundred thousand"),
    ("en", "about 3.14", "about three point one four"),
    ("en", "minus: -5", "minus: minus five"),
    ("en", "5-10 minutes", "five to ten minutes"),
    ("en", "2 + 2 = 4", "two plus two equals four"),
    ("en", "the 1st and 22nd", "the first and twenty-second"),
    ("en", "on 2026-11-24", "on November twenty-fourth, twenty twenty-six"),
    ("en", "on 11/24/2026", "on November twenty-fourth, twenty twenty-six"),
    ("en-GB", "on 3/4/2026", "on April third, twenty twenty-six"),
    ("en", "on 24 Nov", "on November twenty-fourth"),
    ("en", "on Nov. 24 at 9", "on November twenty-fourth at nine"),
    ("en", "at 14:05", "at fourteen oh five"),
    ("en", "at 9:00", "at nine o'clock"),
    ("en", "at 3:30 pm.", "at three thirty P M"),
    ("en", "at 5pm", "at five P M"),
    ("en", "in 1984", "in nineteen eighty-four"),
    ("en", "$5.50", "five dollars and fifty cents"),
    ("en", "$1", "one dollar"),
    ("en", "$0.99", "ninety-nine cents"),
    ("en", "$3.5 million", "three point five million dollars"),
    ("en", "5% of 20 km", "five percent of twenty kilometers"),
    ("en", "-3°C", "minus three degrees Celsius"),
    ("en", "+44 20 7946 095", "plus four four, two zero, seven nine four six, zero nine five"),
    ("en", "code 12345678", "code one two three four five six seven eight"),
    ("en", "room 007", "room zero zero seven"),
    ("en", "mail jo.doe@example.com", "mail jo dot doe at example dot com"),
    ("en", "https://www.example.com/a?b=c.", "link to example dot com."),
    ("en", "e.g. Dr. Smith & co", "for example Doctor Smith and co"),
    ("en", "apples etc.", "apples et cetera."),
    ("en", "version 3.11.7", "version three point eleven point seven"),
    ("en", "an A4 page, an mp3", "an A4 page, an mp3"),
    ("en", "half: 1/2", "half: one half"),
    ("en", "Great 🎉👍🏽!", "Great!"),
    ("en", "🎉", ""),
    ("en", "# 5", "number five"),
    # -- German
    ("de", "Es sind 21 Aufgaben", "Es sind einundzwanzig Aufgaben"),
    ("de", "1 Aufgabe und 1 Termin", "eine Aufgabe und ein Termin"),
    ("de", "3,14", "drei Komma eins vier"),
    ("de", "1.234 Leute", "eintausendzweihundertvierunddreißig Leute"),
    ("de", "am 24.11.2026", "am vierundzwanzigsten November zweitausendsechsundzwanzig"),
    ("de", "am 24.11. um 14:05 Uhr", "am vierundzwanzigsten November um vierzehn Uhr fünf"),
    ("de", "der 3. Mai", "der dritte Mai"),
    ("de", "2026-05-01", "erster Mai zweitausendsechsundzwanzig"),
    ("de", "um 8 Uhr", "um acht Uhr"),
    ("de", "um 1:30", "um ein Uhr dreißig"),
    ("de", "5,50 €", "fünf Euro und fünfzig Cent"),
    ("de", "3,5 Mio. €", "drei Komma fünf Millionen Euro"),
    ("de", "z.B. 5 % usw.", "zum Beispiel fünf Prozent und so weiter."),
    ("de", "1 h 5 min", "eine Stunde fünf Minuten"),
    ("de", "von 1984 bis 1990", "von neunzehnhundertvierundachtzig bis neunzehnhundertneunzig"),
    ("de", "Tel. 030 1234567", "Telefon null drei null, eins zwei drei vier fünf sechs sieben"),
    ("de", "ich@haus.de", "ich ät haus Punkt de"),
    ("de", "www.haus.de", "Link zu haus Punkt de"),
    # -- French
    ("fr", "21 tâches", "vingt et un tâches"),
    ("fr", "3,14", "trois virgule un quatre"),
    ("fr", "1 234 personnes", "mille deux cent trente-quatre personnes"),
    ("fr", "le 24/11/2026", "le vingt-quatre novembre deux mille vingt-six"),
    ("fr", "le 1er mai", "le premier mai"),
    ("fr", "à 14h05", "à quatorze heures cinq"),
    ("fr", "à 1 h", "à une heure"),
    ("fr", "5,50 €", "cinq euros et cinquante centimes"),
    ("fr", "3 millions €", "trois millions d'euros"),
    ("fr", "p. ex. 20 %", "par exemple vingt pour cent"),
    ("fr", "M. Petit et Mme Grand", "Monsieur Petit et Madame Grand"),
    ("fr", "le 2e étage", "le deuxième étage"),
    ("fr", "06 12 34 56 78", "zéro six, un deux, trois quatre, cinq six, sept huit"),
    ("fr", "https://exemple.fr", "lien vers exemple point fr"),
    # -- Spanish
    ("es", "1 tarea y 3 citas", "una tarea y tres citas"),
    ("es", "3,14", "tres coma uno cuatro"),
    ("es", "1.234 personas", "mil doscientos treinta y cuatro personas"),
    ("es", "el 24/11/2026", "el veinticuatro de noviembre de dos mil veintiséis"),
    ("es", "el 1 de enero de 2026", "el primero de enero de dos mil veintiséis"),
    ("es", "a las 14:05", "a las catorce y cinco"),
    ("es", "a la 1:30", "a la una y treinta"),
    ("es", "21 €", "veintiún euros"),
    ("es", "5,50 €", "cinco euros con cincuenta céntimos"),
    ("es", "el Sr. Pérez", "el señor Pérez"),
    ("es", "la 2ª vez", "la segunda vez"),
    ("es", "yo@casa.es", "yo arroba casa punto es"),
    # -- a language without a table keeps its digits
    ("it", "Costa 5 € 😀", "Costa 5 €"),
    ("it", "https://www.casa.it/b", "casa.it"),
]  # fmt: skip


@pytest.mark.parametrize(("locale", "written", "said"), TABLE)
def test_it_is_said_as_a_person_would(locale: str, written: str, said: str) -> None:
    assert spoken(written, locale) == said


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "it", ""])
@pytest.mark.parametrize(
    "odd",
    [
        "",
        " ",
        "—",
        "99999999999999999999",
        "2026-99-99",
        "1/0",
        "٣",
        "²",
        "+",
        "$",
        "1" * 400,
        "9" * 5000 + ".5",
        "$" + "9" * 5000 + ".50",
        "1.2." + "9" * 5000,
    ],
)
def test_nothing_is_too_odd_to_be_said(locale: str, odd: str) -> None:
    assert isinstance(spoken(odd, locale), str)


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es"])
def test_no_digit_is_left_in_what_is_said(locale: str) -> None:
    written = "5 3.2 4,7 2026-11-24 14:05 +33 6 12 34 56 78 12 % 1/3 007 31.12. $5 5 € 7."

    assert not any(sign.isdigit() for sign in spoken(written, locale))
