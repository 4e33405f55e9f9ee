"""Media Streams from Twilio's chair: what it sends, and what it takes of what it is sent. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Malformed(Exception):
    """A message that Twilio does not take: its error 31924. The message says why."""


@dataclass(frozen=True, slots=True)
class Media:
    audio: bytes


@dataclass(frozen=True, slots=True)
class MarkSet:
    name: str


@dataclass(frozen=True, slots=True)
class ClearAsked:
    pass


def read(message: str | bytes, stream: str) -> Media | MarkSet | ClearAsked:
    """What the house sent on `stream`. Raises Malformed."""
    if isinstance(message, bytes):
        raise Malformed("a binary message")
    try:
        body = json.loads(message)
    except ValueError as error:
        raise Malformed("not JSON") from error
    match body:
        case {"streamSid": other} if other != stream:
            raise Malformed("of another stream")
        case {"event": "media", "streamSid": _, "media": {"payload": str(payload)}}:
            try:
                audio = base64.b64decode(payload, validate=True)
            except binascii.Error as error:
                raise Malformed("a payload that is not base64") from error
            if not audio:
                raise Malformed("media without sound")
            return Media(audio)
        case {"event": "mark", "streamSid": _, "mark": {"name": str(name)}} if name:
            return MarkSet(name)
        case {"event": "clear", "streamSid": _}:
            return ClearAsked()
    kind = body.get("event") if isinstance(body, dict) else type(body).__name__
    raise Malformed(f"unknown or incomplete: {kind}")


class Stream:
    """Numbers what Twilio sends on one stream."""

    def __init__(self, sid: str, call: str, account: str, parameters: Mapping[str, str]) -> None:
        self.sid = sid
        self._call, self._account = call, account
        self.parameters = dict(parameters)
        self._sequence = 0
        self._chunk = 0

    def connected(self) -> str:
        return json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    def start(self) -> str:
        media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {
            "accountSid": self._account,
            "streamSid": self.sid,
            "callSid": self._call,
            "tracks": ["inbound"],
            "mediaFormat": media_format,
            "customParameters": self.parameters,
        }
        return self._numbered("start", start=start)

    def media(self, audio: bytes, milliseconds: int) -> str:
        """20 ms of sound that was spoken so long after the stream's start."""
        self._sequence += 1
        self._chunk += 1
        payload = base64.b64encode(audio).decode()
        # Written by hand: fifty a second and call.
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self._chunk}","timestamp":"{milliseconds}","payload":"{payload}"}},'
            f'"streamSid":"{self.sid}"}}'
        )

    def skip(self) -> None:
        """Count a frame that gets lost."""
        self._chunk += 1

    def digit(self, digit: str) -> str:
        return self._numbered("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    def mark(self, name: str) -> str:
        return self._numbered("mark", mark={"name": name})

    def stop(self) -> str:
        return self._numbered("stop", stop={"accountSid": self._account, "callSid": self._call})

    def _numbered(self, event: str, **content: Any) -> str:
        self._sequence += 1
        return json.dumps(
            {
                "event": event,
                "sequenceNumber": str(self._sequence),
                **content,
                "streamSid": self.sid,
            }
        )
