"""Our TwiML, held to what Twilio's library writes."""

from __future__ import annotations

from xml.etree.ElementTree import canonicalize, fromstring

import pytest
from twilio.twiml.voice_response import (  # type: ignore[import-untyped]  # no stubs
    Connect,
    Dial,
    VoiceResponse,
)

from channels.twilio import twiml
from prompts import languages, sentence


def canonical(document: object) -> str:
    return canonicalize(str(document))


def said(key: str, **values: str) -> str:
    return sentence("phone", key, "en", **values)


def test_a_call_is_connected_as_the_library_would() -> None:
    theirs = VoiceResponse()
    theirs.say(said("recorded"), language="en-US")
    connect = Connect(action="https://a.example/twilio/after?again=0")
    stream = connect.stream(url="wss://a.example/twilio/media")
    stream.parameter(name="token", value='a"<&>ü')
    theirs.append(connect)
    theirs.say(said("unreachable"), language="en-US")
    ours = twiml.connect(
        "wss://a.example/twilio/media",
        "https://a.example/twilio/after?again=0",
        {"token": 'a"<&>ü'},
        "en",
        notice=True,
    )
    assert canonical(ours) == canonical(theirs)


def test_a_transfer_is_dialled_as_the_library_would() -> None:
    theirs = VoiceResponse()
    theirs.say(said("transfer"), language="en-US")
    dial = Dial(
        action="https://a.example/twilio/after?again=1",
        answer_on_bridge=True,
        timeout=30,
        caller_id="+15005550006",
    )
    dial.number("+4366012345678", url="https://a.example/twilio/whisper?say=a&b")
    theirs.append(dial)
    ours = twiml.dial(
        "+4366012345678",
        "https://a.example/twilio/after?again=1",
        "https://a.example/twilio/whisper?say=a&b",
        "en",
        caller_id="+15005550006",
    )
    assert canonical(ours) == canonical(theirs)


def test_the_short_answers_are_the_librarys() -> None:
    for key, ours in (("busy", twiml.busy("en")), ("goodbye", twiml.goodbye("en"))):
        theirs = VoiceResponse()
        theirs.say(said(key), language="en-US")
        theirs.hangup()
        assert canonical(ours) == canonical(theirs)
    rejected, hung_up = VoiceResponse(), VoiceResponse()
    rejected.reject(reason="busy")
    hung_up.hangup()
    assert canonical(twiml.reject()) == canonical(rejected)
    assert canonical(twiml.hang_up()) == canonical(hung_up)
    assert canonical(twiml.nothing()) == canonical(VoiceResponse())


def test_what_no_document_may_contain_is_left_out_of_a_whisper() -> None:
    document = twiml.whisper("a\x00b <Hangup/> \ud800 & \x1b ]]>", "en")
    response = fromstring(document.encode())  # noqa: S314 - our own
    assert [verb.tag for verb in response] == ["Say"]
    assert (response.findtext("Say") or "").endswith("a b <Hangup/>   &   ]]>")


def test_whom_nothing_was_told_about_hears_that_there_is_a_call() -> None:
    document = fromstring(twiml.whisper("", "de"))  # noqa: S314 - our own
    assert document.findtext("Say") == "Ein Anruf für Sie."


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de-DE"),
        ("de-AT", "de-DE"),
        ("en-GB", "en-GB"),
        ("en-NZ", "en-US"),
        ("fr_CA", "fr-CA"),
        ("es-419", "es-ES"),
        # Without sentences in it, English is said, and must be read as such.
        ("it-IT", "en-US"),
        ("", "en-US"),
    ],
)
def test_the_language_is_one_that_twilio_speaks(locale: str, language: str) -> None:
    assert twiml.voice(locale) == language


def test_every_sentence_is_there_in_every_language() -> None:
    keys = ("recorded", "busy", "unreachable", "goodbye", "transfer", "whisper_bare", "nobody")
    for key in keys:
        words = {sentence("phone", key, language) for language in languages()}
        assert len(words) == len(languages()), key
