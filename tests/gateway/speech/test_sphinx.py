"""Phrases over a noisy phone line, without any service."""

from __future__ import annotations

import sys

import anyio
import numpy as np
import pytest

from channels.events import PHONE
from gateway.errors import SpeechMissing
from gateway.speech import sphinx
from gateway.speech.audio import float32, from_float32, silence
from gateway.speech.base import Speech
from gateway.speech.sphinx import SphinxRecogniser
from tests.gateway.speech.utterances import FOREIGN, said, sample


@pytest.fixture(scope="module")
def recogniser() -> SphinxRecogniser:
    return SphinxRecogniser(decoders=2)


async def test_four_in_five_phrases_are_heard_right(
    recogniser: SphinxRecogniser,
) -> None:
    phrases = sample(recogniser.book)
    heard = {p.text: (await recogniser.transcribe(said(p.text))).text for p in phrases}
    right = sum(text == made for text, made in heard.items()) / len(phrases)
    print(f"{right:.0%} of {len(phrases)} phrases")  # noqa: T201 - shown when it fails
    assert right >= 0.8, {text: made for text, made in heard.items() if text != made}


async def test_most_of_what_is_no_phrase_is_not_understood() -> None:
    # It adapts to whom it hears, and these are nobody it knows.
    recogniser = SphinxRecogniser(decoders=1)
    made = {text: await recogniser.transcribe(said(text)) for text in FOREIGN}
    taken = {text: told.text for text, told in made.items() if told.understood}
    print(f"{len(taken)} of {len(made)} foreign sentences taken")  # noqa: T201 - as above
    assert len(taken) <= len(made) * 0.15, taken
    assert all(told.text == "" for told in made.values() if not told.understood)


@pytest.mark.parametrize(
    ("text", "doubtful"), [("delete everything", True), ("what is on my list", False)]
)
async def test_what_would_destroy_is_doubtful(
    recogniser: SphinxRecogniser, text: str, *, doubtful: bool
) -> None:
    told = await recogniser.transcribe(said(text))
    assert (told.text, told.doubtful) == (text, doubtful)


async def test_a_quiet_caller_is_heard_too(recogniser: SphinxRecogniser) -> None:
    loud = said("what is on my list")
    quiet = from_float32(float32(loud.audio, PHONE) * np.float32(0.15), PHONE)
    assert (await recogniser.transcribe(Speech(quiet, PHONE))).text == "what is on my list"


async def test_a_story_is_not_gone_through(recogniser: SphinxRecogniser) -> None:
    story = said("what is on my list").audio + silence(PHONE, sphinx.LONGEST_SECONDS)
    told = await recogniser.transcribe(Speech(story, PHONE))
    assert (told.text, told.understood) == ("", False)


async def test_no_more_decoders_are_made_than_allowed(recogniser: SphinxRecogniser) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(recogniser.transcribe, said("yes please"))
    assert recogniser._decoders.qsize() == 2


async def test_without_the_library_it_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(SpeechMissing, match=r"frontdoor\[offline\]"):
        await SphinxRecogniser().warm()


@pytest.mark.parametrize("text", sphinx.EXAMPLES[:3])
async def test_the_first_words_of_a_fresh_house_are_heard_as_any(text: str) -> None:
    fresh = SphinxRecogniser(decoders=1)
    assert (await fresh.transcribe(said(text))).text == text
