"""The vocabulary every channel speaks: what came in, and what goes out.

All of it is frozen data. Nothing here knows a platform, a database or an agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody can be reached: a channel and an id there (`telegram:42`)."""

    channel: str
    id: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `channel:id`; raises ValueError when there is no colon."""
        channel, colon, id = text.partition(":")
        if not (channel and colon and id):
            raise ValueError(f"an address reads channel:id, not {text!r}")
        return cls(channel, id)


class Trust(StrEnum):
    """How sure we are who somebody is, weakest first."""

    ANONYMOUS = "anonymous"
    CLAIMED = "claimed"
    PLATFORM = "platform"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote: an address, and what the channel knows of the person there."""

    address: Address
    name: str = ""
    locale: str = ""
    """BCP 47, `de-AT`; empty when the channel does not tell."""
    zone: str = ""
    """IANA time zone, `Europe/Vienna`; empty when the channel does not tell."""
    trust: Trust = Trust.ANONYMOUS


@dataclass(frozen=True, slots=True)
class Route:
    """Where the reply to one message goes; stored with the message and never changed."""

    channel: str
    account: str
    """Which bot, number or site of ours, as the channel names it."""
    chat: str
    """The chat there, as the platform names it."""
    thread: str = ""
    """The topic within the chat; empty for none."""
    reply_to: str = ""
    """The platform's id of the message to quote, where a reply would be lost in the crowd."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words. Inbound as typed; outbound Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words that a machine made of speech, so they may be wrong."""

    text: str
    language: str = ""
    """BCP 47, as recognised; empty when not told."""
    doubtful: bool = False
    """Whether they are a guess that would destroy something, so that it has to be confirmed."""


@dataclass(frozen=True, slots=True)
class File:
    """A photo, document or recording: a reference, never the bytes."""

    name: str
    media_type: str
    size: int = 0
    """Bytes; 0 when unknown."""
    id: str = ""
    """Our id once stored; empty while it is only at the platform."""
    source: str = ""
    """The platform's handle to fetch it by, until it is stored."""
    kind: Literal["file", "image", "audio", "voice", "video"] = "file"
    """`voice` is somebody talking to us, whatever it was recorded with."""
    error: str = ""
    """Why it could not be had, in plain words."""


@dataclass(frozen=True, slots=True)
class Location:
    """A point on the map, degrees."""

    latitude: float
    longitude: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody's card."""

    name: str
    phone: str = ""
    own: bool = False
    """Whether the platform vouches that the sender shared their own card."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What the message replies to, as far as the platform shows it."""

    text: str
    author: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer the person can tap."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Answers to choose from; a typed answer is as good."""

    options: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer tapped, and the message that offered it."""

    value: str
    label: str = ""
    message: str = ""


Part = Text | Transcript | File | Location | Contact | Quote | Choices | Chosen


def spoken(parts: tuple[Part, ...]) -> bool:
    """Whether this was said on a line: speech alone, with no recording to show for it."""
    return bool(parts) and all(isinstance(part, Transcript) for part in parts)


Command = Literal["start", "help", "new", "tasks", "cancel"]


@dataclass(frozen=True, slots=True)
class Message:
    """What came in, normalised. One platform event becomes at most one message."""

    event: str
    """The platform's id of the event; unique together with the route's channel and account."""
    sender: Sender
    route: Route
    parts: tuple[Part, ...] = ()
    command: Command | None = None
    group: bool = False
    """Whether the chat has several people; it is then a conversation of its own."""
    ref: str = ""
    """The platform's id of the message itself, by which an edit or a quote names it."""
    edits: str = ""
    """The `ref` of the message this one replaces."""
    album: str = ""
    """Messages of one album share this; being sent together, they are read in one turn."""
    at: datetime | None = None
    """When the platform says it was sent."""
    heard: str | None = None
    """What its speaker had heard of the reply before, when they cut it short; else None."""

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def spoken(self) -> bool:
        """Whether it was said on a line."""
        return spoken(self.parts)


