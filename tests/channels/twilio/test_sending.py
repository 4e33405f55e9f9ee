"""A delivery on a phone's route, and calls out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from channels.base import ChannelError, NotSent, Outgoing, Refused, Unreachable
from channels.events import Address, Choice, File, Reply, Route
from channels.twilio import messages
from channels.twilio.adapter import ON_LINE
from prompts import sentence
from tests.channels.twilio.harness import CONFIG, OURS, THEIRS, Phone, phone
from tests.channels.twilio.rest_double import Fault, TwilioRest
from tests.waiting import until

pytestmark = pytest.mark.anyio

ROUTE = Route("phone", OURS, THEIRS)


@asynccontextmanager
async def connected(**more: str) -> AsyncIterator[tuple[Phone, TwilioRest]]:
    double = TwilioRest()
    async with double.serving() as url:
        config = replace(CONFIG, api_url=url, **more)  # type: ignore[arg-type]  # all are strings
        async with phone(config) as it:
            yield it, double


def one(reply: Reply | str) -> Outgoing:
    reply = Reply(reply) if isinstance(reply, str) else reply
    (outgoing,) = messages.render(ROUTE, reply)
    return outgoing


def test_a_reply_is_one_text_without_marks() -> None:
    markdown = (
        "# Done\n\nSee **the** [list](https://a.example/?a=1&b=2) and <https://b.example>:\n\n"
        "- `x`\n- y"
    )
    text = one(markdown)["text"]
    assert text == (
        "Done\n\nSee the list (https://a.example/?a=1&b=2) and https://b.example:\n\n• x\n• y"
    )


def test_choices_are_listed_and_files_named() -> None:
    reply = Reply(
        "Sure?", (File("a.pdf", "application/pdf"),), (Choice("Yes", "y"), Choice("No", "n"))
    )
    text = one(reply)["text"]
    assert text.startswith("Sure?\n\n- Yes\n- No\n\n")
    assert "a.pdf" in text
    assert messages.render(ROUTE, Reply()) == []


def test_a_long_reply_is_cut_between_words() -> None:
    text = one("word " * 1000)["text"]
    assert len(text) <= messages.LONGEST_TEXT
    assert text.endswith("word…")
    assert len(one("x" * 5000)["text"]) == messages.LONGEST_TEXT


def test_a_repeat_says_so_once_and_still_fits() -> None:
    outgoing = messages.repeated(messages.repeated(one("word " * 1000)))
    text = messages.written(outgoing)
    assert text.startswith("(You may have")
    assert text.count("You may have") == 1
    assert len(text) <= 1600
    assert messages.spoken(outgoing).startswith("You may have heard")


async def test_somebody_on_the_line_hears_it_and_is_sent_nothing() -> None:
    async with connected() as (it, double):
        assert it.channel.render(ROUTE, Reply("a")) == [one("a")]
        it.calls.talking_to.add(Address("phone", THEIRS))
        assert it.channel.render(ROUTE, Reply("a")) == []
        assert it.channel.render(ROUTE, LINK) == [one(LINK)]
        assert await it.channel.send(one("a"), "") == ON_LINE
        assert double.requests == []


LINK = Reply("It is [here](https://a.example).", unspoken="[here](https://a.example)")


async def test_somebody_on_the_line_is_written_what_cannot_be_said_and_told_so() -> None:
    async with connected() as (it, double):
        it.calls.talking_to.add(Address("phone", THEIRS))
        assert (await it.channel.send(one(LINK), "")).startswith("SM")
        assert [asked["Body"] for asked in double.asked("/Messages.json")] == [
            ["here (https://a.example)"]
        ]
        assert it.calls.said == [(Address("phone", THEIRS), sentence("phone", "texted", "en"))]


async def test_who_left_the_line_is_written_all_of_it() -> None:
    async with connected() as (it, double):
        await it.channel.send(one(LINK), "")
        (asked,) = double.asked("/Messages.json")
        assert asked["Body"] == ["It is here (https://a.example)."]
        assert it.calls.said == []


@pytest.mark.parametrize("more", [{"notices": "call"}, {"notices": "none"}, {"number": ""}])
async def test_nothing_is_written_beside_where_no_text_messages_are_sent(
    more: dict[str, str],
) -> None:
    async with connected(**more) as (it, double):
        it.calls.talking_to.add(Address("phone", THEIRS))
        assert await it.channel.send(one(LINK), "") == ON_LINE
        assert (double.requests, it.calls.said) == ([], [])


async def test_a_landline_that_takes_no_text_message_is_not_told_that_it_got_one() -> None:
    async with connected() as (it, double):
        double.faults.append(Fault(400, 21614))
        it.calls.talking_to.add(Address("phone", THEIRS))
        assert await it.channel.send(one(LINK), "") == ON_LINE
        assert it.calls.said == []


async def test_one_that_did_not_go_out_is_tried_again_by_who_delivers() -> None:
    async with connected() as (it, double):
        double.faults.append(Fault(503))
        it.calls.talking_to.add(Address("phone", THEIRS))
        with pytest.raises(ChannelError):
            await it.channel.send(one(LINK), "")
        assert it.calls.said == []


async def test_others_get_a_text_message_which_is_not_sent_twice() -> None:
    async with connected() as (it, double):
        ref = await it.channel.send(one("Your *report* is ready."), "")
        assert ref.startswith("SM")
        assert await it.channel.send(one("Your report is ready."), ref) == ref
        (asked,) = double.asked("/Messages.json")
        assert asked == {"To": [THEIRS], "From": [OURS], "Body": ["Your report is ready."]}


async def test_a_text_message_that_may_be_a_repeat_says_so() -> None:
    async with connected() as (it, double):
        await it.channel.send(it.channel.repeated(one("a")), "")
        (asked,) = double.asked("/Messages.json")
        assert asked["Body"] == ["(You may have received this already.)\na"]


async def test_a_call_back_opens_with_the_words_and_nobody_reads_them_on_the_way() -> None:
    async with connected(notices="call") as (it, double):
        ref = await it.channel.send(one("The boiler is repaired."), "")
        assert ref.startswith("CA")
        (asked,) = double.asked("/Calls.json")
        assert asked["MachineDetection"] == ["DetectMessageEnd"]
        assert asked["StatusCallback"] == [f"{it.url}/twilio/status"]
        url = urlsplit(asked["Url"][0])
        assert "boiler" not in url.query
        assert len(asked["Url"][0]) < 1000
        # Twilio asks what to do once they picked up.
        document = await it.ask(
            f"{url.path}?{url.query}", Direction="outbound-api", From=OURS, To=THEIRS
        )
        async with it.call(document):
            await until(lambda: it.calls.calls)
        (call,) = it.calls.calls
        assert (call.opening, call.outbound) == ("The boiler is repaired.", True)
        assert call.route == ROUTE


@pytest.mark.parametrize("notices", ["sms", "call"])
async def test_a_number_that_charges_whoever_calls_it_is_never_called_back(notices: str) -> None:
    async with connected(notices=notices) as (it, double):
        (outgoing,) = messages.render(replace(ROUTE, chat="+19005550100"), Reply("Call me."))
        with pytest.raises(Unreachable):
            await it.channel.send(outgoing, "")
        assert double.requests == []


async def test_no_call_back_while_all_lines_are_busy() -> None:
    async with connected(notices="call") as (it, double):
        it.calls.full = True
        with pytest.raises(NotSent) as busy:
            await it.channel.send(one("a"), "")
        assert busy.value.retry_after == 30
        assert double.requests == []


async def test_who_wants_no_notices_or_cannot_be_known_gets_none() -> None:
    async with connected(notices="none") as (it, double):
        with pytest.raises(Refused, match="PHONE_NOTICES"):
            await it.channel.send(one("a"), "")
        assert double.requests == []
    async with connected() as (it, double):
        with pytest.raises(Unreachable):
            await it.channel.send({**one("a"), "to": "withheld-CA1"}, "")
        assert double.requests == []


async def test_what_is_not_configured_is_named() -> None:
    async with connected(account_sid="", number="") as (it, _):
        with pytest.raises(Refused, match="TWILIO_ACCOUNT_SID and TWILIO_PHONE_NUMBER"):
            await it.channel.send(one("a"), "")
        with pytest.raises(Refused, match="TWILIO_ACCOUNT_SID"):
            await it.channel.dial(THEIRS)


async def test_somebody_who_said_stop_is_unreachable() -> None:
    async with connected() as (it, double):
        double.faults.append(Fault(400, 21610, f"Attempt to send to unsubscribed {THEIRS}"))
        with pytest.raises(Unreachable) as stopped:
            await it.channel.send(one("a"), "")
        assert THEIRS not in str(stopped.value)


async def test_without_an_opening_they_are_greeted_as_usual() -> None:
    async with connected() as (it, double):
        await it.channel.dial(THEIRS)
        (asked,) = double.asked("/Calls.json")
        assert asked["Url"] == [f"{it.url}/twilio/voice"]
