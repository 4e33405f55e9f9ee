"""When the caller speaks, pauses and has ended: pure, from loudness and probability of speech.

Two witnesses are heard. Loudness knows to 20 ms when a sound begins and stops, and takes every
noise for speech. Voice activity (Silero) knows speech from noise, and goes on for about 100 ms
after it ended. So speech *begins* when voice activity says so, at the moment it became loud; a
*pause*, which only starts work that can be thrown away, is believed of loudness alone; and
speech has *ended* when both say so, at the moment it stopped being loud.

    (nothing) -> SpeechStarted -> SpeechPaused -> SpeechEnded -> SpeechResumed -> SpeechPaused ...

A pause may be resumed before it is an end. `forget` makes what comes next a new turn. Durations
are counted in seconds of audio, so that a stall on the network is no pause; `now`, the time at
which audio arrived, only dates what is told. The constants were tuned on tests/voices, against
`tests/bench/hearing.py`.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from gateway.call.events import SpeechEnded, SpeechPaused, SpeechResumed, SpeechStarted
from gateway.call.policy import Policy

Heard = SpeechStarted | SpeechPaused | SpeechResumed | SpeechEnded

VOICED = 0.5
"""Probability from which a window counts as speech; what Silero's authors recommend."""
VOICELESS = 0.35
"""Probability below which a window counts as none; theirs, too."""
SURELY_NOISE = 0.2
"""Probability below which the line's own noise is learned."""
ENDING_WINDOWS = 2
"""So many voiceless windows in a row confirm the end of speech."""
UNSURE = 0.4
"""Seconds of voiceless windows that end speech where something else stays loud."""
TAIL = 0.09
"""Seconds that voice activity goes on after speech, in the middle."""
LATEST = 0.5
"""Seconds that voice activity may take to notice speech; what was loud before was not it."""

LOUD_DB = 2.5
"""So far above the line's noise is loud; steady noise scatters by less than 1 dB in 20 ms."""
FAINTEST = -62.0
"""dBFS: nothing below is loud, however quiet the line."""
NEAREST = -41.0
"""dBFS: speech that stays below is not meant for us but said in the background."""
LIVELY_DB = 1.5
"""What is steadier than this over 60 ms is a tone or a hum."""
BRIDGE = 0.06
"""Seconds: the closure of a p, t or k does not end a stretch of loudness."""
RESUMING = 0.06
"""Seconds of loudness that end a pause before voice activity knows whether it was speech."""
RESUMING_VOICED = 0.04
"""The same where voice activity has not yet ruled out speech."""
FALLING, RISING = 0.06, 0.4
"""Seconds in which two thirds of a change in the line's noise are learned."""

_ROUNDING = 1e-6


class _State(Enum):
    QUIET = auto()
    SPEAKING = auto()
    PAUSED = auto()
    ENDED = auto()


