"""A voice that needs no key and no network: eSpeak NG, from the wheel of espeakng-loader.

The library has one state for the whole process, so one text is spoken at a time; at about 2 ms
for a sentence nobody waits. Its interface is `speak_lib.h` of eSpeak NG 1.52, whose names the
code keeps. eSpeak NG is GPL-3.0-or-later, which is why it comes by an extra.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from functools import cache, partial

import anyio
import anyio.to_thread

from channels.events import AudioFormat
from gateway.errors import SpeechError, SpeechMissing
from gateway.speech.audio import convert
from gateway.speech.base import TextToSpeech

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: audio goes to the callback, within espeak_Synth
_NEVER_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: or a missing file would end our process
_RATE, _PITCH = 1, 3  # espeak_PARAMETER
_UTF8 = 1  # espeakCHARS_UTF8
_LIST_END, _WORD, _END = 0, 1, 5  # espeak_EVENT_TYPE
_GO_ON, _STOP = 0, 1  # what the callback answers

_PIECE_SECONDS = 0.1

_VOICES = {
    "en": "en-us",
    "en-gb": "en",
    "en-ie": "en",
    "en-au": "en",
    "en-nz": "en",
    "es-mx": "es-419",
    "es-us": "es-419",
    "pt-br": "pt-br",
    "fr-be": "fr-be",
    "fr-ch": "fr-ch",
    "no": "nb",
    "zh": "cmn",
}
"""Locales, where eSpeak's name for the voice is not the name of the language."""


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True, slots=True)
class Word:
    """When a word was said."""

    text: str
    start: float
    """Seconds."""
    end: float
    """Seconds; where the next word begins, or the last one ends, breaths between them included."""


class _Library:
    """The shared library, loaded once. Only whoever holds `lock` may use it."""

    def __init__(self) -> None:
        try:
            import espeakng_loader  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
        except ImportError:
            raise SpeechMissing(
                "The espeak voice needs: pip install 'frontdoor[offline]'"
            ) from None
        self.lock = threading.Lock()
        self._c = ctypes.CDLL(espeakng_loader.get_library_path())
        self._voice = ""
        data = espeakng_loader.get_data_path().encode()
        self.rate = self._c.espeak_Initialize(_SYNCHRONOUS, 0, data, _NEVER_EXIT)
        if self.rate <= 0:
            raise SpeechMissing("The library of espeakng-loader does not start; reinstall it.")
        self._audio = bytearray()
        self._words: list[tuple[int, int, float]] = []
        self._end = 0.0
        self._stop = threading.Event()
        self._callback = _Callback(self._heard)  # the library keeps no reference to it
        self._c.espeak_SetSynthCallback(self._callback)

    def _heard(self, wave: ctypes._Pointer[ctypes.c_short], count: int, events: object) -> int:
        if wave and count > 0:
            self._audio += ctypes.string_at(wave, count * 2)
        for event in _listed(events):
            if event.type == _WORD:
                self._words.append(
                    (event.text_position - 1, event.length, event.audio_position / 1000)
                )
            elif event.type == _END:
                self._end = event.audio_position / 1000
        return _STOP if self._stop.is_set() else _GO_ON

    def say(
        self, text: str, voice: str, rate: int, pitch: int, stop: threading.Event
    ) -> tuple[bytes, list[Word]]:
        self._audio, self._words, self._end, self._stop = bytearray(), [], 0.0, stop
        if voice != self._voice:
            if self._c.espeak_SetVoiceByName(voice.encode()):
                raise SpeechError(f"eSpeak NG has no voice {voice!r}.")
            self._voice = voice
        self._c.espeak_SetParameter(_RATE, rate, 0)
        self._c.espeak_SetParameter(_PITCH, pitch, 0)
        raw = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
        self._c.espeak_Synth(raw, len(raw), 0, 1, 0, _UTF8, None, None)
        starts = [start for _, _, start in self._words]
        ends = [*starts[1:], self._end or len(self._audio) / 2 / self.rate]
        words = [
            Word(text[at : at + length], start, end)
            for (at, length, start), end in zip(self._words, ends, strict=False)
        ]
        return bytes(self._audio), words


def _listed(events: object) -> Iterator[_Event]:
    index = 0
    while events and events[index].type != _LIST_END:  # type: ignore[index]
        yield events[index]  # type: ignore[index]
        index += 1


@cache
def _library() -> _Library:
    return _Library()


_loading = threading.Lock()


def _ready() -> _Library:
    with _loading:
        return _library()


def synthesise(
    text: str,
    *,
    voice: str = "en-us",
    rate: int = 175,
    pitch: int = 50,
    stop: threading.Event | None = None,
) -> tuple[bytes, list[Word]]:
    """Speak a text: PCM16 at 22,050 Hz, and when each word was said.

    `voice` is one of eSpeak's ("en", "de", "en-us+f3"), `rate` words a minute, `pitch` 0 to 99;
    `stop`, once set, cuts it short. Blocks for about 2 ms a sentence; safe from any thread.
    A text said twice differs by a few samples, for the library goes on where its waves were.
    Raises SpeechMissing, and SpeechError for a voice it does not have.
    """
    library = _ready()
    with library.lock:
        return library.say(text, voice, rate, pitch, stop or threading.Event())


def voice_for(locale: str) -> str:
    """Name eSpeak's voice for a BCP 47 locale; it speaks a hundred languages."""
    tag = locale.replace("_", "-").lower() or "en"
    language = tag.split("-")[0]
    return _VOICES.get(tag) or _VOICES.get(language, language)


class EspeakVoice(TextToSpeech):
    """eSpeak NG as a voice of the house."""

    name = "espeak"

    def __init__(self, *, rate: int = 165, pitch: int = 50) -> None:
        self._rate, self._pitch = rate, pitch
        self._limiter: anyio.CapacityLimiter | None = None

    async def warm(self) -> None:
        await anyio.to_thread.run_sync(_ready)

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes]:
        if not text.strip():
            return
        # One thread is all that the library can use; the others of the pool stay for others.
        self._limiter = self._limiter or anyio.CapacityLimiter(1)
        stop = threading.Event()
        try:
            audio = await anyio.to_thread.run_sync(
                partial(self._make, text, format, locale, stop),
                abandon_on_cancel=True,
                limiter=self._limiter,
            )
        finally:
            stop.set()
        step = round(format.bytes_per_second * _PIECE_SECONDS)
        for start in range(0, len(audio), step):
            yield audio[start : start + step]

    def _make(self, text: str, format: AudioFormat, locale: str, stop: threading.Event) -> bytes:
        try:
            audio, _ = self._said(text, voice_for(locale), stop)
        except SpeechMissing:
            raise
        except SpeechError:
            audio, _ = self._said(text, voice_for(""), stop)
        return convert(audio, AudioFormat("pcm16", _ready().rate), format)

    def _said(self, text: str, voice: str, stop: threading.Event) -> tuple[bytes, list[Word]]:
        return synthesise(text, voice=voice, rate=self._rate, pitch=self._pitch, stop=stop)
