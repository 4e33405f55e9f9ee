"""What the phone observes of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "answer",  # a webhook answered; detail: path and status
    "failed",  # a webhook did not, or not with TwiML; the caller hears an error
    "say",  # a verb; detail: its text
    "play",
    "dial",  # detail: the number
    "whisper",  # what the number dialled hears first
    "reject",  # detail: the reason
    "stream",  # a stream is up; detail: its parameters' names
    "stream_failed",  # detail: why
    "caller",  # the caller spoke; at: its first sample, seconds: until its last
    "digit",
    "spoke",  # the house's first audible frame after silence arrived
    "clear",  # seconds: how much was dropped
    "mark",  # a mark went back; detail: its name
    "underrun",  # seconds: how long the buffer was dry in the middle of speech
    "malformed",  # error 31924; detail: why
    "unheard",  # seconds of sound that were still queued when the stream ended
    "closed",  # the house closed the stream; detail: the close code
    "lost",  # the stream's connection broke
    "replaced",  # other TwiML took over
    "hung_up",  # the caller did
    "ended",  # the call is over
]


@dataclass(frozen=True, slots=True)
class Fact:
    at: float
    """Seconds since the call was placed."""
    kind: Kind
    detail: str = ""
    seconds: float = 0.0
