from __future__ import annotations

import json

import pytest

from channels.events import Choice, File, Reply, Route
from channels.telegram import utf16
from channels.telegram.buttons import read_button
from channels.telegram.render import render, repeated
from channels.telegram.simulator.formatting import visible
from prompts import languages, sentence

DIRECT = Route("telegram", "42", "7")
GROUP = Route("telegram", "42", "-100", thread="9", reply_to="5")


def test_a_short_reply_is_one_message_with_a_plain_form() -> None:
    assert render(DIRECT, Reply("**Hi** & bye")) == [
        {
            "method": "sendMessage",
            "fields": {"text": "<b>Hi</b> &amp; bye", "parse_mode": "HTML", "chat_id": 7},
            "plain": "Hi & bye",
            "locale": "",
        }
    ]


def test_a_request_survives_being_stored_as_json() -> None:
    reply = Reply("x", (File("a.pdf", "application/pdf", 5, id="f"),), (Choice("a", "b"),), "m")
    for outgoing in render(GROUP, reply):
        assert json.loads(json.dumps(outgoing)) == outgoing


def test_a_long_reply_is_several_messages_each_within_the_limit() -> None:
    sent = render(GROUP, Reply("word 😀 " * 3000, choices=(Choice("Yes", "y"),), id="m"))
    assert len(sent) > 4
    assert all(utf16.length(visible(o["fields"]["text"])) <= 4096 for o in sent)
    assert all(o["fields"]["message_thread_id"] == 9 for o in sent)
    # The first quotes, the last asks.
    assert [("reply_parameters" in o["fields"]) for o in sent] == [True] + [False] * (len(sent) - 1)
    assert "reply_markup" in sent[-1]["fields"]


def test_choices_without_words_get_some() -> None:
    (outgoing,) = render(DIRECT, Reply(choices=(Choice("Ja", "y"),), id="m", locale="de-AT"))
    assert outgoing["plain"] == "Bitte wähle:"


def test_a_button_carries_any_value_in_64_bytes() -> None:
    choices = (Choice("Yes", "y"), Choice("Long " * 30, "v" * 200), Choice("Ünï", "é" * 40))
    (outgoing,) = render(DIRECT, Reply("?", choices=choices, id="0" * 36))
    buttons = [b for row in outgoing["fields"]["reply_markup"]["inline_keyboard"] for b in row]
    assert all(len(button["callback_data"].encode()) <= 64 for button in buttons)
    assert all(0 < len(button["text"]) <= 64 for button in buttons)
    read = [read_button(b["callback_data"], b["text"]) for b in buttons]
    assert read == [("y", "0" * 36), (choices[1].label[:64], "0" * 36), ("Ünï", "0" * 36)]


