"""Whatever happens in whatever order, some things never do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.call import events as e
from gateway.call.machine import Machine
from gateway.call.policy import Policy
from gateway.call.states import Caller, House

TEXTS = st.sampled_from(["", "mhm", "yes", "what is on my list", "call me at 5 5 5", "and then"])
TURNS = st.integers(0, 6)


class AnyCall(RuleBasedStateMachine):
    """Plays a call in which the caller behaves as an endpointer tells it, and all else may come
    at any time: late, twice, for turns that are over."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.gone = False
        self.speaking: int | None = None
        self.paused = False
        self.clauses: dict[int, int] = {}
        """Clauses that may sound, and their turns."""
        self.dead: set[int] = set()
        self.asked: set[int] = set()
        self.marks = 0

    @initialize(rolling=st.sampled_from([0.0, 0.3]), preempt=st.booleans())
    def ring(self, rolling: float, preempt: bool) -> None:  # noqa: FBT001 - drawn
        policy = Policy(rolling=rolling, preempt=preempt, longest_turn=5, transfer_on_zero=True)
        self.machine = Machine(policy)
        self.tell(e.Answered())

    def tell(self, fact: e.Fact) -> None:
        self.check(self.machine.receive(fact, self.now))

    def check(self, orders: list[e.Order]) -> None:  # noqa: C901 - one case for each order
        for order in orders:
            assert not self.gone, f"{order} after the end"
            turn = getattr(order, "turn", 0)
            assert turn not in self.dead or isinstance(order, e.DropDraft), order
            match order:
                case e.Say() | e.Fill():
                    number = order.turn if isinstance(order, e.Say) else 0
                    assert order.clause not in self.clauses
                    self.clauses[order.clause] = number
                    assert number in (0, max(self.asked, default=0)), "another answer is due"
                case e.AskAgent(turn):
                    assert turn not in self.asked, "asked twice"
                    self.asked.add(turn)
                case e.Pause():
                    assert not self.paused, "paused twice"
                    self.paused = True
                case e.Resume(clause):
                    assert self.paused, "resumed what was not paused"
                    assert clause in self.clauses, "resumed what was given up"
                    self.paused = False
                case e.Hush():
                    self.paused = False
                    self.clauses.clear()
                case e.Skip(clause):
                    self.clauses.pop(clause, None)
                case e.DropTurn(turn) | e.LetGo(turn):
                    self.dead.add(turn)
                    if isinstance(order, e.DropTurn):
                        assert turn not in self.clauses.values(), "goes on speaking"
                case e.HangUp() | e.Transfer():
                    self.gone = True
        if self.machine.house is House.GONE:
            self.gone = True

    @rule(seconds=st.sampled_from([0.02, 0.1, 0.35, 0.7, 1.1, 9.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        for _ in range(200):
            at = self.machine.get_timer()
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            self.check(self.machine.handle_timer(self.now))
        else:
            raise AssertionError("the timers never come to rest")
        self.now = until

    @rule()
    def speech_starts_or_goes_on(self) -> None:
        if self.machine.caller is Caller.QUIET:
            self.tell(e.SpeechStarted(self.now - 0.1))
        elif self.machine.caller is Caller.PAUSING:
            self.tell(e.SpeechResumed())

    @rule()
    def speech_pauses(self) -> None:
        if self.machine.caller is Caller.SPEAKING:
            self.tell(e.SpeechPaused(self.now - 0.1))

    @rule()
    def speech_ends(self) -> None:
        if self.machine.caller is Caller.PAUSING:
            self.tell(e.SpeechEnded(self.now - 0.1))

    @rule(turn=TURNS, take=st.integers(1, 8), text=TEXTS, failed=st.booleans())
    def words_come(self, turn: int, take: int, text: str, failed: bool) -> None:  # noqa: FBT001
        hearing = self.machine._hearing
        if hearing and turn == hearing.number:
            # Nobody answers what was not asked.
            take = min(take, hearing._take)
        if take:
            self.tell(e.Transcript(turn, take, "" if failed else text, failed))

    @rule(turn=TURNS, text=st.sampled_from(["Sure.", "You have two tasks, milk and eggs."]))
    def agent_speaks(self, turn: int, text: str) -> None:
        self.tell(e.AgentText(turn, text))

    @rule(turn=TURNS, failed=st.booleans())
    def agent_is_done(self, turn: int, failed: bool) -> None:  # noqa: FBT001 - drawn
        self.tell(e.AgentDone(turn, failed))

    @rule(turn=TURNS, action=st.sampled_from(["hang_up", "transfer"]))
    def agent_wishes(self, turn: int, action: str) -> None:
        self.tell(e.AgentWish(turn, action))  # type: ignore[arg-type]  # one of the two

    @rule(turn=TURNS)
    def agent_works(self, turn: int) -> None:
        self.tell(e.AgentStatus(turn, "looking"))

    @rule()
    def a_notice_comes(self) -> None:
        self.tell(e.AgentNotice("Your report is ready."))

    @precondition(lambda self: self.clauses and not self.paused)
    @rule(data=st.data(), seconds=st.sampled_from([0.0, 0.1, 2.0]), last=st.booleans())
    def sound_goes_out(self, data: st.DataObject, seconds: float, last: bool) -> None:  # noqa: FBT001
        clause = data.draw(st.sampled_from(sorted(self.clauses)))
        self.marks += 1
        self.tell(e.AudioSent(clause, seconds, f"m{self.marks}", last))

    @rule(mark=st.integers(1, 40))
    def a_mark_comes(self, mark: int) -> None:
        self.tell(e.Played(f"m{mark}"))

    @rule(clause=st.integers(1, 20))
    def a_clause_fails(self, clause: int) -> None:
        self.clauses.pop(clause, None)
        self.tell(e.VoiceFailed(clause))

    @rule(digit=st.sampled_from("0123456789*#"))
    def a_key_is_pressed(self, digit: str) -> None:
        self.tell(e.Digit(digit))

    @rule()
    def they_hang_up(self) -> None:
        self.tell(e.HungUp())
        self.gone = True
        assert self.machine.get_timer() is None

    @invariant()
    def silent_while_yielding(self) -> None:
        if hasattr(self, "machine") and not self.gone:
            assert (self.machine.house is House.YIELDING) == self.machine.playback.paused


TestAnyCall = AnyCall.TestCase
TestAnyCall.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


@given(st.lists(st.sampled_from(["SpeechPaused", "SpeechEnded", "SpeechResumed"]), max_size=5))
def test_speech_of_a_turn_that_is_over_changes_nothing(names: list[str]) -> None:
    machine = Machine(Policy())
    machine.receive(e.Answered(), 0.0)
    for name in names:
        fact = e.SpeechResumed() if name == "SpeechResumed" else getattr(e, name)(1.0)
        assert machine.receive(fact, 1.0) == []
    assert machine.caller is Caller.QUIET
