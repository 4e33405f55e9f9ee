"""Twilio's REST API: our requests are those of its own library, and its answers mean something."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from anyio import to_thread
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]  # no stubs
from twilio.rest import Client  # type: ignore[import-untyped]  # no stubs

from channels.base import ChannelError, MaybeSent, NotSent, Refused, Unreachable
from channels.twilio.config import PhoneConfig
from channels.twilio.rest import EVENTS, Rejected, Rest, failure
from tests.channels.twilio.rest_double import Fault, TwilioRest, number

pytestmark = pytest.mark.anyio

OURS, THEIRS = "+15005550006", "+33612345678"
VOICE, STATUS = "https://a.example/twilio/voice?say=x%26y", "https://a.example/twilio/status"


@asynccontextmanager
async def opened(double: TwilioRest, **more: str) -> AsyncIterator[Rest]:
    async with double.serving() as url:
        given = {"auth_token": double.token, "account_sid": double.account, **more}
        rest = Rest(PhoneConfig(number=OURS, api_url=url, **given))  # type: ignore[arg-type]  # all are strings
        try:
            yield rest
        finally:
            await rest.close()


async def test_our_requests_are_those_of_twilios_own_library() -> None:
    ours, theirs = TwilioRest(), TwilioRest()
    for double in (ours, theirs):
        double.numbers.append(number("PN1", OURS))
    async with opened(ours) as rest:
        await rest.message(THEIRS, "Grüße & more")
        call = await rest.dial(THEIRS, VOICE, STATUS)
        await rest.end(call)
        assert [n.number for n in await rest.numbers()] == [OURS]
        assert (await rest.point("PN1", VOICE, STATUS)).voice_url == VOICE

    def by_library(url: str) -> None:
        client = Client(theirs.account, theirs.token)
        client.api.base_url = url
        client.messages.create(to=THEIRS, from_=OURS, body="Grüße & more")
        call = client.calls.create(
            to=THEIRS,
            from_=OURS,
            url=VOICE,
            method="POST",
            status_callback=STATUS,
            status_callback_method="POST",
            status_callback_event=list(EVENTS),
            machine_detection="DetectMessageEnd",
            timeout=30,
        )
        client.calls(call.sid).update(status="completed")
        assert [n.phone_number for n in client.incoming_phone_numbers.list()] == [OURS]
        client.incoming_phone_numbers("PN1").update(
            voice_url=VOICE,
            voice_method="POST",
            status_callback=STATUS,
            status_callback_method="POST",
            voice_application_sid="",
        )

    async with theirs.serving() as url:
        await to_thread.run_sync(by_library, url)
    assert ours.requests == theirs.requests


async def test_the_double_refuses_as_twilio_does() -> None:
    double = TwilioRest(faults=[Fault(400, 21211, "no number")])

    def by_library(url: str) -> None:
        client = Client(double.account, "wrong")
        client.api.base_url = url
        with pytest.raises(TwilioRestException) as refused:
            client.messages.create(to="+1", from_=OURS, body="a")
        assert (refused.value.status, refused.value.code) == (400, 21211)
        with pytest.raises(TwilioRestException) as refused:
            client.messages.create(to=THEIRS, from_=OURS, body="a")
        assert (refused.value.status, refused.value.code) == (401, 20003)

    async with double.serving() as url:
        await to_thread.run_sync(by_library, url)


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (Fault(400, 21211), Unreachable),
        (Fault(400, 21610), Unreachable),
        (Fault(400, 21614), Unreachable),
        (Fault(400, 21408), Rejected),
        (Fault(401, 20003), Rejected),
        (Fault(404, 20404), Rejected),
        (Fault(429, 20429, headers={"Retry-After": "7"}), NotSent),
        (Fault(500, 20500), MaybeSent),
        (Fault(503), MaybeSent),
        (Fault(201, raw=b"<html>"), MaybeSent),
        (Fault(302, raw=b"x"), MaybeSent),
    ],
    ids=lambda value: f"{value.status}-{value.code}" if isinstance(value, Fault) else "",
)
async def test_what_an_answer_means(fault: Fault, meaning: type[ChannelError]) -> None:
    double = TwilioRest(faults=[fault])
    async with opened(double) as rest:
        with pytest.raises(ChannelError) as raised:
            await rest.message(THEIRS, "a")
    assert type(raised.value) is meaning
    if isinstance(raised.value, NotSent):
        assert raised.value.retry_after == 7


def test_a_failure_never_names_the_number() -> None:
    message = "The 'To' number +33 6 12 34 56 78 or 15005550006 is not a valid phone number"
    error = failure(400, {"code": 21211, "message": message})
    assert error is not None
    assert "21211" in str(error)
    assert not any(part in str(error) for part in ("12 34", "5550006"))


def test_an_operators_mistake_names_the_remedy() -> None:
    assert "TWILIO_AUTH_TOKEN" in str(failure(401, {"code": 20003, "message": "Authenticate"}))
    assert "TWILIO_AUTH_TOKEN" in str(failure(403, {}))


async def test_a_server_that_is_not_there_was_surely_not_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    rest = Rest(PhoneConfig(auth_token="x", account_sid="AC1", api_url=f"http://127.0.0.1:{port}"))
    with pytest.raises(NotSent):
        await rest.message(THEIRS, "a")
    await rest.close()
    with pytest.raises(NotSent, match="closed"):
        await rest.message(THEIRS, "a")


async def test_without_an_account_nothing_is_asked() -> None:
    double = TwilioRest()
    async with opened(double, account_sid="") as rest:
        with pytest.raises(Refused, match="TWILIO_ACCOUNT_SID"):
            await rest.message(THEIRS, "a")
    assert double.requests == []


async def test_only_a_number_is_rung() -> None:
    double = TwilioRest()
    async with opened(double) as rest:
        for odd in ("", "112", "sip:ann@example.com", "+33 6", "+1900x"):
            with pytest.raises(Unreachable):
                await rest.dial(odd, VOICE, STATUS)
    assert double.requests == []