def test_a_value_may_hold_the_signs_we_part_with() -> None:
    (outgoing,) = render(DIRECT, Reply("?", choices=(Choice("x", "a=b#c"),), id="m"))
    data = outgoing["fields"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    assert read_button(data, "x") == ("a=b#c", "m")


def test_short_answers_stand_side_by_side() -> None:
    choices = tuple(Choice(label, label) for label in ("Yes", "No", "Later", "Never"))
    (outgoing,) = render(DIRECT, Reply("?", choices=choices, id="m"))
    rows = outgoing["fields"]["reply_markup"]["inline_keyboard"]
    assert [len(row) for row in rows] == [3, 1]


@pytest.mark.parametrize(
    ("file", "method"),
    [
        (File("a.jpg", "image/jpeg", 5, id="f", kind="image"), "sendPhoto"),
        (File("a.jpg", "image/jpeg", 11_000_000, id="f", kind="image"), "sendDocument"),
        (File("a.svg", "image/svg+xml", 5, id="f", kind="image"), "sendDocument"),
        (File("a.ogg", "audio/ogg", 5, id="f", kind="voice"), "sendVoice"),
        (File("a.mp3", "audio/mpeg", 5, id="f", kind="audio"), "sendAudio"),
        (File("a.pdf", "application/pdf", 5, id="f"), "sendDocument"),
    ],
)
def test_files_go_by_the_method_that_shows_them_best(file: File, method: str) -> None:
    (outgoing,) = render(DIRECT, Reply(files=(file,)))
    assert outgoing["method"] == method
    assert outgoing["file"]["id"] == "f"


def test_a_few_words_are_the_files_caption_where_no_preview_was_left() -> None:
    reply = Reply("Here *it* is", (File("a.pdf", "application/pdf", 5, id="f"),))
    (outgoing,) = render(DIRECT, reply)
    assert outgoing["fields"]["caption"] == "Here <i>it</i> is"
    assert [o["method"] for o in render(GROUP, reply)] == ["sendMessage", "sendDocument"]
    long = Reply("word " * 300, reply.files)
    assert [o["method"] for o in render(DIRECT, long)] == ["sendMessage", "sendDocument"]


def test_a_file_telegram_does_not_carry_is_told_of() -> None:
    big = File("film.mp4", "video/mp4", 60_000_000, id="f")
    broken = File("a.pdf", "application/pdf", error="gone")
    (outgoing,) = render(DIRECT, Reply("Done.", (big, broken)))
    assert "film.mp4" in outgoing["plain"]
    assert "gone" in outgoing["plain"]


@pytest.mark.parametrize("language", languages())
def test_a_repeat_says_so_once_and_stays_within_the_limit(language: str) -> None:
    note = sentence("telegram", "repeat", language)
    for outgoing in render(DIRECT, Reply("x" * 9000, locale=language)):
        again = repeated(outgoing)
        assert visible(again["fields"]["text"]).startswith(note)
        assert again["plain"].startswith(note)
        assert utf16.length(visible(again["fields"]["text"])) <= 4096
        assert repeated(again) == again


def test_a_repeated_file_says_so_in_its_caption() -> None:
    (outgoing,) = render(DIRECT, Reply(files=(File("a.pdf", "application/pdf", 5, id="f"),)))
    assert "already" in repeated(outgoing)["fields"]["caption"]


def test_nothing_to_say_is_no_request() -> None:
    assert render(GROUP, Reply("  ")) == []


def test_what_was_heard_stands_above_the_answer_marked_as_a_machines_work() -> None:
    (outgoing,) = render(
        DIRECT, Reply("Two **things**.", quote="what's *on* my <list>", locale="en")
    )
    assert outgoing["fields"]["text"] == (
        "<blockquote><i>🎙 As I heard it:</i> what's *on* my &lt;list&gt;</blockquote>\n\n"
        "Two <b>things</b>."
    )
    assert outgoing["plain"] == "🎙 As I heard it: what's *on* my <list>\n\nTwo things."


def test_a_long_transcript_is_folded_and_the_longest_are_cut() -> None:
    (folded,) = render(DIRECT, Reply("Fine.", quote="word " * 100))
    assert folded["fields"]["text"].startswith("<blockquote expandable><i>")
    (cut, *_) = render(DIRECT, Reply("Fine.", quote="word " * 3000))
    assert "word…</blockquote>\n\nFine." in cut["fields"]["text"]
    assert utf16.length(visible(cut["fields"]["text"])) <= 4096


@pytest.mark.parametrize("language", languages())
def test_every_language_says_that_a_machine_listened(language: str) -> None:
    (outgoing,) = render(DIRECT, Reply("x", quote="y", locale=language))
    assert outgoing["plain"].startswith("🎙 ")


def test_a_spoken_answer_carries_its_words_and_what_was_heard() -> None:
    voice = File("answer.ogg", "audio/ogg", 5, id="f", kind="voice")
    (outgoing,) = render(DIRECT, Reply("Two things.", (voice,), quote="what's on my list"))
    assert outgoing["method"] == "sendVoice"
    assert visible(outgoing["fields"]["caption"]).endswith("what's on my list\n\nTwo things.")


def test_words_too_many_for_a_caption_go_before_the_spoken_answer() -> None:
    voice = File("answer.ogg", "audio/ogg", 5, id="f", kind="voice")
    sent = render(DIRECT, Reply("word " * 300, (voice,)))
    assert [outgoing["method"] for outgoing in sent] == ["sendMessage", "sendVoice"]
