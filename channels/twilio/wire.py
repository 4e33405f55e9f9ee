"""Media Streams: a socket's JSON as records, and what we send as JSON; pure.

<https://www.twilio.com/docs/voice/media-streams/websocket-messages>

Fifty frames a second arrive of each call, so they are read into typed records at once, the
sound's base64 included. Fields that we do not use are not named here, and cost nothing.
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64

import msgspec

LARGEST = 64 * 1024
"""Of one message; theirs have some 350 characters."""

_SID = re.compile(r"[A-Za-z0-9]{1,64}")


class Malformed(ValueError):
    """It is not a message of Media Streams."""


class Format(msgspec.Struct, rename="camel"):
    """The only one there is, until Twilio says otherwise."""

    encoding: str = "audio/x-mulaw"
    sample_rate: int = 8000
    channels: int = 1


class Begin(msgspec.Struct, rename="camel"):
    stream_sid: str
    call_sid: str
    media_format: Format = msgspec.field(default_factory=Format)
    custom_parameters: dict[str, str] = {}


class Sound(msgspec.Struct):
    payload: bytes
    track: str = "inbound"


class Named(msgspec.Struct):
    name: str


class Pressed(msgspec.Struct):
    digit: str


class Connected(msgspec.Struct, tag_field="event", tag="connected"):
    """The socket is up. Always the first."""


class Start(msgspec.Struct, tag_field="event", tag="start"):
    """Which call it is. Nothing before it is to be trusted."""

    start: Begin


class Media(msgspec.Struct, tag_field="event", tag="media"):
    """Sound of the caller, 20 ms."""

    media: Sound


class Mark(msgspec.Struct, tag_field="event", tag="mark"):
    """What was sent before our mark of this name has been played or cleared."""

    mark: Named


class Dtmf(msgspec.Struct, tag_field="event", tag="dtmf"):
    """A key was pressed."""

    dtmf: Pressed


class Stop(msgspec.Struct, tag_field="event", tag="stop"):
    """The call is over, or goes on without us."""


Message = Connected | Start | Media | Mark | Dtmf | Stop

_EVENTS = {"connected", "start", "media", "mark", "dtmf", "stop"}

# Twilio writes some numbers as text and others not; whoever imitates it, the other way round.
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message, strict=False)


def read(text: str | bytes) -> Message | None:
    """A message; None for a kind that is new to us. Raises Malformed."""
    if len(text) > LARGEST:
        raise Malformed(f"a message of {len(text)}")
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        if _is_new(text):
            return None
        # Their words tell what is wrong and never quote what was sent.
        raise Malformed(str(error)) from error


def _is_new(text: str | bytes) -> bool:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return False
    event = message.get("event") if isinstance(message, dict) else None
    return isinstance(event, str) and event not in _EVENTS


class Writer:
    """What we send on one stream. Raises Malformed for a stream without a proper id."""

    def __init__(self, stream: str) -> None:
        if not _SID.fullmatch(stream):
            raise Malformed("streamSid is not one")
        self._head = f'{{"event":"media","streamSid":"{stream}","media":{{"payload":"'
        self._mark = f'{{"event":"mark","streamSid":"{stream}","mark":{{"name":'
        self._clear = f'{{"event":"clear","streamSid":"{stream}"}}'

    def media(self, audio: bytes) -> str:
        return f'{self._head}{b2a_base64(audio, newline=False).decode("ascii")}"}}}}'

    def mark(self, name: str) -> str:
        return f"{self._mark}{json.dumps(name)}}}}}"

    def clear(self) -> str:
        return self._clear

    def is_mark(self, message: str) -> bool:
        return message.startswith(self._mark)
