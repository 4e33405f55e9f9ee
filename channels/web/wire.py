"""The socket's JSON frames: client frames to facts, log and live events to frames. Pure.

    client  hello, message, choice, cancel, voice, ping
    server  welcome, ack, message, amended, delta, status, voice, clear, caption, error, pong

Binary frames are sound, both ways. A frame that cannot be read is answered with an `error`
frame and changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, assert_never, get_args

from channels.events import (
    Amended,
    Caption,
    Choices,
    Chosen,
    Command,
    Contact,
    Delta,
    Entry,
    File,
    Location,
    Message,
    Part,
    Quote,
    Route,
    Sender,
    Status,
    Text,
    Transcript,
)

MAX_FRAME = 65_536
"""Bytes of one text frame from a client."""
MAX_FILES = 10
"""Files of one message."""

_MAX_TOKEN = 8_192
_MAX_VALUE = 4_000
_MAX_SEQ = 2**53 - 1
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_COMMANDS = {f"/{name}": name for name in get_args(Command)}

Frame = dict[str, Any]
"""One server frame, before it becomes JSON."""


class BadFrame(Exception):
    """A frame that cannot be read; `detail` is for whoever wrote the client."""

    def __init__(self, code: str, detail: str = "", *, id: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.id = id
        """The id the frame gave itself, so that its writer knows which one failed."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The client showed its token and says how much of the log it has."""

    token: str
    after: int


