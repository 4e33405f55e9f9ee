"""Our voice on a line: never too far ahead, silent at once, and back at the exact place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest

from channels.events import AudioIn, AudioOut, Clear, Mark
from gateway.call.events import AudioSent, Fact, VoiceFailed
from gateway.call.playback import Playback
from gateway.errors import SpeechUnreachable
from gateway.line.speaking import CHUNK, LAST_WORDS_SECONDS, SYNTHESISED_AHEAD, Speaker
from tests.gateway.lines import FRAME, LETTER, LetterVoice, PaperLine
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio

AHEAD = 0.3
LONG = "abcdefghijklmnopqrstuvwxyz" * 2
LETTER_BYTES = round(LETTER * 8000)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@dataclass
class Stage:
    """A speaker on a line, with what the machine would note of its sound."""

    line: PaperLine = field(default_factory=PaperLine)
    voice: LetterVoice = field(default_factory=LetterVoice)
    playback: Playback = field(default_factory=Playback)
    facts: list[Fact] = field(default_factory=list)
    costs: list[str] = field(default_factory=list)
    dry: int = 0

    def __post_init__(self) -> None:
        self.speaker = Speaker(
            self.line,
            self.voice,
            "en",
            self.playback,
            ahead=AHEAD,
            clock=anyio.current_time,
            on_fact=self.note,
            on_cost=self.costs.append,
            on_dry=self.note_dry,
        )

    def note(self, fact: Fact) -> None:
        self.facts.append(fact)
        if isinstance(fact, AudioSent):
            self.playback.sent(fact, anyio.current_time())
        elif isinstance(fact, VoiceFailed):
            self.playback.drop(fact.clause, 0.0)

    def note_dry(self) -> None:
        self.dry += 1

    def say(self, clause: int, text: str) -> None:
        self.playback.say(clause, 1, text, anyio.current_time())
        self.speaker.say(clause, text, "")

    def pause(self) -> None:
        self.speaker.pause(clear=self.playback.pause(anyio.current_time()))

    def resume(self) -> None:
        place = self.playback.resume()
        assert place
        self.speaker.resume(*place)

    def hush(self) -> None:
        self.speaker.hush(clear=self.playback.hush(anyio.current_time()))

    def sent(self, clause: int) -> list[AudioSent]:
        told = [fact for fact in self.facts if isinstance(fact, AudioSent)]
        return [fact for fact in told if fact.clause == clause]

    async def read(self) -> None:
        async for event in self.line.receive():
            match event:
                case AudioIn():
                    self.speaker.pump()
                case Mark(name):
                    self.playback.played(name, anyio.current_time())


@asynccontextmanager
async def stage(**parts: object) -> AsyncIterator[Stage]:
    it = Stage(**parts)  # type: ignore[arg-type]  # checked by Stage
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.speaker.run)
        tasks.start_soon(it.read)
        yield it
        tasks.cancel_scope.cancel()


async def test_a_clause_is_heard_whole_and_those_after_it_in_order() -> None:
    async with stage() as it:
        it.say(1, "one two")
        it.say(2, " three")
        await it.line.has_heard("one two three")
        await anyio.sleep(0.1)
        assert [fact.last for fact in it.sent(1)][-1]
        assert it.playback.heard(1, anyio.current_time()).split() == ["one", "two", "three"]


async def test_the_first_sound_goes_out_as_soon_as_there_is_any() -> None:
    async with stage(voice=LetterVoice(delay=0.123)) as it:
        began = anyio.current_time()
        it.say(1, LONG)
        await it.line.has_heard("a")
        assert it.line.times(AudioOut)[0] - began == pytest.approx(0.123)


async def test_the_line_is_never_further_ahead_than_asked_by_more_than_one_chunk() -> None:
    async with stage() as it:
        it.say(1, LONG)
        it.say(2, LONG)
        await it.line.has_heard(LONG * 2)
        # The phone plays a frame at a time, so it may hold one more.
        assert AHEAD - FRAME <= it.line.most <= AHEAD + CHUNK + FRAME
        assert it.dry == 0


async def test_a_line_from_which_nothing_comes_is_fed_all_the_same() -> None:
    async with stage(line=PaperLine(muted=True)) as it:
        began = anyio.current_time()
        it.say(1, LONG)
        await it.line.has_heard(LONG)
        assert anyio.current_time() - began < len(LONG) * LETTER + 0.2
        assert it.line.most <= AHEAD + CHUNK + FRAME


async def test_marks_come_every_half_second_and_behind_the_last_sound() -> None:
    async with stage() as it:
        it.say(1, LONG[:20])
        await it.line.has_heard(LONG[:20])
        told = it.sent(1)
        at, marks = 0.0, []
        for fact in told:
            at += fact.seconds
            if fact.mark:
                marks.append(at)
        assert marks == pytest.approx([0.5, 1.0, 1.4])
        assert told[-1].last
        assert it.line.orders(Mark) == [Mark(fact.mark) for fact in told if fact.mark]


async def test_a_clause_is_shown_once_when_its_sound_begins() -> None:
    async with stage(voice=LetterVoice(delay=0.5)) as it:
        it.say(1, "once")
        await anyio.sleep(0.4)
        assert it.line.captions("agent") == []
        await it.line.has_heard("on")
        it.pause()
        it.resume()
        it.say(2, "more")
        await it.line.has_heard("more")
        assert it.line.captions("agent") == ["once", "more"]


async def test_a_pause_is_silence_at_once() -> None:
    async with stage() as it:
        it.say(1, LONG)
        await it.line.has_heard(LONG[:10])
        it.pause()
        assert it.line.held == 0
        heard = it.line.heard
        await anyio.sleep(2.0)
        assert it.line.heard == heard


async def test_speech_goes_on_from_where_it_was_interrupted() -> None:
    async with stage() as it:
        it.say(1, LONG[:26])
        it.say(2, "0123456789")
        await it.line.has_heard(LONG[:13])
        it.pause()
        await anyio.sleep(1.0)
        it.resume()
        await it.line.has_heard("9")
        await anyio.sleep(1.0)
        # Not a letter is missing or said twice: the phone plays a frame at a time, and no more than
        # one of those is.
        assert it.line.heard == LONG[:26] + "0123456789"
        repeated = it.line.played - 36 * LETTER_BYTES
        assert abs(repeated) <= FRAME * 8000
        assert it.dry == 0


async def test_what_was_synthesised_is_not_paid_for_again_after_a_pause() -> None:
    async with stage() as it:
        it.say(1, LONG)
        await it.line.has_heard(LONG[:5])
        it.pause()
        it.resume()
        await it.line.has_heard(LONG)
        assert it.costs == it.voice.said == [LONG]


async def test_a_mark_of_sound_that_was_cleared_is_not_taken_for_one_of_what_is_said_again() -> (
    None
):
    async with stage() as it:
        it.say(1, "abcd")
        await anyio.sleep(0.1)
        # All of it is on the line, with the mark behind it.
        assert it.sent(1)[-1].last
        it.pause()
        it.resume()
        await it.line.has_heard("abcd")
        before, after = it.line.orders(Mark)
        assert before != after


async def test_what_is_hushed_is_not_heard_and_not_made() -> None:
    async with stage(voice=LetterVoice(pause=1.0)) as it:
        it.say(1, "one two three")
        it.say(2, "four")
        await it.line.has_heard("one")
        it.hush()
        it.say(3, "five")
        await it.line.has_heard("five")
        assert it.line.heard == "onefive"
        assert it.voice.said == ["one two three", "five"]
        assert it.voice.stopped == ["one two three"]


async def test_a_line_that_holds_nothing_is_not_cleared() -> None:
    async with stage(voice=LetterVoice(delay=1.0)) as it:
        it.say(1, "one")
        it.pause()
        it.hush()
        assert it.line.orders(Clear) == []


async def test_a_clause_that_is_skipped_lets_the_next_be_heard() -> None:
    async with stage(voice=LetterVoice(delay=5.0)) as it:
        it.say(1, "one")
        it.say(2, "two")
        await anyio.sleep(1.0)
        it.playback.drop(1, 0.0)
        it.speaker.skip(1)
        await it.line.has_heard("two")
        assert it.line.heard == "two"
        assert it.voice.stopped == ["one"]


async def test_a_clause_that_is_skipped_before_it_is_made_does_not_disturb_the_one_before() -> None:
    async with stage(voice=LetterVoice(pause=0.2)) as it:
        it.say(1, "one two three")
        it.say(2, "four")
        await it.line.has_heard("one")
        it.playback.drop(2, 0.0)
        it.speaker.skip(2)
        await it.line.has_heard("three")
        assert it.line.heard == "one two three"
        assert it.voice.said == ["one two three"]


async def test_sound_that_comes_too_late_is_counted_as_a_gap() -> None:
    async with stage(voice=LetterVoice(pause=1.0)) as it:
        it.say(1, "one two")
        await it.line.has_heard("one two")
        assert it.dry == 1


async def test_the_time_between_two_clauses_is_no_gap() -> None:
    async with stage(voice=LetterVoice(delay=1.0)) as it:
        it.say(1, "one")
        it.say(2, "two")
        await it.line.has_heard("onetwo")
        assert it.dry == 0


@pytest.mark.parametrize("failure", [SpeechUnreachable("down"), RuntimeError("a bug")])
async def test_a_clause_that_cannot_be_made_is_told_and_the_next_is_heard(
    failure: Exception,
) -> None:
    async with stage(voice=LetterVoice(failures=[failure])) as it:
        it.say(1, "one")
        it.say(2, "two")
        await it.line.has_heard("two")
        assert VoiceFailed(1) in it.facts
        assert it.line.heard == "two"


async def test_last_words_are_heard_whole_and_paid_for() -> None:
    async with stage() as it:
        await it.speaker.last_words("so long")
        await it.line.has_heard("so long")
        assert it.costs == ["so long"]


async def test_last_words_that_nobody_can_say_are_not_waited_for() -> None:
    async with stage(voice=LetterVoice(pause=60.0)) as it:
        began = anyio.current_time()
        await it.speaker.last_words("so long")
        assert anyio.current_time() - began == pytest.approx(LAST_WORDS_SECONDS)
        it.voice.failures = [SpeechUnreachable("down")]
        await it.speaker.last_words("so long")
        await it.line.has_heard("so")


async def test_of_a_voice_that_breaks_off_what_there_is_is_heard() -> None:
    voice = LetterVoice(failures=[SpeechUnreachable("down")], breaks_after=1)
    async with stage(voice=voice) as it:
        it.say(1, "one two")
        it.say(2, "three")
        await it.line.has_heard("onethree")
        assert [fact.last for fact in it.sent(1)][-1]
        assert not [fact for fact in it.facts if isinstance(fact, VoiceFailed)]


async def test_a_voice_that_fails_while_it_is_hushed_is_no_harm() -> None:
    async with stage(voice=LetterVoice(failures=[SpeechUnreachable("down")])) as it:
        it.say(1, "one")
        piece = it.speaker._pieces[0]
        it.hush()
        # The failure was under way already, and no cancellation comes before it.
        await it.speaker._make(piece)
        it.say(2, "two")
        await it.line.has_heard("two")
        assert VoiceFailed(1) not in it.facts


async def test_a_clause_without_a_sound_is_over_at_once() -> None:
    async with stage() as it:
        it.say(1, "")
        it.say(2, "two")
        await it.line.has_heard("two")
        [only] = it.sent(1)
        assert (only.seconds, only.last) == (0.0, True)


async def test_little_is_made_long_before_it_is_needed() -> None:
    clause = LONG * 3
    assert len(clause) * LETTER < SYNTHESISED_AHEAD
    async with stage() as it:
        for number in range(1, 8):
            it.say(number, clause)
        await anyio.sleep(0.5)
        made = len(it.voice.said) * len(clause) * LETTER
        assert made <= SYNTHESISED_AHEAD + len(clause) * LETTER + 1.0
        await anyio.sleep(8 * len(clause) * LETTER)
        assert it.line.heard == clause * 7
        assert it.dry == 0


async def test_only_whole_frames_go_out_while_there_is_more_to_come() -> None:
    async with stage(voice=LetterVoice(pause=0.2)) as it:
        it.say(1, "a b c")
        await it.line.has_heard("a b c")
        await anyio.sleep(1.0)
        sizes = [len(order.audio) for order in it.line.orders(AudioOut)]
        assert all(size % 160 == 0 for size in sizes[:-1])
        assert sum(sizes) == 5 * LETTER_BYTES


async def test_sound_that_was_surely_heard_is_let_go() -> None:
    async with stage() as it:
        for number in range(1, 60):
            it.say(number, "ab")
        await anyio.sleep(60 * 2 * LETTER + 1)
        assert len(it.speaker._pieces) <= 5
