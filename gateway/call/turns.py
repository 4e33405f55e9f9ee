"""Who holds the floor: one turn of the caller, and judgements on their words and silences."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from gateway.call import events as e
from gateway.call.policy import Policy
from gateway.call.words import phrases, words

LONGEST_ASSENT = 4
"""Words. "Yeah, okay, right, mhm" is still assent; more than this is a turn."""

SHORTEST_NUMBER, LONGEST_NUMBER = 3, 9
"""Digits. Who has said so many in a row is dictating, and from the last on may be done."""

CLOSE_TO_END = 1.0
"""Seconds. Who speaks up when so little of a reply is left, answers it."""

COVERS = 0.15
"""Seconds. Words recognised from audio up to so short before the end of speech are all of them."""


class Verdict(Enum):
    """Whether a turn is over, and what came of it."""

    OPEN = auto()
    WORDLESS = auto()
    """The caller is done; their words are not known yet."""
    NOTHING = auto()
    """There was nothing in it for the agent."""
    UNHEARD = auto()
    """There was speech, and no recogniser could be reached."""
    WAIT = auto()
    """It will be over at `Turn.over_at`, if the caller stays quiet."""
    OVER = auto()


@dataclass(slots=True)
class Turn:
    """One turn of the caller: what they say, and how far we are with an answer."""

    number: int
    policy: Policy
    began: float
    """When the first of its speech was heard."""
    since: float
    """When the last of its speech was heard, as far as is known."""
    ended: bool = False
    """Whether voice activity agrees that the caller is quiet."""
    cut: bool = False
    """Whether it is over although the caller goes on."""
    over_ours: bool = False
    """Whether it was said over our speech, and is not known to be more than assent."""
    text: str = ""
    """The words of the newest recognition that was answered."""
    failed: bool = False
    draft: str = ""
    """The words the agent started on, before the turn was over."""
    held: list[str] = field(default_factory=list)
    """What the agent says already and must not be spoken yet."""
    said: bool = False
    """Whether anything of the reply was spoken."""
    done: bool = False
    """Whether all of the reply is known."""
    status: str = ""
    """What the agent is at, in its own words."""
    wish: e.HangUp | e.Transfer | None = None
    """What the agent wants done with the call after its reply."""
    _take: int = 0
    _answered: int = 0
    _asked: dict[int, float] = field(default_factory=dict)
    """When each recognition was asked for."""

    def transcribe(self, now: float, *, speculative: bool = True) -> e.Transcribe:
        self._take += 1
        self._asked[self._take] = now
        return e.Transcribe(self.number, self._take, speculative)

    def end(self, since: float, now: float) -> list[e.Order]:
        """Voice activity says that the caller is quiet."""
        self.since, self.ended = since, True
        asked = self._asked.get(self._take, -1.0)
        return [] if asked >= since else [self.transcribe(now)]

    def read(self, fact: e.Transcript) -> bool:
        """Take in what was recognised; False when something newer is known."""
        if fact.take <= self._answered:
            return False
        self._answered, self.text, self.failed = fact.take, fact.text.strip(), fact.failed
        return True

    def note(self, fact: e.AgentStatus | e.AgentWish) -> None:
        match fact:
            case e.AgentStatus(_, text):
                self.status = text
            case e.AgentWish(_, "hang_up"):
                self.wish = e.HangUp()
            case e.AgentWish(_, _, to, summary):
                self.wish = e.Transfer(to, summary)

    def give_up(self) -> None:
        """The words are not coming."""
        self._answered, self.text, self.failed = self._take, "", True

    @property
    def over_at(self) -> float:
        return self.since + end_of_turn(self.text, self.policy)

    def verdict(self, now: float, *, quiet: bool) -> Verdict:
        """Whether the turn is over; `quiet` tells whether the caller says nothing right now."""
        if not (self.cut or (quiet and self.ended)):
            return Verdict.OPEN
        if self._answered < self._take:
            return Verdict.WORDLESS
        if self.over_ours:
            return Verdict.NOTHING
        if not self.failed and not words(self.text):
            return Verdict.NOTHING
        if not self.cut and now < self.over_at:
            return Verdict.WAIT
        # Only now, for half a sentence is often not understood that is once it is whole.
        return Verdict.UNHEARD if self.failed else Verdict.OVER

    def is_whole(self, now: float) -> bool:
        """Whether the words of somebody who fell silent can stand as they are."""
        complete = end_of_turn(self.text, self.policy) <= self.policy.end_of_turn
        known = not self.failed and self.verdict(now, quiet=True) in {Verdict.OVER, Verdict.WAIT}
        return complete and known

    @property
    def words_to_ask(self) -> str:
        """Those of the draft where they say the same, for only they make it real."""
        return self.draft if self.draft and same(self.draft, self.text) else self.text

    def start_draft(self) -> list[e.Order]:
        """Have the agent start on the words known, if they are probably all of them."""
        if not self.policy.preempt or self.over_ours or self.failed or not words(self.text):
            return []
        covered = self._asked[self._answered] >= self.since - COVERS
        if not covered or same(self.text, self.draft):
            return []
        dropped = self.drop_draft()
        if end_of_turn(self.text, self.policy) > self.policy.end_of_turn:
            return dropped
        self.draft = self.text
        return [*dropped, e.Draft(self.number, self.draft)]

    def drop_draft(self) -> list[e.Order]:
        dropped: list[e.Order] = [e.DropDraft(self.number)] if self.draft else []
        self.draft, self.done, self.wish, self.status = "", False, None, ""
        self.held.clear()
        return dropped


def same(text: str, other: str) -> bool:
    """Whether two transcripts say the same."""
    return words(text) == words(other)


def is_assent(text: str, locale: str) -> bool:
    """Whether somebody who says this while we speak only shows that they listen."""
    spoken = words(text)
    if not 0 < len(spoken) <= LONGEST_ASSENT:
        return False
    known = phrases("assent", locale) | phrases("assent", "en")
    at = 0
    while at < len(spoken):
        pair = "-".join(spoken[at : at + 2])
        if at + 1 < len(spoken) and pair in known:
            at += 2
        elif spoken[at] in known:
            at += 1
        else:
            return False
    return True


def end_of_turn(text: str | None, policy: Policy) -> float:
    """Seconds of quiet after which a turn with these words is over."""
    if not text:
        return policy.end_of_turn
    spoken = words(text)
    if not spoken:
        return policy.end_of_turn
    if "-".join(spoken) in phrases("whole", policy.locale) or text.rstrip().endswith("?"):
        return policy.end_of_turn * policy.complete_factor
    ending = text.rstrip()
    trails_off = ending.endswith((",", "...", "…", "-", "–", ":"))  # noqa: RUF001 - a dash
    unfinished = phrases("unfinished", policy.locale)
    if trails_off or spoken[-1] in unfinished or "-".join(spoken[-2:]) in unfinished:
        return policy.end_of_turn * policy.incomplete_factor
    if SHORTEST_NUMBER <= _digits_at_end(spoken, policy.locale) <= LONGEST_NUMBER:
        return policy.end_of_turn * policy.incomplete_factor
    return policy.end_of_turn


def _digits_at_end(spoken: list[str], locale: str) -> int:
    """How many digits the words end in, whether recognised as figures or as words."""
    count = 0
    known = phrases("numbers", locale)
    for word in reversed(spoken):
        if word.isdigit():
            count += len(word)
        elif word in known:
            count += 1
        else:
            break
    return count
