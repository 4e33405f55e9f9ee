"""A call in which something fails goes on, and the caller is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from channels.base import RateLimited
from channels.events import (
    AudioFormat,
)
from gateway.errors import SpeechUnreachable
from gateway.speech.base import Dictation, Speech, Transcription
from gateway.speech.voices import Voices
from tests.gateway.calls_on_paper import PaperHouse, on_paper, ours
from tests.gateway.lines import CallerRecogniser, LetterVoice, PaperLine
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio

STORY = "Once upon a time there was a king who had three sons and a dragon."


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


class TestTrouble:
    @pytest.mark.parametrize("failure", [SpeechUnreachable("down"), RuntimeError("a bug")])
    async def test_who_was_not_understood_is_asked_again(self, failure: Exception) -> None:
        line = PaperLine()
        recogniser = CallerRecogniser(line, failures=[failure])
        async with on_paper(["Two."], line=line, recogniser=recogniser) as call:
            await call.greeted()
            await line.says("how many", quiet=0.1)
            await line.has_heard(ours("pardon"))
            await line.says("how many")
            await line.has_heard("Two.")
            assert call.asked == ["how many"]

    async def test_who_cannot_be_understood_at_all_is_asked_to_say_something_else(self) -> None:
        class Narrow(CallerRecogniser):
            async def transcribe(
                self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
            ) -> Transcription:
                return Transcription("", understood=False)

        line = PaperLine()
        async with on_paper(line=line, recogniser=Narrow(line)) as call:
            await call.greeted()
            await line.says("tell me about the weather in Spain")
            await line.has_heard(ours("pardon"))
            assert call.house.messages == []

    async def test_recognition_that_stops_listening_along_does_not_end_the_call(self) -> None:
        class Hasty(Dictation):
            def __init__(self, line: PaperLine) -> None:
                self.line = line

            def hear(self, audio: bytes) -> None:
                pass

            async def transcribe(self, speech: Speech) -> Transcription:
                return Transcription(self.line.words)

            def forget(self) -> None:
                pass

            async def run(self) -> None:
                raise SpeechUnreachable("the socket broke")

        class Along(CallerRecogniser):
            def dictate(
                self, *, format: AudioFormat, locale: str = "", vocabulary: tuple[str, ...] = ()
            ) -> Dictation:
                return Hasty(self.line)

        line = PaperLine()
        async with on_paper(["Two."], line=line, recogniser=Along(line)) as call:
            await call.greeted()
            await line.says("how many")
            await line.has_heard("Two.")

    @pytest.mark.parametrize("failure", [RateLimited(3.0), OSError("the disk is full")])
    async def test_a_turn_that_could_not_be_asked_is_owned_up_to(self, failure: Exception) -> None:
        house = PaperHouse(failures=[failure])
        async with on_paper(["Two."], house=house) as call:
            await call.greeted()
            await call.line.says("how many")
            await call.line.has_heard(ours("trouble"))
            await call.line.says("how many")
            await call.line.has_heard("Two.")

    async def test_an_agent_that_says_nothing_is_not_passed_over_in_silence(self) -> None:
        async with on_paper([]) as call:
            await call.greeted()
            await call.line.says("how many")
            await call.line.has_heard(ours("nothing"))

    async def test_a_voice_that_fails_is_replaced_within_the_clause(self) -> None:
        first = LetterVoice(name="first", failures=[None, SpeechUnreachable("gone")])
        first.breaks_after = 8
        second = LetterVoice(name="second")
        async with on_paper([STORY], voice=Voices([first, second])) as call:
            await call.greeted()
            await call.line.says("tell me a story")
            await call.line.has_heard("dragon.")
            assert call.line.heard.startswith("Hi.Once upon a time there was a king")
            assert second.said
            # Not even a frame of silence in between.
            assert call.talk.figures.underruns == 0

    async def test_a_clause_that_no_voice_can_say_is_passed_over(self) -> None:
        voice = LetterVoice(failures=[None, SpeechUnreachable("gone")])
        reply = "This first sentence cannot be said. This second sentence can be said."
        async with on_paper([reply], voice=voice) as call:
            await call.greeted()
            await call.line.says("tell me")
            await call.line.has_heard("second sentence can be said.")
            assert "first" not in call.line.heard

    async def test_a_voice_that_never_answers_is_not_waited_for(self) -> None:
        class Stuck(LetterVoice):
            async def speak(
                self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
            ) -> AsyncGenerator[bytes, None]:
                if "stuck" in text:
                    await anyio.sleep_forever()
                async for piece in super().speak(text, format=format):
                    yield piece

        reply = "This first sentence is stuck. This second sentence can be said."
        async with on_paper([reply], voice=Stuck()) as call:
            await call.greeted()
            began = anyio.current_time()
            await call.line.says("tell me")
            await call.line.has_heard("second sentence")
            assert anyio.current_time() - began < 7.0
