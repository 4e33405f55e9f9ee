"""The media socket: who may come in, and what goes over it."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import replace

import anyio
import pytest
from websockets.exceptions import InvalidStatus

from channels.events import Digit, HungUp, Mark, Trust
from tests.channels.twilio.harness import (
    CALL,
    CONFIG,
    OURS,
    STREAM,
    THEIRS,
    EchoCalls,
    parameters,
    phone,
    verbs,
)
from tests.waiting import until

pytestmark = pytest.mark.anyio

FRAME = bytes(range(160))


async def test_sound_goes_both_ways() -> None:
    async with phone() as it, it.call() as stream:
        for _ in range(3):
            await stream.speak(FRAME)
            assert await stream.hear() == FRAME
        (call,) = it.calls.calls
        assert (call.id, call.route.chat, call.route.account) == (CALL, THEIRS, OURS)
        assert (str(call.sender.address), call.sender.trust) == (f"phone:{THEIRS}", Trust.CLAIMED)
        assert call.sender.zone == "Europe/Paris"
        assert (call.outbound, call.resumed, call.voicemail) == (False, False, False)


async def test_a_withheld_number_is_nobody_we_know() -> None:
    async with phone() as it, it.call(From="+266696687") as stream:
        await stream.speak(FRAME)
        await stream.hear()
        (call,) = it.calls.calls
        assert str(call.sender.address) == f"phone:withheld-{CALL}"
        assert call.sender.trust is Trust.ANONYMOUS


async def test_keys_marks_and_clear_are_carried() -> None:
    async with phone() as it, it.call() as stream:
        await stream.press("1")
        assert await stream.next() == {
            "event": "mark",
            "streamSid": STREAM,
            "mark": {"name": "one"},
        }
        await stream.played("one")
        await stream.press("2")
        assert await stream.next() == {"event": "clear", "streamSid": STREAM}
        assert it.calls.heard == [Digit("1"), Mark("one"), Digit("2")]


@pytest.mark.parametrize("headers", [{}, {"X-Twilio-Signature": "bm8="}])
async def test_an_unsigned_socket_is_refused_before_it_is_open(headers: dict[str, str]) -> None:
    async with phone() as it:
        with pytest.raises(InvalidStatus) as refused:
            async with it.socket(headers):
                pass
        assert refused.value.response.status_code == 403


async def test_a_token_is_good_once_and_for_its_own_call_only() -> None:
    async with phone() as it:
        told = parameters(await it.ring())
        async with it.socket() as stream:
            await stream.begin(told, "CA" + "9" * 32)
            assert (await stream.closed())[0] == 1008
        async with it.socket() as stream:
            await stream.begin(told)
            await stream.speak(FRAME)
            await stream.hear()
        async with it.socket() as stream:
            await stream.begin(told)
            assert await stream.closed() == (1008, "bad token: it was used already")
        for token in ("", "x", "x.y", "é.é", told["token"][:-2]):
            async with it.socket() as stream:
                await stream.begin({"token": token})
                assert (await stream.closed())[0] == 1008
        assert len(it.calls.calls) == 1


async def test_a_socket_that_does_not_say_which_call_it_is_is_closed() -> None:
    async with phone() as it:
        async with it.socket() as stream:
            assert await stream.closed() == (1008, "start expected")
        async with it.socket() as stream:
            for _ in range(20):
                await stream.speak(FRAME)
            assert await stream.closed() == (1008, "start expected")
        assert not it.calls.calls


async def test_a_start_that_cannot_be_read_is_told_what_is_wrong_with_it() -> None:
    async with phone() as it, it.socket() as stream:
        await stream.send("start", start={"streamSid": STREAM})
        code, reason = await stream.closed()
        assert (code, str(reason).partition(";")[0]) == (1008, "start expected")
        assert "callSid" in str(reason)


async def test_who_writes_numbers_as_text_or_text_as_bytes_is_understood() -> None:
    async with phone() as it, it.socket() as stream:
        told = parameters(await it.ring())
        await stream.begin(told, sampleRate="8000", channels="1")
        media = {"track": "inbound", "payload": b64encode(FRAME).decode()}
        await stream.raw.send(json.dumps({"event": "media", "media": media}).encode())
        assert await stream.hear() == FRAME


async def test_calls_that_were_let_come_while_one_line_was_free_hear_that_it_is_taken() -> None:
    async with phone() as it:
        told = parameters(await it.ring())
        it.calls.full = True
        async with it.socket() as stream:
            await stream.begin(told)
            assert await stream.closed() == (1013, "all lines are busy")
        document = await it.ask("/twilio/after?again=0", CallStatus="in-progress")
        assert verbs(document) == ["Say", "Hangup"]
        assert not it.calls.calls


async def test_a_call_whose_socket_broke_is_not_sent_away_for_want_of_a_line() -> None:
    async with phone() as it:
        it.calls.full = True
        document = await it.ask("/twilio/after?again=0", CallStatus="in-progress")
        async with it.call(document) as stream:
            await stream.speak(FRAME)
            assert await stream.hear() == FRAME


async def test_sound_that_we_cannot_read_is_said_to_be_so() -> None:
    async with phone() as it, it.socket() as stream:
        await stream.begin(parameters(await it.ring()), sampleRate=16000)
        assert (await stream.closed())[0] == 1003


async def test_a_stop_is_a_caller_who_hung_up_and_a_cut_is_a_line_that_broke() -> None:
    async with phone() as it:
        async with it.call() as stream:
            await stream.send("stop", stop={"accountSid": "AC1", "callSid": CALL})
            await stream.closed()
        assert it.calls.heard[-1] == HungUp(lost=False)
        async with it.call() as stream:
            await until(lambda: it.calls.answering)
            stream.raw.transport.abort()
            await until(lambda: not it.calls.answering)
        assert it.calls.heard[-1] == HungUp(lost=True)


async def test_rude_callers_leave_nothing_behind() -> None:
    async with phone() as it:
        await until(lambda: it.channel._tickets._fernet)
        before = len(asyncio.all_tasks())
        for _ in range(5):
            async with it.call() as stream:
                await stream.speak(FRAME)
                await stream.hear()
                stream.raw.transport.abort()
        await until(lambda: len(asyncio.all_tasks()) <= before)
        assert it.calls.answering == 0


async def test_what_is_new_to_us_is_passed_over_and_nonsense_ends_the_line() -> None:
    async with phone() as it, it.call() as stream:
        for _ in range(30):
            await stream.send("weather", weather={"rain": True})
        await stream.speak(FRAME)
        assert await stream.hear() == FRAME
        for nonsense in ("", "[]", "{", '{"event":"media"}', "[" * 5000, "x" * 70_000) * 3:
            await stream.raw.send(nonsense)
        await stream.raw.send(json.dumps({"event": "media", "media": {"payload": "%%%"}}))
        await stream.raw.send(b"\x00\xff")
        code, _ = await stream.closed()
        assert code == 1008
        assert it.calls.heard[-1] == HungUp(lost=True)


async def test_the_echo_of_our_own_voice_is_not_the_caller() -> None:
    async with phone() as it, it.call() as stream:
        await stream.send("media", media={"track": "outbound", "payload": "AAAA"})
        await stream.press("5")
        await until(lambda: it.calls.heard)
        assert it.calls.heard == [Digit("5")]


async def test_a_long_opening_survives_the_way_through_twilio() -> None:
    async with phone() as it:
        opening = "Guten Tag! " + " ".join(str(i * i) for i in range(500))
        sealed = it.channel._tickets.seal(opening)
        document = await it.ask(f"/twilio/voice?say={sealed}", Direction="outbound-api")
        told = parameters(document)
        assert all(len(name + value) <= 500 for name, value in told.items())
        assert len(told) > 3
        async with it.call(document):
            await until(lambda: it.calls.calls)
        assert it.calls.calls[0].opening == opening


async def test_a_house_that_breaks_lets_go_of_the_socket_so_that_the_call_goes_on() -> None:
    async with phone() as it:
        async with it.call() as stream:
            await stream.press("*")
            await stream.closed()
        document = await it.ask("/twilio/after?again=0", CallStatus="in-progress")
        assert document.find("Connect") is not None


async def test_a_defect_of_the_house_closes_with_a_reason() -> None:
    class Defective(EchoCalls):
        async def answer(self, line: object) -> None:
            raise LookupError("a defect")

    async with phone() as it:
        it.channel._media._calls = Defective()
        async with it.call() as stream:
            assert (await stream.closed())[0] == 1011


async def test_sockets_of_one_host_are_limited() -> None:
    from tests.channels.doubles import FreeBudget  # noqa: PLC0415 - for this alone

    budget = FreeBudget(waits={"phone:sockets:127.0.0.1": 3.5})
    async with phone(budget=budget) as it:
        with pytest.raises(InvalidStatus) as refused:
            async with it.socket():
                pass
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "4"


async def test_hanging_up_waits_until_the_last_word_was_heard() -> None:
    async with phone(replace(CONFIG, number="")) as it, it.call() as stream:
        await stream.speak(FRAME * 25)
        await stream.press("#")
        assert len(await stream.hear()) == 4000
        last = await stream.next()
        assert last["event"] == "mark"
        with anyio.move_on_after(0.05):
            await stream.raw.recv()
            raise AssertionError("it hung up on half a sentence")
        await stream.played(last["mark"]["name"])
        assert (await stream.closed())[0] == 1000
        assert it.calls.heard[-1] == HungUp(lost=False)
