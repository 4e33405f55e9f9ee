"""The simulated phone behaves as Twilio does, also where that hurts."""

from __future__ import annotations

import base64
from pathlib import Path

import anyio
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.twilio.simulator import Faults, NotOnTheLine, Phone
from tests.channels.twilio.plain_house import BEEP as SOUND
from tests.channels.twilio.plain_house import CONNECT, Talk, plain_house

pytestmark = pytest.mark.anyio

TOKEN = "12345"


async def test_a_call_is_announced_with_a_signed_form_and_opens_a_signed_stream() -> None:
    async with plain_house() as house, Phone().call(house.url, token=TOKEN) as call:
        form = house.posts("/twilio/voice")[0]
        assert form["CallSid"] == call.sid
        assert form["CallStatus"] == "ringing"
        await call.until(lambda: house.talks[0].seen[1:])
        connected, start = house.talks[0].seen[:2]
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert start["start"]["callSid"] == form["CallSid"]
    assert start["start"]["customParameters"] == {"token": "once"}
    validator = RequestValidator(TOKEN)
    assert validator.validate(f"{house.url}/twilio/voice", form, house.signatures[1])
    # Two statuses and the webhook went before it.
    socket = house.url.replace("http", "ws") + "/twilio/media"
    assert validator.validate(socket, {}, house.signatures[3])


async def test_frames_of_20_ms_come_at_the_pace_of_time() -> None:
    async with plain_house() as house, Phone().call(house.url, token=TOKEN) as call:
        talk = house.talks[0]
        await call.until(lambda: len(talk.frames) >= 15)
    assert {len(base64.b64decode(f["media"]["payload"])) for f in talk.frames} == {160}
    stamps = [int(frame["media"]["timestamp"]) for frame in talk.frames]
    assert stamps == list(range(0, 20 * len(stamps), 20))
    # Never ahead of time; how far behind is the machine's affair.
    assert talk.arrivals[14] - talk.arrivals[0] > 13 * 0.02 - 0.01


async def test_what_is_said_arrives_and_is_recorded_on_the_left() -> None:
    async with plain_house() as house, Phone(noise=None).call(house.url, token=TOKEN) as call:
        said = await call.say(SOUND)
        await call.hang_up()
        frames = [base64.b64decode(f["media"]["payload"]) for f in house.talks[0].frames]
    assert SOUND in b"".join(frames)
    left = bytes(call.recording.caller)
    assert abs(left.index(SOUND) / 8000 - said.first) < 0.01
    assert said.last - said.first == pytest.approx(0.2, abs=0.006)


async def test_marks_come_back_when_their_sound_was_played() -> None:
    async def act(talk: Talk) -> None:
        await talk.mark("at once")
        await talk.speak(SOUND)
        await talk.mark("later")
        await talk.gone.wait()

    async with plain_house(act) as house, Phone().call(house.url, token=TOKEN) as call:
        await call.until(lambda: len(house.talks[0].marks()) == 2)
        spoke = call.noted("spoke")[0].at
        at_once, later = call.noted("mark")
    assert (at_once.detail, later.detail) == ("at once", "later")
    assert at_once.at <= spoke
    assert later.at - spoke >= 0.2 - 0.001
    assert house.talks[0].marks() == ["at once", "later"]


async def test_clear_returns_all_marks_and_what_was_cleared_is_not_heard() -> None:
    async def act(talk: Talk) -> None:
        for name in ("a", "b", "c"):
            await talk.speak(SOUND * 5)
            await talk.mark(name)
        await talk.send("clear")
        await talk.gone.wait()

    async with plain_house(act) as house, Phone().call(house.url, token=TOKEN) as call:
        await call.until(lambda: len(house.talks[0].marks()) == 3)
        [clear] = call.noted("clear")
        assert not call.speaking
    assert clear.seconds > 2.5
    assert len(call.recording.house) < 8000


async def test_gaps_in_speech_are_noted() -> None:
    async def act(talk: Talk) -> None:
        await talk.speak(SOUND)
        await talk.mark("dry")
        while not talk.marks():  # noqa: ASYNC110 - until its first part was played
            await anyio.sleep(0.001)
        await talk.speak(SOUND)
        await talk.gone.wait()

    async with plain_house(act) as house, Phone().call(house.url, token=TOKEN) as call:
        await call.until(lambda: call.noted("underrun"))
    assert 0 < call.noted("underrun")[0].seconds <= 0.3


