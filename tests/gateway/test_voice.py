"""One call from the first word to the last, on a paper line, in virtual time."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from channels.events import (
    AudioOut,
    Caption,
    Clear,
    Mark,
    Status,
    Transcript,
    TurnState,
)
from tests.gateway.calls_on_paper import PaperCall, on_paper, ours
from tests.gateway.lines import CallerRecogniser, LetterVoice, PaperLine, a_call
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio

STORY = "Once upon a time there was a king who had three sons and a dragon."


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


class TestTurns:
    async def test_a_caller_is_greeted_and_their_words_are_asked_and_answered_aloud(self) -> None:
        async with on_paper(["Two things."]) as call:
            await call.greeted()
            await call.line.says("what is on my list")
            await call.line.has_heard("Two things.")
            assert call.line.heard == "Hi.Two things."
        [message] = call.house.messages
        assert message.parts == (Transcript("what is on my list"),)
        assert (message.route, message.sender) == (call.line.call.route, call.line.call.sender)
        assert message.heard is None
        assert message.at is not None
        assert message.at.timestamp() == 1000.0

    async def test_a_sentence_is_said_though_the_agent_says_no_more_for_a_while(self) -> None:
        async with on_paper(["I will look it up.", 3.0, " It is open."]) as call:
            await call.greeted()
            await call.line.says("is it open")
            await call.line.has_heard("up.")
            assert call.line.heard == "Hi.I will look it up."
            await call.line.has_heard("open.")

    async def test_both_sides_are_captioned_in_the_order_they_are_said(self) -> None:
        async with on_paper(["Two things."]) as call:
            await call.greeted()
            await call.line.says("what is on my list")
            await call.line.has_heard("Two things.")
        finals = [("agent", "Hi."), ("user", "what is on my list"), ("agent", "Two things.")]
        assert [(c.role, c.text) for c in call.line.orders(Caption) if c.final] == finals
        assert call.line.captions("user", final=False) == ["what is on my list"]

    async def test_each_turn_is_an_event_of_its_own(self) -> None:
        async with on_paper(["One."], ["Two."]) as call:
            await call.greeted()
            await call.line.says("first")
            await call.line.has_heard("One.")
            await call.line.says("second")
            await call.line.has_heard("Two.")
        first, second = call.house.messages
        assert first.event != second.event
        assert first.event.startswith("CA1:")

    async def test_a_line_that_takes_a_call_up_again_repeats_no_event(self) -> None:
        events = set()
        for resumed in (False, True):
            async with on_paper(["Yes."], line=PaperLine(a_call(resumed=resumed))) as call:
                await anyio.sleep(5.0)
                await call.line.says("hello there")
                await call.line.has_heard("Yes.")
            events |= {message.event for message in call.house.messages}
        assert len(events) == 2

    async def test_a_noise_is_no_turn(self) -> None:
        async with on_paper(["Yes."]) as call:
            await call.greeted()
            await call.line.says("")
            await call.line.says("")
            assert call.house.messages == []
            assert call.line.heard == "Hi."

    async def test_keys_are_a_turn(self) -> None:
        async with on_paper(["Thanks."]) as call:
            await call.greeted()
            for digit in "42#":
                call.line.pressed(digit)
            await call.line.has_heard("Thanks.")
            assert call.asked == ["42"]

    async def test_a_key_silences_the_reply(self) -> None:
        async with on_paper([STORY, 60.0], ["Seven."]) as call:
            await call.greeted()
            await call.line.says("tell me a story")
            await call.line.has_heard("Once upon")
            call.line.pressed("7")
            await call.line.has_heard("Seven.")
            assert "dragon" not in call.line.heard
            assert call.house.canceled

    async def test_what_is_recognised_is_the_sound_of_that_turn_alone(self) -> None:
        async with on_paper(["One."], ["Two."]) as call:
            assert isinstance(call.recogniser, CallerRecogniser)
            await call.greeted()
            await call.line.says("first", seconds=2.0)
            await call.line.has_heard("One.")
            await call.line.says("second", seconds=0.5)
            await call.line.has_heard("Two.")
            assert call.recogniser.asked[0].seconds > 1.9
            assert call.recogniser.asked[-1].seconds < 1.1


class TestInterruptions:
    async def interrupted(self, call: PaperCall, words: str) -> None:
        await call.greeted()
        await call.line.says("tell me a story")
        await call.line.has_heard("Once upon a time")
        await call.line.says(words, quiet=0.0)

    async def test_who_speaks_over_us_silences_us_at_once(self) -> None:
        async with on_paper([STORY]) as call:
            await call.greeted()
            await call.line.says("tell me a story")
            await call.line.has_heard("Once upon a time")
            began = anyio.current_time()
            await call.line.says("no wait not that one", quiet=0.0)
            [cleared] = call.line.times(Clear)
            assert 0.08 <= cleared - began <= 0.12

    async def test_who_only_shows_that_they_listen_hears_the_rest_from_where_it_was(self) -> None:
        async with on_paper([STORY]) as call:
            await self.interrupted(call, "mhm")
            await call.line.has_heard("dragon.")
            await anyio.sleep(1.0)
            # Each clause is spelled by itself, without the space between.
            assert call.line.heard.replace(" ", "") == f"Hi.{STORY}".replace(" ", "")
            assert len(call.line.orders(Clear)) == 1
            assert call.asked == ["tell me a story"]
            assert call.house.canceled == []

    async def test_who_says_more_is_answered_instead(self) -> None:
        async with on_paper([STORY, 60.0], ["All right."]) as call:
            await self.interrupted(call, "no wait not that one")
            await call.line.has_heard("All right.")
            assert "dragon" not in call.line.heard
            assert call.house.canceled == ["conversation"]
            assert call.asked == ["tell me a story", "no wait not that one"]
            before = call.house.messages[1].heard
            assert before
            assert STORY.startswith(before)
            assert 11 <= len(before) < 30

    async def test_what_was_heard_is_told_once(self) -> None:
        async with on_paper([STORY], ["All right."], ["Yes."]) as call:
            await self.interrupted(call, "no wait not that one")
            await call.line.has_heard("All right.")
            await call.line.says("and now")
            await call.line.has_heard("Yes.")
            assert [bool(m.heard) for m in call.house.messages] == [False, True, False]

    async def test_who_interrupts_before_a_word_was_said_heard_nothing(self) -> None:
        async with on_paper([60.0, STORY], ["All right."]) as call:
            await call.greeted()
            await call.line.says("tell me a story", quiet=0.8)
            await call.line.says("no wait a joke")
            await call.line.has_heard("All right.")
            assert call.house.messages[1].heard == ""

    async def test_a_reply_that_was_dropped_is_never_spoken_however_it_ends(self) -> None:
        async with on_paper([STORY, 1.0, " The end."], ["All right."]) as call:
            await self.interrupted(call, "no wait not that one")
            await call.line.has_heard("All right.")
            await anyio.sleep(5.0)
            assert "Stopped" not in call.line.heard
            assert "end" not in call.line.heard


class TestWaiting:
    async def test_who_waits_is_told_so_and_then_what_is_being_done(self) -> None:
        busy = Status(0, TurnState.WORKING, "I am looking it up.")
        async with on_paper([2.0, busy, 15.0, "Here it is."]) as call:
            await call.greeted()
            await call.line.says("find my flight")
            await call.line.has_heard("Here it is.", seconds=30)
            told = [ours("moment"), "I am looking it up.", "Here it is."]
            assert call.line.heard == "Hi." + "".join(told)

    async def test_an_answer_that_takes_too_long_comes_later_by_itself(self) -> None:
        async with on_paper([40.0, "Your flight is at nine."], working=100.0) as call:
            await call.greeted()
            await call.line.says("find my flight")
            await call.line.has_heard(ours("later"), seconds=60)
            assert call.house.canceled == []
            await call.line.has_heard("Your flight is at nine.", seconds=60)
            assert call.line.heard.count("nine") == 1

    async def test_what_is_answered_elsewhere_is_said_here(self) -> None:
        async with on_paper() as call:
            await call.greeted()
            call.house.say(Status(7, TurnState.WORKING, messages=("typed",)))
            call.house.tell("**Noted**, thanks.")
            call.house.say(Status(7, TurnState.DONE))
            await call.line.has_heard("Noted, thanks.")

    async def test_a_notice_waits_for_who_speaks(self) -> None:
        async with on_paper(["Yes."]) as call:
            await call.greeted()
            speaking = asyncio.ensure_future(call.line.says("is it done", seconds=1.0))
            await anyio.sleep(0.5)
            call.house.tell("The oven is hot.")
            await call.line.has_heard("The oven is hot.")
            await speaking
            assert call.line.heard == "Hi.Yes.The oven is hot."


class TestFigures:
    async def test_a_turn_is_measured_from_the_callers_last_word(self) -> None:
        line = PaperLine()
        recogniser = CallerRecogniser(line, delay=0.3)
        voice = LetterVoice(delay=0.15, price=0.001)
        async with on_paper([0.25, "Two."], line=line, recogniser=recogniser, voice=voice) as call:
            await call.greeted()
            await line.says("how many", quiet=0.0)
            ended = anyio.current_time()
            await line.has_heard("Two.")
            [turn] = call.talk.figures.turns.values()
            steps = turn.steps()
            assert turn.ended == pytest.approx(ended, abs=0.03)
            assert steps["commit"] == pytest.approx(0.6, abs=0.05)
            assert steps["transcript"] == pytest.approx(0.4, abs=0.05)
            assert steps["text"] == pytest.approx(0.85, abs=0.05)
            assert steps["audio"] == pytest.approx(1.0, abs=0.05)
            first = next(at for at in line.times(AudioOut) if at > ended)
            assert first - ended == pytest.approx(steps["audio"], abs=0.03)
            assert steps["cost"] == 0.25
            assert call.talk.figures.cost == pytest.approx(0.252)
            assert (turn.asked, turn.said) == ("how many", ["Two."])

    async def test_who_hangs_up_in_the_middle_of_a_reply_heard_no_more_of_it(self) -> None:
        async with on_paper([STORY]) as call:
            await call.greeted()
            await call.line.says("tell me a story")
            await call.line.has_heard("there was")
            call.line.hung_up()
            await call.ended()
            call.talk.leave()
            [turn] = call.talk.figures.turns.values()
            assert turn.heard
            assert call.line.heard.startswith(f"Hi.{turn.heard}")
            assert "there" in turn.heard

    async def test_the_sound_goes_out_in_an_even_stream(self) -> None:
        async with on_paper([STORY]) as call:
            await call.greeted()
            await call.line.says("tell me a story")
            await call.line.has_heard("dragon.")
            assert call.line.most <= 0.3 + 0.1 + 0.02
            names = [mark.name for mark in call.line.orders(Mark)]
            assert len(names) == len(set(names))
            assert call.talk.figures.underruns == 0
