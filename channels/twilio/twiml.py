"""What we tell Twilio to do with a call; pure.

<https://www.twilio.com/docs/voice/twiml>
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from prompts import language_of, sentence

# Only these, for Twilio ends a call with an error when it does not know a language.
_VOICES = {"de": "de-DE", "en": "en-US", "es": "es-ES", "fr": "fr-FR"}
_ACCENTS = {"en-AU", "en-GB", "en-IN", "es-MX", "es-US", "fr-CA"}

# XML 1.0, 2.2: what no document may contain, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

PARAMETER_LENGTH = 450
"""Twilio takes 500 characters, of name and value together."""

RING_SECONDS = 30
"""How long a person who is to take over is rung."""


def connect(
    stream: str, after: str, parameters: Mapping[str, str], locale: str, *, notice: bool = False
) -> str:
    """Bring the call to our socket; `after` is asked when the socket is gone.

    `notice` tells the caller first that the call is recorded.
    """
    response = Element("Response")
    if notice:
        _say(response, "recorded", locale)
    connected = SubElement(response, "Connect", action=after)
    streamed = SubElement(connected, "Stream", url=stream)
    for name, value in parameters.items():
        SubElement(streamed, "Parameter", name=name, value=_clean(value))
    # Said when Twilio goes on here, which it does when `after` cannot be asked.
    _say(response, "unreachable", locale)
    return _text(response)


def ask_again(url: str, *, wait: bool) -> str:
    """Ask another replica what to do; `wait` a second before that."""
    response = Element("Response")
    if wait:
        SubElement(response, "Pause", length="1")
    SubElement(response, "Redirect", method="POST").text = url
    return _text(response)


def busy(locale: str) -> str:
    return _spoken_end("busy", locale)


def goodbye(locale: str) -> str:
    """For a call whose socket broke too often."""
    return _spoken_end("goodbye", locale)


def hang_up() -> str:
    response = Element("Response")
    SubElement(response, "Hangup")
    return _text(response)


def reject() -> str:
    """Do not even take the call."""
    response = Element("Response")
    SubElement(response, "Reject", reason="busy")
    return _text(response)


def nothing() -> str:
    return _text(Element("Response"))


def dial(to: str, after: str, whisper: str, locale: str, *, caller_id: str = "") -> str:
    """Hand the caller over to a person, who hears what `whisper` answers before them."""
    response = Element("Response")
    _say(response, "transfer", locale)
    dialled = SubElement(
        response, "Dial", action=after, answerOnBridge="true", timeout=str(RING_SECONDS)
    )
    if caller_id:
        dialled.set("callerId", caller_id)
    SubElement(dialled, "Number", url=whisper).text = _clean(to)
    return _text(response)


def whisper(summary: str, locale: str) -> str:
    """What somebody hears who is about to take a call over."""
    response = Element("Response")
    _say(response, "whisper" if summary else "whisper_bare", locale, summary=summary)
    return _text(response)


def _spoken_end(key: str, locale: str) -> str:
    response = Element("Response")
    _say(response, key, locale)
    SubElement(response, "Hangup")
    return _text(response)


def _say(parent: Element, key: str, locale: str, **values: str) -> None:
    words = SubElement(parent, "Say", language=voice(locale))
    words.text = _clean(sentence("phone", key, locale, **values))


def voice(locale: str) -> str:
    """The language of a spoken sentence, as Twilio names it."""
    language, _, region = locale.replace("_", "-").partition("-")
    accent = f"{language.lower()}-{region.upper()}"
    return accent if accent in _ACCENTS else _VOICES.get(language_of(locale), "en-US")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(" ", text)


def _text(response: Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")