async def test_answers_are_told_from_silence() -> None:
    async def act(talk: Talk) -> None:
        await talk.speak(b"\xff" * 800)
        await talk.speak(SOUND)
        await talk.gone.wait()

    async with plain_house(act) as house, Phone().call(house.url, token=TOKEN) as call:
        spoke = await call.answer(quiet=0.05)
        assert spoke is not None
        assert len(call.noted("spoke")) == 1
        assert call.now >= spoke.at + 0.25
        assert await call.answer(since=call.now, seconds=0.05) is None


@pytest.mark.parametrize(
    "message", ["nonsense", '{"event":"hangup"}', '{"event":"media","media":{"payload":"/w=="}}']
)
async def test_a_message_twilio_does_not_know_closes_the_stream(message: str) -> None:
    async def act(talk: Talk) -> None:
        await talk.socket.send_text(message)
        await talk.gone.wait()

    async with plain_house(act) as house, Phone().call(house.url, token=TOKEN) as call:
        await call.ended()
    assert call.noted("malformed")
    assert house.posts("/twilio/after")


async def test_when_the_house_closes_the_stream_the_action_is_asked_what_follows() -> None:
    async def act(talk: Talk) -> None:
        await talk.socket.close(1000)

    number = '<Number url="/twilio/whisper">+15550</Number>'
    after = f"<Response><Say>One moment</Say><Dial>{number}</Dial></Response>"
    whisper = "<Response><Say>It is about a bill</Say></Response>"
    async with (
        plain_house(act, after=after, whisper=whisper) as house,
        Phone().call(house.url, token=TOKEN) as call,
    ):
        await call.ended()
    assert [f.detail for f in call.noted("say")] == ["One moment"]
    assert [f.detail for f in call.noted("dial")] == ["+15550"]
    assert [f.detail for f in call.noted("whisper")] == ["It is about a bill"]
    assert house.posts("/twilio/whisper")[0]["ParentCallSid"] == call.sid
    assert house.posts("/twilio/after")[0]["CallStatus"] == "in-progress"


async def test_without_an_action_the_next_verb_is_followed() -> None:
    async def act(talk: Talk) -> None:
        await talk.socket.close(1000)

    document = CONNECT.replace(' action="/twilio/after"', "")
    async with (
        plain_house(act, voice=document) as house,
        Phone().call(house.url, token=TOKEN) as call,
    ):
        await call.ended()
    assert [f.detail for f in call.noted("say")] == ["Goodbye"]
    assert not house.posts("/twilio/after")


async def test_a_lost_socket_asks_the_action_and_may_come_back() -> None:
    async with plain_house(after=CONNECT) as house:
        faults = Faults(lose_socket_at=0.05)
        async with Phone().call(house.url, token=TOKEN, faults=faults) as call:
            await call.until(lambda: len(house.talks) == 2 and house.talks[1].frames)
            assert call.streaming
        first, second = house.talks
    assert [event["event"] for event in first.seen] == ["connected", "start"]
    assert second.stream != first.stream
    assert call.streams == 2
    assert [f.kind for f in call.facts].count("lost") == 1


async def test_hanging_up_says_stop_and_a_rude_end_says_nothing() -> None:
    async with plain_house() as house:
        async with Phone().call(house.url, token=TOKEN):
            pass
        async with Phone().call(house.url, token=TOKEN) as call:
            await call.hang_up(rudely=True)
        await call.until(lambda: all(talk.gone.is_set() for talk in house.talks))
        polite, rude = house.talks
    assert polite.seen[-1]["event"] == "stop"
    assert [event["event"] for event in rude.seen] == ["connected", "start"]
    assert not house.posts("/twilio/after")
    with pytest.raises(NotOnTheLine):
        await call.say(SOUND)
    with pytest.raises(NotOnTheLine):
        await call.press("1")


async def test_keys_arrive_in_order() -> None:
    async with plain_house() as house, Phone().call(house.url, token=TOKEN) as call:
        await call.press("1#")
        talk = house.talks[0]
        await call.until(lambda: len(talk.seen) == 4)
    assert [event["dtmf"]["digit"] for event in talk.seen[2:4]] == ["1", "#"]


async def test_other_twiml_takes_the_call_off_the_stream() -> None:
    async with plain_house() as house, Phone().call(house.url, token=TOKEN) as call:
        await call.replace("<Response><Dial>+15551</Dial></Response>")
        await call.ended()
    assert house.talks[0].seen[-1]["event"] == "stop"
    assert [f.detail for f in call.noted("dial")] == ["+15551"]


