"""The telephone in the terminal, against a house that beeps."""

from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from rich.console import Console

from channels.twilio.terminal import Line, Plan, call
from channels.twilio.waterfall import Bars, picture
from tests.channels.twilio.plain_house import BEEP as SOUND
from tests.channels.twilio.plain_house import Talk, beeps, plain_house

pytestmark = pytest.mark.anyio


async def voice(_: str) -> bytes:
    return SOUND


def plan(url: str, **more: Any) -> Plan:
    return Plan(url=url, token="t", to="+1", from_="+2", voice=voice, **{"patience": 10.0, **more})


def screen() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=120), text


async def test_texts_are_said_one_after_the_other_and_timed() -> None:
    console, shown = screen()
    async with plain_house(beeps) as house:
        outcome = await call(plan(house.url, says=["hello", "and again"]), console)
    assert outcome.ok
    assert [turn.said for turn in outcome.turns] == ["hello", "and again"]
    assert all(turn.first_sound is not None and turn.first_sound > 0.1 for turn in outcome.turns)
    assert "You  hello" in shown.getvalue()
    assert "ms after your last word" in shown.getvalue()
    # The greeting and two answers.
    assert len([fact for fact in outcome.facts if fact.kind == "spoke"]) == 3
    assert outcome.recording.seconds > 1


async def test_a_house_that_says_nothing_fails_the_call() -> None:
    console, shown = screen()
    async with plain_house() as house:
        outcome = await call(plan(house.url, says=["hello"], patience=0.2), console)
    assert not outcome.ok
    assert "No answer could be heard" in shown.getvalue()


async def test_a_house_that_hangs_up_early_fails_the_call() -> None:
    async def leaves(talk: Talk) -> None:
        await talk.speak(SOUND)
        await talk.socket.close()

    console, shown = screen()
    async with plain_house(leaves) as house:
        outcome = await call(plan(house.url, says=["hello"]), console)
    assert not outcome.ok
    assert "hung up before" in shown.getvalue()


async def test_a_house_that_cannot_be_reached_fails_the_call_and_says_why() -> None:
    console, shown = screen()
    outcome = await call(plan("http://127.0.0.1:9", says=["hello"]), console)
    assert not outcome.ok
    assert "ConnectError" in shown.getvalue()


async def test_what_is_typed_is_said_and_keys_are_pressed() -> None:
    async def typed() -> AsyncIterator[str]:
        yield "hello"
        yield ":press 12"
        yield ":quit"
        raise AssertionError

    console, _ = screen()
    async with plain_house(beeps) as house:
        outcome = await call(plan(house.url, lines=typed()), console)
    assert outcome.ok
    assert [fact.detail for fact in outcome.facts if fact.kind == "digit"] == ["1", "2"]
    assert [fact for fact in outcome.facts if fact.kind == "caller"]


async def test_a_script_may_press_keys_and_hang_up_as_somebody_at_the_keyboard_may() -> None:
    console, _ = screen()
    async with plain_house(beeps) as house:
        says = ["hello", ":press 12", ":quit", "never"]
        outcome = await call(plan(house.url, says=says, patience=1.0), console)
    assert outcome.ok
    assert [fact.detail for fact in outcome.facts if fact.kind == "digit"] == ["1", "2"]
    assert [turn.said for turn in outcome.turns] == ["hello"]


async def test_words_of_the_conversation_are_shown_and_an_answer_owed_is_waited_for() -> None:
    class Watching:
        asked = 0

        async def news(self, call: str) -> list[Line]:
            self.asked += 1
            return [Line("agent", "It is done.")] if self.asked == 1 else []

        async def busy(self, call: str) -> bool:
            self.asked += 1
            return self.asked < 6

    console, shown = screen()
    watch = Watching()
    async with plain_house(beeps) as house:
        assert (await call(plan(house.url, says=["do it"]), console, watch)).ok
    assert shown.getvalue().count("House  It is done.") == 1
    assert watch.asked >= 6


async def test_a_headset_is_spoken_and_listened_with() -> None:
    class Headset:
        played = b""

        @contextmanager
        def open(self, send: Callable[[bytes], None]) -> Iterator[None]:
            for start in range(0, len(SOUND), 160):
                send(SOUND[start : start + 160])
            yield

        def play(self, audio: bytes) -> None:
            self.played += audio

    async def answers_once(talk: Talk) -> None:
        def heard() -> bool:
            sounds = (base64.b64decode(frame["media"]["payload"]) for frame in talk.frames)
            return SOUND[:160] in sounds

        while not heard():  # noqa: ASYNC110 - until it is spoken to
            await anyio.sleep(0.005)
        await talk.speak(SOUND)
        await talk.mark("end")
        while not talk.marks():  # noqa: ASYNC110 - until it was played
            await anyio.sleep(0.005)
        await talk.socket.close()

    headset = Headset()
    async with plain_house(answers_once) as house:
        assert (await call(plan(house.url, headset=headset), screen()[0])).ok
    assert headset.played == SOUND


def test_a_waterfall_is_a_picture_with_a_bar_for_each_step() -> None:
    turns = [
        Bars("<what> is on my list & why", {"transcript": 0.2, "commit": 0.6, "audio": 0.75}),
        Bars("x" * 300, {"audio": 1.5}),
        Bars("nothing came", {}),
    ]
    root = ET.fromstring(picture(turns, "CA1"))  # noqa: S314 - our own
    svg = "{http://www.w3.org/2000/svg}"
    bars = [rect for rect in root.iter(f"{svg}rect") if rect.get("fill")]
    assert len(bars) == 4
    ends = [float(bar.get("x", 0)) + float(bar.get("width", 0)) for bar in bars]
    assert ends[0] < ends[1] < ends[2] < ends[3]
    texts = [text.text for text in root.iter(f"{svg}text")]
    assert "<what> is on my list & why" in texts
    assert "750 ms" in texts


def test_a_step_has_the_same_colour_in_every_turn() -> None:
    turns = [Bars("a", {"text": 0.1, "commit": 0.6}), Bars("b", {"commit": 0.6, "text": 0.7})]
    rects = [line for line in picture(turns, "").splitlines() if "<rect x=" in line]
    colours = [line.rpartition("fill=")[2] for line in rects]
    assert (colours[0], colours[1]) == (colours[3], colours[2])
    assert colours[0] != colours[1]


def test_a_call_without_turns_is_a_picture_all_the_same() -> None:
    root = ET.fromstring(picture([], "CA1"))  # noqa: S314 - our own
    assert root.tag.endswith("svg")
