"""`frontdoor call`: a telephone in the terminal, typed or scripted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import anyio
from rich.console import Console
from rich.text import Text

from channels.twilio.simulator import Fact, NotOnTheLine, Phone, PhoneCall, Recording
from channels.twilio.simulator.call import Voice
from prompts import sentence

_POLL_SECONDS = 0.2
_QUIET_SECONDS = 0.5
_KEYS_SECONDS = 5.0
"""To wait for what keys that were pressed bring about."""
_PRESS, _QUIT = ":press ", ":quit"


@dataclass(frozen=True, slots=True)
class Line:
    """Words of the conversation, as the house has them."""

    role: Literal["user", "agent"]
    text: str


class Watch(Protocol):
    """What can be learnt of a call besides hearing it, when the house is this machine's."""

    async def news(self, call: str) -> list[Line]:
        """What was added to the conversation since last asked."""

    async def busy(self, call: str) -> bool:
        """Whether an answer is still owed."""


class Headset(Protocol):
    """A microphone and a speaker."""

    def open(self, send: Callable[[bytes], None]) -> AbstractContextManager[None]:
        """Hand on frames of 20 ms, mu-law, on the event loop, until the block is left."""

    def play(self, audio: bytes) -> None:
        """Let mu-law sound be heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A call to make."""

    url: str
    token: str
    public_url: str = ""
    """What the house calls itself, when that is not `url`."""
    to: str
    from_: str
    locale: str = ""
    voice: Voice | None = None
    says: Sequence[str | Path] = ()
    """Texts and WAV files, said one after the other when the house has finished speaking."""
    lines: AsyncIterator[str] | None = None
    """What is typed, when nothing is to be said by itself."""
    headset: Headset | None = None
    patience: float = 60.0
    """Seconds to wait for an answer."""


@dataclass(slots=True)
class Heard:
    """One thing that was said, and how soon something was heard of it."""

    said: str
    first_sound: float | None
    """Seconds from the caller's last word; None when there was no answer."""


@dataclass(slots=True)
class Outcome:
    """How a call went."""

    call: str
    ok: bool
    turns: list[Heard]
    recording: Recording
    facts: list[Fact] = field(default_factory=list)


async def call(plan: Plan, console: Console, watch: Watch | None = None) -> Outcome:
    """Make a call, and show it while it lasts."""
    show = _Show(console, plan)
    show.say("calling", "dim", url=plan.url)
    headset = plan.headset
    phone = Phone(plan.from_, voice=plan.voice)
    async with phone.call(
        plan.url,
        token=plan.token,
        to=plan.to,
        public_url=plan.public_url,
        on_fact=show.fact,
        on_sound=headset.play if headset else lambda _: None,
    ) as line:
        live = headset.open(line.speak_live) if headset and not line.over else nullcontext()
        with live:
            async with anyio.create_task_group() as tasks:
                if watch:
                    tasks.start_soon(_follow, line, watch, show)
                ok = line.streaming and await _talk(line, plan, watch, show)
                tasks.cancel_scope.cancel()
        if watch:
            show.words(await watch.news(line.sid))
    show.say("call_over", "dim", seconds=round(line.recording.seconds))
    return Outcome(line.sid, ok, show.turns, line.recording, line.facts)


async def _talk(line: PhoneCall, plan: Plan, watch: Watch | None, show: _Show) -> bool:
    """Say all that is to be said; whether everything was answered."""
    if plan.headset:
        show.say("call_speak", "dim")
        await line.ended(seconds=float("inf"))
        return True
    if plan.lines is not None:
        show.say("call_type", "dim")
        await _typed(line, plan.lines, show)
        return True
    await line.answer(since=0.0, quiet=_QUIET_SECONDS, seconds=plan.patience)
    for what in plan.says:
        text = what.name if isinstance(what, Path) else what
        if text == _QUIT:
            break
        show.speech("user", text)
        try:
            if text.startswith(_PRESS):
                await line.press(text.removeprefix(_PRESS).strip())
                await line.answer(
                    since=line.now, quiet=_QUIET_SECONDS, seconds=min(_KEYS_SECONDS, plan.patience)
                )
                continue
            await line.say(what)
        except NotOnTheLine:
            show.say("call_too_late", "red")
            return False
        heard = Heard(text, await _answered(line, plan.patience, watch))
        show.turn(heard)
        if heard.first_sound is None:
            return False
    return True


async def _answered(line: PhoneCall, patience: float, watch: Watch | None) -> float | None:
    """Seconds until something was heard, once the house has finished; None for nothing."""
    last = line.utterances[-1].last
    spoke = await line.answer(quiet=_QUIET_SECONDS, seconds=patience)
    if spoke is None:
        return None
    with anyio.move_on_after(patience):
        # "One moment" is not all of it.
        while watch and not line.over and await watch.busy(line.sid):  # noqa: ASYNC110 - in a database
            await anyio.sleep(_POLL_SECONDS)
        await line.answer(quiet=_QUIET_SECONDS, seconds=patience)
    return spoke.at - last


async def _typed(line: PhoneCall, lines: AsyncIterator[str], show: _Show) -> None:
    """Say what is typed, at once: so that the house can be interrupted."""

    async def put_down() -> None:
        await line.ended(seconds=float("inf"))
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(put_down)
        async for typed in lines:
            words = typed.strip()
            if words == _QUIT:
                break
            if words.startswith(_PRESS):
                await line.press(words.removeprefix(_PRESS).strip())
            elif words:
                said = await line.say(words)
                tasks.start_soon(_timed, line, words, said.last, show)
        tasks.cancel_scope.cancel()


async def _timed(line: PhoneCall, words: str, last: float, show: _Show) -> None:
    spoke = await line.answer(since=last, quiet=0.0)
    show.turn(Heard(words, spoke.at - last if spoke else None))


async def _follow(line: PhoneCall, watch: Watch, show: _Show) -> None:
    while True:
        show.words(await watch.news(line.sid))
        await anyio.sleep(_POLL_SECONDS)


class _Show:
    """What the person at the terminal sees."""

    _LOUD = frozenset({"failed", "malformed", "stream_failed", "reject", "underrun", "lost"})
    _QUIET = frozenset({"dial", "say", "whisper", "digit"})

    def __init__(self, console: Console, plan: Plan) -> None:
        self.turns: list[Heard] = []
        self._console, self._locale = console, plan.locale

    def say(self, key: str, style: str = "", **values: object) -> None:
        self._console.print(Text(sentence("call", key, self._locale, **values), style))

    def speech(self, role: Literal["user", "agent"], text: str) -> None:
        who = sentence("call", "you" if role == "user" else "house", self._locale)
        colour = "bold cyan" if role == "user" else "bold green"
        self._console.print(Text.assemble((f"{who}  ", colour), text))

    def words(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if line.role == "agent":
                self.speech("agent", line.text)
            else:
                self.say("understood", "dim", text=line.text)

    def turn(self, heard: Heard) -> None:
        self.turns.append(heard)
        if heard.first_sound is None:
            self.say("no_answer", "red")
        else:
            self.say("first_sound", "dim", ms=round(heard.first_sound * 1000))

    def fact(self, fact: Fact) -> None:
        if fact.kind in self._LOUD | self._QUIET:
            style = "yellow" if fact.kind in self._LOUD else "dim"
            seconds = f" {fact.seconds * 1000:.0f} ms" if fact.seconds else ""
            self._console.print(
                Text(f"{fact.at:6.2f} s  {fact.kind} {fact.detail}{seconds}", style)
            )
