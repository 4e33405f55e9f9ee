"""What was said on the line, and how much of it the caller has heard: from marks.

Sound is counted in seconds along one timeline of everything sent. The line plays what it holds in
order and in real time; a mark that comes back tells exactly where it is, and between marks it is
worked out. After a clear the caller has heard no more than until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.call.events import AudioSent

CHARACTERS_A_SECOND = 14.0
"""Of speech, to guess the length of a clause whose sound is not all there."""

SENTENCE = 2.0
"""Seconds, for a sentence of ours whose words are not known here."""

MARK_PATIENCE = 1.0
"""Seconds after which a mark that should have come back is no longer waited for."""


@dataclass(slots=True)
class Clause:
    """One piece of speech on its way to the caller's ear."""

    number: int
    turn: int
    text: str
    said_at: float
    begin: float | None = None
    """Where on the timeline its sound begins; None before any was sent."""
    sent: float = 0.0
    """Seconds sent since `begin`."""
    skipped: float = 0.0
    """Seconds heard before `begin`, when it was resumed in the middle."""
    whole: bool = False
    """Whether the rest of its sound was sent."""
    length: float = 0.0
    """Seconds of all its sound, once known."""
    dropped: bool = False
    """Whether what was not heard of it never will be."""

    def heard_at(self, position: float) -> float:
        """Seconds of it heard when the line has come to `position`."""
        if self.begin is None:
            return self.skipped
        return self.skipped + min(max(position - self.begin, 0.0), self.sent)

    def finished_at(self, position: float) -> bool:
        sent = self.whole and self.begin is not None and position >= self.begin + self.sent - 1e-6
        return self.dropped or sent


class Playback:
    """Keeps the clauses of a call that were not heard to their end, and those of live turns."""

    def __init__(self) -> None:
        self._clauses: dict[int, Clause] = {}
        self._sent = 0.0
        self._until = 0.0
        """When the line will have played all it holds, if it plays without a break."""
        self._marks: dict[str, float] = {}
        self._known = 0.0
        """The furthest that a mark has told."""
        self.paused = False

    # -- what happened -------------------------------------------------------------------

    def say(self, number: int, turn: int, text: str, now: float) -> None:
        self._clauses[number] = Clause(number, turn, text, now)

    def sent(self, fact: AudioSent, now: float) -> None:
        clause = self._clauses.get(fact.clause)
        if clause is None or self.paused:
            return
        if clause.begin is None:
            clause.begin = self._sent
        clause.sent += fact.seconds
        clause.length = clause.length or fact.length
        if fact.last:
            clause.whole, clause.length = True, clause.skipped + clause.sent
        self._sent += fact.seconds
        self._until = max(self._until, now) + fact.seconds
        if fact.mark:
            self._marks[fact.mark] = self._sent

    def played(self, mark: str, now: float) -> None:
        """Unknown marks are those of sound that was cleared."""
        if mark not in self._marks:
            return
        position = self._marks[mark]
        self._marks = {name: at for name, at in self._marks.items() if at > position}
        self._known = max(self._known, position)
        self._until = now + self._sent - self._known

    def pause(self, now: float) -> bool:
        """Stop where the caller is; returns whether the line held anything."""
        outstanding = self.audible(now)
        position = self.position(now)
        for clause in self._clauses.values():
            if clause.begin is not None and not clause.finished_at(position):
                clause.skipped = clause.heard_at(position)
                clause.begin, clause.sent, clause.whole = None, 0.0, False
        self._sent = self._known = position
        self._until = now
        self._marks.clear()
        self.paused = True
        return outstanding

    def resume(self) -> tuple[int, float] | None:
        """Where to go on: a clause, and how much of it was heard; None when all was."""
        self.paused = False
        rest = self._unheard(self._sent)
        first = next(rest, None)
        return (first.number, first.skipped) if first else None

    def drop(self, number: int, now: float) -> None:
        """Nothing of this clause will be heard; those behind it are waited for from now on."""
        self._clauses.pop(number, None)
        self._until = max(self._until, now)

    def hush(self, now: float) -> bool:
        """Forget what was not heard; returns whether the line held anything."""
        outstanding = not self.paused and self.pause(now)
        self.paused = False
        for clause in list(self._unheard(self._sent)):
            clause.dropped = True
        return outstanding

    def forget(self, turn: int) -> None:
        """Nobody will ask any more what was heard of a turn."""
        position = self._sent
        self._clauses = {
            number: clause
            for number, clause in self._clauses.items()
            if clause.turn != turn or not clause.finished_at(position)
        }

    # -- how things stand ----------------------------------------------------------------

    def position(self, now: float) -> float:
        """How far along the timeline the caller has heard."""
        return max(self._known, self._sent - max(self._until - now, 0.0))

    def ahead(self, now: float) -> float:
        """Seconds of sound that the line still holds."""
        return max(self._until - now, 0.0)

    def audible(self, now: float) -> bool:
        """Whether the line still plays something, as far as anybody can tell."""
        return self._until > now or (bool(self._marks) and now < self._until + MARK_PATIENCE)

    def finished(self, now: float) -> bool:
        """Whether the caller has heard everything that was to be said."""
        return not self.paused and not self.audible(now) and next(self._unspoken(), None) is None

    def finish_due(self, now: float) -> float | None:
        """When to look again whether it is finished, should no mark tell before."""
        if self.paused or next(self._unspoken(), None) is not None or not self.audible(now):
            return None
        return self._until + MARK_PATIENCE if self._marks else self._until

    def remaining(self, now: float) -> float:
        """About how many seconds of what was said were not heard yet."""
        position = self.position(now)
        return sum(_length(c) - c.heard_at(position) for c in self._unheard(position))

    def stuck(self, now: float) -> tuple[int, float] | None:
        """The clause that ought to sound and does not, and since when."""
        clause = next(self._unspoken(), None)
        if self.paused or clause is None:
            return None
        return clause.number, max(clause.said_at, self._until)

    def heard(self, turn: int, now: float) -> str:
        """The words of a turn's reply that the caller heard, to the last whole one."""
        position = self.position(now)
        words = [_heard(c, position) for c in self._clauses.values() if c.turn == turn]
        return " ".join(word for word in words if word)

    def _unheard(self, position: float) -> Iterator[Clause]:
        return (c for c in self._clauses.values() if not c.finished_at(position))

    def _unspoken(self) -> Iterator[Clause]:
        return (c for c in self._clauses.values() if not (c.whole or c.dropped))


def _length(clause: Clause) -> float:
    guess = len(clause.text) / CHARACTERS_A_SECOND if clause.text else SENTENCE
    return clause.length or max(clause.skipped + clause.sent, guess)


def _heard(clause: Clause, position: float) -> str:
    share = clause.heard_at(position) / max(_length(clause), 1e-6)
    if share > 1 - 1e-6:
        return clause.text
    return clause.text[: int(len(clause.text) * share)].rpartition(" ")[0]
