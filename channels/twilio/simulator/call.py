"""A call in progress: what the caller does and notices, and what Twilio does meanwhile."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidURI

from channels.twilio.simulator import signing, wire
from channels.twilio.simulator.exchange import Exchange, read
from channels.twilio.simulator.facts import Fact, Kind
from channels.twilio.simulator.faults import Faults
from channels.twilio.simulator.mouth import Mouth, Utterance
from channels.twilio.simulator.playout import Played
from channels.twilio.simulator.recording import Recording
from channels.twilio.simulator.sound import read_wav
from channels.twilio.simulator.streaming import Ending, MediaStream
from channels.twilio.simulator.twiml import Verb

Voice = Callable[[str], Awaitable[bytes]]
"""A text as mu-law sound."""

_DOCUMENTS = 50
"""A call that is sent from one to the next for ever would otherwise not end."""
_TICK_SECONDS = 0.01
_CLOSE_SECONDS = 2.0


class NotOnTheLine(Exception):
    """The call is over; nothing can be said any more."""


class PhoneCall:
    """A call in progress. Seconds are since it was placed."""

    def __init__(
        self,
        exchange: Exchange,
        mouth: Mouth,
        faults: Faults,
        *,
        voice: Voice | None = None,
        on_fact: Callable[[Fact], None],
        on_sound: Callable[[bytes], None],
    ) -> None:
        self.facts: list[Fact] = []
        self.recording = Recording()
        self.utterances: list[Utterance] = []
        self.streams = 0
        """How many were opened."""
        self._exchange, self._mouth, self._faults = exchange, mouth, faults
        self._voice, self._on_fact, self._on_sound = voice, on_fact, on_sound
        self._placed = time.monotonic()
        self._stream: MediaStream | None = None
        self._answered = anyio.Event()
        self._ended = anyio.Event()
        self._hung_up = False
        self._replacement: str | None = None

    # What the caller does

    async def say(self, what: bytes | str | Path) -> Utterance:
        """Say mu-law sound, a WAV file or, with a voice, a text; returns when it is said.

        Raises NotOnTheLine.
        """
        audio = await self._sound(what)
        if self.over:
            raise NotOnTheLine
        utterance = self._mouth.say(audio)
        self.utterances.append(utterance)
        await utterance.said.wait()
        spoken = utterance.last - utterance.first
        self._note(Fact(utterance.first, "caller", seconds=spoken))
        return utterance

    def speak_live(self, frame: bytes) -> None:
        """Say 20 ms of mu-law sound as soon as possible, as a microphone does."""
        self._mouth.live.append(frame)

    async def press(self, keys: str) -> None:
        """Press keys; `w` waits for half a second. Raises NotOnTheLine."""
        for key in keys:
            if key == "w":
                await anyio.sleep(0.5)
                continue
            if self._stream is None:
                raise NotOnTheLine
            self._fact("digit", key)
            await self._stream.press(key)

    async def hang_up(self, *, rudely: bool = False) -> None:
        """Put down; `rudely` the stream breaks without a word. Returns when the call is over."""
        if not self.over:
            self._hung_up = True
            self._fact("hung_up")
            if self._stream:
                self._stream.end("left" if rudely else "hung_up")
        await self._ended.wait()

    async def lose_socket(self) -> None:
        """Break the stream's connection; the call itself goes on."""
        if self._stream:
            self._stream.end("lost")

    async def replace(self, document: str) -> None:
        """What Twilio's REST interface does with `Twiml=`; `<Response/>` ends the call."""
        self._replacement = document
        if self._stream:
            self._stream.end("replaced")

    # What the caller notices

    @property
    def now(self) -> float:
        return time.monotonic() - self._placed

    @property
    def sid(self) -> str:
        return self._exchange.form["CallSid"]

    @property
    def over(self) -> bool:
        return self._ended.is_set()

    @property
    def streaming(self) -> bool:
        return self._stream is not None

    @property
    def speaking(self) -> bool:
        """Whether the house can be heard right now."""
        return self._stream is not None and self._stream.audible_until > self.now

    def noted(self, kind: Kind, since: float = 0.0) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind == kind and fact.at >= since]

    async def up(self) -> None:
        """Wait until there is a stream, or never will be."""
        await self._answered.wait()

    async def ended(self, seconds: float = 30.0) -> None:
        """Wait until the call is over. Raises TimeoutError."""
        with anyio.fail_after(seconds):
            await self._ended.wait()

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait for something to become true. Raises TimeoutError."""
        with anyio.fail_after(seconds):
            while not condition():  # noqa: ASYNC110 - not every condition is about us
                await anyio.sleep(_TICK_SECONDS)

    async def answer(
        self, since: float | None = None, quiet: float = 0.5, seconds: float = 30.0
    ) -> Fact | None:
        """Wait for the house to speak, and then to be quiet for so long.

        Returns when it first spoke after `since` (by default the end of what was last said);
        None when it did not, or the call ended. Fillers count: they can be heard.
        """
        if since is None:
            since = self.utterances[-1].last if self.utterances else 0.0
        begins = since

        def spoke() -> Fact | None:
            if new := self.noted("spoke", begins):
                return new[0]
            # It may have begun before the caller had finished.
            late = self._stream is not None and self._stream.audible_until > begins
            return self.noted("spoke")[-1] if late else None

        first: Fact | None = None
        with anyio.move_on_after(seconds):
            await self.until(lambda: self.over or spoke(), seconds=seconds + 1)
            first = spoke()
            while not self.over and (  # noqa: ASYNC110 - sound may be added meanwhile
                (rest := self._quiet_at + quiet - self.now) > 0
            ):
                await anyio.sleep(rest)
        return first

    @property
    def _quiet_at(self) -> float:
        return self._stream.audible_until if self._stream else self.now

    # What Twilio does

    async def run(self) -> None:
        """Live through the call."""
        try:
            await self._exchange.tell("ringing", self.now)
            webhook = self._exchange.public_url + self._exchange.path
            document = await self._exchange.document(webhook, "ringing", self._fact)
            for _ in range(_DOCUMENTS):
                if document is None:
                    break
                document = await self._follow(document)
        finally:
            self._stream = None
            self._mouth.hush()
            self._fact("ended")
            self._ended.set()
            self._answered.set()
        unordered = self._faults.unordered_statuses
        for status in ("completed", "in-progress") if unordered else ("completed",):
            await self._exchange.tell(status, self.now)

    async def _follow(self, verbs: list[Verb]) -> list[Verb] | None:  # noqa: C901 - a case a verb
        """Carry out a document; returns the one that takes over, None when the call ends."""
        for verb in verbs:
            if self._hung_up:
                return None
            match verb.name:
                case "Say" | "Play":
                    kind: Kind = "say" if verb.name == "Say" else "play"
                    self._fact(kind, verb.attributes.get("digits") or verb.text)
                case "Reject":
                    self._fact("reject", verb.attributes.get("reason", "rejected"))
                    return None
                case "Hangup":
                    return None
                case "Redirect":
                    return await self._request(verb.text)
                case "Dial" | "Connect":
                    goes_on, result = await (
                        self._dial(verb) if verb.name == "Dial" else self._connect(verb)
                    )
                    if not goes_on:
                        return None
                    if self._replacement is not None:
                        document, self._replacement = self._replacement, None
                        return read(document, self._fact)
                    if action := verb.attributes.get("action"):
                        return await self._request(action, result)
        return None

    async def _connect(self, verb: Verb) -> tuple[bool, dict[str, str]]:
        """Open the stream and live through it; whether the call goes on, as what."""
        noun = verb.child("Stream")
        url = noun.attributes.get("url", "") if noun else ""
        parts = urlsplit(url)
        if not self.streams:
            await self._exchange.tell("in-progress", self.now)
        if noun is None or parts.scheme not in ("ws", "wss") or parts.query:
            # Twilio's errors 31920 and 31941
            self._fact("stream_failed", f"no URL that a stream can have: {url!r}")
            return True, {}
        parameters = {
            child.attributes["name"]: child.attributes["value"]
            for child in noun.children
            if child.name == "Parameter"
        }
        stream = wire.Stream(
            f"MZ{secrets.token_hex(16)}", self.sid, self._exchange.form["AccountSid"], parameters
        )
        try:
            return await self._live(url, stream) not in ("hung_up", "left"), {}
        except (InvalidHandshake, InvalidURI, OSError) as error:
            self._fact("stream_failed", str(error))
            return True, {}
        finally:
            self._stream = None

    async def _live(self, url: str, stream: wire.Stream) -> Ending:
        async with connect(
            self._exchange.reached(url),
            additional_headers=signing.headers(
                self._exchange.token, url, how=self._faults.signature
            ),
            proxy=None,
            compression=None,
            ping_interval=None,
            max_size=None,
            close_timeout=_CLOSE_SECONDS,
            user_agent_header="Twilio.TmeWs/1.0",
        ) as socket:
            if self._hung_up:
                return "hung_up"
            self.streams += 1
            if self.streams > 1:
                self._faults = replace(self._faults, lose_socket_at=None)
            self._stream = MediaStream(
                socket,
                stream,
                clock=lambda: self.now,
                mouth=self._mouth,
                recording=self.recording,
                hear=self._hear,
                note=self._note,
                faults=self._faults,
            )
            self._fact("stream", " ".join(sorted(stream.parameters)))
            self._answered.set()
            return await self._stream.run()

    async def _dial(self, verb: Verb) -> tuple[bool, dict[str, str]]:
        for number in [child for child in verb.children if child.name == "Number"] or [verb]:
            self._fact("dial", number.text)
            if whisper := number.attributes.get("url"):
                leg = {"CallSid": f"CA{secrets.token_hex(16)}", "ParentCallSid": self.sid}
                leg |= {"Direction": "outbound-dial", "To": number.text, "Called": number.text}
                for each in await self._request(whisper, leg) or ():
                    if each.name == "Say":
                        self._fact("whisper", each.text)
        return True, {"DialCallStatus": "completed", "DialCallDuration": "1"}

    async def _request(
        self, url: str, fields: Mapping[str, str] | None = None
    ) -> list[Verb] | None:
        url = self._exchange.absolute(url)
        return await self._exchange.document(url, "in-progress", self._fact, fields)

    async def _sound(self, what: bytes | str | Path) -> bytes:
        if isinstance(what, bytes):
            return what
        if isinstance(what, Path):
            return await anyio.to_thread.run_sync(read_wav, what)
        if self._voice is None:
            raise ValueError("This phone has no voice to say a text with.")
        return await self._voice(what)

    def _hear(self, played: Played) -> None:
        self.recording.house_said(played.start, played.audio)
        self._on_sound(played.audio)

    def _note(self, fact: Fact) -> None:
        self.facts.append(fact)
        self._on_fact(fact)

    def _fact(self, kind: Kind, detail: str = "", seconds: float = 0.0) -> None:
        self._note(Fact(self.now, kind, detail, seconds))
