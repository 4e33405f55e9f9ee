"""Sound as bytes: formats, levels, rates, WAV files, and edges that do not click.

G.711 mu-law is converted by table, sample by sample, so nothing is smeared or delayed; only
another sample rate filters. Times are in seconds, levels in dBFS.
"""

from __future__ import annotations

import io
import math
import warnings
import wave
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from channels.events import AudioFormat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUIETEST = -96.0
"""dBFS: what digital silence is said to be, about the smallest sample of 16 bits."""

_FULL = 32768.0
_MULAW_SILENCE = b"\xff"
_EDGE = 0.005


@cache
def _audioop() -> ModuleType:
    # The standard library has it until 3.12 and complains; from 3.13 on it is a package that
    # took the name over.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop  # noqa: PLC0415 - warns, and only calls need it
    return audioop


def mulaw_to_pcm16(audio: bytes) -> bytes:
    """Exactly, at the same rate."""
    pcm: bytes = _audioop().ulaw2lin(audio, 2)
    return pcm


def pcm16_to_mulaw(audio: bytes) -> bytes:
    """The nearest of G.711's 255 steps for each sample, at the same rate."""
    mulaw: bytes = _audioop().lin2ulaw(audio, 2)
    return mulaw


def pcm16(audio: bytes, format: AudioFormat) -> bytes:
    """The same sound as signed 16-bit samples, at its own rate."""
    return mulaw_to_pcm16(audio) if format.encoding == "mulaw" else audio


@cache
def _mulaw_table() -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415 - heavy

    pcm = np.frombuffer(mulaw_to_pcm16(bytes(range(256))), "<i2")
    return (pcm / np.float32(_FULL)).astype(np.float32)


def float32(audio: bytes, format: AudioFormat) -> NDArray[np.float32]:
    """The samples as numbers from -1 to 1."""
    import numpy as np  # noqa: PLC0415 - heavy

    if format.encoding == "mulaw":
        return _mulaw_table()[np.frombuffer(audio, np.uint8)]
    return np.frombuffer(audio, "<i2") * np.float32(1 / _FULL)


def from_float32(samples: NDArray[np.float32], format: AudioFormat) -> bytes:
    """The other way; what is beyond -1 and 1 is cut off."""
    import numpy as np  # noqa: PLC0415 - heavy

    pcm = np.clip(np.rint(samples * _FULL), -_FULL, _FULL - 1).astype("<i2").tobytes()
    return pcm16_to_mulaw(pcm) if format.encoding == "mulaw" else pcm


def level(audio: bytes, format: AudioFormat) -> float:
    """How loud it is: root mean square in dBFS, from QUIETEST to 0."""
    rms = _audioop().rms(pcm16(audio, format), 2)
    return max(QUIETEST, 20 * math.log10(rms / _FULL)) if rms else QUIETEST


def silence(format: AudioFormat, seconds: float) -> bytes:
    samples = round(seconds * format.rate)
    return (_MULAW_SILENCE if format.encoding == "mulaw" else b"\0\0") * samples


def resample(audio: bytes, rate: int, to: int) -> bytes:
    """A whole clip of 16-bit samples at another rate.

    Not for pieces of a stream: the filter needs to see both sides of every sample.
    """
    if rate == to or not audio:
        return audio
    import numpy as np  # noqa: PLC0415 - heavy
    import soxr  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

    samples: NDArray[np.int16] = soxr.resample(np.frombuffer(audio, "<i2"), rate, to, quality="HQ")
    return samples.astype("<i2").tobytes()


def convert(audio: bytes, format: AudioFormat, to: AudioFormat) -> bytes:
    """A whole clip in another format; untouched when it has it already."""
    if format == to:
        return audio
    pcm = resample(pcm16(audio, format), format.rate, to.rate)
    return pcm16_to_mulaw(pcm) if to.encoding == "mulaw" else pcm


def wav(audio: bytes, format: AudioFormat) -> bytes:
    """A WAV file of 16-bit samples, at the sound's own rate."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(format.rate)
        writer.writeframes(pcm16(audio, format))
    return file.getvalue()


def read_wav(file: bytes) -> tuple[AudioFormat, bytes]:
    """A PCM WAV file of any width as mono 16-bit samples at its own rate; channels are mixed.

    Raises ValueError when it is something else.
    """
    try:
        with wave.open(io.BytesIO(file)) as reader:
            channels, width, rate = reader.getparams()[:3]
            audio = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"this is not a PCM WAV file: {error}") from error
    if channels > 2:  # noqa: PLR2004 - stereo
        raise ValueError(f"a WAV file may have one or two channels, not {channels}")
    audio = audio[: len(audio) - len(audio) % (width * channels)]
    ops = _audioop()
    if width == 1:  # The only width that WAV keeps unsigned.
        audio = ops.bias(audio, 1, -128)
    if channels == 2:  # noqa: PLR2004 - stereo
        audio = ops.tomono(audio, width, 0.5, 0.5)
    if width != 2:  # noqa: PLR2004 - bytes of 16 bits
        audio = ops.lin2lin(audio, width, 2)
    return AudioFormat("pcm16", rate), audio


def fade_in(audio: bytes, format: AudioFormat, seconds: float = _EDGE) -> bytes:
    """With a beginning that does not click, where sound is cut into."""
    count = min(round(seconds * format.rate), _samples(audio, format))
    edge = count * _width(format)
    return _ramp(audio[:edge], format, 0, 1) + audio[edge:]


def fade_out(audio: bytes, format: AudioFormat, seconds: float = _EDGE) -> bytes:
    """With an end that does not click, where sound is cut off."""
    count = min(round(seconds * format.rate), _samples(audio, format))
    edge = len(audio) - count * _width(format)
    return audio[:edge] + _ramp(audio[edge:], format, 1, 0)


def _ramp(audio: bytes, format: AudioFormat, start: float, end: float) -> bytes:
    import numpy as np  # noqa: PLC0415 - heavy

    samples = float32(audio, format)
    return from_float32(samples * np.linspace(start, end, len(samples), dtype=np.float32), format)


def _width(format: AudioFormat) -> int:
    return 1 if format.encoding == "mulaw" else 2


def _samples(audio: bytes, format: AudioFormat) -> int:
    return len(audio) // _width(format)
