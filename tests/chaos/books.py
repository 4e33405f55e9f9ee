"""What was said and what came back, and whether it adds up. Pure.

A message is lost when no answer to it ever came; said twice when two answers came of which
neither says that it may be a repeat; out of order when its answer came before that to an earlier
one of its conversation; and in the wrong place when its answer came anywhere else than where it
was asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.chaos.agent import numbers

Place = str
"""Where one is answered: `web:3`, `telegram:100`, `telegram:-7/4`."""


@dataclass(frozen=True)
class Said:
    """A message of somebody's."""

    number: str
    place: Place
    late: bool = False
    """Whether the agent takes so long that its answer comes by itself."""
    overtaking: bool = False
    """Whether it may have come in before the one before it."""

    @property
    def channel(self) -> str:
        return self.place.partition(":")[0]


@dataclass(frozen=True)
class Shown:
    """Something the house said, where it was seen."""

    place: Place
    text: str
    labelled: bool = False
    """Whether it says that it may be a repeat."""


@dataclass(frozen=True)
class Received:
    """A message that the agent got."""

    id: str
    numbers: tuple[str, ...]
    life: int
    """How often the agent had died by then, and with it what it knew."""
    again: bool
    """Whether it knew the message, and began nothing."""


@dataclass
class Books:
    """One round's."""

    said: list[Said] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    """In the order in which they stand where they are seen."""
    stored: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    """By number: the conversation and the place in its log, as often as it is there."""
    received: list[Received] = field(default_factory=list)

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Everything that does not add up: of which kind, and which message."""
        yield from self._answers()
        yield from self._places()
        yield from self._log()
        yield from self._order()
        yield from self._agent()

    @property
    def unanswered(self) -> set[str]:
        return {s.number for s in self.said} - {n for _, n in self._heard()}

    @property
    def labelled(self) -> int:
        """Answers that say that they may be a repeat."""
        return sum(shown.labelled and bool(numbers(shown.text)) for shown in self.shown)

    def _heard(self, *, labelled: bool = True) -> Iterator[tuple[Shown, str]]:
        for shown in self.shown:
            if labelled or not shown.labelled:
                for number in numbers(shown.text):
                    yield shown, number

    def _answers(self) -> Iterator[tuple[str, str]]:
        for number in sorted(self.unanswered):
            yield "lost", number
        for number, times in Counter(n for _, n in self._heard(labelled=False)).items():
            if times > 1:
                yield "said twice", f"{number} ({times} times)"

    def _places(self) -> Iterator[tuple[str, str]]:
        home = {said.number: said.place for said in self.said}
        for shown, number in self._heard():
            if home.get(number) != shown.place:
                yield "wrong place", f"{number} in {shown.place}"

    def _log(self) -> Iterator[tuple[str, str]]:
        for said in self.said:
            times = len(self.stored.get(said.number, ()))
            if times != 1:
                yield "stored wrongly", f"{said.number} ({times} times)"

    def _order(self) -> Iterator[tuple[str, str]]:
        at = {number: places[0] for number, places in self.stored.items() if places}
        came: dict[Place, list[str]] = defaultdict(list)
        for said in self.said:
            if not said.overtaking and said.number in at:
                came[said.place].append(said.number)
        for place, wanted in came.items():
            yield from _disorder(place, wanted, at)
        home = {said.number: said.place for said in self.said}
        late = self._late()
        answered: dict[Place, list[str]] = defaultdict(list)
        for shown, number in self._heard():
            if (
                home.get(number) == shown.place
                and number in at
                and number not in late
                and number not in answered[shown.place]
            ):
                answered[shown.place].append(number)
        for place, heard in answered.items():
            yield from _disorder(place, heard, at)

    def _late(self) -> set[str]:
        """What is answered by itself, whenever that is; and so is what was asked with it."""
        late = {said.number for said in self.said if said.late}
        together = [r.numbers for r in self.received if late.intersection(r.numbers)]
        return late.union(*together)

    def _agent(self) -> Iterator[tuple[str, str]]:
        ids: dict[str, set[str]] = defaultdict(set)
        for received in self.received:
            for number in received.numbers:
                ids[number].add(received.id)
        for number, different in ids.items():
            if len(different) > 1:
                yield "asked twice", f"{number} as {', '.join(sorted(different))}"
        begun = Counter((r.id, r.life) for r in self.received if not r.again)
        for (id, _), times in begun.items():
            if times > 1:
                yield "begun twice", f"{id} ({times} times)"


def _disorder(
    place: Place, wanted: Iterable[str], at: Mapping[str, tuple[str, int]]
) -> Iterator[tuple[str, str]]:
    latest, newest = "", 0
    for number in wanted:
        if at[number][1] < newest:
            yield "out of order", f"{number} after {latest} in {place}"
        else:
            latest, newest = number, at[number][1]
