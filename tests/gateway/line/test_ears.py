"""What is heard of a caller, and what becomes of words that are no longer waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest

from channels.events import AudioFormat
from gateway.call import events as e
from gateway.call.policy import Policy
from gateway.line.ears import TAKES_AT_ONCE, Ears
from gateway.speech.base import Dictation, Speech, SpeechToText, Transcription
from tests.gateway.lines import (
    FRAME,
    SILENCE,
    SPEECH,
    CallerRecogniser,
    LoudActivity,
    PaperLine,
    a_call,
)
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@dataclass
class Heard:
    """All that the ears told, in order."""

    ears: Ears = field(init=False)
    told: list[e.Fact | Transcription] = field(default_factory=list)

    @property
    def words(self) -> list[tuple[int, int, str]]:
        facts = [fact for fact in self.told if isinstance(fact, e.Transcript)]
        return [(fact.turn, fact.take, fact.text) for fact in facts]


@asynccontextmanager
async def listening(recogniser: SpeechToText) -> AsyncIterator[Heard]:
    heard = Heard()
    async with anyio.create_task_group() as tasks:
        heard.ears = Ears(
            a_call(),
            LoudActivity(),
            recogniser,
            Policy(),
            tasks,
            on_fact=heard.told.append,
            on_known=lambda _, known: heard.told.append(known),
        )
        yield heard
        heard.ears.close()
        tasks.cancel_scope.cancel()


def slow(words: str) -> CallerRecogniser:
    return CallerRecogniser(PaperLine(words=words), delay=1.0)


async def test_of_many_takes_of_a_turn_only_the_newest_are_waited_for() -> None:
    recogniser = slow("hello")
    async with listening(recogniser) as heard:
        for take in range(1, TAKES_AT_ONCE + 3):
            heard.ears.transcribe(1, take)
            await anyio.sleep(0.01)
        await anyio.sleep(2.0)
    assert recogniser.stopped == 2
    assert heard.words == [(1, take, "hello") for take in range(3, TAKES_AT_ONCE + 3)]


async def test_of_a_turn_that_is_over_no_words_come() -> None:
    recogniser = slow("hello")
    async with listening(recogniser) as heard:
        heard.ears.transcribe(1, 1)
        heard.ears.transcribe(1, 2)
        await anyio.sleep(0.5)
        heard.ears.forget()
        heard.ears.transcribe(2, 3)
        await anyio.sleep(2.0)
    assert recogniser.stopped == 2
    assert heard.words == [(2, 3, "hello")]


async def test_what_a_turn_was_made_of_is_known_before_its_words_are_told() -> None:
    async with listening(slow("hello")) as heard:
        heard.ears.transcribe(1, 1)
        await anyio.sleep(2.0)
    known, fact = heard.told
    assert isinstance(known, Transcription)
    assert isinstance(fact, e.Transcript)
    assert known.text == fact.text == "hello"


async def test_who_listens_along_is_told_when_the_caller_speaks() -> None:
    class Along(Dictation):
        def __init__(self) -> None:
            self.attended: list[bool] = []
            self.sound = 0

        def hear(self, audio: bytes) -> None:
            self.sound += len(audio)

        def attend(self, *, speaking: bool) -> None:
            self.attended.append(speaking)

        async def transcribe(self, speech: Speech) -> Transcription:
            return Transcription("")

        def forget(self) -> None:
            pass

    along = Along()

    class Recogniser(CallerRecogniser):
        def dictate(
            self, *, format: AudioFormat, locale: str = "", vocabulary: tuple[str, ...] = ()
        ) -> Dictation:
            return along

    async with listening(Recogniser(PaperLine())) as heard:
        frames = [SPEECH[n % len(SPEECH)] for n in range(50)] + [SILENCE] * 100
        for number, frame in enumerate(frames):
            heard.ears.hear(frame, number * FRAME)
    assert along.attended == [True, False]
    assert along.sound == sum(map(len, frames))
