"""What the stand-in for a recogniser hears: utterances that it was told of, and no others.

A clean upload is recognised by its 20 ms frames, which are looked up one by one, so that half an
upload gives half the words. Where noise or another sample rate has changed every frame, the
utterance that explains most of the sound is found by correlation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.events import PHONE, AudioFormat
from gateway.speech.audio import convert, float32, level

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FRAME = 160
"""Bytes: 20 ms of mu-law."""
_QUIET = -50.0
"""dBFS, below which a frame says nothing."""
_COARSE = 4
"""Correlation is done at a quarter of 8 kHz; pitch and first formants are enough."""
_ALIKE = 0.7
"""Correlation from which two sounds are the same; different words reach about half of it."""
_SHORTEST = 500
"""Coarse samples that have to overlap: 0.25 s."""
_FAINT = 1e-5
"""Energy of a sample at -50 dBFS."""
_LATE = 0.06
"""Seconds of a word's end that may be missing."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something that will be said, and how it sounds."""

    text: str
    audio: bytes
    format: AudioFormat = PHONE
    ends: tuple[float, ...] = ()
    """Seconds at which each word of `text` ends; unset spreads them by their length."""


Known = Iterable[Utterance] | Mapping[str, bytes]
"""A mapping is of texts to their mu-law audio as the phone sends it."""

Unknown = str | Callable[[], str]
"""What to hear in sound that nobody announced."""


@dataclass(slots=True)
class _Known:
    words: list[str]
    ends: list[float]
    coarse: NDArray[np.float32]
    energy: NDArray[np.float64] = field(repr=False)
    """Of all coarse samples before each."""

    def text(self, since: float, until: float) -> str:
        """The words that end between these seconds."""
        return " ".join(
            word
            for word, end in zip(self.words, self.ends, strict=False)
            if since + _LATE < end <= until + _LATE
        )


class Hearing:
    """Knows utterances; blocks for milliseconds, so big uploads belong on a thread."""

    def __init__(self, known: Known = (), unknown: Unknown = "hello") -> None:
        self._known: list[_Known] = []
        self._frames: dict[bytes, tuple[int, int]] = {}
        self._unknown = unknown
        self.learn(known)

    def learn(self, known: Known) -> None:
        """Add utterances to what is known."""
        if isinstance(known, Mapping):
            known = [Utterance(text, audio) for text, audio in known.items()]
        for utterance in known:
            self._learn(utterance)

    def text_of(self, audio: bytes, format: AudioFormat) -> str:
        """The words in it; empty for silence."""
        if level(audio, format) < _QUIET and not _loud(audio, format):
            return ""
        heard = self._looked_up(convert(audio, format, PHONE)) or self._through_noise(audio, format)
        return heard or self.unknown()

    def unknown(self) -> str:
        """What to hear in sound that nobody announced."""
        return self._unknown if isinstance(self._unknown, str) else self._unknown()

    def _learn(self, utterance: Utterance) -> None:
        phone = convert(utterance.audio, utterance.format, PHONE)
        number = len(self._known)
        for at, frame in _frames(phone):
            self._frames.setdefault(frame, (number, at))
        words = utterance.text.split()
        coarse = _coarse(utterance.audio, utterance.format)
        self._known.append(
            _Known(words, list(utterance.ends) or _spread(words, phone), coarse, _energy(coarse))
        )

    def _looked_up(self, phone: bytes) -> str:
        """The words between the first and the last frame of each utterance that is in there."""
        parts: dict[int, tuple[int, int]] = {}
        at = 0
        while at + _FRAME <= len(phone):
            found = self._frames.get(phone[at : at + _FRAME])
            if found:
                number, begin = found
                first, last = parts.get(number, (begin, begin))
                parts[number] = min(first, begin), max(last, begin)
            at += _FRAME if found else 1  # a find is in step with its utterance
        texts = (
            self._known[number].text(first / PHONE.rate, (last + _FRAME) / PHONE.rate)
            for number, (first, last) in parts.items()
        )
        return " ".join(text for text in texts if text)

    def _through_noise(self, audio: bytes, format: AudioFormat) -> str:
        import numpy as np  # noqa: PLC0415 - heavy

        heard = _coarse(audio, format)
        found: list[tuple[int, str]] = []
        for _ in range(4):
            best = max(
                ((*_fit(known, heard), known) for known in self._known),
                key=lambda fit: fit[0],
                default=None,
            )
            if best is None or best[0] <= 0:
                break
            _, lag, known = best
            overlap = slice(max(0, lag), min(len(heard), lag + len(known.coarse)))
            begin, end = (
                (edge - lag) * _COARSE / PHONE.rate for edge in (overlap.start, overlap.stop)
            )
            found.append((lag, known.text(begin, end)))
            heard[overlap] = np.float32(0)
        return " ".join(text for _, text in sorted(found) if text)


def _fit(known: _Known, heard: NDArray[np.float32]) -> tuple[float, int]:
    """How much of the sound's energy the utterance explains, and where in it it begins."""
    import numpy as np  # noqa: PLC0415 - heavy

    size = len(known.coarse) + len(heard) - 1
    if min(len(known.coarse), len(heard)) < _SHORTEST:
        return 0.0, 0
    points = 1 << (size - 1).bit_length()
    product = np.fft.rfft(heard, points) * np.conj(np.fft.rfft(known.coarse, points))
    turned = np.fft.irfft(product, points)
    lags = np.arange(-len(known.coarse) + _SHORTEST, len(heard) - _SHORTEST + 1)
    alike = turned[lags % points]
    begins, stops = np.maximum(lags, 0), np.minimum(lags + len(known.coarse), len(heard))
    energy = _energy(heard)
    theirs = energy[stops] - energy[begins]
    ours = known.energy[stops - lags] - known.energy[begins - lags]
    score = alike / np.sqrt(np.maximum(theirs * ours, 1e-12))
    explained = np.where(score > _ALIKE, score**2 * theirs / max(energy[-1], 1e-12), 0.0)
    best = int(np.argmax(explained))
    # Near silence is like near silence, and says nothing.
    loud = theirs[best] > _FAINT * (stops[best] - begins[best])
    return (float(explained[best]) if loud else 0.0), int(lags[best])


def _coarse(audio: bytes, format: AudioFormat) -> NDArray[np.float32]:
    phone = float32(convert(audio, format, PHONE), PHONE)
    whole = phone[: len(phone) - len(phone) % _COARSE].reshape(-1, _COARSE)
    mean: NDArray[np.float32] = whole.mean(axis=1)
    return mean


def _energy(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415 - heavy

    sums = np.zeros(len(samples) + 1)
    np.cumsum(samples.astype(np.float64) ** 2, out=sums[1:])
    return sums


def _frames(phone: bytes) -> Iterator[tuple[int, bytes]]:
    """The frames that say something."""
    for at in range(0, len(phone) - _FRAME + 1, _FRAME):
        frame = phone[at : at + _FRAME]
        if level(frame, PHONE) > _QUIET:
            yield at, frame


def _loud(audio: bytes, format: AudioFormat) -> bool:
    return any(True for _ in _frames(convert(audio, format, PHONE)))


def _spread(words: list[str], phone: bytes) -> list[float]:
    """Where words end if each takes time by its letters, in the part that is not silent."""
    loud = [at for at, _ in _frames(phone)] or [0]
    begin, end = loud[0] / PHONE.rate, (loud[-1] + _FRAME) / PHONE.rate
    share = [len(word) + 1 for word in words]
    total = max(sum(share), 1)
    sums = [sum(share[: n + 1]) for n in range(len(share))]
    return [begin + (end - begin) * each / total for each in sums]
