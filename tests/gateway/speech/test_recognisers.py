"""Several recognisers as one. Time is virtual: nothing here waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from channels.events import PHONE, AudioFormat
from gateway.errors import SpeechError, SpeechMissing, SpeechRefused, SpeechUnreachable
from gateway.speech.base import Dictation, Speech, SpeechToText, Transcription
from gateway.speech.recognisers import Recognisers
from gateway.telemetry import REGISTRY
from tests.virtual import VirtualLoop

SPEECH = Speech(b"\x10" * 8000, PHONE)
Take = float | SpeechError
"""How long an answer takes, or how it fails (at once)."""


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualLoop}


class Paper(SpeechToText):
    """A recogniser that does as it is told, request by request, then answers at once."""

    def __init__(self, name: str, *takes: Take, last_resort: bool = False) -> None:
        self.name = name
        self.last_resort = last_resort
        self.takes = list(takes)
        self.asked: list[float] = []
        self.dropped = 0

    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        self.asked.append(anyio.current_time())
        take = self.takes.pop(0) if self.takes else 0.0
        if isinstance(take, SpeechError):
            raise take
        try:
            await anyio.sleep(take)
        except BaseException:
            self.dropped += 1
            raise
        return Transcription(f"{len(self.asked)} {self.name}", provider=self.name, cost=0.5)


async def timed(recognisers: Recognisers, speech: Speech = SPEECH) -> tuple[str, float]:
    began = anyio.current_time()
    told = await recognisers.transcribe(speech)
    return told.text, round(anyio.current_time() - began, 3)


async def test_the_first_is_asked_and_nobody_else() -> None:
    one, two = Paper("one", 0.2), Paper("two")
    assert await timed(Recognisers([one, two])) == ("1 one", 0.2)
    assert two.asked == []


async def test_a_slow_answer_is_raced_by_the_next_provider() -> None:
    one, two = Paper("one", 3.0), Paper("two", 0.2)
    assert await timed(Recognisers([one, two])) == ("1 two", 0.7)
    assert one.dropped == 1


async def test_a_lone_provider_races_itself() -> None:
    one = Paper("one", 3.0, 0.1)
    assert await timed(Recognisers([one])) == ("2 one", 0.6)
    assert one.dropped == 1


async def test_the_first_still_wins_when_it_is_only_a_little_late() -> None:
    one, two = Paper("one", 0.6), Paper("two", 0.5)
    assert await timed(Recognisers([one, two])) == ("1 one", 0.6)
    assert two.dropped == 1


async def test_not_more_than_two_are_asked_because_of_slowness() -> None:
    one, two, three = Paper("one", 5.0), Paper("two", 4.0), Paper("three")
    assert await timed(Recognisers([one, two, three])) == ("1 two", 4.5)
    assert three.asked == []


async def test_a_failure_is_made_good_by_the_next_at_once() -> None:
    one, two = Paper("one", SpeechUnreachable("busy")), Paper("two", 0.1)
    assert await timed(Recognisers([one, two])) == ("1 two", 0.1)


async def test_a_failure_of_the_second_brings_in_the_third() -> None:
    one = Paper("one", 9.0)
    two, three = Paper("two", SpeechUnreachable("busy")), Paper("three", 0.1)
    assert await timed(Recognisers([one, two, three])) == ("1 three", 0.6)


async def test_a_lone_provider_is_asked_twice_before_the_turn_is_lost() -> None:
    one = Paper("one", SpeechUnreachable("a"), SpeechUnreachable("b"), 0.0)
    with pytest.raises(SpeechUnreachable, match="a; b"):
        await Recognisers([one]).transcribe(SPEECH)
    assert len(one.asked) == 2


async def test_who_failed_rests_and_the_next_turn_does_not_pay_for_it() -> None:
    one, two = Paper("one", SpeechUnreachable("down")), Paper("two", 0.1, 0.1, 0.1)
    recognisers = Recognisers([one, two])
    await recognisers.transcribe(SPEECH)
    await recognisers.transcribe(SPEECH)
    assert len(one.asked) == 1
    await anyio.sleep(2.0)
    assert await timed(recognisers) == ("2 one", 0.0)


async def test_who_asked_to_be_left_alone_is() -> None:
    one = Paper("one", SpeechUnreachable("busy", retry_after=30))
    recognisers = Recognisers([one, Paper("two")])
    await recognisers.transcribe(SPEECH)
    await anyio.sleep(29)
    assert (await timed(recognisers))[0] == "2 two"
    await anyio.sleep(2)
    assert (await timed(recognisers))[0] == "2 one"


async def test_who_rests_is_asked_all_the_same_when_there_is_nobody_else() -> None:
    one = Paper("one", SpeechUnreachable("a"), SpeechUnreachable("b"))
    recognisers = Recognisers([one])
    with pytest.raises(SpeechUnreachable):
        await recognisers.transcribe(SPEECH)
    assert (await timed(recognisers))[0] == "3 one"


async def test_a_refusal_is_not_tried_again_and_only_a_lasting_one_brings_rest() -> None:
    one = Paper("one", SpeechRefused("odd sound"), 0.0, SpeechRefused("no key", lasting=True))
    recognisers = Recognisers([one, Paper("two")])
    told = [(await timed(recognisers))[0] for _ in range(4)]
    assert told == ["1 two", "2 one", "2 two", "3 two"]


async def test_if_all_refuse_the_reason_of_the_first_is_told() -> None:
    with pytest.raises(SpeechRefused, match="no key"):
        await Recognisers([Paper("one", SpeechRefused("no key"))]).transcribe(SPEECH)


async def test_a_last_resort_is_asked_after_failures_only() -> None:
    one, last = Paper("one", 3.0, 0.1), Paper("last", last_resort=True)
    recognisers = Recognisers([one, last])
    assert await timed(recognisers) == ("2 one", 0.6)
    one.takes = [SpeechUnreachable("down")]
    assert await timed(recognisers) == ("1 last", 0.0)


async def test_a_file_is_given_its_time() -> None:
    one, two = Paper("one", 4.0), Paper("two")
    assert await timed(Recognisers([one, two]), Speech(b"OggS", None, "v.ogg")) == ("1 one", 4.0)
    assert two.asked == []


async def test_a_provider_that_is_always_slow_is_not_always_raced() -> None:
    one, two = Paper("one", *[0.8] * 5, *[0.7] * 15), Paper("two", *[9.0] * 30)
    recognisers = Recognisers([one, two])
    for _ in range(20):
        await recognisers.transcribe(SPEECH)
    assert len(two.asked) == 5


async def test_whoever_asks_may_stop_asking() -> None:
    one, two = Paper("one", 9.0), Paper("two", 9.0)
    with anyio.move_on_after(0.6):
        await Recognisers([one, two]).transcribe(SPEECH)
    assert (one.dropped, two.dropped) == (1, 1)


async def test_it_is_counted_who_answered_and_what_it_cost() -> None:
    def count(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    await Recognisers([Paper("slow", 3.0), Paper("quick", 0.1)]).transcribe(SPEECH)
    assert count("frontdoor_stt_total", provider="quick", result="ok") == 1
    assert count("frontdoor_stt_total", provider="slow", result="outrun") == 1
    assert count("frontdoor_stt_seconds_count", provider="quick") == 1
    assert count("frontdoor_stt_cost_dollars_total", provider="quick") == 0.5


def test_there_has_to_be_one() -> None:
    with pytest.raises(SpeechMissing, match="SPEECH_TO_TEXT"):
        Recognisers([])


class Along(Dictation):
    """Listens along; what it makes of it is given."""

    def __init__(self, make: Callable[[], Transcription]) -> None:
        self._make = make
        self.sound = b""
        self.running = False

    @property
    def heard(self) -> str:
        return "so far"

    def hear(self, audio: bytes) -> None:
        self.sound += audio

    async def transcribe(self, speech: Speech) -> Transcription:
        return self._make()

    def forget(self) -> None:
        self.sound = b""

    async def run(self) -> None:
        self.running = True
        await anyio.sleep_forever()


class Attentive(Paper):
    """A recogniser that listens along."""

    def __init__(self, name: str, along: Along) -> None:
        super().__init__(name)
        self.along = along

    def dictate(
        self, *, format: AudioFormat, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Dictation:
        return self.along


async def test_who_listens_along_is_asked_for_what_it_heard() -> None:
    along = Along(lambda: Transcription("along"))
    dictation = Recognisers([Attentive("one", along), Paper("two")]).dictate(format=PHONE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dictation.run)
        dictation.hear(b"abc")
        assert (await dictation.transcribe(SPEECH)).text == "along"
        assert (along.sound, along.running, dictation.heard) == (b"abc", True, "so far")
        dictation.forget()
        assert along.sound == b""
        tasks.cancel_scope.cancel()


async def test_who_lost_the_thread_is_replaced_within_the_turn() -> None:
    def lost() -> Transcription:
        raise SpeechUnreachable("the socket broke")

    dictation = Recognisers([Attentive("one", Along(lost)), Paper("two")]).dictate(format=PHONE)
    assert (await dictation.transcribe(SPEECH)).text == "1 two"


async def test_a_lone_one_that_lost_the_thread_gets_the_turn_as_sound() -> None:
    def lost() -> Transcription:
        raise SpeechUnreachable("the socket broke")

    dictation = Recognisers([Attentive("one", Along(lost))]).dictate(format=PHONE)
    assert (await dictation.transcribe(SPEECH)).text == "1 one"
