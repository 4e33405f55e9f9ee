from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.events import (
    Address,
    Chosen,
    Contact,
    File,
    Location,
    Message,
    Quote,
    Reachability,
    Text,
    Trust,
)
from channels.telegram.wire import Malformed, Me, NameNeeded, normalise

ME = Me(42, "front_door_bot")
ADA = {
    "id": 7,
    "is_bot": False,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "language_code": "en-GB",
}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ada"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Team"}
BOT = {"id": 42, "is_bot": True, "first_name": "Door", "username": "front_door_bot"}


def update(kind: str = "message", /, **content: Any) -> dict[str, Any]:
    message = {"message_id": 5, "date": 1_700_000_000, "chat": PRIVATE, "from": ADA, **content}
    return {"update_id": 99, kind: message}


def one(body: object, me: Me = ME) -> Message:
    (event,) = normalise(body, me)
    assert isinstance(event, Message)
    return event


def in_group(text: str, *entities: dict[str, Any], **content: Any) -> dict[str, Any]:
    return update(chat=GROUP, text=text, entities=list(entities), **content)


def mention(text: str, of: str) -> dict[str, Any]:
    before = text[: text.index(of)].encode("utf-16-le")
    return {"type": "mention", "offset": len(before) // 2, "length": len(of)}


def test_a_private_message_says_who_wrote_what_and_where() -> None:
    message = one(update(text="hello"))
    assert message.parts == (Text("hello"),)
    assert (message.event, message.ref, message.edits) == ("99", "7:5", "")
    assert message.sender.address == Address("telegram", "7")
    assert (message.sender.name, message.sender.locale) == ("Ada Lovelace", "en-GB")
    assert message.sender.trust is Trust.PLATFORM
    assert (message.route.account, message.route.chat) == ("42", "7")
    assert (message.route.thread, message.route.reply_to, message.group) == ("", "", False)
    assert message.at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_an_edit_names_the_message_it_replaces() -> None:
    message = one(update("edited_message", text="hullo", edit_date=1_700_000_001))
    assert (message.ref, message.edits) == ("7:5", "7:5")


def test_a_live_location_that_moves_is_no_message() -> None:
    moved = {"latitude": 1.0, "longitude": 2.0, "live_period": 60}
    assert normalise(update("edited_message", location=moved), ME) == []


def test_the_largest_photo_is_taken_with_its_caption_and_album() -> None:
    sizes = [
        {"file_id": "big", "file_unique_id": "b", "width": 90, "height": 60, "file_size": 9},
        {"file_id": "small", "file_unique_id": "s", "width": 9, "height": 6, "file_size": 3},
    ]
    message = one(update(photo=sizes, caption="us", media_group_id="a1"))
    assert message.parts == (
        Text("us"),
        File("photo-b.jpg", "image/jpeg", 9, source="big", kind="image"),
    )
    assert message.album == "a1"


@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        (
            "voice",
            {"mime_type": "audio/ogg", "duration": 3},
            File("voice-u.ogg", "audio/ogg", 8, source="f", kind="voice"),
        ),
        (
            "audio",
            {"file_name": "song.mp3", "mime_type": "audio/mpeg"},
            File("song.mp3", "audio/mpeg", 8, source="f", kind="audio"),
        ),
        (
            "video_note",
            {"length": 240},
            File("video_note-u.mp4", "video/mp4", 8, source="f", kind="voice"),
        ),
        (
            "document",
            {"file_name": "a.pdf", "mime_type": "application/pdf"},
            File("a.pdf", "application/pdf", 8, source="f", kind="file"),
        ),
        (
            "document",
            {"file_name": "a.png", "mime_type": "image/png"},
            File("a.png", "image/png", 8, source="f", kind="image"),
        ),
    ],
)
def test_recordings_and_documents_are_references(
    kind: str, about: dict[str, Any], expected: File
) -> None:
    media = {"file_id": "f", "file_unique_id": "u", "file_size": 8, **about}
    content: dict[str, Any] = {kind: media}
    assert one(update(**content)).parts == (expected,)


def test_an_animation_is_not_sent_twice_as_its_document() -> None:
    media = {"file_id": "f", "file_unique_id": "u", "mime_type": "video/mp4"}
    parts = one(update(animation=media, document=media)).parts
    assert [type(part) for part in parts] == [File]


def test_a_sticker_is_its_emoji() -> None:
    assert one(update(sticker={"file_id": "f", "emoji": "👍"})).parts == (Text("👍"),)


def test_a_venue_is_a_location_with_a_title() -> None:
    point = {"latitude": 48.2, "longitude": 16}
    venue = {"location": point, "title": "Café", "address": "Ring 1"}
    expected = Location(48.2, 16.0, "Café, Ring 1")
    assert one(update(venue=venue, location=point)).parts == (expected,)
    assert one(update(location=point)).parts == (Location(48.2, 16.0),)


