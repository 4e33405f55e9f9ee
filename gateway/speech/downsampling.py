"""Fewer samples a second for sound that comes in pieces, with nothing held back.

A good resampling library keeps 40 to 115 ms of a stream for itself, which a caller would wait
for; this filter of some 50 taps delays by one millisecond.
"""

from __future__ import annotations

from math import gcd

_TAPS = 48
"""For each step of the upsampled signal."""
_CUTOFF = 0.92
"""Of half the lower rate: -6 dB there, and some -60 dB one tenth above half the rate."""
_KAISER = 6.0


class Downsampler:
    """One stream of 16-bit samples, from one rate to a lower one."""

    def __init__(self, rate: int, to: int) -> None:
        import numpy as np  # noqa: PLC0415 - heavy

        common = gcd(rate, to)
        self._up, self._down = to // common, rate // common
        taps = _TAPS * self._up + 1
        steps = np.arange(taps) - (taps - 1) / 2
        cutoff = _CUTOFF * to / (rate * self._up)
        filter = np.sinc(cutoff * steps) * np.kaiser(taps, _KAISER)
        self._filter = (filter * (self._up / filter.sum())).astype(np.float32)
        self._before = np.zeros(taps - 1, np.float32)
        # The filter's delay is skipped at the beginning and made up for in `rest`.
        self._next = (taps - 1) // 2
        self._half = b""

    def feed(self, audio: bytes) -> bytes:
        """What can be told by now of the sound so far."""
        import numpy as np  # noqa: PLC0415 - heavy

        audio = self._half + audio
        whole = len(audio) - len(audio) % 2
        audio, self._half = audio[:whole], audio[whole:]
        if not audio:
            return b""
        samples = np.zeros(len(audio) // 2 * self._up, np.float32)
        samples[:: self._up] = np.frombuffer(audio, "<i2")
        known = np.concatenate((self._before, samples))
        filtered = np.convolve(known, self._filter, "valid")
        told = filtered[self._next :: self._down]
        self._next = self._next + len(told) * self._down - len(filtered)
        self._before = known[len(known) - len(self._before) :]
        return np.clip(np.rint(told), -32768, 32767).astype("<i2").tobytes()

    def rest(self) -> bytes:
        """The last millisecond, after all was fed."""
        return self.feed(bytes(2 * (len(self._before) // 2 // self._up)))
