"""Hearing one caller: what is told of their speech, and the sound of the turn they are in."""

from __future__ import annotations

from collections.abc import Callable

from channels.events import AudioFormat
from gateway.call.endpointing import Endpointer, Heard
from gateway.call.policy import Policy
from gateway.speech.audio import level
from gateway.speech.base import Speech, VoiceActivity

FRAME = 0.02
"""Seconds over which loudness is taken."""
PRE_ROLL = 0.3
"""Seconds kept before the first sound of a turn: words begin softly."""
TAIL = 0.1
"""Seconds kept after its last, so that a pause is not sent; words end softly, too."""
LATE = 10.0
"""Seconds that a turn cut for its length may go on until it is forgotten."""
_SLACK = 1.0


class Listener:
    """Feeds voice activity and endpointing from a line, and keeps the sound of the turn.

    `on_fact` is called on the event loop, while hearing or shortly after. Seconds of `now` are on
    the shell's clock.
    """

    def __init__(
        self,
        format: AudioFormat,
        activity: VoiceActivity,
        policy: Policy,
        on_fact: Callable[[Heard], None],
    ) -> None:
        self._format = format
        self._on_fact = on_fact
        self._endpointer = Endpointer(policy)
        self._ear = activity.listen(format, self._on_window)
        self._now = 0.0
        self._frame = round(FRAME * format.bytes_per_second)
        self._audio = bytearray()
        self._start = 0
        """Bytes of the call before those in `_audio`."""
        self._measured = 0
        """Bytes of the call whose loudness is known."""
        self._forgotten = 0.0
        """Seconds of the call that belong to earlier turns."""
        self._longest = policy.longest_turn + LATE + PRE_ROLL

    @property
    def seconds(self) -> float:
        """Of audio heard in this call."""
        return (self._start + len(self._audio)) / self._format.bytes_per_second

    def hear(self, audio: bytes, now: float) -> None:
        """Take in the next sound from the line, of any length, that arrived `now`."""
        self._now = now
        self._audio += audio
        end = self._start + len(self._audio)
        while end - self._measured >= self._frame:
            at = self._measured - self._start
            loud = level(bytes(self._audio[at : at + self._frame]), self._format)
            self._measured += self._frame
            self._tell(self._endpointer.frame(loud, FRAME, now))
        self._ear.hear(audio)
        self._trim()

    def take(self) -> Speech:
        """The turn so far, from shortly before its first sound to shortly after its latest."""
        if self._endpointer.quiet:
            return Speech(b"", self._format)
        start = max(self._endpointer.began - PRE_ROLL, self._forgotten)
        return Speech(self._between(start, self._endpointer.last + TAIL), self._format)

    def forget(self) -> None:
        """The turn is over; what is said from now on belongs to the next."""
        if not self._endpointer.quiet:
            self._forgotten = self._endpointer.last
        self._endpointer.forget()
        self._trim()

    def close(self) -> None:
        """Hear no more."""
        self._ear.close()

    def _on_window(self, probability: float, end: float) -> None:
        self._tell(self._endpointer.window(probability, end, self._now))

    def _tell(self, facts: list[Heard]) -> None:
        for fact in facts:
            self._on_fact(fact)

    def _between(self, start: float, end: float) -> bytes:
        first, last = (self._offset(at) for at in (start, end))
        return bytes(self._audio[first:last])

    def _offset(self, seconds: float) -> int:
        # Whole samples, or all that follows would be noise.
        samples = round(seconds * self._format.rate)
        width = self._format.bytes_per_second // self._format.rate
        return max(samples * width - self._start, 0)

    def _trim(self) -> None:
        quiet = self._endpointer.quiet
        kept = self._offset(self.seconds - (PRE_ROLL + _SLACK if quiet else self._longest))
        if kept > self._frame * 50:  # seldom, for it copies
            kept = min(kept, self._measured - self._start)
            del self._audio[:kept]
            self._start += kept
