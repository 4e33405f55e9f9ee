"""What the house expects of speech parts. Heavy libraries load with the first use, never before.

All methods raise SpeechError and obey cancellation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from channels.events import AudioFormat


@dataclass(frozen=True, slots=True)
class Speech:
    """Somebody's words as sound: raw in a line's format, or a file as it was sent."""

    audio: bytes
    format: AudioFormat | None
    """None when `audio` is a file, whose kind `name` tells."""
    name: str = ""
    """`voice.ogg`"""

    @property
    def seconds(self) -> float:
        """Length of raw audio; 0 for a file."""
        return len(self.audio) / self.format.bytes_per_second if self.format else 0.0


@dataclass(frozen=True, slots=True)
class Transcription:
    """What a recogniser made of speech."""

    text: str
    """Empty when there were no words in it."""
    language: str = ""
    """BCP 47; empty when not told."""
    provider: str = ""
    cost: float = 0.0
    """US dollars, by the provider's list price; 0 when nothing is charged."""
    understood: bool = True
    """False when there were words and the recogniser, which knows only some, knows none of them:
    say what can be said."""
    doubtful: bool = False
    """Whether the words are a guess that would destroy something: have them confirmed."""
    sayable: tuple[str, ...] = ()
    """When nothing was understood: some of what would be, as it is said."""


class Dictation(ABC):
    """A recogniser's part in one call: it may listen along, so that little is left to do.

    Who does not listen along needs no `run`; for the others, all of it is on one event loop.
    """

    @property
    def heard(self) -> str:
        """The words so far, as far as they are known; empty for who does not listen along."""
        return ""

    @abstractmethod
    def hear(self, audio: bytes) -> None:
        """Take in the caller's sound in the line's format, in order. Never waits."""

    def attend(self, *, speaking: bool) -> None:  # noqa: B027 - most hear nothing beside
        """Voice activity says, some tenths of a second late, that the caller speaks or is quiet.

        They are quiet until it is told. Who pays for every second heard sends no silence.
        """

    @abstractmethod
    async def transcribe(self, speech: Speech) -> Transcription:
        """The words since the last `forget`.

        `speech` is the same turn as sound, for who does not listen along or has lost the thread.
        May be asked again when the caller goes on; raises SpeechError.
        """

    @abstractmethod
    def forget(self) -> None:
        """The turn is over: what is heard from here on belongs to the next."""

    async def run(self) -> None:  # noqa: B027 - most do nothing beside
        """Listen along. Belongs into the call's task group, and ends with it."""


class SpeechToText(ABC):
    """A recogniser."""

    name: str
    last_resort: bool = False
    """Whether it is asked only when the others failed: it knows few words, or burdens this
    machine. Others are also asked when the first is merely slow."""

    @abstractmethod
    async def transcribe(
        self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Transcription:
        """The words in `speech`, in one attempt.

        `locale` is the language expected, `vocabulary` words that are likely (names, terms).
        """

    def dictate(
        self, *, format: AudioFormat, locale: str = "", vocabulary: tuple[str, ...] = ()
    ) -> Dictation:
        """Begin a call whose sound has this format. Most do not listen along."""
        return _AtOnce(self, locale, vocabulary)

    async def warm(self) -> None:  # noqa: B027 - most have nothing to warm
        """Open connections or load models, so that the first words do not wait for it."""

    async def close(self) -> None:  # noqa: B027 - most own nothing
        """Let go of connections."""


class _AtOnce(Dictation):
    """For who does not listen along: each request has the whole turn."""

    def __init__(self, recogniser: SpeechToText, locale: str, vocabulary: tuple[str, ...]) -> None:
        self._recogniser = recogniser
        self._locale = locale
        self._vocabulary = vocabulary

    def hear(self, audio: bytes) -> None:
        pass

    async def transcribe(self, speech: Speech) -> Transcription:
        return await self._recogniser.transcribe(
            speech, locale=self._locale, vocabulary=self._vocabulary
        )

    def forget(self) -> None:
        pass


class TextToSpeech(ABC):
    """A voice."""

    name: str

    @abstractmethod
    def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """The sound of a speakable text, in pieces as they are made, in the line's format.

        Clauses of one `context` are one utterance: a voice may carry its melody over. To close
        the generator early is to interrupt it.
        """

    def cost(self, text: str) -> float:
        """US dollars, by the provider's list price."""
        return 0.0

    def cost_now(self, text: str, *, format: AudioFormat, locale: str = "") -> float:
        """What to speak it now would cost: nothing, where its sound is kept."""
        return self.cost(text)

    async def prepare(  # noqa: B027 - most keep nothing
        self, text: str, *, format: AudioFormat, locale: str = "", lasting: bool = False
    ) -> None:
        """Make the sound of what may be said soon. Raises nothing but cancellation.

        What is `lasting` is said again and again: it is prepared once, and kept.
        """

    async def warm(self) -> None:  # noqa: B027 - most have nothing to warm
        """Open connections, so that the first words do not wait for it."""

    async def close(self) -> None:  # noqa: B027 - most own nothing
        """Let go of connections."""


class Ear(ABC):
    """One line's share of voice activity detection."""

    @abstractmethod
    def hear(self, audio: bytes) -> None:
        """Take in sound in the line's format, in order. Never waits."""

    @abstractmethod
    def close(self) -> None:
        """Hear no more; `on_window` is not called again."""


class VoiceActivity(ABC):
    """Tells speech from other sounds, for all lines of the process."""

    @abstractmethod
    async def warm(self) -> None:
        """Load the model."""

    @abstractmethod
    def running(self) -> AbstractAsyncContextManager[None]:
        """Own whatever listening needs; lines are listened to within."""

    @abstractmethod
    def listen(self, format: AudioFormat, on_window: Callable[[float, float], None]) -> Ear:
        """Listen to one more line.

        `on_window(probability, end)` is called on the event loop for each window in order, with
        the probability of speech in it and the seconds of audio heard up to its end.
        """
