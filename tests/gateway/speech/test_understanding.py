"""Who was not understood is told something that helps."""

from __future__ import annotations

import pytest

from agents.brain.intents import understand
from gateway.speech.base import Transcription
from gateway.speech.sphinx import EXAMPLES, SphinxRecogniser
from gateway.speech.understanding import Understanding
from prompts import languages, sentence
from tests.gateway.speech.utterances import FOREIGN, said


def begged(call: Understanding, times: int, sayable: tuple[str, ...] = ()) -> list[str]:
    told = []
    for _ in range(times):
        call.take(Transcription("", understood=False, sayable=sayable))
        told.append(call.pardon())
    return told


def test_the_first_miss_asks_for_the_same_words_and_the_second_for_clearer_ones() -> None:
    first, second, third = begged(Understanding("en", person=False), 3)
    assert first == sentence("voice", "pardon", "en")
    assert second == third != first


def test_who_was_understood_meanwhile_begins_anew() -> None:
    call = Understanding("en", person=True)
    first, _ = begged(call, 2)
    call.succeeded()
    assert begged(call, 1) == [first]


@pytest.mark.parametrize("sayable", [(), EXAMPLES])
def test_a_person_is_offered_from_the_second_miss_where_there_is_one(
    sayable: tuple[str, ...],
) -> None:
    zero = sentence("voice", "zero", "en")
    offered = [zero in told for told in begged(Understanding("en", person=True), 3, sayable)]
    assert offered == [False, True, True]
    assert not any(zero in told for told in begged(Understanding("en", person=False), 3, sayable))


@pytest.mark.parametrize("locale", languages())
def test_who_knows_only_phrases_names_other_ones_each_time(locale: str) -> None:
    told = begged(Understanding(locale, person=False), 4, EXAMPLES)
    named = [[phrase for phrase in EXAMPLES if phrase in words] for words in told]
    assert named == [list(EXAMPLES[n : n + 2]) for n in (0, 2, 4, 6)]
    assert len({words.split(":")[0] for words in told}) == 2


def test_a_guess_is_doubted_and_nothing_else() -> None:
    call = Understanding("en", person=False)
    call.take(Transcription("delete everything ", doubtful=True))
    call.take(Transcription("what time is it"))
    assert [call.doubts(text) for text in ("delete everything", "what time is it")] == [True, False]


def test_examples_begin_again_when_all_were_named() -> None:
    first, second, third = begged(Understanding("en", person=False), 3, ("one", "two", "three"))
    assert "one, or: two" in first
    assert "three, or: one" in second
    assert "two, or: three" in third


def test_every_example_can_be_said_and_the_concierge_does_something_about_it() -> None:
    book = {phrase.text: phrase for phrase in SphinxRecogniser().book}
    assert set(EXAMPLES) <= set(book)
    assert not any(book[text].destructive for text in EXAMPLES)
    assert [text for text in EXAMPLES if understand(text).kind == "unknown"] == []


async def test_the_recogniser_tells_what_can_be_said_where_it_understood_nothing() -> None:
    recogniser = SphinxRecogniser(decoders=1)
    told = await recogniser.transcribe(said(FOREIGN[0]))
    assert (told.understood, told.sayable) == (False, EXAMPLES)
    assert (await recogniser.transcribe(said("what is on my list"))).sayable == ()
