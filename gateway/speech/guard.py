"""What Whisper made up: text that it tells of silence and noise. Pure.

Whisper learnt from subtitles, and where nothing is said it writes what stands there: thanks for
watching, the name of who made the subtitles. Its own doubts give it away, or the words do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NO_SPEECH = 0.6
UNSURE = -1.0
REPETITIVE = 2.4
"""The thresholds at which Whisper's own decoder discards: openai/whisper, `transcribe()`."""

DOUBTED = 0.4
"""A `no_speech_prob` at which politeness is taken for noise."""
SILENT = -60.0
"""dBFS: no words can be in a turn that is, over all, so quiet."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a transcript, with how sure the model was of it."""

    text: str
    no_speech_prob: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 1.0


def segments_of(answer: dict[str, Any]) -> list[Segment]:
    """The segments of a `verbose_json` answer; one of the whole text when it tells of none."""
    given = answer.get("segments")
    if not isinstance(given, list) or not given:
        return [Segment(storable(answer.get("text")))]
    return [
        Segment(
            storable(one.get("text")),
            number(one.get("no_speech_prob"), 0.0),
            number(one.get("avg_logprob"), 0.0),
            number(one.get("compression_ratio"), 1.0),
        )
        for one in given
        if isinstance(one, dict)
    ]


def storable(told: Any) -> str:
    """Words as any database takes them: no NUL, no half a surrogate pair; what is no text is none.

    Told from a service's JSON, which can write both.
    """
    return (
        told.replace("\0", "").encode("utf-8", "replace").decode() if isinstance(told, str) else ""
    )


def number(told: Any, otherwise: float) -> float:
    """A number that a service tells; `otherwise` for NaN, the infinite, and what is none."""
    if not isinstance(told, (int, float)) or isinstance(told, bool):
        return otherwise
    try:
        value = float(told)
    except OverflowError:
        return otherwise
    return value if math.isfinite(value) else otherwise


def words(segments: Sequence[Segment], prompt: str = "") -> str:
    """What was really said; `prompt` is what the model was told to expect, and may parrot."""
    kept = [one for one in segments if not _made_up(one)]
    text = "".join(one.text for one in kept).strip()
    said = _bare(text)
    if not said or (prompt and said == _bare(prompt)):
        return ""
    doubted = max((one.no_speech_prob for one in kept), default=0.0) > DOUBTED
    return "" if doubted and said in _POLITE else text


def _made_up(segment: Segment) -> bool:
    if segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < UNSURE:
        return True
    if segment.compression_ratio > REPETITIVE:
        return True
    return bool(_SUBTITLE.fullmatch(_bare(segment.text)))


def _bare(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+(?:['\u2019][^\W_]+)*", text.casefold()))


_SUBTITLE = re.compile(
    r"(?:thank you|thanks)(?: so much| very much)? for (?:watching|viewing)"
    r"(?: (?:(?:this|the|my) video|everyone|see you|and|bye)\b.{0,40})?"
    r"|(?:please )?(?:don't forget to )?like and subscribe(?: .{0,40})?"
    r"|(?:please )?subscribe to (?:my|our|the) channel(?: .{0,40})?"
    r"|(?:subtitles|captions) by .+|.*\bamara org\b.*"
    r"|(?:vielen dank|danke)(?: schön| sehr)? (?:fürs|für das|für's) (?:zuschauen|zusehen)"
    r"|untertitel(?:ung)?(?: (?:von|im auftrag|der|des|aufgrund|stephanie)\b.*|)"
    r"|.*\b(?:zdf für funk|swr|wdr|ndr|br) \d{4}"
    r"|sous[ -]titr(?:es|age|é)\b.*|merci d'avoir regardé(?: .{0,40})?"
    r"|(?:abonnez vous|n'oubliez pas de vous abonner)(?: .{0,40})?"
    r"|subtítulos\b.*|(?:muchas )?gracias por ver(?: .{0,40})?"
    r"|suscríbete(?: .{0,40})?"
)

_POLITE = frozenset(
    {
        *("thank you", "thanks", "thank you very much", "thank you so much", "you", "bye"),
        *("bye bye", "okay", "so", "oh", "hmm", "the"),
        *("danke", "vielen dank", "danke schön", "tschüss", "ja", "so so"),
        *("merci", "merci beaucoup", "au revoir", "oui"),
        *("gracias", "muchas gracias", "adiós", "sí"),
    }
)
"""What people do say, and Whisper hears in noise: left out when it doubts that it was speech."""
