"""The pure wires: what each must hold for whatever is drawn. A wire raises what it declares."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import msgspec
from a2a.types import StreamResponse
from google.protobuf import json_format  # type: ignore[import-untyped]
from hypothesis import strategies as st
from starlette.datastructures import Headers

from channels.events import (
    Address,
    Amended,
    Choice,
    Choices,
    Delta,
    Entry,
    File,
    Live,
    Location,
    Message,
    Quote,
    Reply,
    Route,
    Sender,
    Status,
    Text,
    Transcript,
    TurnState,
    Wish,
)
from channels.telegram import render, utf16
from channels.telegram import wire as telegram
from channels.twilio import forms, twiml
from channels.twilio import wire as media
from channels.twilio.config import PhoneConfig
from channels.twilio.signature import Signatures
from channels.twilio.simulator import signing
from channels.twilio.tickets import BadTicket, Ticket, Tickets
from channels.web import wire as web
from gateway import settings as env
from gateway.agent.hearing import CALL_EXTENSION, CHOICES_MEDIA_TYPE, COMPLETE, NOTICE, Hearing
from gateway.app import task_of
from gateway.bus import wire as bus
from gateway.bus.growing import Numbered
from gateway.errors import AgentBroken, SettingsError
from gateway.speech.speakable import Speakable, clauses_of
from gateway.store import codec
from tests.fuzz import speech
from tests.fuzz.strategies import either, numbers, table, texts, utf8, values

Strategy = st.SearchStrategy[Any]


@dataclass(frozen=True)
class Wire:
    """What is drawn, and what must hold for it."""

    drawn: Strategy
    holds: Callable[[Any], None]


def storable(text: str) -> None:
    """No database refuses it."""
    assert "\0" not in text
    text.encode()


def storable_all(value: object) -> None:
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            storable_all((key, inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            storable_all(inner)
    elif isinstance(value, float):
        assert math.isfinite(value)


# -- Telegram ------------------------------------------------------------------------------

ME = telegram.Me(7, "door_bot")
_ids = st.integers(1, 9)
_person = table(
    id=_ids, is_bot=st.just(False), first_name=texts, last_name=texts, language_code=texts
)
_chat = table(id=_ids, type=st.sampled_from(["private", "group", "supergroup"]), title=texts)
_entity = table(
    type=st.sampled_from(["mention", "text_mention", "text_link", "bold"]),
    offset=st.integers(-1, 12),
    length=st.integers(-1, 12),
    url=texts,
    user=_person,
)
_words = texts | st.sampled_from(["@door_bot hi", "/start x", "/stop@door_bot", "/new@other", "/"])
_attached = table(
    file_id=texts,
    file_unique_id=texts,
    file_name=texts,
    mime_type=texts | st.sampled_from(["audio/ogg", "image/png"]),
    file_size=numbers,
    width=numbers,
    height=numbers,
    emoji=texts,
)
_point = table(latitude=numbers, longitude=numbers)
_plain = {
    "from": _person,
    "chat": _chat,
    "message_id": _ids,
    "date": numbers,
    "text": _words,
    "caption": _words,
    "entities": st.lists(_entity, max_size=4),
    "caption_entities": st.lists(_entity, max_size=4),
    "sender_chat": _chat,
    "photo": st.lists(_attached, max_size=3),
    "voice": _attached,
    "document": _attached,
    "sticker": _attached,
    "location": _point,
    "venue": table(location=_point, title=texts, address=texts),
    "contact": table(phone_number=texts, first_name=texts, user_id=_ids),
    "dice": table(emoji=texts, value=numbers),
    "poll": table(question=texts, options=st.lists(table(text=texts), max_size=2)),
    "game": values,
    "media_group_id": texts,
    "is_topic_message": st.booleans(),
    "message_thread_id": numbers,
    "quote": table(text=texts),
}
_quoted = table(**_plain)
_message = table(**_plain, reply_to_message=_quoted, external_reply=table(origin=values)).map(
    # The few that every message has, or none would get far.
    lambda m: {"from": {"id": 5}, "chat": {"id": 5, "type": "private"}, "message_id": 1, **m}
)
_button = table(text=texts, callback_data=texts)
_update = table(
    message=_message,
    edited_message=_message,
    callback_query=table(
        **{"from": _person, "data": texts | st.just("m1#2")},
        message=table(**_plain, reply_markup=table(inline_keyboard=st.lists(st.lists(_button)))),
    ),
    my_chat_member=table(chat=_chat, new_chat_member=table(status=texts)),
).map(lambda u: {"update_id": 1, **u})


def _telegram(update: Any) -> None:
    telegram.update_id(update)
    try:
        events = telegram.normalise(update, ME)
    except (telegram.Malformed, telegram.NameNeeded):
        return
    for event in events:
        if not isinstance(event, Message):
            continue
        storable_all(codec.parts_to_json(event.parts))
        storable_all((event.event, event.sender.name, event.sender.locale, event.ref, event.album))
        assert codec.parts_from_json(codec.parts_to_json(event.parts)) == event.parts
        assert codec.route_from_json(codec.route_to_json(event.route)) == event.route


_markdown = st.one_of(
    utf8,
    st.lists(
        st.sampled_from(
            ["**", "*", "_", "`", "```\n", "~~", "[", "](", "http://a.b", ")", "| ", "\n|-|\n",
             "# ", "- ", "1. ", "> ", "\n", "\n\n", " ", "<b>", "&", "word ", "Dr. ", "3.5", "é😀",
             "!"]
        ),
        max_size=40,
    ).map("".join),
)  # fmt: skip
_file = st.builds(
    File, utf8, utf8 | st.just("image/png"), st.integers(0, 10**9), id=utf8, error=utf8
)
_choices = st.lists(st.builds(Choice, utf8, utf8), max_size=4).map(tuple)
_reply = st.builds(
    Reply,
    id=st.just("m1"),
    text=_markdown,
    files=st.lists(_file, max_size=2).map(tuple),
    choices=_choices,
    locale=utf8 | st.sampled_from(["de", "fr-CA"]),
)


def _telegram_reply(reply: Reply) -> None:
    for outgoing in render.render(Route("telegram", "7", "5"), reply):
        for sent in (outgoing, render.repeated(outgoing), render.as_plain(outgoing)):
            assert utf16.length(sent["plain"]) <= render.TEXT_UNITS
            shown = sent["fields"].get("text", sent["fields"].get("caption", ""))
            if sent["fields"].get("parse_mode") == "HTML":
                # Well-formed, or Telegram refuses it; XML is stricter about characters.
                shown = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", shown)
                shown = re.sub(r"<blockquote expandable>", "<blockquote>", shown)
                ET.fromstring(f"<m>{shown}</m>")  # noqa: S314 - it is ours


# -- the phone -----------------------------------------------------------------------------

CONFIG = PhoneConfig(auth_token="sesame", public_url="https://door.example.com")
_fields = st.dictionaries(
    st.sampled_from(
        ["CallSid", "From", "To", "Direction", "CallerName", "CallStatus", "CallDuration",
         "AnsweredBy", "DialCallStatus"]
    )
    | utf8,
    utf8 | st.sampled_from(["CA1", "+4366012345", "outbound-api", "completed", "machine_start"]),
    max_size=8,
)  # fmt: skip


def _webhook(drawn: dict[str, str] | bytes) -> None:
    try:
        form = forms.read(drawn if isinstance(drawn, bytes) else urlencode(drawn).encode())
    except forms.Malformed:
        return
    if isinstance(drawn, dict):
        assert dict(form) == drawn
        url = "https://door.example.com/twilio/voice"
        check = Signatures(CONFIG).form
        headers = Headers(signing.headers("sesame", url, drawn))
        assert check("/twilio/voice", "", form, headers) == "https://door.example.com"
        assert not check("/twilio/after", "", form, headers)
        assert not check("/twilio/voice", "", form, Headers({"x-twilio-signature": "é"}))
    for read in (forms.ring, forms.progress):
        try:
            told = read(form)
        except forms.Malformed:
            continue
        assert told.call.isascii()
        if isinstance(told, forms.Ring):
            assert len(told.caller) <= forms.LONGEST_ID
            assert len(told.name) <= forms.LONGEST_NAME


DOOR = "https://door.example.com"


def _twiml(words: tuple[str, str, str]) -> None:
    first, second, locale = words
    for document in (
        twiml.connect(DOOR, DOOR, {"token": first, "o": second}, locale, notice=True),
        twiml.dial(first, DOOR, DOOR, locale, caller_id="+1500"),
        twiml.whisper(first, locale),
        twiml.busy(locale),
    ):
        said = ET.fromstring(document)  # noqa: S314 - it is ours
        assert said.tag == "Response"
        assert {node.tag for node in said.iter()} <= {
            "Response", "Say", "Connect", "Stream", "Parameter", "Dial", "Number", "Hangup",
        }  # fmt: skip


_stream = table(
    event=st.sampled_from(["connected", "start", "media", "mark", "dtmf", "stop"]) | texts,
    streamSid=texts,
    start=table(
        streamSid=texts | st.just("MZ1"),
        callSid=texts,
        mediaFormat=table(encoding=texts, sampleRate=numbers, channels=numbers),
        customParameters=st.dictionaries(texts, texts, max_size=2),
    ),
    media=table(payload=texts | st.just("AAAA"), track=texts),
    mark=table(name=texts),
    dtmf=table(digit=texts),
)


def _media(drawn: Any) -> None:
    text = drawn if isinstance(drawn, str | bytes) else json.dumps(drawn)
    try:
        message = media.read(text)
    except media.Malformed:
        return
    if isinstance(message, media.Start):
        with suppress(media.Malformed):
            writer = media.Writer(message.start.stream_sid)
            for name in ("m", message.start.call_sid):
                mark = writer.mark(name)
                assert writer.is_mark(mark)
                assert json.loads(mark)["mark"]["name"] == name
            sound = json.loads(writer.media(b"\xff\x00"))
            assert sound["media"]["payload"] == b64encode(b"\xff\x00").decode()
            json.loads(writer.clear())


def _tickets(drawn: tuple[str, str, str]) -> None:
    tickets = Tickets(CONFIG)
    call, name, forged = drawn
    ticket = Ticket(call, "+1", name)
    signed = tickets.sign(ticket, 0)
    assert tickets.read(signed, 0)[0] == ticket
    assert tickets.unseal(tickets.seal(name)) == name
    assert not tickets.unseal(forged)
    for text in (forged, f"{forged}.{forged}", f"{signed}{forged or 'x'}"):
        with suppress(BadTicket):
            assert tickets.read(text, 0) is None, "forged"


# -- the web -------------------------------------------------------------------------------

WRITER = Sender(Address("web", "s1"))
HERE = Route("web", "", "s1")
_uuid = st.uuids().map(str)
_frame = table(
    type=st.sampled_from(["hello", "message", "choice", "cancel", "voice", "ping"]) | texts,
    id=_uuid,
    token=texts,
    after=numbers,
    text=texts | st.sampled_from(["/start", "hello"]),
    files=st.lists(texts | st.just("f1"), max_size=11),
    message=texts,
    value=texts,
    on=st.booleans(),
)


def _web(drawn: Any) -> None:
    text = drawn if isinstance(drawn, str) else json.dumps(drawn)
    try:
        fact = web.read(text)
    except web.BadFrame as bad:
        json.dumps(web.error(bad.code, bad.detail, id=bad.id), ensure_ascii=False).encode()
        return
    at = datetime(2026, 1, 1, tzinfo=UTC)
    match fact:
        case web.Say():
            message = web.said(fact, WRITER, HERE, [], at)
        case web.Choose():
            message = web.chosen(fact, WRITER, HERE, at)
        case _:
            return
    storable_all(codec.parts_to_json(message.parts))
    storable_all((message.event, message.ref))
    assert codec.parts_from_json(codec.parts_to_json(message.parts)) == message.parts


# -- the agent -----------------------------------------------------------------------------

_metadata = st.dictionaries(
    st.sampled_from([COMPLETE, NOTICE, CALL_EXTENSION]),
    either(table(action=st.just("transfer"), to=texts, summary=texts)),
    max_size=2,
)
_part = table(
    text=utf8,
    url=utf8,
    raw=st.sampled_from(["", "AAAA"]),
    data=values | st.just({"choices": [{"label": "a"}, {}, 3]}),
    filename=utf8,
    mediaType=utf8 | st.just(CHOICES_MEDIA_TYPE),
)
_said = table(messageId=st.just("a"), role=st.just("ROLE_AGENT"), parts=st.lists(_part, max_size=3),
              metadata=_metadata)  # fmt: skip
_status = table(state=st.integers(0, 9), message=_said)
_artifact = table(artifactId=st.sampled_from(["r", "f"]), name=st.just("reply") | utf8,
                  parts=st.lists(_part, max_size=3), metadata=_metadata)  # fmt: skip
_event = st.one_of(
    st.fixed_dictionaries(
        {"task": table(id=st.just("t"), status=_status, artifacts=st.lists(_artifact, max_size=2),
                       history=st.lists(_said, max_size=2))}
    ),
    st.fixed_dictionaries({"statusUpdate": table(taskId=st.just("t"), status=_status)}),
    st.fixed_dictionaries(
        {"artifactUpdate": table(taskId=st.just("t"), artifact=_artifact, append=st.booleans(),
                                 lastChunk=st.booleans())}
    ),
    st.fixed_dictionaries({"message": _said}),
    values,
)  # fmt: skip


_STUMBLES = (AttributeError, TypeError, ValueError, KeyError, SystemError, OverflowError)


def _agent(events: list[Any]) -> None:
    hearing = Hearing()
    for event in events:
        with suppress(ValueError, TypeError, OverflowError):
            task_of(json.dumps(event).encode())
        try:
            response = json_format.ParseDict(event, StreamResponse())
        except (json_format.ParseError, *_STUMBLES):
            # The SDK's own doing, and told as AgentBroken where it is called.
            continue
        with suppress(AgentBroken):
            hearing.hear(response)


# -- speech --------------------------------------------------------------------------------


def _spoken(drawn: tuple[str, str, list[int], bool]) -> None:
    text, locale, sizes, shown = drawn
    whole = clauses_of(text, locale, shown=shown)
    assert all(clause.strip() for clause in whole)
    growing, said, at = Speakable(locale, shown=shown), [], 0
    for size in (*sizes, len(text)):
        at += size
        said += growing.so_far(text[:at])
    said += growing.finish()
    # However it comes, the same is said; but for where it is cut.
    assert _letters(said) == _letters(whole)
    # No more is made of it than numbers in words.
    assert len("".join(whole)) < 200 + 60 * len(text)


def _letters(clauses: list[str]) -> str:
    return re.sub(r"\W", "", "".join(clauses))


# -- settings ------------------------------------------------------------------------------

_NAMES = [name.upper() for name in env.Settings.__dataclass_fields__]
_environment = st.dictionaries(
    st.sampled_from(_NAMES),
    utf8
    | st.sampled_from(["1", "nan", "inf", "1e400", "-1", "https://a.b", "http://[", "a,b", ","]),
    max_size=4,
)


def _settings(environ: dict[str, str]) -> None:
    try:
        read = env.read(environ, Path("/nonexistent"))
    except SettingsError:
        return
    for name in env.Settings.__dataclass_fields__:
        value = getattr(read, name)
        assert not isinstance(value, float) or math.isfinite(value), name
    assert read.database


# -- the bus -------------------------------------------------------------------------------

_parts = st.lists(
    st.one_of(
        st.builds(Text, utf8),
        st.builds(Transcript, utf8),
        _file,
        st.builds(Quote, utf8, utf8),
        st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), utf8),
        st.builds(Choices, _choices),
    ),
    max_size=3,
).map(tuple)
_live: st.SearchStrategy[Live] = st.one_of(
    st.builds(
        Entry,
        st.integers(1, 2**53),
        utf8,
        st.sampled_from(["user", "agent"]),
        _parts,
        st.datetimes(timezones=st.just(UTC)),
        utf8,
    ),
    st.builds(Amended, utf8, _parts),
    st.builds(Delta, st.integers(0, 2**53), utf8),
    st.builds(Status, st.integers(0, 9), st.sampled_from(TurnState), utf8),
    st.builds(Wish, st.integers(0, 9), st.sampled_from(["hang_up", "transfer"]), utf8, utf8),
)
_numbered = st.builds(Numbered, _live, st.floats(0, 2e9), st.integers(0, 2**53))


def _bus(news: Numbered) -> None:
    assert bus.news_from_bytes(bus.news_to_bytes("w", news)) == ("w", news)


def _packs(value: Any) -> bool:
    try:
        msgspec.msgpack.encode(value)
    except (OverflowError, UnicodeEncodeError):
        return False
    return True


_packed = values.filter(_packs) | st.tuples(
    st.just("w"),
    st.sampled_from(["entry", "amended", "delta", "status", "wish", "so_far", "new"]),
    st.floats(0, 9),
    st.integers(0, 9),
    values.filter(_packs),
)


def _foreign_bus(drawn: Any) -> None:
    data = drawn if isinstance(drawn, bytes) else msgspec.msgpack.encode(drawn)
    for read in (bus.news_from_bytes, bus.word_from_bytes):
        # As whoever listens leaves out.
        with suppress(ValueError, TypeError, LookupError):
            read(data)
    if not isinstance(drawn, bytes):
        with suppress(ValueError, TypeError, LookupError):
            bus.signal_from_fields(drawn)


WIRES = {
    "telegram updates": Wire(_update | values, _telegram),
    "telegram replies": Wire(_reply, _telegram_reply),
    "twilio webhooks": Wire(_fields | st.binary(max_size=60), _webhook),
    "twilio documents": Wire(st.tuples(texts, texts, utf8), _twiml),
    "twilio media": Wire(_stream | values | st.binary(max_size=60) | texts, _media),
    "twilio tickets": Wire(st.tuples(utf8, utf8, texts), _tickets),
    "web frames": Wire(_frame | values | texts, _web),
    "agent events": Wire(st.lists(_event, max_size=5), _agent),
    "spoken words": Wire(
        st.tuples(
            _markdown,
            st.sampled_from(["en", "de", "fr", "es", "nl", "en_GB"]),
            st.lists(st.integers(1, 9), max_size=12),
            st.booleans(),
        ),
        _spoken,
    ),
    "answers of recognisers": Wire(speech.answers, speech.answered),
    "dictation": Wire(speech.dictations, speech.dictated),
    "a voice's socket": Wire(speech.utterances, speech.uttered),
    "a voice's sound": Wire(speech.sounds, speech.recoded),
    "settings": Wire(_environment, _settings),
    "bus": Wire(_numbered, _bus),
    "a stranger's bus": Wire(_packed | st.binary(max_size=60), _foreign_bus),
}
