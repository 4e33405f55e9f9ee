"""The wire that OpenAI, Groq and the servers one can run oneself have in common.

`POST …/audio/transcriptions`, multipart; https://platform.openai.com/docs/api-reference/audio.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from gateway.speech import guard, prices
from gateway.speech.audio import level, wav
from gateway.speech.base import Speech, Transcription
from gateway.speech.remote import ANSWER_SECONDS, Remote, Upload

SHORTEST_SECONDS = 0.1
"""Nobody says a word in less; providers refuse hundredths of a second."""
LONGEST_PROMPT = 600
"""Characters: not more than the 224 tokens that Whisper reads, in any of our languages."""
FILE_SECONDS = 30.0
"""How long a file may take, which nobody waits for on a line."""

_MEDIA_TYPES = {
    "oga": "audio/ogg", "ogg": "audio/ogg", "opus": "audio/ogg", "mp3": "audio/mpeg",
    "m4a": "audio/mp4", "mp4": "video/mp4", "wav": "audio/wav", "webm": "audio/webm",
    "flac": "audio/flac",
}  # fmt: skip

_NAMES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it",
    "portuguese": "pt", "dutch": "nl", "polish": "pl", "turkish": "tr", "russian": "ru",
}  # fmt: skip
"""Whisper tells languages by their English names."""

_ISO_639_1 = re.compile(r"[a-z]{2}")

_DAY = 86_400.0


def wordless(speech: Speech) -> bool:
    """Whether it is too short or too quiet to hold a word, so that nobody need be asked."""
    if speech.format is None:
        return not speech.audio
    too_short = speech.seconds < SHORTEST_SECONDS
    return too_short or level(speech.audio, speech.format) < guard.SILENT


def upload_of(speech: Speech) -> Upload:
    """The speech as a file: as it was sent, or raw sound as WAV at its own rate."""
    if speech.format:
        return Upload("speech.wav", wav(speech.audio, speech.format), "audio/wav")
    ending = PurePath(speech.name).suffix.lstrip(".").lower()
    # Services tell the kind of a file by its name, and most do not know this one.
    name = "speech.ogg" if ending in ("oga", "opus") else f"speech.{ending or 'ogg'}"
    return Upload(name, speech.audio, _MEDIA_TYPES.get(ending, "application/octet-stream"))


def prompt_of(vocabulary: tuple[str, ...]) -> str:
    """Likely words, as Whisper is told of them: as text that went before."""
    prompt = ""
    for term in vocabulary:
        longer = f"{prompt}, {term}" if prompt else term
        if len(longer) >= LONGEST_PROMPT:
            break
        prompt = longer
    return f"{prompt}." if prompt else ""


async def transcribe(
    remote: Remote,
    path: str,
    speech: Speech,
    *,
    provider: str,
    model: str,
    locale: str,
    vocabulary: tuple[str, ...],
    verbose: bool,
) -> Transcription:
    """Ask once, and believe only what can be believed. Raises SpeechError."""
    if wordless(speech):
        return Transcription("", provider=provider)
    prompt = prompt_of(vocabulary)
    language = locale.split("-", maxsplit=1)[0].lower()
    fields: dict[str, str | list[str]] = {
        "model": model,
        **({"language": language} if language else {}),
        **({"prompt": prompt} if prompt else {}),
        "response_format": "verbose_json" if verbose else "json",
        "temperature": "0",
    }
    seconds = ANSWER_SECONDS if speech.format else FILE_SECONDS
    answer = await remote.post(path, fields, upload_of(speech), seconds=seconds)
    return Transcription(
        text=guard.words(guard.segments_of(answer), prompt),
        language=language_of(answer) or language,
        provider=provider,
        cost=prices.recognition(model, speech.seconds or seconds_of(answer)),
    )


def language_of(answer: dict[str, Any]) -> str:
    """The language that an answer tells, as BCP 47; empty when it tells none that we know."""
    told = str(answer.get("language") or "").lower()
    return _NAMES.get(told, told if _ISO_639_1.fullmatch(told) else "")


def seconds_of(answer: dict[str, Any]) -> float:
    """The length of the sound that an answer tells; 0 when it does not, or none that can be."""
    seconds = guard.number(answer.get("duration"), 0.0)
    return seconds if 0 < seconds < _DAY else 0.0
