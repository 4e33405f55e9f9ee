"""`frontdoor connect twilio` and the doctor: how the number stands, and if we can be called."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from channels.loopback import serving
from channels.report import Report
from channels.twilio.config import PhoneConfig
from channels.twilio.connect import connect, inspect
from tests.channels.twilio.harness import CONFIG, OURS, Phone, phone
from tests.channels.twilio.rest_double import TwilioRest, number

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def standing(**more: str) -> AsyncIterator[tuple[Phone, TwilioRest]]:
    double = TwilioRest(numbers=[number("PN1", "+15005550001"), number("PN2", OURS)])
    async with double.serving() as url, phone(replace(CONFIG, api_url=url, **more)) as it:  # type: ignore[arg-type]  # all are strings
        yield it, double


def values(report: Report) -> dict[str, str]:
    return {row.label: row.value for row in report.rows}


def remedies(report: Report) -> dict[str, str]:
    """Of what is wrong, but for being served without a certificate here."""
    return {row.label: row.remedy for row in report.rows if row.remedy and row.label != "Phone"}


async def test_connecting_points_our_number_at_us_and_calls_through() -> None:
    async with standing() as (it, double):
        double.numbers[1]["voice_application_sid"] = "AP1"
        report = await connect(it.config)
        assert remedies(report) == {}
        assert values(report)["Calls go to"] == f"{it.url}/twilio/voice"
        assert values(report)["Voice webhook"] == "answers what we sign"
        assert values(report)["Strangers"] == "are turned away"
        assert values(report)["Media stream"] == "opens"
        assert double.numbers[1]["voice_application_sid"] == ""
        assert double.numbers[1]["status_callback"] == f"{it.url}/twilio/status"
        # Nobody else's number was touched, and no call was taken.
        assert "demo" in double.numbers[0]["voice_url"]
        assert it.calls.calls == []


async def test_inspecting_changes_nothing_and_says_what_to_do() -> None:
    async with standing() as (it, double):
        report = await inspect(it.config)
        assert set(remedies(report)) == {"Calls go to", "Told of ends"}
        assert "connect twilio" in remedies(report)["Calls go to"]
        assert [method for method, _, _ in double.requests] == ["GET"]


@pytest.mark.parametrize(
    ("more", "label"),
    [({"voice_application_sid": "AP1"}, "TwiML app"), ({"trunk_sid": "TK1"}, "trunk")],
)
async def test_what_decides_before_us_is_named(more: dict[str, str], label: str) -> None:
    async with standing() as (it, double):
        double.numbers[1].update(more)
        report = await inspect(it.config)
        assert label in values(report)["Calls go to"]
        assert remedies(report)["Calls go to"]


async def test_a_number_that_is_not_set_or_not_ours_is_said_with_those_that_are() -> None:
    for wrong in ("", "+19995550000"):
        async with standing(number=wrong) as (it, _):
            report = await connect(it.config)
            assert OURS in " ".join((values(report)["Number"], remedies(report)["Number"]))
            assert "TWILIO_PHONE_NUMBER" in remedies(report)["Number"]


async def test_a_wrong_token_is_said_of_twilio_and_of_the_server() -> None:
    async with standing() as (it, _):
        report = await inspect(replace(it.config, auth_token="wrong"))
        assert set(remedies(report)) == {"Twilio", "Voice webhook"}
        assert "TWILIO_AUTH_TOKEN" in remedies(report)["Voice webhook"]


async def test_a_server_under_our_name_that_is_not_us_is_found_out() -> None:
    async def welcoming(_: Request) -> Response:
        return PlainTextResponse("<Response><Say>Hello</Say>")

    def at(url: str) -> PhoneConfig:
        return PhoneConfig(auth_token="x", public_url=url)

    app = Starlette(routes=[Route("/twilio/voice", welcoming, methods=["POST"])])
    async with serving(app) as url:
        report = await inspect(at(url))
        assert "not TwiML" in values(report)["Voice webhook"]
    async with serving(Starlette()) as url:
        report = await inspect(at(url))
        assert "404" in values(report)["Voice webhook"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    report = await inspect(at(f"http://127.0.0.1:{port}"))
    assert "serve" in remedies(report)["Voice webhook"]


async def test_a_server_that_lets_strangers_in_is_found_out() -> None:
    async with phone() as it:

        async def naive(request: Request) -> Response:
            body = await request.body()
            if "x-twilio-signature" in request.headers:
                signed = dict(request.headers)
                answer = await it.http.post("/twilio/voice", content=body, headers=signed)
                return Response(answer.content, answer.status_code)
            return Response("<Response/>")

        app = Starlette(routes=[Route("/twilio/voice", naive, methods=["POST"])])
        async with serving(app) as url:
            it.channel._signatures._bases = (url,)
            report = await inspect(replace(it.config, public_url=url, account_sid=""))
            assert "were answered 200" in values(report)["Strangers"]
            assert remedies(report)["Strangers"]
            # That server knows no sockets, either.
            assert remedies(report)["Media stream"]


async def test_without_a_public_url_there_is_nothing_to_connect() -> None:
    report = await connect(PhoneConfig(auth_token="x"))
    (row,) = report.rows
    assert "PUBLIC_URL" in row.remedy
