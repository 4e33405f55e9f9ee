"""What the house says of its own accord is there before anybody waits for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.call.events import Filler
from gateway.call.policy import Policy
from gateway.line.switchboard import Switchboard
from gateway.speech.silero import SileroActivity
from gateway.speech.voices import Voices
from gateway.voice import VoiceParts
from prompts import sentence
from tests.gateway.doubles import ScriptedRecogniser, ToneVoice

pytestmark = pytest.mark.anyio

UNUSED: Any = None


class Dear(ToneVoice):
    """A voice that is paid for; remembers in which format it was asked."""

    formats: set[AudioFormat]

    def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes, None]:
        self.formats = {*getattr(self, "formats", ()), format}
        return super().speak(text, format=format, locale=locale, context=context)

    def cost(self, text: str) -> float:
        return len(text) * 1e-5


def switchboard(voice: Voices, *, locale: str = "en", greeting: str = "") -> Switchboard:
    parts = VoiceParts(
        UNUSED,
        UNUSED,
        UNUSED,
        UNUSED,
        ScriptedRecogniser(),
        voice,
        SileroActivity(),
        Policy(),
        locale=locale,
        greeting=greeting,
    )
    return Switchboard(parts, UNUSED, 1, preempt="never")


async def prepared(house: Switchboard, voice: Dear, count: int) -> None:
    async with house.running():
        with anyio.fail_after(10):
            while len(voice.said) < count:  # noqa: ASYNC110 - the voice tells nobody
                await anyio.sleep(0.005)
        await anyio.wait_all_tasks_blocked()


async def test_for_a_phone_they_are_made_before_anybody_calls() -> None:
    dear = Dear()
    voices = Voices([dear])
    own = [sentence("voice", kind, "de") for kind in Filler]
    await prepared(switchboard(voices, locale="de"), dear, len(own))

    assert sorted(dear.said) == sorted(own)
    assert dear.formats == {PHONE}
    moment = sentence("voice", Filler.MOMENT, "de")
    assert voices.cost_now(moment, format=PHONE, locale="de") == 0
    assert [piece async for piece in voices.speak(moment, format=PHONE, locale="de")]
    assert len(dear.said) == len(own)


async def test_the_greeting_is_the_one_that_callers_hear() -> None:
    dear = Dear()
    voices = Voices([dear])
    await prepared(switchboard(voices, greeting="Bakery Huber."), dear, len(Filler))

    assert "Bakery Huber." in dear.said
    assert sentence("voice", Filler.GREETING, "en") not in dear.said


async def test_however_often_it_is_warmed_up_nothing_is_paid_for_twice() -> None:
    dear = Dear()
    voices = Voices([dear])
    house = switchboard(voices)
    await prepared(house, dear, len(Filler))
    await prepared(house, dear, len(Filler))
    await prepared(switchboard(voices), dear, len(Filler))

    assert len(dear.said) == len(set(dear.said)) == len(Filler)


async def test_for_browsers_they_are_made_with_the_first_call_from_one() -> None:
    dear = Dear()
    house = switchboard(Voices([dear]))
    await prepared(house, dear, len(Filler))
    for _ in range(2):
        await house._prepare(BROWSER)

    assert dear.formats == {PHONE, BROWSER}
    assert len(dear.said) == 2 * len(Filler)
