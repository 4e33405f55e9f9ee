"""The rules of a call, each as facts that go in and orders that come out."""

from __future__ import annotations

from typing import cast

import pytest

from gateway.call import events as e
from gateway.call.events import Filler
from gateway.call.machine import Machine
from gateway.call.policy import Policy
from gateway.call.states import Caller, House, IllegalMove
from tests.gateway.call.ride import Ride

RESUMED = e.Resume(2, cast("float", pytest.approx(1.0)))
"""The reply's first clause goes on where one second of it was heard."""


def talking(*clauses: str, done: bool = True, **policy: object) -> tuple[Ride, int]:
    """A call in which the first clause of a reply is being heard, one second of three in."""
    ride = Ride(**policy).answered()
    turn = ride.says("tell me a story")
    ride.replies(turn, *(clauses or ("Once upon a time.", "The end.")), done=done)
    ride.sound(ride.all(e.Say)[0].clause, 3.0)
    ride.wait(1.0)
    return ride, turn


class TestTurns:
    """Who speaks, and when a turn is over."""

    def test_a_caller_is_greeted(self) -> None:
        ride = Ride()
        assert ride.tell(e.Answered()) == [e.Fill(1, Filler.GREETING, "")]

    def test_a_call_that_goes_on_is_taken_up_with_an_apology(self) -> None:
        ride = Ride()
        assert ride.tell(e.Answered(resumed=True)) == [e.Fill(1, Filler.BACK, "")]

    def test_a_pause_has_the_turn_transcribed_before_it_is_over(self) -> None:
        ride = Ride().answered()
        ride.start()
        assert ride.pause() == [e.Transcribe(1, 1, speculative=True)]

    def test_a_turn_is_asked_once_the_quiet_is_long_enough(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear("what is on my list")
        assert ride.wait(0.45) == []
        assert e.AskAgent(1, "what is on my list") in ride.wait(0.1)

    def test_a_turn_waits_for_its_words(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.ended()
        assert ride.wait(2.0) == []
        assert e.AskAgent(1, "hello there") in ride.hear("hello there")

    def test_a_turn_waits_for_voice_activity_to_agree(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.hear("hello there")
        assert ride.wait(2.0) == []
        assert e.AskAgent(1, "hello there") in ride.ended()

    def test_speech_that_goes_on_drops_what_was_guessed(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.hear("remind me")
        ride.tell(e.SpeechResumed())
        assert ride.wait(5.0) == []
        assert ride.pause() == [e.Transcribe(1, 2, speculative=True)]

    def test_words_of_an_older_recognition_do_not_end_a_turn(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.tell(e.SpeechResumed())
        ride.pause()
        ride.ended()
        ride.tell(e.Transcript(1, 1, "remind me"))
        assert ride.wait(3.0) == []
        assert e.AskAgent(1, "remind me to call") in ride.tell(
            e.Transcript(1, 2, "remind me to call")
        )

    @pytest.mark.parametrize("text", ["what is on my list?", "yes", "goodbye"])
    def test_a_plainly_whole_sentence_shortens_the_wait(self, text: str) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear(text)
        assert e.AskAgent(1, text) in ride.wait(0.36)

    @pytest.mark.parametrize(
        "text",
        ["remind me to", "milk, eggs and", "um", "it is, ...", "my number is 0 6 1 2", "well,"],
    )
    def test_a_sentence_that_plainly_goes_on_lengthens_it(self, text: str) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear(text)
        assert ride.wait(1.0) == []
        assert e.AskAgent(1, text) in ride.wait(0.2)

    def test_a_noise_without_words_is_no_turn(self) -> None:
        ride = Ride().answered()
        ride.start()
        ride.pause()
        ride.ended()
        assert ride.hear("") == [e.Forget(1)]
        assert ride.machine.caller is Caller.QUIET

    def test_who_cannot_be_recognised_is_asked_to_repeat(self) -> None:
        ride = Ride().answered()
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear("", failed=True)
        assert [fill.kind for fill in _fills(ride.wait(0.6))] == [Filler.PARDON]

    def test_half_a_sentence_that_is_not_understood_may_be_finished(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear("", failed=True)
        assert ride.wait(0.4) == []
        ride.tell(e.SpeechResumed())
        ride.wait(1.0)
        ride.pause()
        ride.ended()
        ride.hear("what time is it")
        assert e.AskAgent(1, "what time is it") in ride.wait(0.6)
        assert ride.all(e.Fill)[1:] == []

    def test_words_that_never_come_are_given_up(self) -> None:
        ride = Ride(transcript_patience=6.0).answered()
        ride.start()
        ride.pause()
        ride.ended()
        assert Filler.PARDON in [fill.kind for fill in _fills(ride.wait(6.0))]

    def test_endless_speech_is_cut_and_asked(self) -> None:
        ride = Ride(longest_turn=60.0).answered()
        ride.start()
        assert ride.wait(60.0) == [e.Transcribe(1, 1, speculative=False)]
        assert e.AskAgent(1, "and on and on") in ride.hear("and on and on")

    def test_rolling_recognition_asks_while_the_caller_speaks(self) -> None:
        ride = Ride(rolling=0.5).answered()
        ride.start()
        takes = [order.take for order in ride.wait(1.6) if isinstance(order, e.Transcribe)]
        assert takes == [1, 2, 3]

    def test_what_cannot_have_happened_is_not_passed_over(self) -> None:
        machine = Machine(Policy())
        with pytest.raises(IllegalMove, match="answer while"):
            machine.receive(e.Answered(), 0.0) and machine.receive(e.Answered(), 0.0)


def _fills(orders: list[e.Order]) -> list[e.Fill]:
    return [order for order in orders if isinstance(order, e.Fill)]


class TestDrafts:
    """The agent may start on words that are not final."""

    def drafting(self) -> Ride:
        ride = Ride(preempt=True).answered()
        ride.start()
        ride.pause()
        ride.hear("what is on my list")
        return ride

    def test_the_agent_starts_before_the_turn_is_over(self) -> None:
        ride = self.drafting()
        assert ride.fresh == [e.Draft(1, "what is on my list")]

    def test_nothing_of_a_draft_is_spoken_before_the_turn_is_over(self) -> None:
        ride = self.drafting()
        ride.tell(e.AgentText(1, "Milk."))
        assert ride.fresh == [e.Prepare("Milk.")]
        ride.ended()
        orders = ride.wait(0.6)
        assert e.AskAgent(1, "what is on my list") in orders
        assert e.Say(1, 2, "Milk.") in orders

    def test_speech_that_goes_on_unsays_the_draft(self) -> None:
        ride = self.drafting()
        ride.tell(e.AgentText(1, "Milk."))
        assert e.DropDraft(1) in ride.tell(e.SpeechResumed())
        ride.pause()
        ride.ended()
        assert e.Draft(1, "what is on my list today") in ride.hear("what is on my list today")
        orders = ride.wait(0.6)
        assert e.AskAgent(1, "what is on my list today") in orders
        assert not [order for order in orders if isinstance(order, e.Say)]

    def test_a_second_transcript_with_the_same_words_keeps_the_draft(self) -> None:
        ride = self.drafting()
        ride.wait(0.1)
        assert ride.tell(e.SpeechEnded(ride.now)) == [e.Transcribe(1, 2, speculative=True)]
        ride.tell(e.Transcript(1, 2, "What is on my list."))
        assert ride.fresh == []
        assert e.AskAgent(1, "what is on my list") in ride.wait(0.6)

    def test_an_unfinished_sentence_is_not_drafted(self) -> None:
        ride = Ride(preempt=True).answered()
        ride.start()
        ride.pause()
        assert ride.hear("remind me to") == []

    def test_a_hang_up_unsays_the_draft(self) -> None:
        ride = self.drafting()
        assert ride.tell(e.HungUp()) == [e.DropDraft(1)]

    def test_an_agent_that_may_not_start_early_does_not(self) -> None:
        ride = Ride(preempt=False).answered()
        ride.start()
        ride.pause()
        assert ride.hear("what is on my list") == []


class TestInterruptions:
    """The caller speaks while we do."""

    def test_speech_over_ours_silences_us_at_once(self) -> None:
        ride, _ = talking()
        assert ride.start() == [e.Pause(clear=True)]

    def test_nothing_is_cleared_when_the_line_holds_nothing(self) -> None:
        ride = Ride().answered()
        turn = ride.says("hello there")
        ride.replies(turn, "Hi.")
        assert ride.start() == [e.Pause(clear=False)]

    def test_nothing_is_cleared_while_we_are_silent(self) -> None:
        ride = Ride().answered()
        assert ride.start() == []

    @pytest.mark.parametrize("text", ["mhm", "yeah, okay", "Right.", ""])
    def test_a_backchannel_lets_us_go_on_where_the_caller_stopped_hearing(self, text: str) -> None:
        ride, _ = talking()
        ride.start()
        ride.wait(0.1)
        ride.pause()
        assert RESUMED in ride.hear(text)
        ride.ended()
        ride.wait(5.0)
        assert len(ride.all(e.AskAgent)) == 1

    def test_a_real_interruption_drops_the_turn_and_tells_what_was_heard(self) -> None:
        ride, turn = talking("Once upon a time there was a gateway.", "The end.")
        ride.start()
        ride.wait(0.5)
        ride.pause()
        orders = ride.hear("stop, what time is it")
        assert e.Hush(clear=False) in orders
        assert e.DropTurn(turn, "Once upon a") in orders
        ride.ended()
        assert e.AskAgent(turn + 1, "stop, what time is it") in ride.wait(1.0)

    def test_it_is_decided_within_a_third_of_a_second(self) -> None:
        ride, _ = talking()
        ride.start()
        ride.wait(0.1)
        ride.pause()
        decided = ride.wait(0.25)
        assert RESUMED in decided

    def test_words_that_come_late_still_interrupt(self) -> None:
        ride, turn = talking()
        ride.start()
        ride.wait(0.1)
        ride.pause()
        ride.wait(0.3)
        ride.ended()
        orders = ride.hear("stop")
        assert e.Hush(clear=False) in orders or e.Hush(clear=True) in orders
        assert [order.turn for order in ride.all(e.DropTurn)] == [turn]

    def test_who_speaks_on_keeps_us_silent_and_is_read_meanwhile(self) -> None:
        ride, _ = talking()
        ride.start()
        orders = ride.wait(0.3)
        assert [type(order) for order in orders] == [e.Transcribe]
        assert not [order for order in ride.wait(3.0) if isinstance(order, e.Resume)]

    def test_words_read_while_the_caller_speaks_on_give_them_the_floor(self) -> None:
        ride, turn = talking()
        ride.start()
        ride.wait(0.3)
        assert [order.turn for order in _drops(ride.hear("no I meant the other"))] == [turn]

    def test_assent_to_a_reply_that_just_ended_is_an_answer(self) -> None:
        ride = Ride().answered()
        turn = ride.says("delete the milk")
        ride.replies(turn, "Shall I?")
        ride.sound(ride.last(e.Say).clause, 1.0)
        ride.wait(0.8)
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear("yes")
        assert e.AskAgent(turn + 1, "yes") in ride.wait(0.6)

    def test_the_greeting_cannot_be_interrupted_in_its_first_half_second(self) -> None:
        ride = Ride()
        ride.tell(e.Answered())
        ride.sound(1, 2.0)
        ride.wait(0.2)
        assert ride.start() == []
        assert e.Pause(clear=True) in ride.wait(0.3)

    def test_what_the_agent_adds_while_we_yield_waits_its_turn(self) -> None:
        ride, turn = talking(done=False)
        ride.start()
        orders = ride.tell(e.AgentText(turn, "And more."))
        assert [type(order) for order in orders] == [e.Say]
        ride.pause()
        assert ride.hear("mhm")[0] == RESUMED

    def test_a_reply_waits_while_the_caller_speaks(self) -> None:
        ride = Ride().answered()
        turn = ride.says("hello there")
        ride.start()
        assert ride.tell(e.AgentText(turn, "Hi.")) == [e.Prepare("Hi.")]
        ride.pause()
        ride.ended()
        assert [order for order in ride.hear("") if isinstance(order, e.Say)]

    def test_a_key_silences_us(self) -> None:
        ride, turn = talking()
        assert ride.tell(e.Digit("1"))[:2] == [
            e.Hush(clear=True),
            e.DropTurn(turn, "Once"),
        ]


def _drops(orders: list[e.Order]) -> list[e.DropTurn]:
    return [order for order in orders if isinstance(order, e.DropTurn)]


class TestSilence:
    """What silence calls for."""

    def thinking(self) -> tuple[Ride, int]:
        ride = Ride().answered()
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear("do something long")
        ride.wait(0.5)
        return ride, ride.last(e.AskAgent).turn

    def fill(self, ride: Ride, seconds: float) -> list[tuple[Filler, str]]:
        """What is said of our own accord meanwhile; each takes a second to hear."""
        said = []
        until = ride.now + seconds
        while ride.now < until:
            for order in ride.wait(0.1):
                if isinstance(order, e.Fill):
                    said.append((order.kind, order.text))
                    ride.play(order.clause)
        return said

    def test_a_second_without_an_answer_is_filled(self) -> None:
        ride, _ = self.thinking()
        assert self.fill(ride, 0.9) == []
        assert self.fill(ride, 0.3) == [(Filler.MOMENT, "")]

    def test_the_agent_s_own_words_on_its_progress_are_told(self) -> None:
        ride, turn = self.thinking()
        ride.tell(e.AgentStatus(turn, "Reading 40 pages."))
        said = self.fill(ride, 10.0)
        assert said == [(Filler.MOMENT, ""), (Filler.WORKING, "Reading 40 pages.")]

    def test_after_half_a_minute_the_answer_is_promised_for_later(self) -> None:
        ride, turn = self.thinking()
        said = [kind for kind, _ in self.fill(ride, 31.0)]
        assert said == [Filler.MOMENT, *[Filler.WORKING] * 3, Filler.LATER]
        assert e.LetGo(turn) in ride.orders
        assert e.DropTurn(turn, "") not in ride.orders

    def test_a_new_question_after_that_promise_does_not_undo_it(self) -> None:
        ride, turn = self.thinking()
        self.fill(ride, 31.0)
        ride.says("what time is it")
        assert turn not in [order.turn for order in ride.all(e.DropTurn)]

    def test_an_answer_ends_the_fillers(self) -> None:
        ride, turn = self.thinking()
        ride.replies(turn, "Done.")
        ride.play(ride.last(e.Say).clause)
        assert [kind for kind, _ in self.fill(ride, 9.0)] == []

    def test_fillers_come_back_when_a_reply_stalls_in_the_middle(self) -> None:
        ride, turn = self.thinking()
        ride.replies(turn, "First of all.", done=False)
        ride.play(ride.last(e.Say).clause)
        assert [kind for kind, _ in self.fill(ride, 9.0)] == [Filler.WORKING]

    def test_an_agent_with_nothing_to_say_does_not_leave_silence(self) -> None:
        ride, turn = self.thinking()
        ride.replies(turn)
        assert [fill.kind for fill in ride.new(e.Fill)] == [Filler.NOTHING]

    def test_a_turn_that_could_not_be_asked_is_owned_up_to(self) -> None:
        ride, turn = self.thinking()
        ride.tell(e.AgentDone(turn, failed=True))
        assert [fill.kind for fill in ride.new(e.Fill)] == [Filler.TROUBLE]

    def test_a_caller_who_says_nothing_is_asked_and_then_left(self) -> None:
        ride = Ride().answered()
        said = [kind for kind, _ in self.fill(ride, 35.0)]
        assert said == [Filler.THERE, Filler.GOODBYE]
        assert isinstance(ride.orders[-1], e.HangUp)
        assert ride.machine.house is House.GONE

    def test_a_goodbye_is_taken_back_when_the_caller_speaks_up(self) -> None:
        ride = Ride().answered()
        self.fill(ride, 28.0)
        ride.wait(2.0)
        ride.sound(ride.last(e.Fill).clause, 2.0)
        ride.start()
        ride.wait(0.4)
        ride.hear("wait a moment please")
        ride.pause()
        ride.ended()
        ride.hear("wait a moment please")
        ride.wait(1.0)
        assert not ride.all(e.HangUp)
        assert ride.last(e.AskAgent).text == "wait a moment please"

    def test_a_notice_waits_until_nobody_speaks(self) -> None:
        ride, _ = talking()
        assert ride.tell(e.AgentNotice("Your report is ready.")) == []
        ride.play(ride.all(e.Say)[-1].clause, 1.0)
        ride.wait(4.0)
        assert ride.last(e.Say).text == "Your report is ready."

    def test_the_longest_call_ends_with_a_goodbye(self) -> None:
        ride = Ride(longest_call=60.0, reminder=500.0, goodbye=500.0).answered()
        assert [kind for kind, _ in self.fill(ride, 62.0)] == [Filler.GOODBYE]
        assert ride.all(e.HangUp)


class TestSound:
    """What is heard of what is said."""

    def test_a_clause_that_never_sounds_is_given_up(self) -> None:
        ride = Ride(watchdog=3.0).answered()
        turn = ride.says("hello there")
        ride.replies(turn, "Hi.", "Bye.")
        first, second = ride.all(e.Say)
        assert e.Skip(first.clause) in ride.wait(3.1)
        ride.play(second.clause)
        assert ride.machine.house is House.LISTENING

    def test_a_clause_that_cannot_be_spoken_does_not_hold_up_the_call(self) -> None:
        ride = Ride().answered()
        turn = ride.says("hello there")
        ride.replies(turn, "Hi.")
        ride.tell(e.VoiceFailed(ride.last(e.Say).clause))
        assert ride.machine.house is House.LISTENING

    def test_a_lost_mark_does_not_hold_up_the_call(self) -> None:
        ride = Ride().answered()
        turn = ride.says("hello there")
        ride.replies(turn, "Hi.")
        ride.sound(ride.last(e.Say).clause, 1.0)
        ride.wait(2.5)
        assert ride.machine.house is House.LISTENING

    def test_text_of_a_dropped_turn_is_not_spoken(self) -> None:
        ride, turn = talking(done=False)
        ride.start()
        ride.wait(0.3)
        ride.hear("no stop it now")
        assert ride.tell(e.AgentText(turn, "And furthermore."), e.AgentDone(turn)) == []


class TestTheEnd:
    """How calls end."""

    def test_nothing_is_ordered_after_the_caller_hung_up(self) -> None:
        ride, turn = talking()
        ride.tell(e.HungUp())
        assert ride.tell(e.AgentText(turn, "Hello?"), e.SpeechStarted(ride.now)) == []
        assert ride.machine.get_timer() is None

    def test_what_was_said_whole_is_done_though_they_hang_up_at_once(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.wait(1.0)
        ride.pause()
        ride.ended()
        ride.hear("add milk to my list")
        assert ride.tell(e.HungUp()) == [e.AskAgent(1, "add milk to my list")]

    @pytest.mark.parametrize("words", ["add milk and", "", "mhm, um"])
    def test_half_a_sentence_is_not_done_when_they_hang_up(self, words: str) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.wait(1.0)
        ride.pause()
        ride.ended()
        ride.hear(words)
        assert ride.all(e.AskAgent) == []
        assert not any(isinstance(order, e.AskAgent) for order in ride.tell(e.HungUp()))

    def test_what_is_said_while_they_hang_up_is_not_done(self) -> None:
        ride = Ride(end_of_turn=0.6).answered()
        ride.start()
        ride.pause()
        ride.ended()
        ride.hear("add milk to my list")
        ride.tell(e.SpeechResumed())
        assert ride.tell(e.HungUp()) == []

    def test_an_agent_that_says_goodbye_ends_the_call_once_it_was_heard(self) -> None:
        ride = Ride().answered()
        turn = ride.says("goodbye")
        ride.tell(e.AgentText(turn, "Bye!"), e.AgentWish(turn, "hang_up"), e.AgentDone(turn))
        assert not ride.all(e.HangUp)
        ride.play(ride.last(e.Say).clause)
        assert ride.all(e.HangUp)

    def test_an_agent_may_hand_the_caller_over(self) -> None:
        ride = Ride().answered()
        turn = ride.says("a person please")
        ride.tell(
            e.AgentText(turn, "I connect you."),
            e.AgentWish(turn, "transfer", "sales", "Wants a price."),
            e.AgentDone(turn),
        )
        ride.play(ride.last(e.Say).clause)
        assert ride.orders[-1] == e.Transfer("sales", "Wants a price.")

    def test_a_machine_is_told_the_message_and_left(self) -> None:
        ride = Ride()
        ride.tell(e.Answered("Your parcel is here.", voicemail=True))
        assert ride.last(e.Fill).text == "Your parcel is here."
        ride.play(1, 2.0)
        assert ride.orders[-1] == e.HangUp()

    def test_keys_are_read_together_after_a_while(self) -> None:
        ride = Ride(digits=2.0).answered()
        ride.tell(e.Digit("4"), e.Digit("2"))
        assert e.AskAgent(1, "42") in ride.wait(2.0)

    def test_the_hash_key_ends_what_is_dialled(self) -> None:
        ride = Ride().answered()
        assert e.AskAgent(1, "7") in ride.tell(e.Digit("7"), e.Digit("#"))

    def test_zero_asks_for_a_person_where_there_is_one(self) -> None:
        ride = Ride(transfer_on_zero=True).answered()
        ride.tell(e.Digit("0"))
        assert ride.wait(2.0) == [e.Transfer("", "")]
