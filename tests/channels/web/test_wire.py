"""Frames in and out, without a socket."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.events import (
    Address,
    Amended,
    Choice,
    Choices,
    Chosen,
    Contact,
    Entry,
    File,
    Location,
    Part,
    Quote,
    Route,
    Sender,
    Text,
    Transcript,
)
from channels.web import wire
from prompts import languages, sentence

ME = Sender(Address("web", "me"))
ROUTE = Route("web", "site", "me")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ID = "0f8fad5b-d9cb-469f-a165-70867728950e"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
kinds = st.sampled_from(["hello", "message", "choice", "cancel", "voice", "ping", "other"])
fields = ("id", "text", "files", "token", "after", "message", "value", "on")


@given(st.text() | values.map(json.dumps))
def test_any_text_is_read_or_turned_down(text: str) -> None:
    with suppress(wire.BadFrame):
        assert isinstance(wire.read(text), get_args(wire.Fact))


@given(kinds, st.fixed_dictionaries({}, optional=dict.fromkeys(fields, values | st.just(ID))))
def test_any_object_is_read_or_turned_down(kind: str, frame: dict[str, Any]) -> None:
    try:
        fact = wire.read(json.dumps({**frame, "type": kind}))
    except wire.BadFrame as bad:
        for language in languages():
            sentence("web", bad.code, language, detail=bad.detail)
        return
    if isinstance(fact, wire.Say):
        said = wire.said(fact, ME, ROUTE, (), NOW)
        assert said.event == f"web:me:{fact.id.lower()}"
        assert "\0" not in fact.text


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
        lambda it: it.replace("\0", "").strip()
    )
)
def test_words_arrive_as_typed(text: str) -> None:
    fact = wire.read(json.dumps({"type": "message", "id": ID, "text": text}))
    assert isinstance(fact, wire.Say)
    assert fact.text == text.replace("\0", "")


@pytest.mark.parametrize(
    ("frame", "fact"),
    [
        ({"type": "hello", "token": "t"}, wire.Hello("t", 0)),
        ({"type": "hello", "token": "t", "after": 7, "new": 1}, wire.Hello("t", 7)),
        ({"type": "message", "id": ID, "text": "a", "files": None}, wire.Say(ID, "a")),
        ({"type": "message", "id": ID, "files": ["f"]}, wire.Say(ID, "", ("f",))),
        ({"type": "choice", "id": ID, "message": "m", "value": "v"}, wire.Choose(ID, "m", "v")),
        ({"type": "cancel"}, wire.Cancel()),
        ({"type": "voice", "on": True}, wire.Voice(on=True)),
        ({"type": "ping"}, wire.Ping()),
    ],
)
def test_every_client_frame_becomes_a_fact(frame: wire.Frame, fact: wire.Fact) -> None:
    assert wire.read(json.dumps(frame)) == fact


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "hello"},
        {"type": "hello", "token": ""},
        {"type": "hello", "token": "t", "after": -1},
        {"type": "hello", "token": "t", "after": True},
        {"type": "hello", "token": "t", "after": 1.5},
        {"type": "hello", "token": "t" * 9000},
        {"type": "message", "text": "no id"},
        {"type": "message", "id": "not-a-uuid", "text": "a"},
        {"type": "message", "id": ID, "text": ["a"]},
        {"type": "message", "id": ID, "text": "\ud800"},
        {"type": "message", "id": ID, "text": "a", "files": "f"},
        {"type": "message", "id": ID, "text": "a", "files": ["f"] * 11},
        {"type": "message", "id": ID, "text": "a", "files": ["../../etc"]},
        {"type": "choice", "id": ID, "value": "v"},
        {"type": "choice", "id": ID, "message": "m", "value": ""},
        {"type": "voice", "on": "yes"},
    ],
)
def test_a_field_that_does_not_fit_is_named(frame: wire.Frame) -> None:
    with pytest.raises(wire.BadFrame) as bad:
        wire.read(json.dumps(frame))
    assert bad.value.code == "bad_frame"
    assert bad.value.detail


def test_nul_is_dropped_wherever_it_is() -> None:
    frame = {"type": "choice", "id": ID, "message": "m\0", "value": "\0v"}
    assert wire.read(json.dumps(frame)) == wire.Choose(ID, "m", "v")
    with pytest.raises(wire.BadFrame):
        wire.read(json.dumps({**frame, "value": "\0"}))


def test_a_bad_frame_is_answered_under_its_own_id() -> None:
    with pytest.raises(wire.BadFrame) as bad:
        wire.read(json.dumps({"type": "message", "id": ID, "text": 1}))
    assert bad.value.id == ID


def test_deep_nesting_and_huge_numbers_are_turned_down() -> None:
    for text in ("[" * 30_000, '{"type":"hello","token":"t","after":' + "9" * 5_000 + "}"):
        with pytest.raises(wire.BadFrame):
            wire.read(text)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (Text("a"), "text"),
        (File("a", "text/plain", 1, "f"), "file"),
        (Choices((Choice("A", "a"),)), "choices"),
        (Chosen("a", "A", "m"), "chosen"),
        (Location(48.2, 16.37), "location"),
        (Contact("Ann", "+43"), "contact"),
        (Quote("as said", "Ann"), "quote"),
    ],
)
def test_every_part_has_a_kind_and_something_to_fall_back_on(part: Part, kind: str) -> None:
    shown = wire.part(part)
    assert shown["kind"] == kind
    assert kind in ("file", "choices") or shown["text"]
    json.dumps(shown)


def test_what_a_machine_wrote_down_is_told_from_what_was_typed() -> None:
    typed, spoken = wire.part(Text("tea")), wire.part(Transcript("tea", "en"))
    assert typed == {"kind": "text", "text": "tea"}
    assert spoken == typed | {"spoken": True}


def test_an_entry_is_amended_by_its_id() -> None:
    note = File("voice.ogg", "audio/ogg", 9, "f1", kind="voice")
    frame = wire.live(Amended("m7", (note, Transcript("tea"))), ME)
    assert (frame["type"], frame["id"]) == ("amended", "m7")
    assert [part["kind"] for part in frame["parts"]] == ["file", "text"]


def test_a_reader_sees_its_own_ids_and_nobody_elses() -> None:
    mine = Entry(1, "m", "user", (), NOW, client_id=f"web:me:{ID}")
    assert wire.live(mine, ME)["client_id"] == ID
    for other in ("web:you:1", "12345", ""):
        entry = Entry(1, "m", "user", (), NOW, client_id=other)
        assert "client_id" not in wire.live(entry, ME)


def test_times_are_utc() -> None:
    vienna = NOW.astimezone(timezone(timedelta(hours=1)))
    assert wire.moment(vienna) == "2026-01-02T03:04:05.000Z"


def test_ids_differ_only_by_address_and_uuid() -> None:
    say = wire.Say(str(uuid.UUID(ID)).upper(), "a")
    assert wire.said(say, ME, ROUTE, (), NOW).event == f"web:me:{ID}"
