"""Rounds of misfortune: people write, things break, all is mended, and then the books are made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

import anyio

from gateway.speech.simulator import SpeechSimulator
from tests.chaos.books import Books, Place, Received, Said, Shown
from tests.chaos.callers import Caller, spoken_answers
from tests.chaos.parts import Parts
from tests.chaos.people import InTelegram, OnTheWeb, Writer, crowd
from tests.chaos.trouble import Kill, Trouble

SETTLE_SECONDS = 90.0
"""How long after the last misfortune an answer may take: the agent is asked again ever less
often, and what may have gone out is repeated so, too."""

LATER_SECONDS = 0.5
"""How long nothing may have been left to do before we believe it."""

AT_ONCE_SECONDS = 0.5
"""A stream that broke so soon after a kill broke by it."""


@dataclass
class Result:
    """What several rounds came to."""

    messages: Counter[str] = field(default_factory=Counter)
    """By channel."""
    answers: int = 0
    labelled: int = 0
    complaints: Counter[str] = field(default_factory=Counter)
    """By kind."""
    details: list[str] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    """Seconds from a kill until another replica went on with a turn that was being played."""
    alone: list[float] = field(default_factory=list)
    """As above, where nobody was left who could, or the database or the agent was away."""
    settling: list[float] = field(default_factory=list)
    """Seconds from the last misfortune of a round until all was answered."""
    calls: int = 0
    taken_up: int = 0
    """How often a call went on by another stream."""
    unheard: int = 0
    """Questions on the phone whose sound died with a replica, so that they were asked again."""
    taken_back: int = 0
    """Questions on the phone that their caller did not wait for, but asked another."""
    asked_again: int = 0
    """Messages that reached the agent more than once, under one id."""
    tracebacks: Counter[str] = field(default_factory=Counter)

    def complain(self, kind: str, detail: str) -> None:
        self.complaints[kind] += 1
        self.details.append(f"{kind}: {detail}")


@dataclass
class Rounds:
    """Plays rounds with the same parts, and sums up."""

    parts: Parts
    dice: Random
    size: int = 3
    callers: int = 1
    words: str = Writer.words
    """What people say of each number."""
    speech: SpeechSimulator | None = None
    """Who hears callers; without it nobody calls."""
    result: Result = field(default_factory=Result)
    trouble: Trouble = field(init=False)
    _played: int = 0
    _lives: int = 0

    def __post_init__(self) -> None:
        self.trouble = Trouble(self.parts, self.dice)

    async def play(self, kills: int) -> None:
        """One round with new people and so many kills."""
        parts, trouble = self.parts, self.trouble
        self._played += 1
        people = crowd(self._played, parts.balancer.url, parts.telegram, self.size)
        for person in people:
            person.words = self.words
        callers = self._phones() if self.speech else []
        killed, fallen = len(trouble.kills), len(trouble.fell)
        async with anyio.create_task_group() as lives:
            for person in people:
                lives.start_soon(person.live)
            parts.telegram.calm = False
            enough = anyio.Event()
            async with anyio.create_task_group() as writing:
                for person in people:
                    writing.start_soon(person.write, self.dice, enough)
                for caller in callers:
                    writing.start_soon(caller.call, self.dice, enough)
                await trouble.make(kills)
                enough.set()
                parts.telegram.calm = True
            await self._settle(people)
            lives.cancel_scope.cancel()
        for fell in trouble.fell[fallen:]:
            self.result.complain("ended by itself", fell)
        await self._sum_up(people, callers, trouble.kills[killed:])

    def _phones(self) -> list[Caller]:
        assert self.speech is not None
        first = self._played * 100
        return [
            Caller(f"tel{first + n}", f"+3361{first + n:07}", self.parts, self.speech)
            for n in range(self.callers)
        ]

    async def _settle(self, people: Sequence[OnTheWeb | InTelegram]) -> None:
        """Wait until nothing is left to do, and what was said is answered or never will be."""
        began = anyio.current_time()
        quiet_since = None
        with anyio.move_on_after(SETTLE_SECONDS) as patience:
            while True:
                await anyio.sleep(0.1)
                acknowledged = not self.parts.telegram.updates and not any(
                    isinstance(person, OnTheWeb) and person.visitor.outbox for person in people
                )
                if not acknowledged or await self.parts.unsettled():
                    quiet_since = None
                    continue
                quiet_since = quiet_since or anyio.current_time()
                missing = Books(*_told(people)).unanswered
                quiet = anyio.current_time() - quiet_since
                # With nothing left to do, what is not there now will not come any more.
                if quiet > (10 * LATER_SECONDS if missing else LATER_SECONDS):
                    break
        if patience.cancelled_caught:
            left = await self.parts.unsettled()
            self.result.complain("never settled", f"{left} left after {SETTLE_SECONDS:.0f} s")
        self.result.settling.append(anyio.current_time() - began)

    async def _sum_up(
        self,
        people: Sequence[OnTheWeb | InTelegram],
        callers: Sequence[Caller],
        kills: Sequence[Kill],
    ) -> None:
        result = self.result
        for person in people:
            for complaint in person.complaints():
                result.complain("on the wire", complaint)
        books = Books(*_told(people))
        books.stored = await self.parts.log()
        # The agent may have been away for so long that nobody waited any more.
        alone = await self.parts.alone()
        books.said = [replace(s, late=s.late or s.number in alone) for s in books.said]
        await self._sum_up_calls(books, callers)
        news = self.parts.agent.news()
        books.received = self._received(news)
        wrong = result.complaints.total()
        for kind, detail in books.complaints():
            result.complain(kind, f"{detail}, round {self._played}")
        if result.complaints.total() > wrong:
            kept = json.dumps(asdict(books), indent=1)
            (self.parts.agent.folder / f"round{self._played}.json").write_text(kept, "utf-8")
        result.messages.update(said.channel for said in books.said)
        result.answers += len(books.said) - len(books.unanswered)
        result.labelled += books.labelled
        times = Counter(received.id for received in books.received)
        result.asked_again += sum(count > 1 for count in times.values())
        for seconds, left in recoveries(news, kills, self.trouble.outages, self.parts):
            (result.recoveries if left else result.alone).append(seconds)
        for house in self.parts.houses:
            result.tracebacks.update(failures(house.take_log().splitlines()))

    async def _sum_up_calls(self, books: Books, callers: Sequence[Caller]) -> None:
        """What a caller said counts once it was stored: what nobody heard they ask again.

        Who asks something else before the answer comes takes back what they asked before.
        """
        homes: dict[str, Place] = {}
        taken_back_by_all = await self.parts.taken_back()
        for caller in callers:
            heard = [number for number in caller.asked if number in books.stored]
            taken_back = taken_back_by_all.intersection(heard[:-1])
            self.result.taken_back += len(taken_back)
            homes |= {books.stored[number][0][0]: caller.place for number in heard}
            books.said += [Said(n, caller.place) for n in heard if n not in taken_back]
            for number in caller.gave_up:
                self.result.complain("gave up asking", f"{number} in {caller.place}")
            self.result.unheard += len(caller.asked) - len(heard)
            self.result.calls += caller.calls
            self.result.taken_up += caller.taken_up
        answers = await spoken_answers(self.parts, homes)
        books.shown += [Shown(place, text) for place, text in answers]

    def _received(self, news: Iterable[dict[str, Any]]) -> list[Received]:
        found = []
        for line in news:
            if line["kind"] == "born":
                self._lives += 1
            elif line["kind"] == "received" and not line["draft"]:
                numbers = tuple(line["numbers"])
                found.append(Received(line["id"], numbers, self._lives, line["again"]))
        return found


def _told(people: Iterable[OnTheWeb | InTelegram]) -> tuple[list[Any], list[Any]]:
    said, shown = [], []
    for person in people:
        said += person.said
        shown += person.shown()
    return said, shown


def recoveries(
    news: Sequence[dict[str, Any]],
    kills: Sequence[Kill],
    outages: Sequence[tuple[float, float]],
    parts: Parts,
) -> list[tuple[float, bool]]:
    """How long each turn stood still whose replica was killed while the agent answered it.

    Also says whether somebody could go on all the while.
    """
    found = []
    for place, line in enumerate(news):
        if line["kind"] != "broken":
            continue
        replica = parts.replica_of(line["by"])
        ended = [
            kill
            for kill in kills
            if kill.replica == replica and 0 <= line["at"] - kill.at < AT_ONCE_SECONDS
        ]
        after = (
            later["at"]
            for later in news[place + 1 :]
            if later["kind"] == "asked" and later["turn"] == line["turn"]
        )
        if ended and (at := next(after, None)):
            kill = ended[-1]
            died = {other.replica for other in kills if kill.at <= other.at < at}
            away = any(began < at and kill.at < ended_at for began, ended_at in outages)
            found.append((at - kill.at, bool(kill.left - died) and not away))
    return found


def failures(lines: Iterable[str]) -> Counter[str]:
    """What a log says that nobody foresaw: events with a traceback, by name."""
    found: Counter[str] = Counter()
    for line in lines:
        if "Traceback" in line:
            try:
                event = json.loads(line)
            except ValueError:
                found[line.strip()] += 1
            else:
                last = str(event.get("exception", "")).strip().splitlines()[-1:]
                found[f"{event.get('event')}: {' '.join(last)[:100]}"] += 1
    return found
