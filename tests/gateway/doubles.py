"""Doubles of what surrounds the conductors: a channel that keeps what it was told to send."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import anyio
import anyio.lowlevel

from channels.base import PREVIEW_OPENING, Channel, ChannelError, Outgoing, Remember
from channels.events import (
    Address,
    AudioFormat,
    Command,
    File,
    Message,
    Part,
    Reply,
    Route,
    Sender,
    Text,
    Trust,
)
from gateway.speech.base import Speech, SpeechToText, TextToSpeech, Transcription
from tests.waiting import PATIENCE


def sender(id: str = "1", locale: str = "en") -> Sender:
    return Sender(Address("paper", id), "Ann", locale, "Europe/Vienna", Trust.PLATFORM)


def route(chat: str = "1") -> Route:
    return Route("paper", "bot", chat)


def message(
    event: str,
    text: str = "hello",
    *,
    who: Sender | None = None,
    parts: Iterable[Part] | None = None,
    command: Command | None = None,
    ref: str = "",
    edits: str = "",
    group: bool = False,
) -> Message:
    who = who or sender()
    return Message(
        event=event,
        sender=who,
        route=route(who.address.id),
        parts=(Text(text),) if parts is None else tuple(parts),
        command=command,
        ref=ref,
        edits=edits,
        group=group,
    )


@dataclass
class PaperPreview:
    """A preview that writes down what it would show."""

    shown: list[str] = field(default_factory=list)
    closed: bool = False

    def show(self, text: str) -> None:
        self.shown.append(text)

    def working(self) -> None:
        pass

    def quote(self, text: str, locale: str) -> None:
        self.shown.append(f"> {text}")

    async def close(self) -> None:
        self.closed = True


@dataclass
class PaperChannel(Channel):
    """Sends onto a list; fails as told, once for each failure it was given."""

    name: ClassVar[str] = "paper"
    sent: list[Outgoing] = field(default_factory=list)
    edited: list[tuple[str, Outgoing]] = field(default_factory=list)
    failures: list[tuple[ChannelError, bool]] = field(default_factory=list)
    """Errors to raise, each with whether the request went out all the same."""
    previews: list[PaperPreview] = field(default_factory=list)
    remembers: list[Remember] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    changed: anyio.Event = field(default_factory=anyio.Event)

    def render(self, route: Route, reply: Reply) -> list[Outgoing]:
        outgoing: list[Outgoing] = [{"to": route.chat, "text": reply.text}] if reply.text else []
        if outgoing and reply.quote:
            outgoing[0]["quote"] = reply.quote
        outgoing += [{"to": route.chat, "file": file.name} for file in reply.files]
        if reply.choices:
            outgoing[-1]["choices"] = [choice.value for choice in reply.choices]
        return outgoing

    def repeated(self, outgoing: Outgoing) -> Outgoing:
        return {**outgoing, "repeat": True}

    async def send(self, outgoing: Outgoing, ref: str) -> str:
        error, went_out = self.failures.pop(0) if self.failures else (None, True)
        if went_out:
            if ref:
                self.edited.append((ref, outgoing))
            else:
                self.sent.append(outgoing)
        self.changed.set()
        self.changed = anyio.Event()
        if error:
            raise error
        return ref or f"m{len(self.sent)}"

    def preview(self, route: Route, turn: int, remember: Remember, ref: str = "") -> PaperPreview:
        self.previews.append(PaperPreview())
        self.remembers.append(remember)
        return self.previews[-1]

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        yield self.files[file.source]

    async def until_sent(self, count: int) -> list[Outgoing]:
        """What was sent, once there are so many."""
        with anyio.fail_after(PATIENCE):
            while len(self.sent) < count:
                await self.changed.wait()
        return self.sent

    @property
    def texts(self) -> list[str]:
        return [outgoing["text"] for outgoing in self.sent if "text" in outgoing]


@dataclass
class ScriptedRecogniser(SpeechToText):
    """Hears what it was told to, by the bytes of a recording; the rest has no words."""

    name = "scripted"
    words: dict[bytes, str | Transcription | Exception] = field(default_factory=dict)
    asked: list[tuple[Speech, str]] = field(default_factory=list)
    """What it was given, with the language that was expected."""

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        self.asked.append((speech, locale))
        await anyio.lowlevel.checkpoint()
        words = self.words.get(speech.audio, "")
        if isinstance(words, Exception):
            raise words
        return words if isinstance(words, Transcription) else Transcription(words, "en")


@dataclass
class ToneVoice(TextToSpeech):
    """Hums 50 ms for each character."""

    name = "tone"
    said: list[str] = field(default_factory=list)
    failure: Exception | None = None

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes, None]:
        if self.failure:
            raise self.failure
        self.said.append(text)
        for _ in text:
            yield b"\x10\x27" * (format.bytes_per_second // 80) + b"\0\0" * (
                format.bytes_per_second // 80
            )


__all__ = [
    "PREVIEW_OPENING",
    "PaperChannel",
    "ScriptedRecogniser",
    "ToneVoice",
    "message",
    "route",
    "sender",
]