@dataclass(frozen=True, slots=True)
class Say:
    """The person wrote something."""

    id: str
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choose:
    """The person tapped an answer."""

    id: str
    message: str
    value: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """The person asked the agent to stop."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The person turned the microphone on or off."""

    on: bool


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks whether we are still here."""


Fact = Hello | Say | Choose | Cancel | Voice | Ping


def read(text: str) -> Fact:
    """Read one client frame. Raises BadFrame."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_FRAME:
        raise BadFrame("too_large", f"a frame holds at most {MAX_FRAME} bytes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("bad_frame", "not JSON") from None
    if not isinstance(data, dict):
        raise BadFrame("bad_frame", "not a JSON object")
    return _Reader(data).fact()


class _Reader:
    """Takes fields out of one frame, complaining under the frame's own id."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        id = data.get("id")
        self._id = id if isinstance(id, str) and _ID.fullmatch(id) else ""

    def fact(self) -> Fact:
        match self._data.get("type"):
            case "hello":
                return Hello(self._text("token", _MAX_TOKEN), self._seq("after"))
            case "message":
                return self._say()
            case "choice":
                message = self._text("message", 128)
                return Choose(self._uuid("id"), message, self._text("value", _MAX_VALUE))
            case "cancel":
                return Cancel()
            case "voice":
                return Voice(self._flag("on"))
            case "ping":
                return Ping()
            case str(unknown):
                # It goes back as it came, but for what UTF-8 cannot say.
                shown = unknown[:40].encode("utf-8", "replace").decode()
                raise BadFrame("unknown_type", shown, id=self._id)
            case _:
                raise self._bad("type must be a string")

    def _say(self) -> Say:
        id = self._uuid("id")
        text = self._text("text", MAX_FRAME, needed=False)
        files = self._data.get("files") or []
        if not isinstance(files, list) or len(files) > MAX_FILES:
            raise self._bad(f"files must be a list of at most {MAX_FILES} ids")
        if not all(isinstance(file, str) and _ID.fullmatch(file) for file in files):
            raise self._bad("files must hold ids from POST /web/files")
        if not text.strip() and not files:
            raise BadFrame("empty_message", id=id)
        return Say(id, text, tuple(files))

    def _text(self, name: str, limit: int, *, needed: bool = True) -> str:
        value = self._data.get(name)
        if value is None and not needed:
            return ""
        # PostgreSQL stores no NUL, and no person types one.
        value = value.replace("\0", "") if isinstance(value, str) else value
        if not isinstance(value, str) or len(value) > limit or (needed and not value):
            raise self._bad(f"{name} must be a string of at most {limit} characters")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self._bad(f"{name} must be Unicode without lone surrogates") from None
        return value

    def _uuid(self, name: str) -> str:
        value = self._data.get(name)
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise self._bad(f"{name} must be a UUID")
        return value

    def _seq(self, name: str) -> int:
        value = self._data.get(name, 0)
        if type(value) is not int or not 0 <= value <= _MAX_SEQ:
            raise self._bad(f"{name} must be a seq, 0 for none")
        return value

    def _flag(self, name: str) -> bool:
        value = self._data.get(name)
        if not isinstance(value, bool):
            raise self._bad(f"{name} must be true or false")
        return value

    def _bad(self, detail: str) -> BadFrame:
        return BadFrame("bad_frame", detail, id=self._id)


def said(say: Say, sender: Sender, route: Route, files: Iterable[File], at: datetime) -> Message:
    """The message a person wrote. A command keeps its words, for the log."""
    words = say.text.split(maxsplit=1)
    command = _COMMANDS.get(words[0].lower()) if words else None
    text = (Text(say.text),) if say.text.strip() else ()
    message = _message(say.id, sender, route, (*text, *files), at)
    return replace(message, command=command)


def chosen(choose: Choose, sender: Sender, route: Route, at: datetime) -> Message:
    """The message that a tapped answer is."""
    part = Chosen(value=choose.value, message=choose.message)
    return _message(choose.id, sender, route, (part,), at)


def _message(
    id: str, sender: Sender, route: Route, parts: tuple[Part, ...], at: datetime
) -> Message:
    # The address is part of the event: two people may pick the same UUID, and one of them
    # must not be able to claim the other's message.
    event = f"{sender.address}:{id.lower()}"
    return Message(event=event, sender=sender, route=route, parts=parts, ref=id.lower(), at=at)


def welcome(conversation: str, seq: int, expires: datetime, *, voice: bool = False) -> Frame:
    """The beginning; `voice` is whether one can talk here."""
    return {
        "type": "welcome",
        "conversation": conversation,
        "seq": seq,
        "expires_at": moment(expires),
        "voice": voice,
    }


def ack(id: str, seq: int) -> Frame:
    return {"type": "ack", "id": id, "seq": seq}


def voice(*, on: bool) -> Frame:
    """The house took the call, or ended it."""
    return {"type": "voice", "on": on}


def clear() -> Frame:
    """Drop the audio not yet played."""
    return {"type": "clear"}


def caption(words: Caption) -> Frame:
    """Words being spoken."""
    return {"type": "caption", "role": words.role, "text": words.text, "final": words.final}


def pong() -> Frame:
    return {"type": "pong"}


def error(code: str, message: str, *, id: str = "", retry_after: float = 0) -> Frame:
    """Something went wrong; `id` names the client's frame that did, when one did."""
    frame: Frame = {"type": "error", "code": code, "message": message}
    if id:
        frame["id"] = id
    if retry_after:
        frame["retry_after"] = round(retry_after, 1)
    return frame


def live(event: Entry | Amended | Delta | Status, reader: Sender) -> Frame:
    """A log entry or a live event, for one reader."""
    match event:
        case Entry():
            return _entry(event, reader)
        case Amended(id, parts):
            return {"type": "amended", "id": id, "parts": [part(item) for item in parts]}
        case Delta(turn, text):
            return {"type": "delta", "turn": turn, "text": text}
        case Status(turn, state, text):
            return {"type": "status", "turn": turn, "state": str(state), "text": text}
        case _:
            assert_never(event)


def _entry(entry: Entry, reader: Sender) -> Frame:
    frame: Frame = {
        "type": "message",
        "seq": entry.seq,
        "id": entry.id,
        "role": entry.role,
        "parts": [part(item) for item in entry.parts],
        "at": moment(entry.at),
    }
    own = f"{reader.address}:"
    if entry.client_id.startswith(own):
        frame["client_id"] = entry.client_id.removeprefix(own)
    return frame


def part(item: Part) -> Frame:
    """A part as JSON. Clients skip a `kind` they do not know; `text` is there to fall back on."""
    match item:
        case Text(text):
            return {"kind": "text", "text": text}
        case Transcript(text):
            return {"kind": "text", "text": text, "spoken": True}
        case File():
            return _file(item)
        case Choices(options):
            shown = [{"label": option.label, "value": option.value} for option in options]
            return {"kind": "choices", "options": shown}
        case Chosen(value, label, message):
            text = label or value
            return {"kind": "chosen", "value": value, "message": message, "text": text}
        case Location(latitude, longitude, title):
            text = title or f"{latitude:.5f}, {longitude:.5f}"
            point = {"latitude": latitude, "longitude": longitude}
            return {"kind": "location", **point, "text": text}
        case Contact(name, phone):
            return {"kind": "contact", "name": name, "phone": phone, "text": f"{name} {phone}"}
        case Quote(text, author):
            return {"kind": "quote", "author": author, "text": text}
        case _:
            assert_never(item)


def file_url(id: str) -> str:
    """Where a stored file is read."""
    return f"/web/files/{id}"


def _file(file: File) -> Frame:
    frame: Frame = {
        "kind": "file",
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
    }
    if file.id:
        frame["url"] = file_url(file.id)
    if file.error:
        frame["error"] = file.error
    return frame


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
