"""When the caller speaks, pauses and has ended: pure, on levels and probabilities of speech.

Two witnesses are heard. Loudness knows to 20 ms when a sound stops, and takes every noise for
speech. Voice activity (Silero) knows speech from noise, and goes on for about 100 ms after it
ended. So speech *begins* when voice activity says so, at the moment it became loud; a *pause*,
which only starts work that can be thrown away, is believed of loudness alone; and speech has
*ended* when both agree, since the moment it stopped being loud.

Durations are counted in seconds of audio, so a stall on the network is no pause. `now`, the time
of arrival, only dates what is told.

    quiet -> SpeechStarted -> SpeechPaused -> SpeechResumed -> SpeechPaused -> SpeechEnded -> quiet

Speech that goes on after it ended is told as resumed, until `forget` makes it a new turn.
"""

from __future__ import annotations

from enum import Enum, auto

from gateway.call.events import SpeechEnded, SpeechPaused, SpeechResumed, SpeechStarted
from gateway.call.policy import Policy

Heard = SpeechStarted | SpeechPaused | SpeechResumed | SpeechEnded

VOICED = 0.5
"""Probability from which a window counts as speech; Silero's own default."""
VOICELESS = 0.35
"""Probability below which a window counts as none."""
ENDING_WINDOWS = 2
"""So many windows without voice in a row confirm that speech has ended, where it is quiet."""
LOUD_DB = 4.0
"""So far above the line's noise is loud: five times the scatter of steady noise in 20 ms."""
FAINTEST = -56.0
"""dBFS: nothing below this is loud, however quiet the line."""
NEAREST = -46.0
"""dBFS: speech that never gets louder is somebody else's, in the background."""
BRIDGE = 0.06
"""Seconds: the closure of a p, t or k, which does not end a stretch of loudness."""
HANGOVER = 0.25
"""Seconds after the last voiced window in which loudness still belongs to the speech."""
UNSURE = 0.3
"""Seconds without a voiced window that end speech where the noise itself is loud."""
TAIL = 0.09
"""Seconds that voice activity goes on after speech; the median of the evaluation set."""
START_WINDOWS = 2
"""So many voiced windows in a row begin speech."""


class _State(Enum):
    QUIET = auto()
    SPEAKING = auto()
    PAUSED = auto()
    ENDED = auto()


class Endpointer:
    """Follows one caller. Feed both witnesses in order; each answer may tell something."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._state = _State.QUIET
        self._heard = 0.0
        self._noise = _Noise()
        self._onset = 0.0
        self._loud_until = -1.0
        self._loudest = -96.0
        self._voiced_until = -1.0
        self._voiced_run = 0
        self._voiceless_run = 0
        self._began = 0.0
        self._last = 0.0

    @property
    def speaking(self) -> bool:
        """Whether there is speech that was not forgotten, paused or ended though it may be."""
        return self._state is not _State.QUIET

    @property
    def began(self) -> float:
        """When the turn's first sound was heard, in seconds of audio."""
        return self._began

    @property
    def last(self) -> float:
        """When the turn's latest speech was heard, in seconds of audio."""
        return self._last if self._state in (_State.PAUSED, _State.ENDED) else self._heard

    def frame(self, level: float, seconds: float, now: float) -> list[Heard]:
        """So much more audio came in, and was so loud (dBFS)."""
        start = self._heard
        self._heard += seconds
        if level > max(self._noise.floor + LOUD_DB, FAINTEST):
            if start - self._loud_until > BRIDGE:
                self._onset = start
                self._loudest = level
            self._loudest = max(self._loudest, level)
            self._loud_until = self._heard
        self._noise.frame(level, seconds)
        return self._judge(now)

    def window(self, probability: float, end: float, now: float) -> list[Heard]:
        """Voice activity's verdict on the window that ended after so many seconds of audio."""
        if probability >= VOICED:
            self._voiced_until = end
            self._voiced_run += 1
        else:
            self._voiced_run = 0
        self._voiceless_run = self._voiceless_run + 1 if probability < VOICELESS else 0
        self._noise.speech = probability >= 0.2
        return self._judge(now)

    def forget(self) -> None:
        """The turn is over: what is spoken from now on begins another."""
        self._state = _State.QUIET
        self._onset = max(self._onset, self._heard)
        self._voiced_run = 0

    def _judge(self, now: float) -> list[Heard]:
        match self._state:
            case _State.QUIET if self._starting():
                self._state = _State.SPEAKING
                self._began = self._onset
                return [SpeechStarted(self._clock(self._began, now))]
            case _State.SPEAKING if (last := self._paused_at()) is not None:
                self._state, self._last = _State.PAUSED, last
                return [SpeechPaused(self._clock(last, now))]
            case _State.PAUSED | _State.ENDED if self._resuming():
                self._state = _State.SPEAKING
                return [SpeechResumed()]
            case _State.PAUSED if self._ended():
                self._state = _State.ENDED
                return [SpeechEnded(self._clock(self._last, now))]
        return []

    def _starting(self) -> bool:
        return (
            self._voiced_run >= START_WINDOWS
            and self._voiced_until > self._onset
            and self._heard - self._onset >= self._policy.start - 1e-6
            and self._heard - self._loud_until <= BRIDGE
            and self._loudest > NEAREST
        )

    def _paused_at(self) -> float | None:
        if self._heard - self._loud_until >= self._policy.speculate - 1e-6:
            return self._loud_until
        if self._heard - self._voiced_until >= UNSURE:
            return max(self._voiced_until - TAIL, self._began)
        return None

    def _resuming(self) -> bool:
        fresh = self._loud_until - max(self._onset, self._last)
        return (
            self._voiced_run > 0 and self._voiced_until > self._last and fresh >= 0.04 - 1e-6
        )

    def _ended(self) -> bool:
        return self._voiceless_run >= ENDING_WINDOWS

    def _clock(self, audio: float, now: float) -> float:
        return now - (self._heard - audio)


class _Noise:
    """How loud the line is when nobody speaks."""

    def __init__(self) -> None:
        self.floor = -60.0
        self.speech = False
        self._age = 0.0

    def frame(self, level: float, seconds: float) -> None:
        self._age += seconds
        if level < self.floor:
            self.floor += (level - self.floor) * min(1.0, seconds / 0.06)
        elif not self.speech:
            self.floor += (level - self.floor) * min(1.0, seconds / min(0.4, self._age))
