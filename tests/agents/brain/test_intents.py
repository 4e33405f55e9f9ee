"""What people say and what they mean by it, in four languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.brain.intents import KINDS, Intent, introduced, several, understand, understand_all
from agents.brain.phrases import PHRASES


@pytest.mark.parametrize(
    ("line", "kind", "which", "text"),
    [
        ("hello", "greet", "", ""),
        ("Good morning!", "greet", "", ""),
        ("/start", "greet", "", ""),
        ("thanks", "thanks", "", ""),
        ("ok, thank you very much", "thanks", "", ""),
        ("bye", "bye", "", ""),
        ("what can you do", "help", "", ""),
        ("Hi, what can you do?", "help", "", ""),
        ("/help", "help", "", ""),
        ("what time is it", "clock", "", ""),
        ("What's the date today?", "clock", "", ""),
        ("what's on my list", "list", "", ""),
        ("What\u2019s on my list?", "list", "", ""),
        ("what do I have to do today?", "list", "", ""),
        ("list my tasks", "list", "", ""),
        ("/tasks", "list", "", ""),
        ("what are my reminders", "reminders", "", ""),
        ("what have I done today", "done_list", "", ""),
        ("send me my list", "send_list", "", ""),
        ("send my list as a file too", "send_list", "", ""),
        ("add a task: renew the passport by Friday", "add", "", "renew the passport by Friday"),
        ("Add milk to my list", "add", "", "milk"),
        ("remember to water the plants", "add", "", "water the plants"),
        ("todo: Café with Zoë", "add", "", "Café with Zoë"),
        ("remind me in 2 minutes to call Bob", "remind", "", "in 2 minutes to call Bob"),
        ("Could you please remind me to call Bob?", "remind", "", "to call Bob"),
        ("set a timer for 5 minutes", "remind", "", "for 5 minutes"),
        ("wake me at 7", "remind", "", "at 7"),
        ("in 10 minutes remind me to stretch", "remind", "", "in 10 minutes to stretch"),
        ("tomorrow at 9, remind me to run", "remind", "", "tomorrow at 9 to run"),
        ("what's due today?", "list", "", ""),
        ("show tasks", "list", "", ""),
        ("save this as a note: the code is 5", "note", "", "the code is 5"),
        ("make 1 due Friday", "move", "1", "Friday"),
        ("done", "finish", "", ""),
        ("cancel reminder 2", "cancel_reminder", "2", ""),
        ("done with 1", "finish", "1", ""),
        ("I'm done with the passport", "finish", "the passport", ""),
        ("I finished the report", "finish", "the report", ""),
        ("mark 3 as done", "finish", "3", ""),
        ("3 is done", "finish", "3", ""),
        ("cancel 2", "cancel", "2", ""),
        ("delete 2 please", "cancel", "2", ""),
        ("remove milk from my list", "cancel", "milk", ""),
        ("cancel the reminder", "cancel_reminder", "", ""),
        ("delete my reminder about the bank", "cancel_reminder", "the bank", ""),
        ("clear my list", "clear", "", ""),
        ("delete everything", "clear", "", ""),
        ("yes, clear my list", "confirm_clear", "", ""),
        ("rename 1 to buy oat milk", "rename", "1", "buy oat milk"),
        ("move 1 to Monday", "move", "1", "Monday"),
        ("postpone the dentist by 3 days", "move", "the dentist", "3 days"),
        ("write that down as a note and send it to me", "note_that", "", ""),
        ("can you write that down", "note_that", "", ""),
        ("note: the wifi is 1234", "note", "", "the wifi is 1234"),
        ("take a note that Bob called", "note", "", "Bob called"),
        ("my notes", "notes", "", ""),
        ("send me the note groceries", "send_note", "groceries", ""),
        ("yes", "yes", "", ""),
        ("never mind", "no", "", ""),
        ("buy milk", "unknown", "", "buy milk"),
        ("tell me a joke", "unknown", "", "tell me a joke"),
        ("how are you?", "mood", "", ""),
        ("I need to call the dentist tomorrow", "add", "", "call the dentist tomorrow"),
        ("don't forget to book flights", "add", "", "book flights"),
        ("cancel the bank reminder", "cancel_reminder", "bank", ""),
        ("send me the wifi note", "send_note", "wifi", ""),
        ("at 5pm tell me to go home", "remind", "", "at 5pm go home"),
        ("pls remind me at 5 to eat", "remind", "", "at 5 to eat"),
        ("Ann: remind me at 5 to eat", "remind", "", "at 5 to eat"),
        ("(Correction of an earlier message) done with 2", "finish", "2", ""),
        ("add milk to my to do list", "add", "", "milk"),
        ("add task", "add", "", ""),
        ("note:", "note", "", ""),
        ("remind me", "remind", "", ""),
        ("snooze 10 minutes", "again", "", "10 minutes"),
        ("remind me again in an hour", "again", "", "in an hour"),
        ("remind me again to call Bob", "remind", "", "again to call Bob"),
        ("Ann: so be it", "unknown", "", "Ann: so be it"),
    ],
)
def test_english(line: str, kind: str, which: str, text: str) -> None:
    told = understand(line, "en-GB")
    assert (told.kind, told.which, told.text, told.locale) == (kind, which, text, "en-GB")


@pytest.mark.parametrize(
    ("line", "kind", "which", "text"),
    [
        ("Hallo", "greet", "", ""),
        ("vielen Dank", "thanks", "", ""),
        ("was kannst du?", "help", "", ""),
        ("wie spät ist es?", "clock", "", ""),
        ("was steht auf meiner Liste?", "list", "", ""),
        ("was muss ich heute tun?", "list", "", ""),
        ("meine Erinnerungen", "reminders", "", ""),
        ("schick mir meine Liste", "send_list", "", ""),
        ("neue Aufgabe: Pass verlängern bis Freitag", "add", "", "Pass verlängern bis Freitag"),
        ("Aufgabe: Milch kaufen", "add", "", "Milch kaufen"),
        ("füge eine Aufgabe hinzu: Brot", "add", "", "Brot"),
        ("setz Milch auf meine Liste", "add", "", "Milch"),
        ("erinnere mich in 10 Minuten an die Bank", "remind", "", "in 10 Minuten an die Bank"),
        ("kannst du mich morgen an Bob erinnern", "remind", "", "morgen an Bob"),
        ("kannst du mich in 5 Minuten erinnern, zu essen?", "remind", "", "in 5 Minuten zu essen"),
        ("in 5 Minuten erinnere mich an Tee", "remind", "", "in 5 Minuten an Tee"),
        ("füge Milch hinzu", "add", "", "Milch"),
        ("Füge Eier zur Liste hinzu", "add", "", "Eier"),
        ("Setz Brot auf die Einkaufsliste", "add", "", "Brot"),
        ("Ich muss morgen Bob anrufen", "add", "", "morgen Bob anrufen"),
        ("Vergiss nicht, die Flüge zu buchen", "add", "", "die Flüge zu buchen"),
        ("kannst du mich bitte um 5 erinnern, zu essen?", "remind", "", "um 5 zu essen"),
        ("streiche die Erinnerung 3", "cancel_reminder", "3", ""),
        ("schick mir die WLAN-Notiz", "send_note", "WLAN", ""),
        ("wie geht es dir?", "mood", "", ""),
        ("erinnere mich nochmal in 5 Minuten", "again", "", "in 5 Minuten"),
        ("welche Aufgaben habe ich?", "list", "", ""),
        ("erledigt 1", "finish", "1", ""),
        ("1 ist erledigt", "finish", "1", ""),
        ("mit dem Pass fertig", "finish", "dem Pass", ""),
        ("lösche 2", "cancel", "2", ""),
        ("streiche Milch", "cancel", "Milch", ""),
        ("lösch die Erinnerung", "cancel_reminder", "", ""),
        ("lösche meine Liste", "clear", "", ""),
        ("benenne 1 in Hafermilch kaufen um", "rename", "1", "Hafermilch kaufen"),
        ("verschiebe 1 auf Montag", "move", "1", "Montag"),
        ("verschiebe 1 um 2 Tage", "move", "1", "2 Tage"),
        ("schreib das als Notiz auf und schick es mir", "note_that", "", ""),
        ("Notiz: WLAN ist 1234", "note", "", "WLAN ist 1234"),
        ("ja", "yes", "", ""),
        ("nein", "no", "", ""),
        ("Milch kaufen", "unknown", "", "Milch kaufen"),
    ],
)
def test_german(line: str, kind: str, which: str, text: str) -> None:
    told = understand(line, "de-AT")
    assert (told.kind, told.which, told.text, told.locale) == (kind, which, text, "de-AT")


@pytest.mark.parametrize(
    ("line", "kind", "which", "text"),
    [
        ("bonjour", "greet", "", ""),
        ("merci beaucoup", "thanks", "", ""),
        ("que peux-tu faire ?", "help", "", ""),
        ("quelle heure est-il ?", "clock", "", ""),
        ("qu\u2019est-ce qu\u2019il y a sur ma liste ?", "list", "", ""),
        ("ma liste", "list", "", ""),
        ("mes rappels", "reminders", "", ""),
        ("envoie-moi ma liste", "send_list", "", ""),
        ("ajoute une tâche : le passeport", "add", "", "le passeport"),
        ("ajoute du lait à ma liste", "add", "", "du lait"),
        ("rappelle-moi dans 2 minutes d'appeler Zoé", "remind", "", "dans 2 minutes d'appeler Zoé"),
        ("peux-tu me rappeler demain d'appeler Paul ?", "remind", "", "demain d'appeler Paul"),
        ("dans 10 minutes rappelle-moi le thé", "remind", "", "dans 10 minutes le thé"),
        ("quelles sont mes tâches ?", "list", "", ""),
        ("c'est fait", "finish", "", ""),
        ("fini 1", "finish", "1", ""),
        ("j'ai fini le passeport", "finish", "passeport", ""),
        ("1 est fait", "finish", "1", ""),
        ("annule 2", "cancel", "2", ""),
        ("supprime le lait", "cancel", "le lait", ""),
        ("annule le rappel", "cancel_reminder", "", ""),
        ("vide ma liste", "clear", "", ""),
        ("renomme 1 en acheter du pain", "rename", "1", "acheter du pain"),
        ("reporte 1 à lundi", "move", "1", "lundi"),
        ("reporte 1 de 2 jours", "move", "1", "2 jours"),
        ("écris ça dans une note et envoie-la-moi", "note_that", "", ""),
        ("note : le wifi est 1234", "note", "", "le wifi est 1234"),
        ("ajoute du pain à ma liste de courses", "add", "", "du pain"),
        ("je dois appeler le dentiste demain", "add", "", "appeler le dentiste demain"),
        ("n\u2019oublie pas de réserver", "add", "", "réserver"),
        ("annule le rappel 3", "cancel_reminder", "3", ""),
        ("comment ça va ?", "mood", "", ""),
        ("rappelle-moi plus tard", "again", "", ""),
        ("oui", "yes", "", ""),
        ("non merci", "no", "", ""),
        ("acheter du lait", "unknown", "", "acheter du lait"),
    ],
)
def test_french(line: str, kind: str, which: str, text: str) -> None:
    told = understand(line, "fr")
    assert (told.kind, told.which, told.text, told.locale) == (kind, which, text, "fr")


@pytest.mark.parametrize(
    ("line", "kind", "which", "text"),
    [
        ("¡Hola!", "greet", "", ""),
        ("muchas gracias", "thanks", "", ""),
        ("¿qué puedes hacer?", "help", "", ""),
        ("¿qué hora es?", "clock", "", ""),
        ("¿qué hay en mi lista?", "list", "", ""),
        ("mis recordatorios", "reminders", "", ""),
        ("envíame mi lista", "send_list", "", ""),
        ("añade una tarea: renovar el pasaporte", "add", "", "renovar el pasaporte"),
        ("añade leche a mi lista", "add", "", "leche"),
        ("recuérdame en 10 minutos llamar a Ana", "remind", "", "en 10 minutos llamar a Ana"),
        ("¿puedes recordarme mañana llamar a Ana?", "remind", "", "mañana llamar a Ana"),
        ("en 10 minutos recuérdame el té", "remind", "", "en 10 minutos el té"),
        ("¿cuáles son mis tareas?", "list", "", ""),
        ("terminé 1", "finish", "1", ""),
        ("he terminado el pasaporte", "finish", "pasaporte", ""),
        ("cancela 2", "cancel", "2", ""),
        ("borra la leche", "cancel", "la leche", ""),
        ("cancela el recordatorio", "cancel_reminder", "", ""),
        ("vacía mi lista", "clear", "", ""),
        ("renombra 1 a comprar pan", "rename", "1", "comprar pan"),
        ("mueve 1 al lunes", "move", "1", "lunes"),
        ("aplaza 1 dos días", "move", "1", "dos días"),
        ("anótalo y envíamelo", "note_that", "", ""),
        ("nota: el wifi es 1234", "note", "", "el wifi es 1234"),
        ("añade pan a mi lista de la compra", "add", "", "pan"),
        ("tengo que llamar al dentista", "add", "", "llamar al dentista"),
        ("no olvides reservar los vuelos", "add", "", "reservar los vuelos"),
        ("borra el recordatorio 3", "cancel_reminder", "3", ""),
        ("¿cómo estás?", "mood", "", ""),
        ("recuérdamelo más tarde", "again", "", ""),
        ("sí", "yes", "", ""),
        ("no", "no", "", ""),
        ("comprar leche", "unknown", "", "comprar leche"),
    ],
)
def test_spanish(line: str, kind: str, which: str, text: str) -> None:
    told = understand(line, "es")
    assert (told.kind, told.which, told.text, told.locale) == (kind, which, text, "es")


def test_another_language_than_the_person_s_is_understood_and_named() -> None:
    assert understand("was steht auf meiner Liste?", "en-US").locale == "de"
    assert understand("what's on my list?", "it").kind == "list"


def test_lines_are_read_one_by_one() -> None:
    kinds = [intent.kind for intent in understand_all("hello\n\n- done with 1\n2) cancel 2")]
    assert kinds == ["greet", "finish", "cancel"]


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("Hello. What's on my list?", ["list"]),
        ("Can you remind me at 6 to eat? Thanks!", ["remind"]),
        ("Done with 1. Add a task: buy milk.", ["finish", "add"]),
        ("remind me to call Dr. Smith tomorrow", ["remind"]),
        ("add a task: buy milk. The good one.", ["add"]),
        ("note: it is done. What's on my list?", ["note"]),
        ("Thanks. Bye!", ["bye"]),
    ],
)
def test_sentences_are_read_one_by_one_when_each_is_a_request(
    message: str, kinds: list[str]
) -> None:
    assert [intent.kind for intent in understand_all(message)] == kinds


@pytest.mark.parametrize("who", ["", "Bob: "])
def test_what_is_quoted_is_not_asked_but_what_it_is_about(who: str) -> None:
    [told] = understand_all(f"{who}> Ann: call Bob\n> about the car\ndone with 1")
    assert (told.kind, told.which, told.about) == ("finish", "1", "Ann: call Bob\nabout the car")


def test_nothing_but_a_quote_is_what_is_said() -> None:
    [told] = understand_all("> done")
    assert (told.kind, told.about) == ("unknown", "")


def test_a_task_on_each_line_under_one_heading() -> None:
    told = understand_all("add tasks:\n- milk\n- bread by Friday")
    assert [intent.text for intent in told] == ["milk", "bread by Friday"]
    assert {intent.kind for intent in told} == {"add"}


def test_a_note_may_have_many_lines() -> None:
    assert understand_all("note: one\ntwo\nthree") == (
        Intent("note", "en", text="one\ntwo\nthree"),
    )


@pytest.mark.parametrize(
    ("which", "apart"),
    [
        ("1", ("1",)),
        ("1, 2 and 5", ("1", "2", "5")),
        ("1 und 2", ("1", "2")),
        ("bus 12 to zone 3", ("bus 12 to zone 3",)),
        ("milk", ("milk",)),
    ],
)
def test_numbers_in_a_row_are_told_apart(which: str, apart: tuple[str, ...]) -> None:
    assert several(which) == apart


@pytest.mark.parametrize(
    ("text", "locale", "thing"),
    [
        ("to call Bob", "en", "call Bob"),
        ("tomorrow", "en", "tomorrow"),
        ("an die Bank", "de", "Bank"),
        ("d'appeler Zoé", "fr", "appeler Zoé"),
        ("de que llame", "es", "llame"),
        (": call", "en", "call"),
    ],
)
def test_small_words_before_the_thing_are_dropped(text: str, locale: str, thing: str) -> None:
    assert introduced(text, locale).strip() == thing


def test_the_tables_hold_known_intents_only_and_all_of_them() -> None:
    for phrases in PHRASES.values():
        assert set(phrases.patterns) == KINDS - {"unknown"}


@given(st.text(max_size=80), st.sampled_from(sorted(PHRASES)))
def test_any_line_is_read_without_a_fault(line: str, locale: str) -> None:
    assert understand(line, locale).kind in KINDS


def test_a_long_line_is_read_in_time() -> None:
    assert understand("please " * 3000 + "remind", "en").kind == "unknown"
