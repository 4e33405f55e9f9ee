"""The concierge on a call: short, sure before something is lost, and with an end."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from agents.base import Ask, Caller, Document, Wish
from agents.brain.concierge import Concierge
from agents.brain.followup import rest_of
from agents.brain.intents import understand
from agents.records.base import Records
from agents.tools.numerals import in_digits
from tests.agents.brain.stage import Clock, Person

pytestmark = pytest.mark.anyio


@pytest.fixture
def cal(ann: Person) -> Person:
    """Ann, calling."""
    ann.caller = replace(ann.caller, modality="voice")
    return ann


async def _add(person: Person, *titles: str) -> None:
    for title in titles:
        await person.says(f"add {title}")


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("en", "bye"),
        ("en", "Okay, thanks, bye."),
        ("en", "No, that's all, thank you."),
        ("en", "thats all"),
        ("en", "nothing else"),
        ("en", "hang up"),
        ("de", "Danke, tsch\u00fcss!"),
        ("de", "das war's"),
        ("de", "leg auf"),
        ("fr", "Merci, au revoir."),
        ("fr", "c'est tout"),
        ("es", "Gracias, adi\u00f3s."),
        ("es", "nada m\u00e1s"),
    ],
)
async def test_a_good_bye_ends_the_call(cal: Person, locale: str, line: str) -> None:
    cal.speaking(locale)
    heard = await cal.says(line)
    assert heard.wishes == [Wish("hang_up")]
    assert heard.text


async def test_in_writing_a_good_bye_is_only_answered(ann: Person) -> None:
    heard = await ann.says("bye")
    assert (heard.text, heard.wishes) == ("Good-bye! I'll be here.", [])


async def test_a_request_before_the_good_bye_is_done(cal: Person) -> None:
    heard = await cal.says("Add a task: buy milk. Thanks, bye!")
    assert heard.text == "Added as number 1: Buy milk. Good-bye!"
    assert heard.wishes == [Wish("hang_up")]
    assert await cal.titles() == ["Buy milk"]


async def test_later_is_no_good_bye(cal: Person) -> None:
    await cal.says("remind me to call mom")
    assert (await cal.says("later")).wishes == []


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("en", "can I talk to a human please"),
        ("en", "I'd like to speak to a real person."),
        ("en", "operator"),
        ("en", "put me through to somebody"),
        ("de", "Ich m\u00f6chte mit einem Menschen sprechen."),
        ("de", "verbinden Sie mich bitte mit einem Mitarbeiter"),
        ("fr", "je voudrais parler \u00e0 quelqu'un"),
        ("es", "quiero hablar con una persona"),
    ],
)
async def test_who_wants_a_person_is_put_through(cal: Person, locale: str, line: str) -> None:
    cal.speaking(locale)
    heard = await cal.says(line)
    [wish] = heard.wishes
    assert wish.action == "transfer"
    assert heard.text


async def test_the_person_who_takes_over_is_told_what_it_was_about(cal: Person) -> None:
    cal.caller = replace(cal.caller, name="Ann")
    await cal.says("my invoice is wrong")
    [wish] = (await cal.says("talk to a human")).wishes
    assert wish.summary == "Ann: The caller said: my invoice is wrong; talk to a human."


async def test_in_writing_nobody_is_put_through(ann: Person) -> None:
    heard = await ann.says("talk to a human")
    assert heard.wishes == []
    assert "on a call" in heard.text


async def test_a_long_list_is_told_in_pages(cal: Person) -> None:
    await _add(cal, "milk", "bread", "tea", "salt", "oil", "rice", "eggs")
    assert (await cal.says("whats on my list")).text == (
        "You have 7 things on your list. The first 3: 1: Milk. 2: Bread. 3: Tea. Shall I go on?"
    )
    assert (await cal.says("yes")).text == "4: Salt. 5: Oil. 6: Rice. Shall I go on?"
    assert (await cal.says("go on")).text == "7: Eggs."
    assert (await cal.says("go on")).text == "That was all."


async def test_a_short_list_is_told_at_once(cal: Person) -> None:
    await _add(cal, "milk", "bread", "tea")
    assert "Shall I go on" not in (await cal.says("what's on my list")).text


async def test_in_writing_a_long_list_is_whole(ann: Person) -> None:
    await _add(ann, "milk", "bread", "tea", "salt")
    assert "Salt" in (await ann.says("my list")).text


async def test_who_wants_to_hear_no_more_is_left_alone(cal: Person) -> None:
    await _add(cal, "milk", "bread", "tea", "salt")
    await cal.says("my list")
    assert "Salt" not in (await cal.says("no")).text


async def test_a_list_cut_short_goes_on_with_what_was_not_heard(cal: Person) -> None:
    await _add(cal, "milk", "bread", "tea", "salt", "oil")
    await cal.says("my list")
    heard = await cal.says("go on", heard="You have 5 things on your list. The first 3: 1: Milk.")
    assert heard.text == "2: Bread. 3: Tea. 4: Salt. Shall I go on?"


@pytest.mark.parametrize(
    ("locale", "line"),
    [("en", "go on"), ("de", "weiter"), ("fr", "continue"), ("es", "sigue")],
)
async def test_a_reply_cut_short_goes_on_from_its_sentence(
    cal: Person, locale: str, line: str
) -> None:
    cal.speaking(locale)
    whole = (
        await cal.says({"en": "help", "de": "hilfe", "fr": "aide", "es": "ayuda"}[locale])
    ).text
    first = whole.split(". ")[0] + "."
    heard = await cal.says(line, heard=" ".join(whole.split()[: len(first.split()) + 2]))
    assert whole.endswith(heard.text)
    assert first + " " + heard.text == whole


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("en", "what did you say?"),
        ("en", "say that again"),
        ("de", "wie bitte?"),
        ("fr", "r\u00e9p\u00e8te"),
        ("es", "\u00bfpuedes repetir?"),
    ],
)
async def test_the_last_reply_is_repeated(cal: Person, locale: str, line: str) -> None:
    cal.speaking(locale)
    said = (await cal.says({"en": "hi", "de": "hallo", "fr": "salut", "es": "hola"}[locale])).text
    assert (await cal.says(line)).text == said


async def test_there_is_nothing_to_repeat_at_first(cal: Person) -> None:
    assert "haven't said anything" in (await cal.says("repeat that")).text
    assert "haven't said anything" in (await Person(cal.brain, cal.records).says("go on")).text


@pytest.mark.parametrize(
    ("locale", "line", "yes"),
    [
        ("en", "delete task one", "yes"),
        ("en", "cancel 1", "Yes, please."),
        ("de", "l\u00f6sche Aufgabe eins", "ja"),
        ("fr", "supprime la t\u00e2che un", "oui"),
        ("es", "borra la tarea uno", "s\u00ed"),
    ],
)
async def test_a_caller_is_asked_before_something_is_lost(
    cal: Person, locale: str, line: str, yes: str
) -> None:
    await _add(cal, "milk", "bread")
    cal.speaking(locale)
    asked = await cal.says(line)
    assert asked.question
    assert "Milk" in asked.question.text
    assert len(asked.question.choices) == 2
    assert await cal.titles() == ["Milk", "Bread"]
    await cal.says(yes)
    assert await cal.titles() == ["Bread"]


async def test_a_no_keeps_it(cal: Person) -> None:
    await _add(cal, "milk")
    await cal.says("delete milk")
    assert (await cal.says("no")).text == "All right, nothing was changed."
    assert await cal.titles() == ["Milk"]


async def test_who_said_which_is_not_asked_again(cal: Person) -> None:
    await _add(cal, "buy oat milk", "buy cow milk")
    assert (await cal.says("delete milk")).question
    await cal.says("two")
    assert await cal.titles() == ["Buy oat milk"]


async def test_in_writing_one_thing_is_cancelled_at_once(ann: Person) -> None:
    await _add(ann, "milk")
    await ann.says("delete 1")
    assert await ann.titles() == []


async def test_a_reminder_is_cancelled_once_the_caller_is_sure(cal: Person) -> None:
    await cal.says("remind me in five minutes to call mom")
    assert (await cal.says("cancel the reminder")).question
    assert (await cal.says("yes")).text == "The reminder is canceled: Call mom."
    assert await cal.titles() == []


@pytest.mark.parametrize("modality", ["text", "voice"])
async def test_everything_is_done_only_when_one_is_sure(ann: Person, modality: str) -> None:
    ann.caller = replace(ann.caller, modality="voice" if modality == "voice" else "text")
    await _add(ann, "milk", "bread")
    assert (await ann.says("complete all")).question
    assert len(await ann.titles()) == 2
    assert "all 2" in (await ann.says("yes")).text
    assert await ann.titles() == []


@pytest.mark.parametrize(
    ("line", "kind", "which", "text"),
    [
        ("whats on my list", "list", "", ""),
        ("what is on my list", "list", "", ""),
        ("add buy milk", "add", "", "buy milk"),
        ("dont let me forget the keys", "remind", "", "the keys"),
        ("im done with the report", "finish", "the report", ""),
        ("id like to add a task buy milk", "add", "", "buy milk"),
        ("lets add buy milk", "add", "", "buy milk"),
        ("remind me in five minutes to call mom", "remind", "", "in five minutes to call mom"),
        ("delete task one", "cancel", "task one", ""),
        ("mark task two as done", "finish", "task two", ""),
        ("whats the time", "clock", "", ""),
    ],
)
def test_words_without_punctuation_are_understood(
    line: str, kind: str, which: str, text: str
) -> None:
    told = understand(line, "en")
    assert (told.kind, told.which, told.text) == (kind, which, text)


def test_french_without_its_marks_is_understood() -> None:
    assert understand("cest fini", "fr").kind == "finish"
    assert understand("ajoute une t\u00e2che dentiste", "fr").text == "dentiste"


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("in five minutes", 5),
        ("in twenty five minutes", 25),
        ("in thirteen minutes", 13),
        ("in forty-five minutes", 45),
    ],
)
async def test_times_in_words_are_understood(cal: Person, told: str, number: int) -> None:
    heard = await cal.says(f"remind me {told} to call mom")
    assert f"in {number} minutes" in heard.text


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("de", "erinnere mich in f\u00fcnfundzwanzig Minuten an den Kuchen"),
        ("fr", "rappelle-moi dans vingt-cinq minutes de sortir le g\u00e2teau"),
        ("es", "recu\u00e9rdame en veinticinco minutos sacar el pastel"),
    ],
)
async def test_times_in_words_are_understood_in_every_language(
    cal: Person, locale: str, line: str
) -> None:
    cal.speaking(locale)
    assert " 25 " in (await cal.says(line)).text


@pytest.mark.parametrize(
    ("which", "digits"),
    [
        ("task one", "task 1"),
        ("number two and three", "number 2 and 3"),
        ("die Aufgabe zw\u00f6lf", "die aufgabe 12"),
        ("one more coffee", "one more coffee"),
        ("milk", "milk"),
    ],
)
def test_numbers_in_words_are_numbers_unless_there_is_more(which: str, digits: str) -> None:
    assert in_digits(which) == digits


async def test_several_are_done_by_numbers_in_words(cal: Person) -> None:
    await _add(cal, "milk", "bread", "tea")
    await cal.says("done with one and three")
    assert await cal.titles() == ["Bread"]


def test_what_was_not_heard_begins_with_the_sentence_that_was_cut() -> None:
    reply = "One, two. Three four five. Six."
    assert rest_of(reply, "") == reply
    assert rest_of(reply, "one two") == "Three four five. Six."
    assert rest_of(reply, "One, two. Three") == "Three four five. Six."
    assert rest_of(reply, reply) == ""


@pytest.mark.parametrize(
    ("modality", "line", "acts"),
    [
        ("voice", "what's on my list", "looks"),
        ("voice", "add milk", "acts"),
        ("voice", "delete 1", "looks"),
        ("text", "delete 1", "acts"),
        ("voice", "bye", "acts"),
        ("text", "bye", "looks"),
        ("voice", "talk to a human", "acts"),
        ("voice", "note: x", "acts"),
        ("voice", "send me my list", "acts"),
        ("voice", "clear my list", "looks"),
        ("voice", "hello. add milk", "acts"),
        ("voice", "gibberish", "looks"),
    ],
)
async def test_only_what_acts_waits_for_the_words_to_be_final(
    records: Records, clock: Clock, modality: Literal["text", "voice"], line: str, acts: str
) -> None:
    caller = Caller("ann", modality=modality)
    ask = Ask(line, "c", "t", caller)
    assert Concierge(records, clock).acts(ask) is (acts == "acts")


@pytest.fixture
def phoning(cal: Person) -> Person:
    cal.caller = replace(cal.caller, channel="phone")
    return cal


async def test_a_telephone_is_not_promised_a_file(phoning: Person) -> None:
    kept = await phoning.says("note: the wifi code is 1234")
    assert (kept.text, kept.files) == ("Written down as the wifi code is 1234.", [])
    read = await phoning.says("send me the wifi note")
    assert (read.text, read.files) == ("the wifi code is 1234: the wifi code is 1234", [])
    await _add(phoning, "milk")
    listed = await phoning.says("send me my list")
    assert (listed.text, listed.files) == ("You have one thing on your list. 1: Milk.", [])


async def test_what_can_neither_be_read_nor_sent_is_said_to_be_kept(phoning: Person) -> None:
    phoning.caller = replace(phoning.caller, channel="web", modality="text")
    await phoning.says("", Document("plan.pdf", "application/pdf", b"%PDF"))
    phoning.caller = replace(phoning.caller, channel="phone", modality="voice")
    told = await phoning.says("send me the file plan")
    assert told.text == (
        "I keep plan for you, but it can neither be read aloud nor sent to a telephone."
    )
    assert told.files == []


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es"])
async def test_in_a_browser_the_file_is_sent_as_ever(cal: Person, locale: str) -> None:
    cal.speaking(locale)
    cal.caller = replace(cal.caller, channel="web")
    assert [f.name for f in (await cal.says("note: buy milk")).files] == ["buy-milk.md"]


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es"])
async def test_who_is_not_understood_twice_is_told_what_to_say(cal: Person, locale: str) -> None:
    cal.speaking(locale)
    told = [(await cal.says(f"my invoice is {word}")).text for word in ("wrong", "odd", "late")]
    assert told[0] == told[2] != told[1]
    example = told[1].split(":")[1].split(".")[0].strip()
    assert understand(example, locale).kind == "remind"
