"""Media Streams as recorded, and as nobody should send it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

import pytest

from channels.twilio import wire

STREAM = "MZ18ad3ab5a668481ce02b83e7395059f0"

# As in Twilio's documentation.
CONNECTED = '{ "event": "connected", "protocol": "Call", "version": "1.0.0" }'
START = """{ "event": "start", "sequenceNumber": "1", "start": { "accountSid": "AC123",
  "streamSid": "MZ18ad3ab5a668481ce02b83e7395059f0", "callSid": "CA123", "tracks": [ "inbound" ],
  "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
  "customParameters": { "FirstName": "Jane", "LastName": "Doe" } },
  "streamSid": "MZ18ad3ab5a668481ce02b83e7395059f0" }"""
MEDIA = """{ "event": "media", "sequenceNumber": "3", "media": { "track": "inbound",
  "chunk": "1", "timestamp": "5", "payload": "no+JhoaJjpzSHxAKBgYJDhtEopGKh4aIjZm7JhILBwYIDRg1" },
  "streamSid": "MZ18ad3ab5a668481ce02b83e7395059f0" }"""
DTMF = """{ "event": "dtmf", "streamSid": "MZ18", "sequenceNumber": "5",
  "dtmf": { "track": "inbound_track", "digit": "1" } }"""
MARK = """{ "event": "mark", "sequenceNumber": "4", "streamSid": "MZ18",
  "mark": { "name": "my label" } }"""
STOP = """{ "event": "stop", "sequenceNumber": "5", "streamSid": "MZ18",
  "stop": { "accountSid": "AC123", "callSid": "CA123" } }"""


def test_recorded_messages_are_read() -> None:
    assert isinstance(wire.read(CONNECTED), wire.Connected)
    assert isinstance(wire.read(STOP), wire.Stop)
    start = wire.read(START)
    assert isinstance(start, wire.Start)
    assert (start.start.call_sid, start.start.stream_sid) == ("CA123", STREAM)
    assert start.start.custom_parameters == {"FirstName": "Jane", "LastName": "Doe"}
    assert start.start.media_format == wire.Format("audio/x-mulaw", 8000, 1)
    media = wire.read(MEDIA)
    assert isinstance(media, wire.Media)
    assert media.media.payload == b64decode("no+JhoaJjpzSHxAKBgYJDhtEopGKh4aIjZm7JhILBwYIDRg1")
    mark = wire.read(MARK)
    assert isinstance(mark, wire.Mark)
    assert mark.mark.name == "my label"
    dtmf = wire.read(DTMF)
    assert isinstance(dtmf, wire.Dtmf)
    assert dtmf.dtmf.digit == "1"


def test_a_kind_that_is_new_to_us_is_nothing() -> None:
    assert wire.read('{"event":"weather","rain":[1,2]}') is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{",
        '{"event":7}',
        '{"event":"media"}',
        '{"event":"media","media":{}}',
        '{"event":"media","media":{"payload":"%"}}',
        '{"event":"media","media":{"payload":7}}',
        '{"event":"mark","mark":"a"}',
        '{"event":"start","start":{"callSid":"CA1"}}',
        '{"event":"dtmf","dtmf":{"digit":1}}',
        "[" * 60_000,
        '{"event":"media","media":{"payload":"' + "A" * 70_000 + '"}}',
        "\ud800",
    ],
    ids=lambda text: repr(text)[:40],
)
def test_what_is_no_message_is_malformed(text: str) -> None:
    with pytest.raises(wire.Malformed):
        wire.read(text)


def test_what_we_send_reads_as_documented() -> None:
    writer = wire.Writer(STREAM)
    audio = bytes(range(256))
    assert json.loads(writer.media(audio)) == {
        "event": "media",
        "streamSid": STREAM,
        "media": {"payload": b64encode(audio).decode()},
    }
    name = 'turn "7"\\ ü'
    assert json.loads(writer.mark(name)) == {
        "event": "mark",
        "streamSid": STREAM,
        "mark": {"name": name},
    }
    assert json.loads(writer.clear()) == {"event": "clear", "streamSid": STREAM}


@pytest.mark.parametrize("stream", ["", 'MZ"', "MZ 1", "MZ" * 40])
def test_a_stream_whose_id_would_break_out_of_our_json_is_refused(stream: str) -> None:
    with pytest.raises(wire.Malformed):
        wire.Writer(stream)