class Endpointer:
    """Follows one caller: feed each witness in its order, and pass on what is told."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._state = _State.QUIET
        self._heard = 0.0
        self._sound = _Loudness()
        self._probability = 0.0
        self._window_end = 0.0
        self._voiced_until = 0.0
        self._doubted_until = 0.0
        self._voiceless = 0
        self._began = 0.0
        self._last = 0.0
        self._paused = 0.0
        self._resumed = 0.0

    @property
    def heard(self) -> float:
        """Seconds of audio so far."""
        return self._heard

    @property
    def quiet(self) -> bool:
        """Whether there is no turn: nothing was said since the last was forgotten."""
        return self._state is _State.QUIET

    @property
    def began(self) -> float:
        """When the turn's first sound was heard, in seconds of audio."""
        return self._began

    @property
    def last(self) -> float:
        """When the turn's latest speech was heard, in seconds of audio."""
        return self._heard if self._state is _State.SPEAKING else self._last

    def frame(self, level: float, seconds: float, now: float) -> list[Heard]:
        """So many more seconds of audio came in, and were so loud (dBFS)."""
        noise = self._probability < SURELY_NOISE
        self._sound.hear(level, self._heard, self._heard + seconds, noise=noise)
        self._heard += seconds
        return self._judge(now)

    def window(self, probability: float, end: float, now: float) -> list[Heard]:
        """Voice activity's verdict on the window that ended after so many seconds of audio.

        It may come late: what matters is `end`.
        """
        self._probability = probability
        self._window_end = end
        if probability >= VOICED:
            self._voiced_until = end
        if probability >= VOICELESS:
            self._doubted_until = end
            self._voiceless = 0
        else:
            self._voiceless += 1
        return self._judge(now)

    def forget(self) -> None:
        """The turn is over: what is said from now on begins another."""
        self._state = _State.QUIET
        self._last = self._heard
        self._sound.onset = max(self._sound.onset, self._heard)

    def _judge(self, now: float) -> list[Heard]:
        match self._state:
            case _State.QUIET if self._starts():
                self._state = _State.SPEAKING
                self._began = max(self._sound.onset, self._voiced_until - LATEST)
                self._resumed = self._began
                return [SpeechStarted(self._clock(self._began, now))]
            case _State.SPEAKING if self._pauses():
                self._state, self._paused = _State.PAUSED, self._heard
                return [SpeechPaused(self._clock(self._last, now))]
            case _State.PAUSED | _State.ENDED if self._resumes():
                self._state = _State.SPEAKING
                self._resumed = max(self._sound.onset, self._last)
                return [SpeechResumed()]
            case _State.PAUSED if self._ends():
                self._state = _State.ENDED
                return [SpeechEnded(self._clock(self._last, now))]
        return []

    def _starts(self) -> bool:
        return (
            self._probability >= VOICED
            and self._voiced_until > self._sound.onset
            and self._heard - self._sound.onset >= self._policy.start - _ROUNDING
            and self._sound.is_somebody_here
        )

    def _pauses(self) -> bool:
        """Whether speech has paused; if so, `_last` tells since when."""
        if self._heard - self._sound.until >= self._policy.speculate - _ROUNDING:
            last = self._sound.until
        elif self._window_end - max(self._doubted_until, self._resumed) >= UNSURE - _ROUNDING:
            last = self._doubted_until - TAIL
        else:
            return False
        noise = self._voiced_until <= self._resumed and self._window_end >= last
        if not noise:  # else nothing was said since the pause
            self._last = max(last, self._resumed)
        return True

    def _resumes(self) -> bool:
        if not self._sound.is_loud:
            return False
        if self._sound.onset <= self._paused:  # It never became quiet: only voice activity knows.
            return self._probability >= VOICED
        enough = RESUMING if self._probability < VOICELESS else RESUMING_VOICED
        return self._sound.seconds >= enough - _ROUNDING

    def _ends(self) -> bool:
        return self._voiceless >= ENDING_WINDOWS and self._window_end > self._last

    def _clock(self, audio: float, now: float) -> float:
        return now - (self._heard - audio)


class _Loudness:
    """What stands out of the line's noise; times in seconds of audio."""

    def __init__(self) -> None:
        self.onset = 0.0
        """When the present stretch of loudness began, or the latest."""
        self.until = 0.0
        """When it was last heard."""
        self.seconds = 0.0
        """How much of it was loud, the bridged gaps left out."""
        self.is_loud = False
        self._noise = FAINTEST
        self._recent: deque[float] = deque([FAINTEST] * 4, maxlen=4)

    def hear(self, level: float, start: float, end: float, *, noise: bool) -> None:
        self.is_loud = level > max(self._noise + LOUD_DB, FAINTEST)
        if self.is_loud:
            if start - self.until > BRIDGE:
                self.onset, self.seconds = start, 0.0
            self.seconds += end - start
            self.until = end
        self._recent.append(level)
        self._learn(level, start, end, noise=noise)

    @property
    def is_somebody_here(self) -> bool:
        """Whether it is loud now, near enough to be meant for us, and no tone."""
        # The newest is left out: where a tone stops, it differs from those before.
        *before, _ = self._recent
        return (
            self.is_loud
            and sum(self._recent) > NEAREST * len(self._recent)
            and max(before) - min(before) > LIVELY_DB
        )

    def _learn(self, level: float, start: float, end: float, *, noise: bool) -> None:
        seconds = end - start
        if level < self._noise:
            self._noise += (level - self._noise) * min(1.0, seconds / FALLING)
        elif noise and (settled := self._recent[0]) > self._noise:
            # Voice activity is late to say that something is speech, so learn from what was
            # heard before it.
            self._noise += (settled - self._noise) * min(1.0, seconds / min(RISING, end))