@pytest.mark.parametrize(
    ("content", "own"),
    [
        ({"user_id": 7}, True),
        ({"user_id": 8}, False),
        ({}, False),
        ({"user_id": 7, "forwarded": True}, False),
    ],
)
def test_only_the_senders_own_card_is_vouched_for(*, content: dict[str, Any], own: bool) -> None:
    forwarded = content.pop("forwarded", False)
    card = {"phone_number": "+43", "first_name": "A", **content}
    body = update(contact=card)
    if forwarded:
        body["message"]["forward_origin"] = {"type": "user"}
    assert one(body).parts == (Contact("A", "+43", own),)


def test_what_cannot_be_read_is_said_and_not_swallowed() -> None:
    (part,) = one(update(story={"id": 1})).parts
    assert isinstance(part, File)
    assert part.error


def test_hidden_links_are_shown() -> None:
    entity = {"type": "text_link", "offset": 3, "length": 4, "url": "https://x.y"}
    assert one(update(text="😀 here now", entities=[entity])).text == "😀 here (https://x.y) now"


@pytest.mark.parametrize(
    ("text", "command", "rest"),
    [
        ("/start", "start", ""),
        ("/start abc-123", "start", "abc-123"),
        ("/new@front_door_bot", "new", ""),
        ("/NEW buy milk", "new", "buy milk"),
        ("/cancel", "cancel", ""),
    ],
)
def test_commands_are_read_and_keep_what_follows(text: str, command: str, rest: str) -> None:
    message = one(update(text=text))
    assert (message.command, message.text) == (command, rest)


@pytest.mark.parametrize("text", ["/unknown", "/new@other_bot", "/newer", "see /new"])
def test_other_commands_are_words(text: str) -> None:
    message = one(update(text=text))
    assert (message.command, message.text) == (None, text)


def test_a_reply_says_what_it_quotes() -> None:
    earlier = {"message_id": 3, "chat": PRIVATE, "from": BOT, "text": "the whole message"}
    message = one(update(text="why?", reply_to_message=earlier))
    assert message.parts == (Quote("the whole message", "Door", "7:3"), Text("why?"))
    message = one(update(text="why?", reply_to_message=earlier, quote={"text": "whole"}))
    assert message.parts[0] == Quote("whole", "Door", "7:3")


def test_a_reply_to_another_chat_quotes_it() -> None:
    external = {"origin": {"type": "user", "sender_user": ADA}}
    message = one(update(text="so?", external_reply=external, quote={"text": "words"}))
    assert message.parts[0] == Quote("words", "Ada Lovelace")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@front_door_bot hello", "hello"),
        ("@front_door_bot, hello", "hello"),
        ("hey 😀 @front_door_bot what's up", "hey 😀 what's up"),
        ("hello @Front_Door_Bot", "hello"),
        ("ask @front_door_bot.", "ask."),
        ("@front_door_bot", "@front_door_bot"),
    ],
)
def test_a_mention_in_a_group_is_cut_out(text: str, expected: str) -> None:
    name = text[text.index("@") :][:15]
    message = one(in_group(text, mention(text, name)))
    assert message.text == expected
    assert message.group
    assert (message.route.chat, message.route.reply_to) == ("-1001", "5")
    assert message.sender.address == Address("telegram", "7")


def test_a_mention_without_a_username_counts() -> None:
    entity = {"type": "text_mention", "offset": 0, "length": 4, "user": BOT}
    assert one(in_group("Door hello", entity)).text == "hello"


@pytest.mark.parametrize(
    "body",
    [
        in_group("nobody asked"),
        in_group("@other hi", mention("@other hi", "@other")),
        in_group("/new@other_bot"),
        in_group("/dance"),
        update(chat=GROUP, new_chat_members=[ADA]),
        update(chat=GROUP, migrate_to_chat_id=-5),
        {"update_id": 1, "message": {"message_id": 5, "chat": GROUP, "from": BOT, "text": "/new"}},
        {"update_id": 1, "channel_post": {"text": "x"}},
        {"update_id": 1},
    ],
)
def test_what_is_not_for_us_is_no_event(body: object) -> None:
    assert normalise(body, ME) == []


def test_a_reply_to_us_or_a_command_in_a_group_is_for_us() -> None:
    ours = {"message_id": 3, "chat": GROUP, "from": BOT, "text": "yes?"}
    assert one(in_group("no", reply_to_message=ours)).text == "no"
    assert one(in_group("/tasks")).command == "tasks"
    assert one(in_group("/dance@front_door_bot")).text == "/dance@front_door_bot"


def test_being_asked_about_somebodys_file_brings_the_file() -> None:
    media = {"file_id": "f", "file_name": "a.pdf", "mime_type": "application/pdf"}
    theirs = {"message_id": 3, "chat": GROUP, "from": ADA, "document": media}
    text = "@front_door_bot what is this?"
    message = one(in_group(text, mention(text, "@front_door_bot"), reply_to_message=theirs))
    assert [type(part) for part in message.parts] == [Quote, File, Text]


