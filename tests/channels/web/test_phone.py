"""The demo page's telephone: the socket, and a call through the shipped simulator."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from websockets.exceptions import InvalidStatus

from channels import loopback
from channels.web.phone import FRAME, Handset
from channels.web.simulated import simulated_phone
from tests.channels.web.harness import Socket, Web, running
from tests.waiting import until

pytestmark = pytest.mark.anyio


class Echo:
    """The other side: takes the call, says back what is said, and hangs up at a #."""

    def __init__(self) -> None:
        self.keys = ""
        self.frames: list[int] = []
        self.over = False

    async def __call__(self, handset: Handset) -> None:
        handset.answered()
        async for item in handset.said():
            if item == "#":
                break
            if isinstance(item, bytes):
                self.frames.append(len(item))
                handset.play(item)
            else:
                self.keys += item
        handset.told("Goodbye.")
        self.over = True


async def dial(it: Socket, web: Web) -> None:
    session = await web.session()
    await it.send(type="hello", token=session["token"])


async def test_a_call_is_answered_heard_keyed_and_ended() -> None:
    echo = Echo()
    async with running(phone=echo) as web, web.socket(path="/web/phone") as it:
        await dial(it, web)
        assert (await it.next())["state"] == "ringing"
        assert (await it.next())["state"] == "answered"
        sound = bytes(range(256)) * 5
        await it.raw.send(sound[:1000])
        await it.raw.send(sound[1000:])
        assert await it.hear(len(sound)) == sound
        for key in ("1", "*", "x", 5, "#"):
            await it.send(type="digit", digit=key)
        assert await it.next() == {"type": "phone", "state": "told", "text": "Goodbye."}
        code, reason, said = await it.closed()
    assert (code, reason, said) == (1000, "", [{"type": "phone", "state": "ended"}])
    assert echo.keys == "1*"
    assert set(echo.frames) == {FRAME}


async def test_leaving_puts_the_phone_down() -> None:
    echo = Echo()
    async with running(phone=echo) as web:
        async with web.socket(path="/web/phone") as it:
            await dial(it, web)
            await it.next()
        await until(lambda: echo.over)


async def test_who_may_not_chat_may_not_call() -> None:
    async with running(phone=Echo()) as web:
        for first, expected in (
            ({"type": "ping"}, (1008, "hello_expected")),
            ({"type": "hello", "token": "nonsense"}, (4401, "bad_token")),
        ):
            async with web.socket(path="/web/phone") as it:
                await it.send(**first)
                code, reason, said = await it.closed()
                assert (code, reason) == expected
                assert said[0]["code"] == reason
        with pytest.raises(InvalidStatus):
            async with web.socket(origin="https://evil.example", path="/web/phone"):
                pass


async def test_without_a_telephone_there_is_no_such_socket(web: Web) -> None:
    with pytest.raises(InvalidStatus):
        async with web.socket(path="/web/phone"):
            pass


async def test_a_call_that_breaks_says_so() -> None:
    async def place(_: Handset) -> None:
        raise OSError("no line")

    async with running(phone=place) as web, web.socket(path="/web/phone") as it:
        await dial(it, web)
        code, reason, said = await it.closed()
    assert (code, reason) == (1011, "voice_broken")
    assert "no line" not in said[-1]["message"]


async def test_the_simulator_places_a_signed_call_to_our_own_number() -> None:
    asked: list[tuple[str, str]] = []

    async def webhook(request: Request) -> Response:
        async with request.form() as form:
            asked.append((str(form.get("To")), request.headers.get("x-twilio-signature", "")))
        busy = "<Response><Say>All lines are busy.</Say><Hangup/></Response>"
        return Response(busy, media_type="text/xml")

    async def status(_: Request) -> Response:
        return Response(status_code=204)

    house = Starlette(
        routes=[
            Route("/twilio/voice", webhook, methods=["POST"]),
            Route("/twilio/status", status, methods=["POST"]),
        ]
    )
    async with loopback.serving(house) as url:
        phone = simulated_phone(url, token="a token", number="+15005550009")
        async with running(phone=phone) as web, web.socket(path="/web/phone") as it:
            await dial(it, web)
            _, _, said = await it.closed()
    assert [frame.get("text") for frame in said] == [None, "All lines are busy.", None]
    ((to, signature),) = asked
    assert to == "+15005550009"
    assert signature
