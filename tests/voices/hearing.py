"""The whole of hearing, let loose on the evaluation set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import anyio.lowlevel

from gateway.call.endpointing import Heard
from gateway.call.events import SpeechEnded, SpeechPaused, SpeechResumed, SpeechStarted
from gateway.call.policy import Policy
from gateway.line.listening import FRAME, Listener
from gateway.speech.silero import SileroActivity
from tests.voices.making import Clip


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, and at how many seconds of the clip it was told."""

    at: float
    fact: Heard


class Hearing:
    """What was told of one clip."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.told: list[Told] = []
        self.now = 0.0

    def note(self, fact: Heard) -> None:
        self.told.append(Told(self.now, fact))

    @property
    def started(self) -> float | None:
        """When speech was noticed; None when it was not."""
        return next((t.at for t in self.told if isinstance(t.fact, SpeechStarted)), None)

    @property
    def false_pauses(self) -> int:
        """Pauses told of where the speaker made none."""
        spoken = [*((a - 0.2, b) for a, b in self.clip.pauses), (self.clip.speech_end - 0.2, 1e9)]
        return sum(
            not any(quiet <= told.fact.since <= loud for quiet, loud in spoken)
            for told in self.told
            if isinstance(told.fact, SpeechPaused)
        )

    def commits(self, end_of_turn: float) -> list[float]:
        """When the turn would be taken for over, by the rule of the call machine."""
        return list(self._commits(end_of_turn))

    def _commits(self, end_of_turn: float) -> Iterator[float]:
        due: float | None = None
        for told in [*self.told, Told(1e9, SpeechResumed())]:
            if due is not None and due <= told.at:
                yield due
            due = None
            if isinstance(told.fact, SpeechEnded):
                due = max(told.at, told.fact.since + end_of_turn)

    def talked_over(self, end_of_turn: float, *, audible: bool = False) -> bool:
        """Whether a turn would be taken for over before the caller was done."""
        done = self.clip.audible[1] if audible else self.clip.speech_end
        return any(at < done for at in self.commits(end_of_turn))


async def hear(clips: Sequence[Clip], policy: Policy | None = None) -> list[Hearing]:
    """Play all of the clips at once, each on a line of its own, and hear what is told."""
    activity = SileroActivity()
    hearings = [Hearing(clip) for clip in clips]
    async with activity.running():
        listeners = [
            Listener(hearing.clip.format, activity, policy or Policy(), hearing.note)
            for hearing in hearings
        ]
        frames = max(round(clip.seconds / FRAME) for clip in clips)
        for number in range(frames):
            for hearing, listener in zip(hearings, listeners, strict=True):
                step = round(FRAME * hearing.clip.format.bytes_per_second)
                hearing.now = (number + 1) * FRAME
                listener.hear(hearing.clip.audio[number * step :][:step], hearing.now)
            while activity.busy:
                await anyio.lowlevel.checkpoint()
    return hearings
