"""When somebody means, in four languages. It is Monday, 23 November 2026, 14:30."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools.dates import find, moment, once, repeats, zone_of
from agents.tools.dates.words import DATE_WORDS

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def _told(text: str, locale: str, now: datetime = NOW, zone: str = "UTC") -> str | None:
    """`2026-11-24 09:00`, or `2026-11-24` without an hour, then what is left of the text."""
    found = find(text, now, zone, locale)
    if found is None:
        return None
    return f"{found.at:%Y-%m-%d %H:%M}" if found.timed else f"{found.at:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("in 2 minutes", "2026-11-23 14:32"),
        ("in 90 seconds", "2026-11-23 14:31"),
        ("in 5 mins", "2026-11-23 14:35"),
        ("in two hours", "2026-11-23 16:30"),
        ("in an hour", "2026-11-23 15:30"),
        ("in an hour and a half", "2026-11-23 16:00"),
        ("in half an hour", "2026-11-23 15:00"),
        ("in a quarter of an hour", "2026-11-23 14:45"),
        ("in 2 hours and 10 minutes", "2026-11-23 16:40"),
        ("in 1h30", "2026-11-23 16:00"),
        ("in 1.5 hours", "2026-11-23 16:00"),
        ("two days from now", "2026-11-25"),
        ("in a day", "2026-11-24"),
        ("in a week", "2026-11-30"),
        ("in 3 months", "2027-02-23"),
        ("in 3 days at 4pm", "2026-11-26 16:00"),
        ("10 minutes before 6pm", "2026-11-23 17:50"),
        ("an hour before noon tomorrow", "2026-11-24 11:00"),
        ("two days before Friday", "2026-11-25"),
        ("on 24.12.", "2026-12-24"),
        ("today", "2026-11-23"),
        ("tomorrow", "2026-11-24"),
        ("the day after tomorrow", "2026-11-25"),
        ("tomorrow at 9", "2026-11-24 09:00"),
        ("tomorrow at 5", "2026-11-24 17:00"),
        ("tomorrow at 12", "2026-11-24 12:00"),
        ("at noon tomorrow", "2026-11-24 12:00"),
        ("tomorrow morning", "2026-11-24 09:00"),
        ("tomorrow morning at 7", "2026-11-24 07:00"),
        ("tomorrow night at 11", "2026-11-24 23:00"),
        ("tonight", "2026-11-23 20:00"),
        ("this evening at 8", "2026-11-23 20:00"),
        ("in the evening", "2026-11-23 19:00"),
        ("at midnight", "2026-11-24 00:00"),
        ("at 12 am", "2026-11-24 00:00"),
        ("at 5pm", "2026-11-23 17:00"),
        ("at 9:15 pm", "2026-11-23 21:15"),
        ("at 5", "2026-11-23 17:00"),
        ("at 9", "2026-11-23 21:00"),
        ("at nine thirty", "2026-11-23 21:30"),
        ("at 08:00", "2026-11-24 08:00"),
        ("at 12:30", "2026-11-24 12:30"),
        ("half past five", "2026-11-23 17:30"),
        ("quarter to 6 tomorrow", "2026-11-24 17:45"),
        ("ten past six", "2026-11-23 18:10"),
        ("at 7 in the evening", "2026-11-23 19:00"),
        ("by Friday", "2026-11-27"),
        ("next Monday", "2026-11-30"),
        ("Friday at 17:00", "2026-11-27 17:00"),
        ("Friday evening", "2026-11-27 19:00"),
        ("Friday next week", "2026-12-04"),
        ("next week", "2026-11-30"),
        ("this weekend", "2026-11-28"),
        ("end of the month", "2026-11-30"),
        ("on the 3rd", "2026-12-03"),
        ("on the 31st", "2026-12-31"),
        ("on March 3rd", "2027-03-03"),
        ("by 15 January 2027", "2027-01-15"),
        ("Friday, 4 December", "2026-12-04"),
        ("on Saturday the 5th of December at 8pm", "2026-12-05 20:00"),
        ("on 12/03", "2026-12-03"),
        ("on 2027-01-05", "2027-01-05"),
        ("2026-12-24 at 18:00", "2026-12-24 18:00"),
    ],
)
def test_english_times(text: str, told: str) -> None:
    assert _told(text, "en") == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("in 10 Minuten", "2026-11-23 14:40"),
        ("in zwei Stunden", "2026-11-23 16:30"),
        ("in einer halben Stunde", "2026-11-23 15:00"),
        ("in anderthalb Stunden", "2026-11-23 16:00"),
        ("in 2 Stunden und 10 Minuten", "2026-11-23 16:40"),
        ("in 3 Tagen", "2026-11-26"),
        ("in einer Woche", "2026-11-30"),
        ("morgen", "2026-11-24"),
        ("morgen um 9", "2026-11-24 09:00"),
        ("morgen früh um 7", "2026-11-24 07:00"),
        ("morgen Nachmittag", "2026-11-24 15:00"),
        ("übermorgen um 14:30", "2026-11-25 14:30"),
        ("heute Abend", "2026-11-23 19:00"),
        ("heute um 18:00", "2026-11-23 18:00"),
        ("um 17 Uhr", "2026-11-23 17:00"),
        ("um 9 Uhr 30", "2026-11-24 09:30"),
        ("um acht", "2026-11-23 20:00"),
        ("um 9 Uhr am Abend", "2026-11-23 21:00"),
        ("am Freitag um halb sechs", "2026-11-27 17:30"),
        ("Viertel nach acht morgen", "2026-11-24 08:15"),
        ("Mitternacht", "2026-11-24 00:00"),
        ("bis Freitag", "2026-11-27"),
        ("nächsten Montag", "2026-11-30"),
        ("Freitag nächster Woche", "2026-12-04"),
        ("am Wochenende", "2026-11-28"),
        ("Ende des Monats", "2026-11-30"),
        ("am 3.", "2026-12-03"),
        ("am 3. Dezember", "2026-12-03"),
        ("bis zum 15.12.", "2026-12-15"),
        ("am 24.12.2026 um 18 Uhr", "2026-12-24 18:00"),
    ],
)
def test_german_times(text: str, told: str) -> None:
    assert _told(text, "de-AT") == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dans 10 minutes", "2026-11-23 14:40"),
        ("dans deux heures", "2026-11-23 16:30"),
        ("dans une demi-heure", "2026-11-23 15:00"),
        ("dans un quart d'heure", "2026-11-23 14:45"),
        ("dans un quart d\u2019heure", "2026-11-23 14:45"),
        ("dans 1h30", "2026-11-23 16:00"),
        ("dans une semaine", "2026-11-30"),
        ("demain à 9h", "2026-11-24 09:00"),
        ("demain a 9h", "2026-11-24 09:00"),
        ("demain matin", "2026-11-24 09:00"),
        ("après-demain à 14h", "2026-11-25 14:00"),
        ("à 17h30", "2026-11-23 17:30"),
        ("à neuf heures demain", "2026-11-24 09:00"),
        ("à 8 heures du soir", "2026-11-23 20:00"),
        ("ce soir", "2026-11-23 19:00"),
        ("cet après-midi", "2026-11-23 15:00"),
        ("à midi", "2026-11-24 12:00"),
        ("vendredi à midi", "2026-11-27 12:00"),
        ("vendredi à 9 heures et demie", "2026-11-27 09:30"),
        ("lundi soir à 8h", "2026-11-30 20:00"),
        ("lundi prochain", "2026-11-30"),
        ("d'ici vendredi", "2026-11-27"),
        ("mardi de la semaine prochaine", "2026-12-01"),
        ("ce week-end", "2026-11-28"),
        ("le 3", "2026-12-03"),
        ("le 1er mars", "2027-03-01"),
        ("avant le 15 décembre", "2026-12-15"),
        ("15/12 à 10h", "2026-12-15 10:00"),
        ("vendredi 4 décembre à 14h", "2026-12-04 14:00"),
    ],
)
def test_french_times(text: str, told: str) -> None:
    assert _told(text, "fr-FR") == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("en 10 minutos", "2026-11-23 14:40"),
        ("dentro de dos horas", "2026-11-23 16:30"),
        ("en media hora", "2026-11-23 15:00"),
        ("en un cuarto de hora", "2026-11-23 14:45"),
        ("dentro de una semana", "2026-11-30"),
        ("mañana a las 9", "2026-11-24 09:00"),
        ("manana a las 9", "2026-11-24 09:00"),
        ("mañana a las 9 y media", "2026-11-24 09:30"),
        ("mañana por la mañana", "2026-11-24 09:00"),
        ("mañana por la tarde", "2026-11-24 15:00"),
        ("pasado mañana", "2026-11-25"),
        ("a las 5 de la tarde", "2026-11-23 17:00"),
        ("a las nueve de la mañana", "2026-11-24 09:00"),
        ("a la una y media", "2026-11-24 13:30"),
        ("a las 8 de la noche mañana", "2026-11-24 20:00"),
        ("al mediodía", "2026-11-24 12:00"),
        ("esta noche", "2026-11-23 19:00"),
        ("el viernes", "2026-11-27"),
        ("el viernes por la tarde", "2026-11-27 15:00"),
        ("antes del viernes", "2026-11-27"),
        ("el próximo lunes", "2026-11-30"),
        ("el lunes a las 17:00", "2026-11-30 17:00"),
        ("el viernes de la próxima semana", "2026-12-04"),
        ("este fin de semana", "2026-11-28"),
        ("el día 3", "2026-12-03"),
        ("el 3 de diciembre", "2026-12-03"),
        ("el 15/12 a las 10", "2026-12-15 10:00"),
    ],
)
def test_spanish_times(text: str, told: str) -> None:
    assert _told(text, "es-ES") == told


@pytest.mark.parametrize(
    ("text", "locale", "rest"),
    [
        ("call the bank in 2 minutes", "en", "call the bank"),
        ("in 2 minutes to call the bank", "en", "to call the bank"),
        ("renew the passport by Friday", "en", "renew the passport"),
        ("buy milk, tomorrow at 9.", "en", "buy milk."),
        ("call Anna at 9, tomorrow, about the flat", "en", "call Anna, about the flat"),
        ("tomorrow to book the table for Friday", "en", "to book the table for Friday"),
        ("prepare the Friday meeting by Thursday", "en", "prepare the Friday meeting"),
        ("tomorrow to call the bank at 5pm", "en", "to call the bank"),
        ("bis Freitag Pass verlängern", "de", "Pass verlängern"),
        ("Steuer bis zum 15.12. abgeben", "de", "Steuer abgeben"),
        ("vendredi 4 décembre à 14h de payer", "fr", "de payer"),
        ("réserver une heure de tennis demain", "fr", "réserver une heure de tennis"),
        ("a la una comer", "es", "comer"),
    ],
)
def test_the_rest_of_the_text_is_the_title(text: str, locale: str, rest: str) -> None:
    found = find(text, NOW, "UTC", locale)
    assert found is not None
    assert found.rest == rest


def test_a_day_and_its_hour_may_stand_apart() -> None:
    assert _told("tomorrow to call the bank at 5pm", "en") == "2026-11-24 17:00"


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("buy 2 apples", "en"),
        ("May I ask", "en"),
        ("march with the others", "en"),
        ("read 1984", "en"),
        ("at 1984", "en"),
        ("reduce it by 5 percent", "en"),
        ("tickets for the evening show", "en"),
        ("meet at a cafe", "en"),
        ("die Bank", "de"),
        ("um zwei Wochen verschieben", "de"),
        ("la tarde", "es"),
        ("le soir", "en"),
        ("in 9999 years", "en"),
        ("", "en"),
    ],
)
def test_what_is_no_time_is_left_alone(text: str, locale: str) -> None:
    assert find(text, NOW, "UTC", locale) is None


def test_an_hour_that_has_passed_today_stays_there_when_today_was_said() -> None:
    assert _told("today at 9am", "en") == "2026-11-23 09:00"


def test_a_part_of_the_day_under_way_is_meant_soon() -> None:
    late = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    assert _told("tonight", "en", late) == "2026-11-23 21:30"


def test_months_and_days_are_read_in_the_order_of_the_place() -> None:
    assert _told("on 12/03", "en-US") == "2026-12-03"
    assert _told("on 12/03", "en-GB") == "2027-03-12"


def test_hours_are_those_of_the_zone() -> None:
    found = find("tomorrow at 9", NOW, "Asia/Tokyo", "en")
    assert found is not None
    assert found.at == datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Asia/Tokyo"))


def test_a_delay_crosses_the_change_of_clocks_in_real_time() -> None:
    before = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    assert _told("in 2 hours", "de", before, "Europe/Berlin") is None
    assert _told("in 2 Stunden", "de", before, "Europe/Berlin") == "2026-03-29 03:30"


def test_an_hour_that_the_change_of_clocks_skips_moves_on() -> None:
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert _told("morgen um 2:30 Uhr", "de", before, "Europe/Berlin") == "2026-03-29 03:30"


def test_a_day_later_is_the_same_hour_across_the_change_of_clocks() -> None:
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    found = find("in 1 Tag", before, "Europe/Berlin", "de")
    assert found is not None
    assert f"{found.at:%d %H:%M}" == "29 13:00"


def test_the_last_day_of_a_month_is_kept_within_shorter_ones() -> None:
    assert _told("in 1 month", "en", datetime(2027, 1, 31, 8, tzinfo=UTC)) == "2027-02-28"


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("2026-12-01T09:00", "en", "2026-12-01 09:00"),
        ("2026-12-01T09:00:00Z", "de", "2026-12-01 10:00"),
        ("2026-12-01", "de", "2026-12-01"),
        ("in 20 minutes", "de", "2026-11-23 15:50"),
        ("in 20 Minuten", "de", "2026-11-23 15:50"),
        ("tomorrow at 9", "it", "2026-11-24 09:00"),
    ],
)
def test_a_model_may_pass_iso_or_words(text: str, locale: str, told: str) -> None:
    found = moment(text, NOW, "Europe/Rome", locale)
    assert found is not None
    assert f"{found.at:%Y-%m-%d %H:%M}".startswith(told if found.timed else f"{told} 09:00")


@pytest.mark.parametrize("text", ["blorp", "10", "", "call Bob tomorrow", "domani alle 9"])
def test_what_is_not_all_time_is_no_moment(text: str) -> None:
    assert moment(text, NOW, "UTC", "it") is None


def test_repetition_is_noticed_and_can_be_left_out() -> None:
    assert repeats("every Monday to run")
    assert repeats("jeden Tag um 9", "de")
    assert repeats("tous les lundis", "fr")
    assert repeats("cada semana", "es")
    assert not repeats("on Monday")
    assert once("every day to run") == "to run"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "text",
    ["31.12.9999", "9999-12-31 23:59", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00"],
)
def test_a_day_that_some_zone_lacks_is_no_time(text: str, zone: str) -> None:
    for told in (find(f"call by {text}", NOW, zone, "de"), moment(text, NOW, zone, "de")):
        assert told is None or 1 < told.at.year < 9999


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Mars/Olympus").key == "UTC"
    assert zone_of("../etc/passwd").key == "UTC"
    assert zone_of("").key == "UTC"


@given(st.text(max_size=60), st.sampled_from(sorted(DATE_WORDS)))
def test_any_text_is_read_without_a_fault(text: str, locale: str) -> None:
    found = find(text, NOW, "Europe/Paris", locale)
    assert found is None or found.at.tzinfo is not None