def test_the_other_pictures_of_an_album_we_were_asked_about_are_for_us() -> None:
    photo = [{"file_id": "f", "width": 1, "height": 1}]
    body = update(chat=GROUP, photo=photo, media_group_id="a1")
    assert normalise(body, ME) == []
    assert len(normalise(body, ME, {"a1"})) == 1


def test_a_mention_cannot_be_judged_before_we_know_our_name() -> None:
    body = in_group("@front_door_bot hi", mention("@front_door_bot hi", "@front_door_bot"))
    with pytest.raises(NameNeeded):
        normalise(body, Me(42))
    with pytest.raises(NameNeeded):
        normalise(in_group("/new@front_door_bot"), Me(42))
    assert one(update(text="/new@front_door_bot"), Me(42)).command == "new"


def test_a_topic_is_answered_in_the_topic_and_other_threads_are_not() -> None:
    topic = in_group("/tasks", message_thread_id=9, is_topic_message=True)
    assert one(topic).route.thread == "9"
    assert one(in_group("/tasks", message_thread_id=9)).route.thread == ""


def test_a_message_in_a_topic_we_opened_is_not_a_reply_to_us() -> None:
    opening = {"message_id": 9, "chat": GROUP, "from": BOT, "forum_topic_created": {"name": "T"}}
    assert normalise(in_group("hello all", reply_to_message=opening), ME) == []


def test_a_topics_opening_is_not_quoted() -> None:
    opening = {"message_id": 9, "chat": GROUP, "from": BOT, "forum_topic_created": {"name": "T"}}
    message = one(in_group("/tasks", message_thread_id=9, reply_to_message=opening))
    assert message.parts == ()


def test_a_tapped_button_says_its_value_label_and_offer() -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "m1=y"}]]}
    offered = {
        "message_id": 3,
        "date": 1,
        "chat": PRIVATE,
        "from": BOT,
        "text": "?",
        "reply_markup": keyboard,
    }
    body = {
        "update_id": 4,
        "callback_query": {"id": "q", "from": ADA, "message": offered, "data": "m1=y"},
    }
    assert one(body).parts == (Chosen("y", "Yes", "m1"),)


def test_a_button_of_a_message_that_is_no_longer_shown_still_counts() -> None:
    offered = {"message_id": 3, "date": 0, "chat": PRIVATE}
    body = {
        "update_id": 4,
        "callback_query": {"id": "q", "from": ADA, "message": offered, "data": "m1#2"},
    }
    assert one(body).parts == (Chosen("3", "", "m1"),)


@pytest.mark.parametrize(("status", "reachable"), [("kicked", False), ("member", True)])
def test_blocking_is_told(*, status: str, reachable: bool) -> None:
    body = {
        "update_id": 4,
        "my_chat_member": {"chat": PRIVATE, "from": ADA, "new_chat_member": {"status": status}},
    }
    expected = Reachability(Address("telegram", "7"), reachable=reachable)
    assert normalise(body, ME) == [expected]


def test_text_that_cannot_be_stored_is_repaired() -> None:
    assert one(update(text="a\ud800b\x00c😀")).text == "a\ufffdbc😀"


SAMPLES = [
    update(text="hi", entities=[{"type": "text_link", "offset": 0, "length": 2, "url": "u"}]),
    update(photo=[{"file_id": "f", "width": 1, "height": 1}], caption="c"),
    update(document={"file_id": "f"}, reply_to_message={"message_id": 1, "chat": PRIVATE}),
    in_group("@front_door_bot x", mention("@front_door_bot x", "@front_door_bot")),
    update(contact={"phone_number": "1", "first_name": "x"}, location={"latitude": 1}),
    {
        "update_id": 4,
        "callback_query": {
            "id": "q",
            "from": ADA,
            "data": "m=1",
            "message": {
                "message_id": 3,
                "chat": PRIVATE,
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]},
            },
        },
    },
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        inner = [p for key, item in value.items() for p in _places(item, (*path, key))]
    elif isinstance(value, list):
        inner = [p for i, item in enumerate(value) for p in _places(item, (*path, i))]
    else:
        inner = []
    return [path, *inner]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_odd_updates_are_read_or_called_malformed(data: st.DataObject) -> None:
    body = json.loads(json.dumps(data.draw(st.sampled_from(SAMPLES))))
    path = data.draw(st.sampled_from(_places(body)))
    odd = data.draw(JSON)
    if path:
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = odd
    else:
        body = odd
    try:
        events = normalise(body, data.draw(st.sampled_from([ME, Me(42)])))
    except (Malformed, NameNeeded):
        return
    for event in events:
        # What is read can be stored: strings are strings and have no lone surrogates.
        repr(event).encode()
        if isinstance(event, Message):
            event.text.encode()
            assert all(isinstance(field, str) for field in (event.event, event.ref, event.album))
