"""The voice without a key."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.errors import SpeechError
from gateway.speech.audio import level
from gateway.speech.espeak import EspeakVoice, synthesise, voice_for

RAW = AudioFormat("pcm16", 22050)
LONG = "One small step for a man, and one giant leap for mankind. " * 40


def test_each_word_has_its_time() -> None:
    audio, words = synthesise("Grüße aus Köln, wie geht es Ihnen?", voice="de")

    assert [word.text for word in words] == ["Grüße", "aus", "Köln", "wie", "geht", "es", "Ihnen"]
    assert words[0].start == 0
    assert all(a.end == b.start for a, b in pairwise(words))
    assert words[-1].start < words[-1].end <= len(audio) / RAW.bytes_per_second


def test_what_is_said_can_be_heard() -> None:
    assert level(synthesise("Hello there.")[0], RAW) > -40


def test_a_faster_voice_takes_less_time() -> None:
    slow, _ = synthesise("Please hold the line.", rate=120)
    fast, _ = synthesise("Please hold the line.", rate=240)

    assert len(fast) < 0.7 * len(slow)


def test_stopping_cuts_a_long_text_short() -> None:
    stop = threading.Event()
    stop.set()

    assert len(synthesise(LONG, stop=stop)[0]) < 0.1 * len(synthesise(LONG)[0])


def test_threads_take_turns_and_do_not_mix_voices() -> None:
    alone = {voice: synthesise("Hotel Madrid", voice=voice)[0] for voice in ("de", "es")}
    heard: list[tuple[str, bytes]] = []

    def talk(voice: str) -> None:
        heard.extend((voice, synthesise("Hotel Madrid", voice=voice)[0]) for _ in range(5))

    threads = [threading.Thread(target=talk, args=(voice,)) for voice in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(heard) == 10
    assert all(abs(len(audio) / len(alone[voice]) - 1) < 0.02 for voice, audio in heard)


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(SpeechError, match="elvish"):
        synthesise("mellon", voice="elvish")


@pytest.mark.parametrize(
    ("locale", "voice"),
    [("", "en-us"), ("en", "en-us"), ("en-GB", "en"), ("de-AT", "de"), ("fr", "fr"), ("zh", "cmn")],
)
def test_a_locale_finds_its_voice(locale: str, voice: str) -> None:
    assert voice_for(locale) == voice
    assert synthesise("12", voice=voice)[0]


@pytest.mark.parametrize("format", [PHONE, BROWSER])
async def test_a_language_it_lacks_is_spoken_all_the_same(format: AudioFormat) -> None:
    heard = b"".join(
        [piece async for piece in EspeakVoice().speak("hello there", format=format, locale="xx")]
    )

    assert 0.4 < len(heard) / format.bytes_per_second < 2
