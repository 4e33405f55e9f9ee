"""Voice notes become text before the agent is asked: each is listened to once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath

import anyio
import structlog

from channels.events import File, Part, Transcript
from gateway.errors import SpeechError, SpeechMissing
from gateway.seeing.tracing import span
from gateway.speech import recoding
from gateway.speech.base import Speech, SpeechToText
from gateway.store import turns
from gateway.store.base import Stored, Turn
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.telemetry import VOICE_NOTES
from gateway.turns import question
from prompts import FALLBACK, sentence

log = structlog.get_logger()

LISTEN_SECONDS = 20.0
"""How long a person may wait for their recordings to be heard."""

MUSIC_SECONDS = 10 * 60.0
"""An audio file that is longer is to be kept, not listened to."""

LARGEST_BYTES = 25_000_000
"""What recognisers take."""

SHORT_BYTES = 500_000
"""A smaller recording is short, however it was made; so no codec is loaded to measure it."""

_TAKEN = frozenset(
    {"flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "opus", "wav", "webm"}
)
"""Endings of what recognisers take as it is."""


class Trouble(StrEnum):
    """Why a recording did not become words; the sentences of book `gateway` that say so."""

    NOT_YET = "voice_not_yet"
    FAILED = "voice_failed"
    NO_WORDS = "voice_no_words"
    TOO_LONG = "voice_too_long"


Heard = dict[str, Transcript | Trouble | None]
"""What became of recordings, by their ids; None is nothing to speak of."""


@dataclass(frozen=True, slots=True)
class Listened:
    """A turn after its recordings were listened to."""

    turn: Turn
    troubles: tuple[Trouble, ...] = ()
    """What its sender is to be told, each once."""

    def excuse(self, locale: str) -> str:
        """The same in words; empty when all went well."""
        minutes = round(recoding.LONGEST_SECONDS / 60)
        said = (sentence("gateway", trouble, locale, minutes=minutes) for trouble in self.troubles)
        return "\n\n".join(said)


class Notes:
    """Listens to the recordings that people send."""

    def __init__(
        self,
        recogniser: SpeechToText,
        files: FileStore,
        database: Database,
        vocabulary: tuple[str, ...] = (),
    ) -> None:
        self._recogniser = recogniser
        self._files = files
        self._database = database
        self._vocabulary = vocabulary

    async def listened(self, turn: Turn) -> Listened:
        """The turn with each recording followed by its transcript, which is stored with it."""
        found = [(file, m.sender.locale) for m in turn.messages for file in due(m)]
        if not found:
            return Listened(turn)
        heard: Heard = {f.id: Trouble.FAILED if f.kind == "voice" else None for f, _ in found}
        with anyio.move_on_after(LISTEN_SECONDS) as patience:
            async with anyio.create_task_group() as tasks:
                for file, locale in found:
                    tasks.start_soon(self._hear, file, locale, heard)
        if patience.cancelled_caught:
            log.warning("voice_note_not_heard", error="it took too long")
        for result in heard.values():
            VOICE_NOTES.labels(_label(result)).inc()
        messages = [await self._complete(message, heard) for message in turn.messages]
        # In the order of the recordings, each once.
        troubles = dict.fromkeys(r for r in heard.values() if isinstance(r, Trouble))
        return Listened(replace(turn, messages=tuple(messages)), tuple(troubles))

    async def _complete(self, message: Stored, heard: Heard) -> Stored:
        parts: list[Part] = []
        for part in message.parts:
            parts.append(part)
            words = heard.get(part.id) if isinstance(part, File) else None
            if isinstance(words, Transcript):
                parts.append(words)
        if len(parts) == len(message.parts):
            return message
        await self._database.write(turns.note_parts, message.id, tuple(parts))
        return replace(message, parts=tuple(parts))

    async def _hear(self, file: File, locale: str, heard: Heard) -> None:
        result: Transcript | Trouble | None
        try:
            result = await self._words(file, expected_language(locale))
        except SpeechMissing as error:
            log.warning("voice_note_not_heard", error=str(error))
            result = Trouble.NOT_YET
        except SpeechError as error:
            log.warning("voice_note_not_heard", error=str(error))
            result = Trouble.FAILED
        except Exception:
            # One recording must not keep its sender from being answered.
            log.exception("voice_note_not_heard")
            result = Trouble.FAILED
        if file.kind != "voice" and isinstance(result, Trouble):
            # Nobody said that there are words in it: the agent gets it as the file it is.
            result = None
        heard[file.id] = result

    async def _words(self, file: File, language: str) -> Transcript | Trouble | None:
        longest = recoding.LONGEST_SECONDS if file.kind == "voice" else MUSIC_SECONDS
        if file.size > LARGEST_BYTES:
            return Trouble.TOO_LONG
        recording = await self._files.read(file.id)
        if len(recording) > SHORT_BYTES and await recoding.seconds_of(recording) > longest:
            return Trouble.TOO_LONG
        speech = Speech(recording, None, file.name)
        if PurePath(file.name).suffix.lstrip(".").lower() not in _TAKEN:
            speech = await recoding.decoded(recording)
        with span("speech.transcribe", kind="client"):
            said = await self._recogniser.transcribe(
                speech, locale=language, vocabulary=self._vocabulary
            )
        words = said.text.strip()
        # What is a guess, and would destroy something, had better be written.
        return Transcript(words, said.language) if words and not said.doubtful else Trouble.NO_WORDS


def due(message: Stored) -> list[File]:
    """The recordings in a message that have not been listened to."""
    return [
        file
        for file, words in question.with_words(message.parts)
        if file.kind in ("voice", "audio") and file.id and not words
    ]


def expected_language(locale: str) -> str:
    """What a recording is likely to be in, by its sender's app; empty for "listen and see".

    People of every language use apps in English, so that tells nothing; any other tells much.
    """
    language = locale.replace("_", "-").split("-")[0].lower()
    return "" if language in ("", FALLBACK) else language


def _label(result: Transcript | Trouble | None) -> str:
    if isinstance(result, Trouble):
        return result.removeprefix("voice_")
    return "heard" if result else "passed_on"
