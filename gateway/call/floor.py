"""Who has the floor: whose turn it is, what we say, and what of that when the caller speaks up."""

from __future__ import annotations

from gateway.call import events as e
from gateway.call.clockwork import Clockwork
from gateway.call.events import Filler
from gateway.call.playback import Playback
from gateway.call.policy import Policy
from gateway.call.silence import Silence
from gateway.call.states import HOUSE_MOVES, TALKS, Caller, House, IllegalMove, Move
from gateway.call.turns import CLOSE_TO_END, Turn, is_assent
from gateway.call.words import words


class Floor(Clockwork):
    """Both parties, what each is at, and the moves by which the floor changes hands."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy
        self.caller = Caller.QUIET
        self.house = House.RINGING
        self.playback = Playback()
        self._silence = Silence(policy)
        self._hearing: Turn | None = None
        """The turn that the caller is at."""
        self._answering: Turn | None = None
        """The turn whose answer the caller waits for or listens to."""
        self._leaving: e.HangUp | e.Transfer | None = None
        """How the call ends, once all was said."""
        self._clauses = 0

    # -- how things stand ----------------------------------------------------------------------

    def _move(self, move: Move) -> None:
        to = HOUSE_MOVES[self.house].get(move)
        if to is None:
            raise IllegalMove(f"{move} while {self.house}")
        self.house = to

    def _turn(self, number: int) -> Turn | None:
        """A live turn by its number."""
        live = (self._hearing, self._answering)
        return next((turn for turn in live if turn and turn.number == number), None)

    # -- we speak --------------------------------------------------------------------------

    def _say(self, turn: int, text: str) -> None:
        self._orders.append(e.Say(turn, self._clause(turn, text), text))

    def _fill(self, kind: Filler, text: str = "") -> None:
        if kind is not Filler.THERE:
            self._silence.spoke(self._now)
        self._orders.append(e.Fill(self._clause(0, text), kind, text))

    def _clause(self, turn: int, text: str) -> int:
        self._clauses += 1
        self.playback.say(self._clauses, turn, text, self._now)
        self._move(Move.TALK)
        return self._clauses

    # -- the caller speaks over us ---------------------------------------------------------

    def _yield(self) -> None:
        """Fall silent, until it is known what they want."""
        turn = self._hearing
        if turn and self.caller is Caller.SPEAKING and self.house is House.TALKING:
            turn.over_ours = True
            self._move(Move.YIELD)
            self._orders.append(e.Pause(clear=self.playback.pause(self._now)))
            self._timers[self._decide] = max(turn.began + self.policy.decide, self._now)

    def _decide(self) -> None:
        if self._hearing is None or self.house is not House.YIELDING:
            return
        if self.caller is Caller.PAUSING:
            # So short a sound is assent, until its words say otherwise.
            self._go_on()
        else:
            self._orders.append(self._hearing.transcribe(self._now))
            self._timers[self._decide] = self._now + 2 * self.policy.decide

    def _judge(self, turn: Turn) -> None:
        """Whether what the caller says over our speech takes the floor."""
        if not turn.failed and words(turn.text) and not self._is_mere_assent(turn.text):
            turn.over_ours = False
            self._give_way()
        elif self.house is House.YIELDING and self.caller is Caller.PAUSING:
            self._go_on()

    def _is_mere_assent(self, text: str) -> bool:
        all_known = self._answering is None or self._answering.done
        answers = all_known and self.playback.remaining(self._now) < CLOSE_TO_END
        return is_assent(text, self.policy.locale) and not answers

    def _go_on(self) -> None:
        self._never(self._decide)
        self._move(Move.GO_ON)
        rest = self.playback.resume()
        self._orders.append(e.Resume(*rest) if rest else e.Hush(clear=False))

    def _give_way(self) -> None:
        """The caller has the floor: whatever we were at is over."""
        turn, self._answering, self._leaving = self._answering, None, None
        heard = self.playback.heard(turn.number, self._now) if turn else ""
        if self.house in TALKS:
            self._orders.append(e.Hush(clear=self.playback.hush(self._now)))
        if turn:
            self._orders.append(e.DropTurn(turn.number, heard))
        self._silence.answered()
        self._never(self._decide)
        self._move(Move.GIVE_WAY)
