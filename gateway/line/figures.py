"""Where the time of a call goes, turn by turn: pure. Times are on the call's clock, seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.call import events as e


@dataclass(slots=True)
class TurnFigures:
    """One turn that the agent was asked."""

    number: int
    ended: float
    """When the caller's last word was heard."""
    committed: float
    asked: str
    transcribed: float | None = None
    answered: float | None = None
    """When the agent's first words came."""
    sounded: float | None = None
    """When the first sound of the reply went out."""
    said: list[str] = field(default_factory=list)
    heard: str | None = None
    """What the caller heard of a reply that they cut short; None when they did not."""
    reaction: float | None = None
    """From being interrupted to falling silent."""
    underruns: int = 0
    cost: float = 0.0

    def steps(self) -> dict[str, float]:
        """Seconds since the caller's last word, and counts, under the names of the call record."""
        times = {
            "transcript": self.transcribed,
            "commit": self.committed,
            "text": self.answered,
            "audio": self.sounded,
        }
        steps = {name: at - self.ended for name, at in times.items() if at is not None}
        if self.reaction is not None:
            steps["reaction"] = self.reaction
        if self.underruns:
            steps["underruns"] = self.underruns
        if self.cost:
            steps["cost"] = self.cost
        return {name: round(value, 6) for name, value in steps.items()}


class Figures:
    """Reads a call's facts and orders as they go by."""

    def __init__(self) -> None:
        self.turns: dict[int, TurnFigures] = {}
        self.cost = 0.0
        """US dollars, of the whole call."""
        self.underruns = 0
        self._onset = self._ended = 0.0
        self._transcribed: dict[int, float] = {}
        self._answered: dict[int, float] = {}
        self._clauses: dict[int, int] = {}
        self._costs: dict[int, float] = {}

    def fact(self, fact: e.Fact, now: float) -> None:
        match fact:
            case e.SpeechStarted(since):
                self._onset = since
            case e.SpeechResumed():
                self._onset = now
            case e.SpeechPaused(since) | e.SpeechEnded(since):
                self._ended = since
            case e.Transcript(turn):
                self._transcribed[turn] = now
            case e.AgentText(number):
                self._answered.setdefault(number, now)
                if answered := self.turns.get(number):
                    answered.answered = answered.answered or now
            case e.AudioSent(clause):
                sounding = self.turns.get(self._clauses.get(clause, 0))
                if sounding and sounding.sounded is None:
                    sounding.sounded = now
            case e.Digit():
                self._ended = now

    def order(self, order: e.Order, now: float) -> None:
        match order:
            case e.AskAgent(number, text):
                self.turns[number] = TurnFigures(
                    number,
                    self._ended,
                    now,
                    text,
                    self._transcribed.get(number),
                    self._answered.get(number),
                    cost=self._costs.pop(number, 0.0),
                )
            case e.DropDraft(number):
                self._answered.pop(number, None)
            case e.Say(number, clause, text) if turn := self.turns.get(number):
                self._clauses[clause] = number
                turn.said.append(text)
            case e.Pause() if self.turns:
                self._newest.reaction = now - self._onset
            case e.DropTurn(number, heard) if turn := self.turns.get(number):
                turn.heard = heard

    def spent(self, cost: float, turn: int = 0) -> None:
        """Money went, for a turn if it is known for which."""
        self.cost += cost
        if turn in self.turns:
            self.turns[turn].cost += cost
        else:
            self._costs[turn] = self._costs.get(turn, 0.0) + cost

    def ran_dry(self) -> None:
        """The line had nothing to play in the middle of a clause."""
        self.underruns += 1
        if self.turns:
            self._newest.underruns += 1

    @property
    def _newest(self) -> TurnFigures:
        return self.turns[max(self.turns)]
