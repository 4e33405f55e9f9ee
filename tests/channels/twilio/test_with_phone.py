"""The phone channel and the telephone that ships with it, which were written apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from channels.events import HungUp
from channels.twilio.simulator import Faults, Phone, PhoneCall
from tests.channels.twilio.harness import CONFIG, PERSON, THEIRS, TOKEN, phone
from tests.channels.twilio.harness import Phone as House
from tests.waiting import until

pytestmark = pytest.mark.anyio

TONE = bytes(range(0, 250, 2)) * 13


@asynccontextmanager
async def calling(
    faults: Faults | None = None, token: str = TOKEN, *, full: bool = False
) -> AsyncIterator[tuple[House, PhoneCall]]:
    async with phone(replace(CONFIG, announce_recording=False)) as house:
        house.calls.full = full
        caller = Phone(THEIRS, noise=None)
        async with caller.call(house.url, token=token, faults=faults or Faults()) as call:
            yield house, call


def noted(call: PhoneCall, *kinds: str) -> list[tuple[str, str]]:
    return [(fact.kind, fact.detail) for fact in call.facts if fact.kind in kinds]


async def test_what_is_said_comes_back_until_the_house_hangs_up() -> None:
    async with calling() as (house, call):
        await call.say(TONE)
        await call.until(lambda: call.noted("spoke"))
        await call.press("1#")
        await call.ended(10)
        assert ("mark", "one") in noted(call, "mark")
        assert noted(call, "malformed", "failed", "stream_failed", "lost") == []
        assert noted(call, "closed") == [("closed", "1000")]
        # Twilio asked what comes next, and was told to hang up.
        assert call.streams == 1
        assert house.calls.heard[-1] == HungUp(lost=False)


async def test_a_broken_socket_brings_the_call_back_to_the_house() -> None:
    async with calling() as (house, call):
        await call.lose_socket()
        await call.until(lambda: call.streams == 2)
        await until(lambda: len(house.calls.calls) == 2)
        first, second = house.calls.calls
        assert (first.id, first.resumed) == (second.id, False)
        assert second.resumed


async def test_a_person_hears_what_it_is_about_before_the_caller() -> None:
    async with calling() as (_, call):
        await call.press("0")
        await call.until(lambda: call.noted("whisper"))
        told = dict(noted(call, "dial", "whisper"))
        assert told["dial"] == PERSON
        assert "They want a refund." in told["whisper"]


async def test_busy_lines_are_spoken_of() -> None:
    async with calling(full=True) as (house, call):
        await call.ended(10)
        assert "busy" in noted(call, "say")[0][1]
        assert house.calls.calls == []


async def test_a_slash_at_the_end_of_what_is_signed_is_no_reason_to_be_mute() -> None:
    async with calling(Faults(signature="slash")) as (house, call):
        await call.until(lambda: call.streams)
        await until(lambda: house.calls.calls)


async def test_a_phone_that_signs_nothing_or_wrongly_is_turned_away() -> None:
    for faults, token in ((Faults(signature="missing"), TOKEN), (Faults(), "another")):
        async with calling(faults, token) as (house, call):
            await call.ended(10)
            assert call.streams == 0
            assert "403" in noted(call, "failed")[0][1]
            assert house.calls.calls == []


async def test_the_statuses_of_a_call_are_told_though_they_come_in_any_order() -> None:
    async with calling(Faults(unordered_statuses=True)) as (house, call):
        await call.hang_up()
        await until(lambda: any(state == "completed" for _, state, _ in house.calls.told))
    assert house.calls.told[-1][1] == "completed"
