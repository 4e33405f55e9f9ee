"""What is stored and sent for one thing said."""

from __future__ import annotations

from typing import ClassVar

from channels.base import PREVIEW_OPENING, Outgoing
from channels.events import Choice, Choices, File, Reply, Route, Text
from gateway.turns.saying import saying
from tests.gateway.doubles import PaperChannel, route

NOTE = File("note.txt", "text/plain", 3, "f1")


def test_words_files_and_choices_are_one_entry_and_the_channels_requests() -> None:
    choices = (Choice("Red", "r"),)
    said = saying(PaperChannel(), route(), "Which?", (NOTE,), choices)
    assert said.parts == (Text("Which?"), NOTE, Choices(choices))
    assert said.outgoing == (
        {"to": "1", "text": "Which?"},
        {"to": "1", "file": "note.txt", "choices": ["r"]},
    )


def test_a_channel_that_is_off_gets_nothing_and_the_log_keeps_it() -> None:
    said = saying(None, route(), "Hello")
    assert (said.parts, said.outgoing) == ((Text("Hello"),), ())


def test_a_preview_that_is_known_is_edited() -> None:
    said = saying(PaperChannel(), route(), "Hello", preview_ref="m7")
    assert (said.preview_ref, said.outgoing) == ("m7", ({"to": "1", "text": "Hello"},))


def test_a_preview_that_may_be_out_there_makes_its_reply_a_repeat() -> None:
    said = saying(PaperChannel(), route(), "Hello", (NOTE,), preview_ref=PREVIEW_OPENING)
    assert said.preview_ref == ""
    assert said.outgoing == (
        {"to": "1", "text": "Hello", "repeat": True},
        {"to": "1", "file": "note.txt"},
    )


class Telephone(PaperChannel):
    heard: ClassVar[bool] = True

    def render(self, route: Route, reply: Reply) -> list[Outgoing]:
        return [{"to": route.chat, "text": reply.text, "unspoken": reply.unspoken}]


def test_a_channel_that_is_heard_is_told_what_cannot_be_said_aloud() -> None:
    text = "See [this](https://a.example)."
    said = saying(Telephone(), route(), text)
    assert said.outgoing == ({"to": "1", "text": text, "unspoken": "[this](https://a.example)"},)
    assert said.parts == (Text(text),)
