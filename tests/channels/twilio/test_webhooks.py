"""What Twilio is told to do with a call."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import fromstring

import httpx
import pytest
from starlette.applications import Starlette
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # no stubs

from channels.base import Parting
from channels.twilio.adapter import PhoneChannel
from tests.channels.doubles import FreeBudget
from tests.channels.twilio.harness import (
    CALL,
    CONFIG,
    OURS,
    PERSON,
    THEIRS,
    TOKEN,
    EchoCalls,
    parameters,
    phone,
    verbs,
)
from tests.waiting import until

pytestmark = pytest.mark.anyio

LOST = {"CallStatus": "in-progress"}


def path_of(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def test_a_call_is_connected_to_a_stream_with_a_spoken_way_out() -> None:
    async with phone() as it:
        document = await it.ring()
        assert verbs(document) == ["Connect", "Say"]
        stream = document.find("Connect/Stream")
        assert stream is not None
        # Twilio refuses streams with a query string.
        assert stream.get("url") == it.url.replace("http", "ws", 1) + "/twilio/media"
        (connect,) = document.findall("Connect")
        assert connect.get("action") == f"{it.url}/twilio/after?again=0"
        assert list(parameters(document)) == ["token"]
        assert len(parameters(document)["token"]) < 490
        say = document.find("Say")
        assert say is not None
        assert (say.get("language"), bool(say.text)) == ("en-US", True)


async def test_every_webhook_is_closed_to_strangers() -> None:
    async with phone() as it:
        for path in ("/twilio/voice", "/twilio/after", "/twilio/whisper", "/twilio/status"):
            for headers in ({}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "é"}):
                encoded = {k: v.encode("latin-1") for k, v in headers.items()}
                answer = await it.post(path, it.form(), headers=encoded)
                assert answer.status_code == 403
            assert (await it.post(path, it.form(), token="another")).status_code == 403
            assert (await it.http.get(path)).status_code == 403
        assert it.calls.told == []


async def test_who_is_turned_away_reads_what_has_to_be_signed() -> None:
    async with phone() as it:
        answer = await it.post("/twilio/voice", it.form(), token="another")
        assert f"over {it.url}/twilio/voice;" in answer.text


async def test_a_number_that_asks_by_get_is_answered_the_same() -> None:
    async with phone() as it:
        path = f"/twilio/voice?{urlencode(it.form())}"
        signature = RequestValidator(TOKEN).compute_signature(f"{it.url}{path}", {})
        answer = await it.http.get(path, headers={"X-Twilio-Signature": signature})
        assert verbs(fromstring(answer.content)) == ["Connect", "Say"]  # noqa: S314 - our own
        path = path.replace(CALL, "CA" + "3" * 32)
        answer = await it.http.get(path, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 403


async def test_a_body_that_is_too_large_broken_or_no_call_is_turned_down_in_plain_words() -> None:
    async with phone() as it:
        cases = [({"CallSid": CALL, "X": "x" * 70_000}, 413), ({"From": THEIRS}, 400)]
        cases += [({"CallSid": sid}, 400) for sid in ("CA 1", "CA/../1", "é", "C" * 65)]
        for form, status in cases:
            answer = await it.post("/twilio/voice", form)
            assert answer.status_code == status
            assert answer.text.strip()
        fields = {f"a{i}": "1" for i in range(501)}
        assert (await it.post("/twilio/voice", fields)).status_code == 400
        headers = {"X-Twilio-Signature": "x"}
        assert (
            await it.http.post("/twilio/voice", content=b"\xff", headers=headers)
        ).status_code == 400


async def test_when_all_lines_are_busy_the_caller_is_told_so() -> None:
    async with phone(replace(CONFIG, locale="de")) as it:
        it.calls.full = True
        document = await it.ring()
        assert verbs(document) == ["Say", "Hangup"]
        say = document.find("Say")
        assert say is not None
        assert say.get("language") == "de-DE"
        assert "besetzt" in (say.text or "")


async def test_a_recording_is_announced_before_anything_else() -> None:
    async with phone(replace(CONFIG, announce_recording=True)) as it:
        document = await it.ring()
        assert verbs(document) == ["Say", "Connect", "Say"]
        assert "recorded" in (document.findtext("Say") or "")
        # A call that is taken up again was told already.
        assert verbs(await it.ask("/twilio/after?again=0", **LOST)) == ["Connect", "Say"]


async def test_a_number_that_calls_without_end_is_rejected() -> None:
    budget = FreeBudget(waits={f"phone:calls:{THEIRS}": 2.0})
    async with phone(budget=budget) as it:
        assert verbs(await it.ring()) == ["Reject"]
        # Others are not held up, and whom we ring has no allowance to use up.
        assert verbs(await it.ring(From=PERSON)) == ["Connect", "Say"]
        ours = {"Direction": "outbound-api", "From": OURS, "To": THEIRS}
        assert verbs(await it.ring(**ours)) == ["Connect", "Say"]


async def test_withheld_numbers_share_an_allowance() -> None:
    budget = FreeBudget()
    async with phone(budget=budget) as it:
        await it.ring(From="anonymous")
        await it.ring(From="+266696687", CallSid="CA2")
    assert budget.taken == ["phone:calls:withheld"] * 2


async def test_a_call_whose_socket_broke_is_taken_up_again_three_times() -> None:
    async with phone() as it:
        after = path_of((await it.ring()).findall("Connect")[0].get("action"))
        for _ in range(3):
            document = await it.ask(after, **LOST)
            async with it.call(document):
                await until(lambda: it.calls.answering)
            assert it.calls.calls[-1].resumed
            assert it.calls.calls[-1].id == CALL
            after = path_of(document.findall("Connect")[0].get("action"))
        assert verbs(await it.ask(after, **LOST)) == ["Say", "Hangup"]


async def test_a_call_that_we_hung_up_stays_so() -> None:
    async with phone() as it:
        async with it.call() as stream:
            await stream.press("#")
            await stream.play()
            assert (await stream.closed())[0] == 1000
        assert verbs(await it.ask("/twilio/after?again=0", **LOST)) == ["Hangup"]


async def test_a_caller_who_left_is_asked_nothing() -> None:
    async with phone() as it:
        assert verbs(await it.ask("/twilio/after?again=0", CallStatus="completed")) == []


async def test_a_person_takes_over_and_hears_what_it_is_about_first() -> None:
    async with phone() as it:
        async with it.call() as stream:
            await stream.press("0")
            await stream.play()
            assert (await stream.closed())[0] == 1000
        document = await it.ask("/twilio/after?again=1", **LOST)
        assert verbs(document) == ["Say", "Dial"]
        (dial,) = document.findall("Dial")
        assert dial.get("callerId") == OURS
        (number,) = dial.findall("Number")
        assert number.text == PERSON
        whisper = path_of(number.get("url"))
        assert "refund" not in whisper
        told = await it.ask(whisper, CallSid="CA9")
        assert told.findtext("Say") == "A call for you. They want a refund."
        # Nobody took it: the house goes on, and says so.
        document = await it.ask(path_of(dial.get("action")), DialCallStatus="no-answer", **LOST)
        async with it.call(document):
            await until(lambda: it.calls.answering)
        assert it.calls.calls[-1].opening.startswith("I am sorry, nobody")
        assert it.calls.calls[-1].resumed
        # Somebody did, and then they hung up.
        done = await it.ask(path_of(dial.get("action")), DialCallStatus="completed", **LOST)
        assert verbs(done) == ["Hangup"]


async def test_a_whisper_of_somebody_elses_making_says_nothing_of_theirs() -> None:
    async with phone() as it:
        document = await it.ask("/twilio/whisper?say=made-up")
        assert document.findtext("Say") == "A call for you."


async def test_what_an_answering_machine_took_is_a_voicemail_and_a_fax_is_let_go() -> None:
    ours = {"Direction": "outbound-api", "From": OURS, "To": THEIRS}
    async with phone() as it:
        assert verbs(await it.ring(AnsweredBy="fax", **ours)) == ["Hangup"]
        for answered, voicemail in (("machine_end_beep", True), ("human", False)):
            document = await it.ring(AnsweredBy=answered, **ours)
            async with it.call(document):
                await until(lambda: it.calls.answering)
            call = it.calls.calls[-1]
            assert (call.outbound, call.voicemail) == (True, voicemail)
            assert call.route.chat == THEIRS
            assert call.route.account == OURS


async def test_status_callbacks_are_told_and_nothing_follows_the_last_word() -> None:
    async with phone() as it:
        for status, more in (
            ("initiated", {}),
            ("ringing", {}),
            ("completed", {"CallDuration": "61"}),
            ("in-progress", {}),
            ("completed", {"CallDuration": "61"}),
        ):
            form = it.form(CallStatus=status, **more)
            assert (await it.post("/twilio/status", form)).status_code == 204
        assert it.calls.told == [(CALL, "ringing", 0), (CALL, "completed", 61)]


async def test_an_odd_duration_is_none() -> None:
    async with phone() as it:
        form = it.form(CallStatus="busy", CallDuration="-1e9")
        await it.post("/twilio/status", form)
        assert it.calls.told == [(CALL, "busy", 0)]


async def test_without_a_public_url_a_phone_on_this_machine_may_say_any_of_its_names() -> None:
    config = replace(CONFIG, port=8123)
    channel = PhoneChannel(config, EchoCalls(), FreeBudget())
    app = Starlette(routes=list(channel.routes()))
    transport = httpx.ASGITransport(app)
    for host in ("localhost", "127.0.0.1", "[::1]", "evil.example"):
        base = f"http://{host}:8123"
        signed = RequestValidator(TOKEN).compute_signature(
            f"{base}/twilio/voice", {"CallSid": CALL}
        )
        async with httpx.AsyncClient(transport=transport, base_url=base) as http:
            answer = await http.post(
                "/twilio/voice", data={"CallSid": CALL}, headers={"X-Twilio-Signature": signed}
            )
        if host == "evil.example":
            assert answer.status_code == 403
        else:
            stream = fromstring(answer.content).find("Connect/Stream")  # noqa: S314 - our own
            assert stream is not None
            assert stream.get("url") == f"ws://{host}:8123/twilio/media"


async def test_who_calls_a_replica_that_leaves_is_sent_on_to_another() -> None:
    async with phone() as it:
        it.channel.leave()
        document = await it.ring()
        assert verbs(document) == ["Redirect"]
        again = path_of(document.findtext("Redirect"))
        # It came to us again: perhaps the balancer needs a moment.
        for _ in range(4):
            document = await it.ask(again)
            assert verbs(document) == ["Pause", "Redirect"]
            again = path_of(document.findtext("Redirect"))
        it.calls.full = True
        assert verbs(await it.ask(again)) == ["Say", "Hangup"]


async def test_another_replica_takes_the_call_with_what_was_to_be_said() -> None:
    async with phone() as leaving, phone() as other:
        leaving.channel.leave()
        say = urlencode({"say": leaving.channel._tickets.seal("Your list is ready.")})
        document = await leaving.ask(f"/twilio/voice?{say}")
        document = await other.ask(path_of(document.findtext("Redirect")))
        assert verbs(document) == ["Connect", "Say"]
        assert set(parameters(document)) == {"token", "opening0"}


@pytest.mark.parametrize(
    ("parting", "told"),
    [("house", ["Hangup"]), ("transfer", ["Say", "Dial"]), ("", ["Connect", "Say"])],
)
async def test_how_another_replica_left_a_call_is_known(parting: Parting, told: list[str]) -> None:
    async with phone() as it:
        it.calls.partings[CALL] = parting
        assert verbs(await it.ask("/twilio/after?again=0", **LOST)) == told


async def test_a_call_is_handed_to_nobody_where_nobody_takes_over() -> None:
    async with phone(replace(CONFIG, transfer_number="")) as it:
        it.calls.partings[CALL] = "transfer"
        assert verbs(await it.ask("/twilio/after?again=0", **LOST)) == ["Connect", "Say"]
