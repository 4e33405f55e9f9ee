"""People who write until they are told that it is enough, and remember what they wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import anyio

from prompts import sentence
from tests.chaos.agent import LATE
from tests.chaos.books import Place, Said, Shown
from tests.chaos.bot import UnreliableTelegram
from tests.kill.people import Visitor

REPEAT = sentence("telegram", "repeat")
PAUSE_SECONDS = 1.2
"""The longest between two messages of one person on the web."""
CHAT_SECONDS, GROUP_SECONDS = 2.4, 5.0
"""As above, in Telegram, where we may answer so often: a chat once a second, a group 20 times a
minute."""
IS_LATE = 0.02
"""Share of messages that the agent takes its time with."""


class Person(Protocol):
    """Somebody who writes and reads."""

    said: list[Said]

    async def live(self) -> None:
        """Do what has to be done beside writing, until cancelled."""

    async def write(self, dice: Random, enough: anyio.Event) -> None: ...

    def shown(self) -> list[Shown]:
        """What they see of the house's messages, as it stands now."""

    def complaints(self) -> list[str]:
        """What is wrong with how it came."""


@dataclass
class Writer:
    """What all who write have in common; `prefix` begins each number of theirs."""

    prefix: str
    place: Place
    said: list[Said] = field(default_factory=list)
    pause: float = field(kw_only=True, default=PAUSE_SECONDS)
    words: str = field(kw_only=True, default="This is {}")
    """What they say of each number."""

    async def write(self, dice: Random, enough: anyio.Event) -> None:
        while not enough.is_set():
            await anyio.sleep(dice.uniform(0, self.pause))
            late = dice.random() < IS_LATE and self.words == Writer.words
            number = f"{self.prefix}x{len(self.said)}"
            text = self.words.format(number) + (f", {LATE}" if late else "")
            self.said.append(Said(number, self.place, late))
            await self.send(text, len(self.said) - 1)

    async def send(self, text: str, index: int) -> None:
        raise NotImplementedError


@dataclass
class OnTheWeb(Writer):
    visitor: Visitor = field(kw_only=True)

    async def live(self) -> None:
        await self.visitor.run()

    async def send(self, text: str, index: int) -> None:
        await self.visitor.say(text)

    def shown(self) -> list[Shown]:
        return [Shown(self.place, text) for text in self.visitor.texts("agent")]

    def complaints(self) -> list[str]:
        visitor = self.visitor
        found = [f"{self.place}: {visitor.doubles} log entries changed"] * bool(visitor.doubles)
        if sorted(visitor.log) != list(range(1, len(visitor.log) + 1)):
            found.append(f"{self.place}: the log has holes")
        if visitor.outbox:
            found.append(f"{self.place}: {len(visitor.outbox)} messages never acknowledged")
        return found


@dataclass
class InTelegram(Writer):
    """In a private chat, or in a topic of a group."""

    bot: UnreliableTelegram = field(kw_only=True)
    chat: int = field(kw_only=True)
    user: int = field(kw_only=True)
    thread: int = 0

    async def live(self) -> None:
        await anyio.sleep_forever()

    async def send(self, text: str, index: int) -> None:
        topic = {"message_thread_id": self.thread, "is_topic_message": True} if self.thread else {}
        mention = "@front_door_bot " if self.chat < 0 else ""
        message = await self.bot.say(self.chat, mention + text, user=self.user, **topic)
        self._messages.append(message["message_id"])

    _messages: list[int] = field(default_factory=list)

    def shown(self) -> list[Shown]:
        # Nobody reads another's topic here, so whatever has no place is in the wrong one.
        return [
            Shown(place_of(self.chat, shown.thread), shown.text, REPEAT in shown.text)
            for shown in self.bot.messages(self.chat)
            if shown.thread == self.thread
        ]

    def complaints(self) -> list[str]:
        for index, message in enumerate(self._messages):
            if message in self.bot.overtaking:
                said = self.said[index]
                self.said[index] = Said(said.number, said.place, said.late, overtaking=True)
        return []


def place_of(chat: int, thread: int) -> Place:
    return f"telegram:{chat}/{thread}" if thread else f"telegram:{chat}"


def crowd(round_: int, url: str, bot: UnreliableTelegram, size: int) -> list[OnTheWeb | InTelegram]:
    """Who writes in a round: as many on the web as to the bot, and a group with two topics."""
    first = round_ * 100
    people: list[OnTheWeb | InTelegram] = []
    for n in range(first, first + size):
        people.append(OnTheWeb(f"web{n}", f"web:{n}", visitor=Visitor(url)))
        chat = 100_000 + n
        people.append(
            InTelegram(
                f"bot{n}",
                place_of(chat, 0),
                bot=bot,
                chat=chat,
                user=chat,
                pause=CHAT_SECONDS,
            )
        )
    group = -100_000 - first
    for thread in (4, 9):
        prefix = f"{'four' if thread == 4 else 'nine'}{first}"
        people.append(
            InTelegram(
                prefix,
                place_of(group, thread),
                bot=bot,
                chat=group,
                user=900_000 + first + thread,
                thread=thread,
                pause=2 * GROUP_SECONDS,
            )
        )
    return people
