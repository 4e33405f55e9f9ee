"""How fast and how rightly a caller is heard, and what it costs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import anyio
import anyio.lowlevel

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.call.policy import Policy
from gateway.line.listening import FRAME, Listener
from gateway.speech.silero import SileroActivity, _Model
from tests.bench.measure import quantile, spread
from tests.voices import backchannels, noises, sentences, speech
from tests.voices.hearing import Hearing, hear
from tests.voices.making import Clip
from tests.voices.texts import SENTENCES

STOP = 0.2
END_OF_TURN = 0.6
COMPARED = {
    "en-us": ("en-us+f2", "en+m1", "en-us+m6", "en+f1"),
    "de": ("de+m1", "de+f4"),
    "fr": ("fr+m6", "fr+f1"),
    "es": ("es+m2", "es+f3"),
}
"""Voices besides the set's own on which constants were compared, so their figures flatter."""
FRESH = {
    "en-us": ("en-us+m2", "en+f4", "en-us+m4", "en+m8"),
    "de": ("de+m2", "de+f5"),
    "fr": ("fr+m4", "fr+f3"),
    "es": ("es+m1", "es+f4"),
}
"""Voices that were first heard when all constants stood. The sentences are the same."""
NAMES = {PHONE: "phone", BROWSER: "browser"}


async def run() -> None:
    for format in (PHONE, BROWSER):
        name = NAMES[format]
        await speaking(f"{name}, sentences", sentences(format))
        for title, voices in (("voices compared on", COMPARED), ("fresh voices", FRESH)):
            await speaking(f"{name}, {title}", saying(voices, format))
            quiet = saying(voices, format, noise_below=45.0)
            await speaking(f"{name}, {title}, quiet line", quiet)
        await speaking(f"{name}, backchannels", backchannels(format))
        await disturbing(f"{name}, noises", noises(format))
    batches()
    for format in (PHONE, BROWSER):
        for lines in (1, 16, 64, 100):
            await cost(format, lines)


def saying(
    voices: Mapping[str, Sequence[str]], format: AudioFormat, noise_below: float | None = None
) -> list[Clip]:
    return [
        speech(text, voice=voice, format=format, noise_below=noise_below)
        for language, texts in SENTENCES.items()
        for text in texts
        for voice in voices[language]
    ]


async def speaking(title: str, clips: Sequence[Clip]) -> None:
    hearings = await hear(clips)
    heard = [h for h in hearings if h.started is not None]
    whole = [h for h in heard if not h.clip.pauses and h.commits(STOP)]
    print(f"{title}: {len(hearings)}, missed {len(hearings) - len(heard)}")
    onset = [(h.started or 0.0) - h.clip.audible[0] for h in heard]
    print(f"  first audible sound to SpeechStarted    {spread(onset)}")
    for what, end in (("last audible sound", audible_end), ("last sample", true_end)):
        added = [h.commits(STOP)[0] - end(h) - STOP for h in whole]
        early = sum(h.talked_over(STOP, audible=end is audible_end) for h in whole)
        title = f"added to {STOP} s after {what}"
        print(f"  {title:39} {spread(added)}  early {early} of {len(whole)}")
    cut = sum(h.talked_over(END_OF_TURN) for h in heard)
    pauses = sum(h.false_pauses for h in heard)
    print(f"  cut off at {END_OF_TURN} s: {cut}; pauses told of where there are none: {pauses}")


def audible_end(hearing: Hearing) -> float:
    return hearing.clip.audible[1]


def true_end(hearing: Hearing) -> float:
    return hearing.clip.speech_end


async def disturbing(title: str, clips: Sequence[Clip]) -> None:
    hearings = await hear(clips)
    kinds = Counter(h.clip.name.split()[0] for h in hearings if h.started is not None)
    told = ", ".join(f"{kind} {count}" for kind, count in kinds.items()) or "none"
    print(f"{title}: taken for speech {kinds.total()} of {len(hearings)} ({told})")


def batches() -> None:
    """What the model alone costs, by how many windows it judges at a time."""
    model = _Model()
    model.warm()
    for format in (PHONE, BROWSER):
        window = sentences(format)[0].audio[: round(0.036 * format.bytes_per_second)]
        for size in (1, 4, 16, 64, 100):
            judge = timed(partial(model.judge, [window] * size, [None] * size, format))
            print(
                f"{NAMES[format]}, batch of {size:3}: {judge * 1e6:7.0f} us,"
                f" {judge / size * 1e6 * FRAME / 0.032:5.1f} us for 20 ms of one line"
            )


def timed(action: Callable[[], object], times: int = 60) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        took.append(time.perf_counter() - begun)
    return quantile(took, 0.5)


async def cost(format: AudioFormat, lines: int, seconds: float = 2.0) -> None:
    """CPU for each 20 ms of a line in real time, all of hearing, callers who never stop talking."""
    activity = SileroActivity()
    await activity.warm()
    step = round(FRAME * format.bytes_per_second)
    talk = b"".join(talking(clip) for clip in sentences(format))
    talk = talk[: len(talk) // step * step]
    idle = await spent(lambda _: None, lines, seconds)
    async with activity.running():
        listeners = [Listener(format, activity, Policy(), lambda _: None) for _ in range(lines)]
        places = [round(i * len(talk) / lines / step) * step for i in range(lines)]

        def hear_frame(line: int) -> None:
            at = places[line] % len(talk)
            places[line] += step
            listeners[line].hear(talk[at : at + step], time.perf_counter())

        busy = await spent(hear_frame, lines, seconds)
    frames = lines * seconds / FRAME
    print(f"{NAMES[format]}, {lines:3} lines: {(busy - idle) / frames * 1e6:5.1f} us for 20 ms")


def talking(clip: Clip) -> bytes:
    start, end = (round(at * clip.format.rate) for at in (clip.speech_start, clip.speech_end))
    width = clip.format.bytes_per_second // clip.format.rate
    return clip.audio[start * width : end * width]


async def spent(frame: Callable[[int], None], lines: int, seconds: float) -> float:
    """CPU seconds to call `frame` for each line every 20 ms, spread evenly."""
    begun, cpu = time.perf_counter(), time.process_time()
    for tick in range(round(seconds * 1000)):
        for line in range(tick % 20, lines, 20):
            frame(line)
        await anyio.sleep(max(begun + tick / 1000 - time.perf_counter(), 0))
    return time.process_time() - cpu
