"""How a call ends, by whomever, and what is left of it: nothing but what was said."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from channels.base import Refused
from channels.events import (
    Wish,
)
from gateway.call import events as e
from tests.gateway.calls_on_paper import PaperCall, PaperHouse, Step, on_paper, ours
from tests.gateway.lines import CallerRecogniser, LetterVoice, PaperLine, a_call
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio

STORY = "Once upon a time there was a king who had three sons and a dragon."


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


class TestLeaving:
    async def test_a_call_that_ended_leaves_no_task_and_no_ear(self) -> None:
        async with on_paper(["Two things."]) as call:
            await call.greeted()
            await call.line.says("what is on my list")
            call.line.hung_up()
            await call.ended()
            self.nothing_left(call)
            assert call.talk.ended_by == "caller"

    async def test_who_hangs_up_in_the_middle_of_synthesis_leaves_nothing(self) -> None:
        voice = LetterVoice(delay=0.2, pause=1.0)
        async with on_paper([STORY], voice=voice) as call:
            await anyio.sleep(3.0)
            await call.line.says("tell me a story")
            await call.line.has_heard("Once")
            call.line.hung_up()
            await call.ended()
            self.nothing_left(call)
            assert voice.stopped == voice.said[-1:] != []

    async def test_who_hangs_up_in_the_middle_of_recognition_leaves_nothing(self) -> None:
        line = PaperLine()
        async with on_paper(line=line, recogniser=CallerRecogniser(line, delay=30.0)) as call:
            assert isinstance(call.recogniser, CallerRecogniser)
            await call.greeted()
            await line.says("hello there", quiet=0.5)
            assert call.recogniser.asked
            line.hung_up()
            await call.ended()
            self.nothing_left(call)
            assert call.recogniser.stopped == len(call.recogniser.asked)

    async def test_who_hangs_up_while_we_do_leaves_nothing(self) -> None:
        async with on_paper(["Bye, bye, bye, bye!", Wish(0, "hang_up")]) as call:
            await call.greeted()
            await call.line.says("goodbye")
            await call.line.has_heard("bye!")
            call.line.hung_up()
            await call.ended()
            self.nothing_left(call)

    async def test_being_told_to_stop_leaves_nothing(self) -> None:
        async with on_paper([STORY]) as call:
            await call.greeted()
            await call.line.says("tell me a story")
            await call.line.has_heard("Once")
            call.scope.cancel()
            await call.ended()
            self.nothing_left(call)

    async def test_what_was_said_last_is_stored_though_they_hang_up_at_that_instant(self) -> None:
        house = PaperHouse(delay=1.0)
        async with on_paper(["Yes."], house=house) as call:
            await call.greeted()
            await call.line.says("buy some milk", quiet=0.0)
            # The turn is over, and its storing has only just begun.
            with anyio.fail_after(5):
                while not call.line.captions("user"):  # noqa: ASYNC110 - no event of ours
                    await anyio.sleep(0.001)
            assert house.messages == []
            call.line.hung_up()
            await call.ended()
            assert call.asked == ["buy some milk"]

    async def test_what_was_said_last_is_stored_though_we_are_told_to_stop(self) -> None:
        house = PaperHouse(delay=1.0)
        async with on_paper(["Yes."], house=house) as call:
            await call.greeted()
            await call.line.says("buy some milk", quiet=0.0)
            with anyio.fail_after(5):
                while not call.line.captions("user"):  # noqa: ASYNC110 - no event of ours
                    await anyio.sleep(0.001)
            call.scope.cancel()
            await call.ended()
            assert call.asked == ["buy some milk"]

    async def test_a_line_that_breaks_is_told_from_one_that_was_put_down(self) -> None:
        async with on_paper() as call:
            await call.greeted()
            call.line.hung_up(lost=True)
            await call.ended()
            assert call.talk.ended_by == "lost"

    async def test_a_call_that_is_taken_up_again_says_so_and_goes_on(self) -> None:
        async with on_paper(["Two."], line=PaperLine(a_call(resumed=True))) as call:
            await call.line.has_heard(ours("back"))
            await call.line.says("how many")
            await call.line.has_heard("Two.")
            assert "Hi." not in call.line.heard

    async def test_what_breaks_ends_the_call_and_not_who_told_it(self) -> None:
        async with on_paper() as call:
            await call.greeted()
            # Nobody can pause who never began: the machine says so, and loudly.
            call.talk._machine.caller = None  # type: ignore[assignment]
            call.talk._feed(e.SpeechStarted(0.0))
            await call.ended()
            assert call.talk.ended_by == "lost"
            self.nothing_left(call)

    async def test_what_breaks_at_a_timer_ends_the_call(self) -> None:
        async with on_paper() as call:
            await call.greeted()

            def breaks(_: float) -> list[e.Order]:
                raise RuntimeError("a bug")

            call.talk._machine.handle_timer = breaks  # type: ignore[method-assign, assignment]
            await call.ended()

    @staticmethod
    def nothing_left(call: PaperCall) -> None:
        left = {task.get_name() for task in asyncio.all_tasks()}
        assert len(asyncio.all_tasks()) <= call.tasks_before, left
        assert [ear.closed for ear in call.activity.ears] == [True]
        assert call.talk._timer is None or call.talk._timer.cancelled()


class TestOurEnd:
    async def test_the_agent_hangs_up_once_its_goodbye_was_heard(self) -> None:
        async with on_paper(["Bye then!", Wish(0, "hang_up")]) as call:
            await call.greeted()
            await call.line.says("that is all")
            await call.ended()
            assert call.line.put_down
            assert call.line.heard == "Hi.Bye then!"
            assert call.talk.ended_by == "house"

    async def test_the_agent_hands_over_once_its_words_were_heard(self) -> None:
        async with on_paper(["One moment.", Wish(0, "transfer", "sales", "A quote.")]) as call:
            await call.greeted()
            await call.line.says("a person please")
            await call.ended()
            assert call.line.handed == [("sales", "A quote.")]
            assert call.line.heard == "Hi.One moment."
            assert call.talk.ended_by == "transfer"

    async def test_where_nobody_takes_over_the_caller_is_told(self) -> None:
        script: list[Step] = ["One moment. ", Wish(0, "transfer", "", "A quote.")]
        async with on_paper(script, ["Two."], can_transfer=False) as call:
            await call.greeted()
            await call.line.says("a person please")
            await call.line.has_heard(ours("no_transfer"))
            await call.line.says("never mind how many then")
            await call.line.has_heard("Two.")
            assert call.line.handed == []

    async def test_a_browser_is_handed_to_nobody(self) -> None:
        line = PaperLine(a_call(channel="web"))
        async with on_paper(["Well. ", Wish(0, "transfer")], line=line) as call:
            await call.greeted()
            await line.says("a person please")
            await line.has_heard(ours("no_transfer"))
            assert line.handed == []

    async def test_zero_asks_for_a_person(self) -> None:
        async with on_paper() as call:
            await call.greeted()
            call.line.pressed("0")
            await call.ended()
            assert call.line.handed == [("", "")]

    async def test_a_handing_over_that_fails_is_told_before_we_hang_up(self) -> None:
        line = PaperLine(refuses=Refused("no such number"))
        async with on_paper(["One moment.", Wish(0, "transfer", "sales")], line=line) as call:
            await call.greeted()
            await line.says("a person please")
            await call.ended()
            assert line.put_down
            assert line.heard == f"Hi.One moment.{ours('no_transfer')}"
            assert line.captions("agent")[-1] == ours("no_transfer")
            assert call.talk.ended_by == "house"

    async def test_a_machine_hears_the_message_whole_and_is_put_down(self) -> None:
        line = PaperLine(a_call(outbound=True, voicemail=True, opening="Your table is booked."))
        async with on_paper(line=line, greeting="") as call:
            await call.ended()
            assert line.heard == "Your table is booked."
            assert call.house.messages == []
            assert call.talk.ended_by == "house"

    async def test_who_says_nothing_is_asked_and_then_left(self) -> None:
        async with on_paper() as call:
            await call.line.has_heard(ours("there"), seconds=12)
            await call.ended(40)
            assert call.line.heard == f"Hi.{ours('there')}{ours('goodbye')}"
            assert call.line.put_down