async def test_statuses_come_in_order_unless_they_are_not_to() -> None:
    async with plain_house() as house:
        for unordered in (False, True):
            faults = Faults(unordered_statuses=unordered)
            async with Phone().call(house.url, token=TOKEN, faults=faults):
                pass
    ordered = ["ringing", "in-progress", "completed"]
    statuses = [form["CallStatus"] for form in house.posts("/twilio/status")]
    assert statuses == [*ordered, *ordered, "in-progress"]


async def test_a_refused_call_never_has_a_stream() -> None:
    reject = '<Response><Reject reason="busy"/></Response>'
    async with plain_house(voice=reject) as house, Phone().call(house.url, token=TOKEN) as call:
        assert call.over
    assert [f.detail for f in call.noted("reject")] == ["busy"]
    assert not house.talks


async def test_a_house_that_is_down_ends_the_call_with_the_reason() -> None:
    async with Phone().call("http://127.0.0.1:9", token=TOKEN) as call:
        assert call.over
    assert "ConnectError" in call.noted("failed")[0].detail


@pytest.mark.parametrize("url", ["{stream}?a=1", "http://x/y", ""])
async def test_a_stream_url_that_twilio_does_not_take_is_not_opened(url: str) -> None:
    document = f'<Response><Connect><Stream url="{url}"/></Connect><Say>Bye</Say></Response>'
    async with plain_house(voice=document) as house, Phone().call(house.url, token=TOKEN) as call:
        assert call.over
    assert call.noted("stream_failed")
    assert [f.detail for f in call.noted("say")] == ["Bye"]


async def test_a_public_url_is_signed_and_reached_where_the_house_is() -> None:
    public = "https://door.example.com"
    async with plain_house() as house:
        stream = "wss://door.example.com/twilio/media"
        house.documents["/twilio/voice"] = [CONNECT.replace("{stream}", stream)]
        async with Phone().call(house.url, token=TOKEN, public_url=public) as call:
            assert call.streaming
        form = house.posts("/twilio/voice")[0]
    assert RequestValidator(TOKEN).validate(f"{public}/twilio/voice", form, house.signatures[1])
    assert RequestValidator(TOKEN).validate(stream, {}, house.signatures[3])


async def test_late_frames_come_in_a_burst_and_none_is_missing() -> None:
    async with plain_house() as house:
        faults = Faults(late=((0.1, 0.3),))
        async with Phone().call(house.url, token=TOKEN, faults=faults) as call:
            talk = house.talks[0]
            await call.until(lambda: len(talk.frames) >= 25)
    chunks = [int(frame["media"]["chunk"]) for frame in talk.frames]
    assert chunks == list(range(1, len(chunks) + 1))
    # The fifth would have been there at 0.1 s.
    assert talk.arrivals[4] - talk.arrivals[0] > 0.2


async def test_lost_frames_leave_holes_in_the_count() -> None:
    async with (
        plain_house() as house,
        Phone().call(house.url, token=TOKEN, faults=Faults(drop=0.5)) as call,
    ):
        talk = house.talks[0]
        await call.until(lambda: len(talk.frames) >= 5)
    chunks = [int(frame["media"]["chunk"]) for frame in talk.frames]
    assert len(chunks) < chunks[-1]


async def test_marks_change_places_if_they_are_to() -> None:
    async def act(talk: Talk) -> None:
        for name in "abc":
            await talk.speak(SOUND[:80])
            await talk.mark(name)
        await talk.gone.wait()

    async with plain_house(act) as house:
        faults = Faults(reorder_marks=True)
        async with Phone().call(house.url, token=TOKEN, faults=faults) as call:
            await call.until(lambda: len(call.noted("mark")) == 3)
    assert [f.detail for f in call.noted("mark")] == ["b", "a", "c"]


async def test_a_text_is_spoken_with_the_phones_voice_and_a_wav_as_it_is(tmp_path: Path) -> None:
    async def voice(text: str) -> bytes:
        return SOUND * len(text)

    async with plain_house() as house:
        async with Phone(voice=voice).call(house.url, token=TOKEN) as call:
            assert len((await call.say("ab")).audio) == 2 * len(SOUND)
            call.recording.save(tmp_path / "call.wav")
            assert len((await call.say(tmp_path / "call.wav")).audio) >= 2 * len(SOUND)
        async with Phone().call(house.url, token=TOKEN) as call:
            with pytest.raises(ValueError, match="no voice"):
                await call.say("ab")
