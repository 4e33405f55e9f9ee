"""The ears of one call: when the caller speaks, and what they say.

The words of a turn are asked for while it may still grow, so several takes of it may be under way
at once; those of a turn that is over are stopped.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
import structlog
from anyio.abc import TaskGroup

from channels.events import Call
from gateway.call import events as e
from gateway.call.policy import Policy
from gateway.errors import SpeechError
from gateway.line.listening import Listener
from gateway.speech.base import SpeechToText, Transcription, VoiceActivity

log = structlog.get_logger()

TAKES_AT_ONCE = 3
"""Recognitions of one turn under way; an older one than these is not worth its answer."""


class Ears:
    """Hears one caller. All methods but `run` are instant; all belong on one event loop."""

    def __init__(
        self,
        call: Call,
        activity: VoiceActivity,
        recogniser: SpeechToText,
        policy: Policy,
        tasks: TaskGroup,
        *,
        vocabulary: tuple[str, ...] = (),
        on_fact: Callable[[e.Fact], None],
        on_known: Callable[[int, Transcription], None],
    ) -> None:
        """Recognition is done in `tasks`.

        `on_known` hears what was made of a turn before `on_fact` is told its words.
        """
        self._listener = Listener(call.format, activity, policy, self._notice)
        self._dictation = recogniser.dictate(
            format=call.format, locale=policy.locale, vocabulary=vocabulary
        )
        self._tasks = tasks
        self._on_fact = on_fact
        self._on_known = on_known
        self._takes: list[anyio.CancelScope] = []

    async def run(self) -> None:
        """Let the recogniser listen along, until cancelled."""
        try:
            await self._dictation.run()
        except Exception:
            # The words can still be had from the sound of each turn.
            log.exception("not_listening_along")

    def hear(self, audio: bytes, now: float) -> None:
        """Take in the next sound from the line, that arrived `now`."""
        self._listener.hear(audio, now)
        self._dictation.hear(audio)

    def transcribe(self, turn: int, take: int) -> None:
        """Ask for the words of the turn so far."""
        scope = anyio.CancelScope()
        self._takes.append(scope)
        for old in self._takes[:-TAKES_AT_ONCE]:
            old.cancel()
        del self._takes[:-TAKES_AT_ONCE]
        self._tasks.start_soon(self._recognise, turn, take, scope)

    def forget(self) -> None:
        """The turn is over; what is heard from now on belongs to the next."""
        self._listener.forget()
        self._dictation.forget()
        for scope in self._takes:
            scope.cancel()
        self._takes.clear()

    def close(self) -> None:
        """Hear no more."""
        self._listener.close()

    def _notice(self, fact: e.SpeechFact) -> None:
        """What the ears tell is for who listens along, too."""
        if not isinstance(fact, e.SpeechPaused):
            self._dictation.attend(speaking=not isinstance(fact, e.SpeechEnded))
        self._on_fact(fact)

    async def _recognise(self, turn: int, take: int, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                known = await self._dictation.transcribe(self._listener.take())
            except SpeechError as error:
                log.warning("speech_not_recognised", error=str(error))
                self._on_fact(e.Transcript(turn, take, "", failed=True))
            except Exception:
                # One with a bug is one that failed.
                log.exception("recogniser_broke")
                self._on_fact(e.Transcript(turn, take, "", failed=True))
            else:
                self._on_known(turn, known)
                self._on_fact(e.Transcript(turn, take, known.text, failed=not known.understood))
