"""What the agent is asked, made of what people sent."""

from __future__ import annotations

from dataclasses import replace

from channels.events import (
    Chosen,
    Contact,
    File,
    Location,
    Part,
    Quote,
    Sender,
    Text,
    Transcript,
)
from gateway.store.base import Given, Stored, Turn, TurnStage
from gateway.turns import question
from tests.gateway.doubles import route, sender

NOTE = File("note.txt", "text/plain", 3, "f2")


def turn(*messages: Stored) -> Turn:
    return Turn(
        id="t",
        conversation="c",
        number=1,
        stage=TurnStage.OPEN,
        context="c",
        ask_id="a",
        answers_task="",
        task="",
        person="p",
        sender=sender(),
        route=route(),
        preview_ref="",
        attempts=1,
        told=False,
        cancel=False,
        given=Given(),
        checks=0,
        started_at=0.0,
        messages=messages,
    )


def stored(*parts: Part, who: Sender | None = None, edited: bool = False) -> Stored:
    return Stored("m", who or sender(), parts, edited=edited)


def text(*parts: Part) -> str:
    return question.text(turn(stored(*parts)))


def test_messages_are_read_one_below_the_other() -> None:
    assert question.text(turn(stored(Text("a")), stored(Text("b")))) == "a\n\nb"


def test_a_quote_is_marked_as_one() -> None:
    assert text(Quote("line 1\nline 2", "Bob"), Text("yes")) == "> Bob: line 1\n> line 2\nyes"


def test_a_tapped_choice_is_its_value() -> None:
    assert text(Chosen("r", "Red", "m1")) == "r"


def test_places_and_cards_are_words() -> None:
    assert text(Location(48.2, 16.3, "Café")) == "My location: 48.2, 16.3 (Café)"
    assert text(Contact("Bob", "+43")) == "Contact: Bob +43"


def test_a_correction_says_that_it_is_one() -> None:
    corrected = stored(Text("at 5"), edited=True)
    assert question.text(turn(corrected)) == "(Correction of an earlier message) at 5"


def test_a_group_says_who_is_speaking() -> None:
    one = Stored("m", sender(), (Text("hi"),), group=True)
    assert question.text(turn(one)) == "Ann: hi"


def test_the_task_list_is_asked_for_in_the_persons_language() -> None:
    one = Stored("m", sender(locale="fr"), (), command="tasks")
    assert question.text(turn(one)) == "Qu'y a-t-il sur ma liste ?"


def test_a_file_that_could_not_be_had_is_not_passed_over() -> None:
    lost = File("plan.pdf", "application/pdf", source="x", error="too big")
    assert text(Text("see"), lost) == "see\n(A file, plan.pdf, could not be fetched.)"
    assert question.files(turn(stored(lost))) == []


def test_a_turn_of_recordings_has_nothing_to_read() -> None:
    voice = File("v.ogg", "audio/ogg", id="f1", kind="voice")
    assert question.only_recordings(turn(stored(voice)))
    assert not question.only_recordings(turn(stored(voice, Text("listen"))))
    photo = File("p.jpg", "image/jpeg", id="f2", kind="image")
    assert not question.only_recordings(turn(stored(photo)))


def test_how_the_last_message_came_is_how_the_agent_is_to_answer() -> None:
    speech, typed = stored(Transcript("hello")), stored(Text("hello"))
    assert question.modality(turn(typed, speech)) == "voice"
    assert question.modality(turn(speech, typed)) == "text"


def test_a_recording_is_not_being_on_the_line() -> None:
    voice = File("v.ogg", "audio/ogg", id="f1", kind="voice")
    assert question.modality(turn(stored(voice, Transcript("hello")))) == "text"


def test_what_was_heard_of_a_cut_reply_is_told_with_the_first_word_after_it() -> None:
    first, second = stored(Transcript("no")), stored(Transcript("stop"))
    assert question.heard(turn(first, second)) is None
    assert question.heard(turn(first, replace(second, heard=""))) == ""


def test_a_recording_that_was_heard_is_read_and_not_passed_on() -> None:
    voice = File("v.ogg", "audio/ogg", id="f1", kind="voice")
    heard = turn(stored(voice, Transcript("hello"), NOTE))
    assert question.text(heard) == "hello"
    assert question.files(heard) == [NOTE]
    assert not question.only_recordings(heard)
    assert question.files(turn(stored(voice, NOTE))) == [voice, NOTE]


def test_what_was_heard_is_shown_with_who_said_it_where_several_may_have() -> None:
    voice = File("v.ogg", "audio/ogg", id="f1", kind="voice")
    one = stored(voice, Transcript("hello"), voice, Transcript("again"))
    assert question.transcript(turn(one)) == "hello\n\nagain"
    assert question.transcript(turn(replace(one, group=True))) == "Ann: hello\n\nAnn: again"
    replied = stored(Quote("", "Bob"), voice, Transcript("hello"))
    assert question.transcript(turn(replace(replied, group=True))) == "hello"


def test_an_answer_is_spoken_as_the_person_spoke() -> None:
    def spoken_in(locale: str, *parts: Part) -> str:
        return question.language(replace(turn(stored(*parts)), sender=sender(locale=locale)))

    assert spoken_in("en", Transcript("hallo", "de")) == "de"
    assert spoken_in("de-AT", Transcript("hallo", "de")) == "de-AT"
    assert spoken_in("fr", Transcript("…")) == "fr"
    assert spoken_in("fr", Text("bonjour")) == "fr"


def test_what_was_said_on_the_line_is_not_shown_again() -> None:
    assert question.transcript(turn(stored(Transcript("hello")))) == ""