@dataclass(frozen=True, slots=True)
class Reachability:
    """Somebody blocked us, or let us in again."""

    address: Address
    reachable: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent says, for a channel to render."""

    text: str = ""
    """Markdown."""
    files: tuple[File, ...] = ()
    choices: tuple[Choice, ...] = ()
    id: str = ""
    """Our id of the message, so that a tapped choice can name it."""
    locale: str = ""
    """BCP 47 of the reader, for what the channel says of its own accord."""
    quote: str = ""
    """What a machine made of a recording that this answers, for its speaker to check. A channel
    that does not show it with the recording itself shows it above the text."""
    unspoken: str = ""
    """What of `text` cannot be said aloud, Markdown; told to channels that are `heard`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a message is stored."""

    id: str
    conversation: str
    seq: int
    fresh: bool
    """False when the event was known already and nothing changed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a conversation's log, as any of its readers sees it."""

    seq: int
    """Rises by one within the conversation, without gaps."""
    id: str
    role: Literal["user", "agent"]
    parts: tuple[Part, ...]
    at: datetime
    client_id: str = ""
    """The id its writer gave it; empty for the agent's."""


@dataclass(frozen=True, slots=True)
class Amended:
    """An entry of the log has other parts now: a recording was put into words, a file fetched."""

    id: str
    """The entry's."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """More of a reply that is still being written."""

    turn: int
    text: str


class TurnState(StrEnum):
    """What a reader may be shown of a turn in progress."""

    WORKING = "working"
    RETRYING = "retrying"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Status:
    """How a turn is getting on; `text` is for people and may be empty."""

    turn: int
    state: TurnState
    text: str = ""
    messages: tuple[str, ...] = ()
    """Our ids of the messages the turn answers; told when it begins."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The agent wants something done with the call that a turn belongs to."""

    turn: int
    action: Literal["hang_up", "transfer"]
    to: str = ""
    """Whom to transfer to, as the operator names them; empty for the usual one."""
    summary: str = ""
    """What the person who takes over should know."""


Live = Entry | Amended | Delta | Status | Wish
"""What a reader of a conversation receives while connected."""


# -- lines: duplex audio -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Raw mono audio, no header."""

    encoding: Literal["mulaw", "pcm16"]
    """`mulaw` is G.711; `pcm16` is signed and little-endian."""
    rate: int
    """Samples a second."""

    @property
    def bytes_per_second(self) -> int:
        return self.rate * (1 if self.encoding == "mulaw" else 2)


PHONE = AudioFormat("mulaw", 8000)
BROWSER = AudioFormat("pcm16", 16000)


@dataclass(frozen=True, slots=True)
class Call:
    """Who is on a line, and how it came about."""

    id: str
    """The platform's id of the call; a line that takes it up again has the same."""
    sender: Sender
    route: Route
    format: AudioFormat
    """Of both directions."""
    outbound: bool = False
    """Whether we rang them."""
    opening: str = ""
    """What to say first, instead of the greeting."""
    voicemail: bool = False
    """Whether a machine took the call: say the opening and hang up."""
    resumed: bool = False
    """Whether the call goes on after its line broke."""


@dataclass(frozen=True, slots=True)
class AudioIn:
    """Sound from the caller, usually 20 ms, in the line's format."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class AudioOut:
    """Sound for the caller, any length, in the line's format."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Outbound: a point in the audio. Inbound: everything before it was played or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Drop the audio that was sent and not yet played."""


@dataclass(frozen=True, slots=True)
class Digit:
    """A key of the phone: 0 to 9, * or #."""

    digit: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The line is gone. Always the last event."""

    lost: bool = False
    """Whether it broke, instead of being put down."""


@dataclass(frozen=True, slots=True)
class Caption:
    """Words being spoken, for a line that can show them."""

    role: Literal["user", "agent"]
    text: str
    final: bool = False
    """Whether these are all the words, and will not change."""


LineEvent = AudioIn | Mark | Digit | HungUp
LineOrder = AudioOut | Mark | Clear | Caption
