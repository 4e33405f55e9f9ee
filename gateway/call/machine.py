"""How a call goes: facts and the time go in, orders come out.

Rule 1: everything that decides about the call is in this folder, and its only ways in are those
of `clockwork`. Rule 2: nothing here waits, reads a clock or knows a network. Rule 3: a fact of a
turn that is over is dropped at one door, `_is_stale`; any other that the tables of `states` do not
foresee raises.

A turn of the caller is over when they have been quiet for long enough and its words are known;
then the agent is asked, and its reply spoken. Who speaks over us silences us at once, and what
they say decides whether we go on (they only said "mhm") or give way.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.call import events as e
from gateway.call.events import Fact, Filler
from gateway.call.floor import Floor
from gateway.call.policy import Policy
from gateway.call.states import CALLER_MOVES, TALKS, Caller, House, IllegalMove, Move
from gateway.call.turns import Turn, Verdict


class Machine(Floor):
    """One call, from its being answered until nobody is on the line."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._notices: list[str] = []
        self._digits = ""
        self._turns = 0
        self._guarded_until = 0.0

    # -- the door --------------------------------------------------------------------------

    @property
    def speaks_of(self) -> int:
        """The turn whose answer is awaited or spoken; 0 for none."""
        return self._answering.number if self._answering else 0

    def _is_stale(self, fact: Fact) -> bool:
        match fact:
            case _ if self._is_over():
                return True
            case e.SpeechPaused() | e.SpeechResumed() | e.SpeechEnded():
                return self._hearing is None
            case e.Transcript(turn):
                return self._hearing is None or turn != self._hearing.number
            case e.AgentText(turn) | e.AgentStatus(turn) | e.AgentDone(turn) | e.AgentWish(turn):
                return self._turn(turn) is None
            case _:
                return False

    def _is_over(self) -> bool:
        return self.house is House.GONE

    def _heed(self, fact: Fact) -> None:
        match fact:
            case e.Answered():
                self._answer(fact)
            case e.SpeechStarted() | e.SpeechPaused() | e.SpeechResumed() | e.SpeechEnded():
                self._hear(fact)
            case e.Transcript():
                self._read(fact)
            case e.AgentText() | e.AgentStatus() | e.AgentDone() | e.AgentWish():
                self._listen_to_agent(fact)
            case e.AgentNotice(text):
                self._notices.append(text)
            case e.AudioSent() | e.Played() | e.VoiceFailed():
                self._follow_sound(fact)
            case e.Digit(digit):
                self._press(digit)
            case e.HungUp():
                self._part()
                self._move(Move.LEAVE)

    # -- the caller speaks -----------------------------------------------------------------

    def _hear(self, fact: e.SpeechFact) -> None:
        moves = CALLER_MOVES[self.caller]
        if type(fact) not in moves:
            raise IllegalMove(f"{type(fact).__name__} while the caller is {self.caller}")
        self.caller = moves[type(fact)]
        turn = self._hearing
        if turn is None:
            since = fact.since if isinstance(fact, e.SpeechStarted) else self._now
            turn = self._hearing = self._new_turn(since)
            turn.over_ours = self.house in TALKS
            self._timers[self._cut_short] = turn.began + self.policy.longest_turn
        match fact:
            case e.SpeechStarted() | e.SpeechResumed():
                turn.ended = False
                self._never(self._check_over)
                self._orders += turn.drop_draft()
                if self.policy.rolling:
                    self._timers[self._roll] = self._now + self.policy.rolling
                if self._now < self._guarded_until:
                    self._timers[self._yield] = self._guarded_until
                else:
                    self._yield()
            case e.SpeechPaused(since):
                turn.since = since
                self._never(self._roll)
                self._orders.append(turn.transcribe(self._now))
                self._orders += turn.start_draft()
            case e.SpeechEnded(since):
                self._orders += turn.end(since, self._now)
                self._check_over()

    def _new_turn(self, since: float) -> Turn:
        self._turns += 1
        return Turn(self._turns, self.policy, since, since)

    def _read(self, fact: e.Transcript) -> None:
        turn = self._hearing
        if turn and turn.read(fact):
            if turn.over_ours:
                self._judge(turn)
            if self.caller is Caller.PAUSING:
                self._orders += turn.start_draft()
            self._check_over()

    def _check_over(self) -> None:
        """Ask the agent, if the caller is done and all their words are known."""
        turn = self._hearing
        if turn is None:
            return
        match turn.verdict(self._now, quiet=self.caller is Caller.PAUSING):
            case Verdict.WORDLESS:
                self._timers[self._give_up_on_words] = turn.since + self.policy.transcript_patience
            case Verdict.WAIT:
                self._timers[self._check_over] = turn.over_at
            case Verdict.NOTHING:
                self._dismiss(turn)
            case Verdict.UNHEARD:
                self._dismiss(turn)
                self._fill(Filler.PARDON)
            case Verdict.OVER:
                self._ask(turn)

    def _give_up_on_words(self) -> None:
        if self._hearing:
            self._hearing.give_up()
            self._check_over()

    def _roll(self) -> None:
        if self._hearing:
            self._orders.append(self._hearing.transcribe(self._now))
            self._timers[self._roll] = self._now + self.policy.rolling

    def _cut_short(self) -> None:
        if self._hearing:
            self._hearing.cut = True
            self._orders.append(self._hearing.transcribe(self._now, speculative=False))
            self._timers[self._give_up_on_words] = self._now + self.policy.transcript_patience

    def _dismiss(self, turn: Turn) -> None:
        """It was nothing that the agent should hear of."""
        self._take_from_caller(turn)
        if self.house is House.YIELDING:
            self._go_on()
        if self._answering:
            self._release(self._answering)

    def _take_from_caller(self, turn: Turn, *, keep_draft: bool = False) -> None:
        """Their turn is over; the next speech begins another."""
        if not keep_draft:
            self._orders += turn.drop_draft()
        self._hearing = None
        self.caller = CALLER_MOVES[self.caller][None]
        self._never(self._check_over, self._give_up_on_words, self._roll, self._cut_short)
        self._never(self._yield, self._decide)
        self._orders.append(e.Forget(turn.number))

    def _part(self) -> None:
        """They hang up: what they had said whole is still to be done."""
        turn = self._hearing
        if turn and self.caller is Caller.PAUSING and turn.is_whole(self._now):
            self._orders.append(e.AskAgent(turn.number, turn.words_to_ask))
        elif turn:
            self._orders += turn.drop_draft()

    # -- the agent answers -----------------------------------------------------------------

    def _ask(self, turn: Turn) -> None:
        text = turn.words_to_ask
        self._take_from_caller(turn, keep_draft=text == turn.draft)
        self._give_way()
        self._move(Move.ASK)
        self._answering = turn
        self._silence.spoke(self._now)
        self._silence.wait(self._now)
        self._orders.append(e.AskAgent(turn.number, text))
        self._release(turn)

    def _listen_to_agent(self, fact: e.AgentFact) -> None:
        if turn := self._turn(fact.turn):
            match fact:
                case e.AgentText(_, text):
                    self._reply(turn, text)
                case e.AgentDone(_, failed):
                    self._complete(turn, failed=failed)
                case e.AgentStatus() | e.AgentWish():
                    turn.note(fact)

    def _reply(self, turn: Turn, text: str) -> None:
        must_wait = self.house not in TALKS and self.caller is not Caller.QUIET
        if turn is self._hearing or must_wait:
            if not turn.held:
                self._orders.append(e.Prepare(text))
            turn.held.append(text)
        else:
            turn.said = True
            self._silence.answered()
            self._say(turn.number, text)

    def _release(self, turn: Turn) -> None:
        """Say what could not be said until now."""
        held, turn.held = turn.held, []
        for text in held:
            self._reply(turn, text)
        if turn.done:
            self._complete(turn)

    def _complete(self, turn: Turn, *, failed: bool = False) -> None:
        turn.done = True
        if turn is self._hearing or turn.held:
            return
        self._silence.answered()
        if failed:
            self._fill(Filler.TROUBLE)
        elif not turn.said and turn.wish is None:
            self._fill(Filler.NOTHING)

    # -- we speak --------------------------------------------------------------------------

    def _answer(self, fact: e.Answered) -> None:
        self._move(Move.ANSWER)
        self._guarded_until = self._now + self.policy.greeting_guard
        self._timers[self._end_the_longest] = self._now + self.policy.longest_call
        if fact.voicemail:
            self._leaving = e.HangUp()
        self._fill(Filler.BACK if fact.resumed else Filler.GREETING, fact.greeting)

    def _follow_sound(self, fact: e.AudioSent | e.Played | e.VoiceFailed) -> None:
        match fact:
            case e.AudioSent(clause):
                if clause == 1 and not self.playback.audible(self._now):
                    self._guarded_until = self._now + self.policy.greeting_guard
                self.playback.sent(fact, self._now)
            case e.Played(mark):
                self.playback.played(mark, self._now)
            case e.VoiceFailed(clause):
                self.playback.drop(clause, self._now)

    def _dues(self) -> Iterator[float]:
        stuck = self.playback.stuck(self._now)
        dues = (self._silence.timer, self.playback.finish_due(self._now))
        yield from (due for due in dues if due is not None)
        if stuck:
            yield stuck[1] + self.policy.watchdog

    def _check_dues(self) -> None:
        if filler := self._silence.due(self._now):
            self._break_silence(filler)
        stuck = self.playback.stuck(self._now)
        if stuck and self._now >= stuck[1] + self.policy.watchdog:
            self.playback.drop(stuck[0], self._now)
            self._orders.append(e.Skip(stuck[0]))

    # -- nobody speaks ---------------------------------------------------------------------

    def _settle(self) -> None:
        if self.house in (House.TALKING, House.THINKING) and self.playback.finished(self._now):
            self._finish()
        quiet = self.house is House.LISTENING and self.caller is Caller.QUIET
        if quiet and self._leaving:
            self._orders.append(self._leaving)
            self._move(Move.LEAVE)
        elif quiet and self._notices:
            self._silence.spoke(self._now)
            for text in self._notices:
                self._say(0, text)
            self._notices.clear()
        self._silence.rest(quiet=quiet and self.house is House.LISTENING)

    def _finish(self) -> None:
        """The caller has heard all that there was to say."""
        turn = self._answering
        if turn and not turn.done:
            if self.house is House.TALKING:
                self._move(Move.WAIT)
                if turn.said:
                    self._silence.wait(self._now, afresh=False)
            return
        if turn:
            self.playback.forget(turn.number)
            self._answering, self._leaving = None, turn.wish
            self._silence.spoke(self._now)
        self._move(Move.REST)

    def _break_silence(self, kind: Filler) -> None:
        turn = self._answering
        match kind:
            case Filler.MOMENT | Filler.WORKING:
                if turn and self.house is House.THINKING and self.caller is Caller.QUIET:
                    self._fill(kind, turn.status if kind is Filler.WORKING else "")
            case Filler.LATER:
                self._silence.answered()
                if turn:
                    self._answering = None
                    self._orders.append(e.LetGo(turn.number))
                    self._fill(kind)
            case Filler.GOODBYE:
                self._leaving = e.HangUp()
                self._fill(kind)
            case _:
                self._fill(kind)

    # -- keys, and the end -----------------------------------------------------------------

    def _press(self, digit: str) -> None:
        if self._hearing:
            self._take_from_caller(self._hearing)
        if self.house in TALKS:
            self._give_way()
        self._silence.spoke(self._now)
        if digit == "#":
            self._read_digits()
        else:
            self._digits += digit
            self._timers[self._read_digits] = self._now + self.policy.digits

    def _read_digits(self) -> None:
        self._never(self._read_digits)
        digits, self._digits = self._digits, ""
        if digits == "0" and self.policy.transfer_on_zero:
            self._give_way()
            self._leaving = e.Transfer("", "")
        elif digits:
            if self._hearing:
                self._take_from_caller(self._hearing)
            turn = self._new_turn(self._now)
            turn.text = digits
            self._ask(turn)

    def _end_the_longest(self) -> None:
        self._give_way()
        self._break_silence(Filler.GOODBYE)
