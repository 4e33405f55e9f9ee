"""What the services of speech send, read by what reads it: pure."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
from hypothesis import strategies as st

from channels.events import BROWSER, PHONE
from gateway.errors import SpeechError
from gateway.speech import guard, openai_wire, prices, remote
from gateway.speech.cartesia_dictation import LONGEST, CartesiaDictation, Terms, _read
from gateway.speech.cartesia_socket import UNREADABLE, Event
from gateway.speech.openai_voice import _Recoder
from tests.fuzz.strategies import ODD, either, numbers, table, texts, values

DEEP = "[" * 20_000
"""Deeper than any reader goes."""

_segment = table(
    text=texts, no_speech_prob=numbers, avg_logprob=numbers, compression_ratio=numbers, id=values
)
_answer = table(
    text=texts,
    language=texts | st.sampled_from(["english", "de", "xx"]),
    duration=numbers,
    segments=st.lists(either(_segment), max_size=3),
    words=st.lists(table(word=texts, start=numbers, end=numbers), max_size=2),
)
_headers = st.dictionaries(
    st.just("retry-after"), st.sampled_from([*ODD, "7", "-1", "nan", "1e300", "inf"])
)
answers = st.tuples(
    st.sampled_from([200, 200, 200, 204, 206, 301, 400, 401, 429, 500, 599]),
    _headers,
    either(_answer).map(json.dumps).map(str.encode)
    | st.binary(max_size=60)
    | st.just(DEEP.encode()),
)


def answered(drawn: tuple[int, dict[str, str], bytes]) -> None:
    """The answer to one request for words: a SpeechError, or what can be stored and added up."""
    status, headers, content = drawn
    try:
        answer = remote.read("somebody", status, headers, content)
    except SpeechError as error:
        wait = getattr(error, "retry_after", None)
        assert wait is None or 0 <= wait < math.inf
        return
    stored(answer["text"])
    stored(guard.words(guard.segments_of(answer), "Names, terms."))
    language = openai_wire.language_of(answer)
    assert not language or (language.isascii() and language.isalpha() and len(language) == 2)
    assert 0 <= prices.recognition("whisper-1", openai_wire.seconds_of(answer)) < 100


def stored(text: str) -> None:
    """Any database takes it."""
    assert "\0" not in text
    text.encode()


_dictated = table(
    type=st.sampled_from(["transcript", "flush_done", "error", "done", "connected"]) | texts,
    text=texts,
    is_final=st.booleans(),
    status_code=numbers,
    request_id=texts,
)
dictations = st.lists(
    either(_dictated).map(json.dumps) | texts | st.binary(max_size=40) | st.just(DEEP), max_size=12
)
_TERMS = Terms("ink-2", "en", PHONE)


def dictated(frames: list[str | bytes]) -> None:
    """What comes while a caller speaks: words that can be stored, of bounded length."""
    dictation = CartesiaDictation("http://localhost", {}, _TERMS)
    dictation._begin()
    for number, frame in enumerate(frames):
        dictation.attend(speaking=True)
        dictation.hear(bytes(800))
        if number % 3 == 0:
            dictation._finalize()
        dictation._take(_read(frame))
        stored(dictation.heard)
        assert len(dictation.heard) <= LONGEST
        # Nobody can answer what was not asked.
        assert dictation._flushed <= dictation._asked
    dictation.forget()
    assert dictation.heard == ""


_uttered = table(
    type=st.sampled_from(["chunk", "done", "error", "timestamps", "flush_done"]) | texts,
    context_id=texts | st.just("c"),
    data=texts | st.sampled_from(["AAAA", "AAA", "A===", "////"]),
    done=st.booleans(),
    status_code=numbers,
    word_timestamps=table(words=st.lists(texts), start=st.lists(numbers), end=st.lists(numbers)),
)
utterances = either(_uttered).map(json.dumps) | texts | st.binary(max_size=60) | st.just(DEEP)
_decoder = msgspec.json.Decoder(Event)


def uttered(message: str | bytes) -> None:
    """What comes on the socket of a voice."""
    try:
        event = _decoder.decode(message)
    except UNREADABLE:
        return
    assert isinstance(event.data, bytes)
    assert isinstance(remote.failure("cartesia", event.status_code or 500), SpeechError)


sounds = st.tuples(st.lists(st.binary(max_size=700), max_size=8), st.sampled_from([PHONE, BROWSER]))


def recoded(drawn: tuple[list[bytes], Any]) -> None:
    """Samples in pieces of any size, halves of one included, make as much sound as in one."""
    pieces, format = drawn
    whole = _Recoder(format)
    at_once = whole.feed(b"".join(pieces)) + whole.rest()
    bit_by_bit = _Recoder(format)
    made = b"".join(bit_by_bit.feed(piece) for piece in pieces) + bit_by_bit.rest()
    assert len(made) == len(at_once)
    assert len(made) % (format.bytes_per_second // format.rate) == 0
