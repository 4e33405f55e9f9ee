"""Several voices as one, with doubles whose time is their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import anyio
import pytest

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.errors import SpeechMissing, SpeechRefused, SpeechUnreachable
from gateway.speech.base import TextToSpeech
from gateway.speech.cartesia import CartesiaVoice, CartesiaVoiceConfig
from gateway.speech.espeak import EspeakVoice
from gateway.speech.kept import Kept, Words
from gateway.speech.recital import rest_of
from gateway.speech.simulator import Fault, SpeechSimulator, Timing
from gateway.speech.voices import Voices
from gateway.telemetry import REGISTRY

TEXT = "Your list has three things on it, and all of them are for today."
SECOND = 8000


class Singer(TextToSpeech):
    """Sings its own letter: a second of it for each step, unless the step is an error or a gate."""

    def __init__(self, name: str, *steps: Exception | anyio.Event | int) -> None:
        self.name = name
        self.steps = list(steps)
        self.asked: list[str] = []
        self.stopped = 0

    async def speak(
        self, text: str, *, format: AudioFormat, locale: str = "", context: str = ""
    ) -> AsyncGenerator[bytes]:
        self.asked.append(text)
        steps, self.steps = self.steps, []
        try:
            for step in steps or [1]:
                if isinstance(step, anyio.Event):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield self.name.encode() * SECOND * step
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise

    def cost(self, text: str) -> float:
        return float(ord(self.name))


async def said(voices: Voices, text: str = TEXT, format: AudioFormat = PHONE) -> str:
    """One letter for each second."""
    async with aclosing(voices.speak(text, format=format, locale="en", context="c")) as pieces:
        heard = b"".join([piece async for piece in pieces])
    return heard[::SECOND].decode("latin-1")


GONE = SpeechUnreachable("gone")
NEVER = anyio.Event


async def test_the_first_voice_speaks() -> None:
    a, b = Singer("a"), Singer("b")

    assert await said(Voices([a, b])) == "a"
    assert b.asked == []


@pytest.mark.parametrize(
    "error", [GONE, SpeechRefused("no"), SpeechMissing("no library"), ValueError("a bug")]
)
async def test_a_voice_that_fails_before_its_first_sound_is_replaced_at_once(
    error: Exception,
) -> None:
    a, b = Singer("a", error), Singer("b")

    assert await said(Voices([a, b])) == "b"
    assert b.asked == [TEXT]


async def test_a_voice_that_failed_rests() -> None:
    a, b = Singer("a", GONE), Singer("b")
    voices = Voices([a, b])
    await said(voices)
    await said(voices, "Next.")

    assert a.asked == [TEXT]
    assert voices.cost("x") == ord("b")


async def test_a_text_that_one_refuses_is_no_reason_to_rest() -> None:
    a, b = Singer("a", SpeechRefused("too rude")), Singer("b")
    voices = Voices([a, b])

    assert await said(voices) + await said(voices, "Next.") == "ba"


async def test_who_rests_is_asked_when_nobody_else_can() -> None:
    a, b = Singer("a", GONE), Singer("b")
    voices = Voices([a, b])
    await said(voices)
    b.steps = [SpeechRefused("no")]

    assert await said(voices, "Next.") == "a"


async def test_the_rest_is_said_by_the_next() -> None:
    """Two seconds of 14 characters each are out."""
    a, b = Singer("a", 2, GONE), Singer("b")

    assert await said(Voices([a, b])) == "aab"
    assert b.asked == [rest_of(TEXT, 2)]
    assert TEXT.endswith(b.asked[0])
    assert 0 < len(b.asked[0]) < len(TEXT)


async def test_it_begins_anew_when_hardly_anything_was_out() -> None:
    a, b = Singer("a", 1, GONE), Singer("b")

    assert await said(Voices([a, b])) == "ab"
    assert b.asked == [TEXT]


async def test_a_break_at_the_very_end_is_not_heard() -> None:
    a, b = Singer("a", 5, GONE), Singer("b")

    assert await said(Voices([a, b])) == "aaaaa"
    assert b.asked == []


async def test_a_voice_alone_gets_a_second_try() -> None:
    a = Singer("a", GONE)

    assert await said(Voices([a])) == "a"
    assert len(a.asked) == 2


async def test_when_all_fail_it_is_told() -> None:
    a, b = Singer("a", SpeechRefused("no", lasting=True)), Singer("b", SpeechRefused("no"))

    with pytest.raises(SpeechUnreachable, match="no voice"):
        await said(Voices([a, b]))


async def test_a_slow_voice_is_raced_by_the_next_and_stopped() -> None:
    a, b = Singer("a", NEVER()), Singer("b")
    voices = Voices([a, b], first_audio=0.01)

    assert await said(voices) == "b"
    assert a.stopped == 1
    assert await said(voices, "Next.") == "b"
    assert a.asked == [TEXT]


async def test_a_slow_voice_may_still_win_the_race() -> None:
    gate = anyio.Event()
    a, b = Singer("a", gate, 1), Singer("b", NEVER())
    voices = Voices([a, b], first_audio=0.01)

    async def open_gate() -> None:
        while not b.asked:  # noqa: ASYNC110 - the race tells nobody
            await anyio.sleep(0.001)
        gate.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(open_gate)
        assert await said(voices) == "a"
    assert b.stopped == 1


async def test_the_only_voice_may_take_its_time() -> None:
    gate = anyio.Event()
    voices = Voices([Singer("a", gate, 1)], first_audio=0.001)

    async def open_gate() -> None:
        await anyio.sleep(0.01)
        gate.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(open_gate)
        assert await said(voices) == "a"


async def test_an_interruption_leaves_no_task() -> None:
    a = Singer("a", 1, NEVER())
    before = asyncio.all_tasks()
    async with aclosing(Voices([a]).speak(TEXT, format=PHONE)) as pieces:
        await anext(pieces)
    with anyio.move_on_after(0.01):
        a.steps = [NEVER()]
        await said(Voices([a]))

    assert asyncio.all_tasks() == before
    assert a.stopped == 2


# -- what is kept ------------------------------------------------------------------------


async def test_what_was_prepared_is_there_at_once() -> None:
    a = Singer("a")
    voices = Voices([a])
    await voices.prepare(TEXT, format=PHONE, locale="en")
    await voices.prepare(TEXT, format=PHONE, locale="en")

    assert await said(voices) == "a"
    assert a.asked == [TEXT]


async def test_another_format_is_another_sound() -> None:
    a = Singer("a")
    voices = Voices([a])
    await voices.prepare(TEXT, format=PHONE, locale="en")
    await said(voices, format=BROWSER)

    assert len(a.asked) == 2


async def test_what_is_being_prepared_is_listened_to_meanwhile() -> None:
    gate = anyio.Event()
    a = Singer("a", 1, gate, 2)
    voices = Voices([a])
    heard: list[str] = []

    async def listen() -> None:
        heard.append(await said(voices))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: voices.prepare(TEXT, format=PHONE, locale="en"))
        while not a.asked:  # noqa: ASYNC110 - the singer tells nobody
            await anyio.sleep(0.001)
        tasks.start_soon(listen)
        async with aclosing(voices.speak(TEXT, format=PHONE, locale="en")) as pieces:
            assert len(await anext(pieces)) == SECOND
        gate.set()

    assert heard == ["aaa"]
    assert len(a.asked) == 1


async def test_a_preparation_given_up_is_gone_on_with() -> None:
    a = Singer("a", 2, NEVER())
    voices = Voices([a])
    heard: list[str] = []

    async def listen() -> None:
        heard.append(await said(voices))

    async with anyio.create_task_group() as calls, anyio.create_task_group() as preparing:
        preparing.start_soon(lambda: voices.prepare(TEXT, format=PHONE, locale="en"))
        while not a.asked:  # noqa: ASYNC110 - the singer tells nobody
            await anyio.sleep(0.001)
        calls.start_soon(listen)
        await anyio.sleep(0.01)
        preparing.cancel_scope.cancel()

    assert heard == ["aaa"]
    assert a.asked == [TEXT, rest_of(TEXT, 2)]


async def test_a_preparation_that_fails_does_no_harm() -> None:
    a = Singer("a", SpeechRefused("no"))
    voices = Voices([a])
    await voices.prepare(TEXT, format=PHONE, locale="en")

    assert await said(voices) == "a"


async def test_what_is_said_again_is_kept_from_the_second_time() -> None:
    a = Singer("a")
    voices = Voices([a])
    for _ in range(4):
        assert await said(voices, "One moment.") == "a"

    assert len(a.asked) == 2


async def test_what_lasts_is_prepared_once_and_outlives_everything_else() -> None:
    a = Singer("a")
    voices = Voices([a], kept_bytes=2 * SECOND)
    for _ in range(2):
        await voices.prepare("One moment.", format=PHONE, locale="en", lasting=True)
    for text in ("First.", "Second.", "Third."):
        await voices.prepare(text, format=PHONE, locale="en")
    a.asked.clear()

    assert await said(voices, "One moment.") == "a"
    assert a.asked == []
    await said(voices, "First.")
    assert a.asked == ["First."]


async def test_what_lasts_and_could_not_be_prepared_is_kept_when_it_is_first_said() -> None:
    a = Singer("a", SpeechRefused("no"))
    voices = Voices([a])
    for _ in range(2):
        await voices.prepare("One moment.", format=PHONE, locale="en", lasting=True)
    assert len(a.asked) == 1
    for _ in range(2):
        assert await said(voices, "One moment.") == "a"

    assert len(a.asked) == 2


async def test_only_what_is_made_costs_something() -> None:
    gate = anyio.Event()
    a = Singer("a", gate, 1)
    voices = Voices([a])
    costs: list[float] = []

    def ask() -> None:
        costs.append(voices.cost_now(TEXT, format=PHONE, locale="en"))

    ask()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: voices.prepare(TEXT, format=PHONE, locale="en"))
        while not a.asked:  # noqa: ASYNC110 - the singer tells nobody
            await anyio.sleep(0.001)
        ask()
        gate.set()
    ask()

    assert costs == [ord("a"), 0, 0]
    assert voices.cost_now(TEXT, format=BROWSER, locale="en") == ord("a")


async def test_a_change_of_voices_is_not_kept() -> None:
    a, b = Singer("a", 2, GONE), Singer("b")
    voices = Voices([a, b])
    await voices.prepare(TEXT, format=PHONE, locale="en")

    assert await said(voices) == "b"


async def test_the_stand_in_is_not_kept_for_when_the_first_is_back() -> None:
    a, b = Singer("a", SpeechRefused("not this")), Singer("b")
    voices = Voices([a, b])
    await voices.prepare(TEXT, format=PHONE, locale="en")

    assert await said(voices) == "a"


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept = Kept(largest=10)
    words = [Words(str(n), PHONE, "en") for n in range(3)]
    kept.put("a", words[0], b"x" * 4)
    kept.put("a", words[1], b"x" * 4)
    kept.get("a", words[0])
    kept.put("a", words[2], b"x" * 4)

    assert [kept.get("a", each) is not None for each in words] == [True, False, True]


def test_what_lasts_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.speech.kept.LARGEST_LASTING", 6)
    kept = Kept(largest=4)
    words = [Words(str(n), PHONE, "en") for n in range(3)]
    for each in words:
        kept.put("a", each, b"x" * 4, lasting=True)

    assert [kept.get("a", each) is not None for each in words] == [True, False, True]


def test_what_is_too_large_is_not_kept() -> None:
    kept = Kept(largest=10)
    words = Words("x", PHONE, "en")
    kept.put("a", words, b"x" * 11)

    assert kept.get("a", words) is None


# -- with real ones ----------------------------------------------------------------------


@pytest.fixture
async def cartesia() -> AsyncIterator[tuple[SpeechSimulator, CartesiaVoice]]:
    simulator = SpeechSimulator(timing=Timing(tts_speed=0))
    async with simulator.serving() as url:
        voice = CartesiaVoice(CartesiaVoiceConfig("k", "v", url))
        yield simulator, voice
        await voice.close()


@pytest.mark.parametrize("after", [0.0, 0.2, 2.0])
async def test_a_socket_lost_in_the_middle_of_a_clause_leaves_no_silence(
    cartesia: tuple[SpeechSimulator, CartesiaVoice], after: float
) -> None:
    simulator, voice = cartesia
    voices = Voices([voice, EspeakVoice()], first_audio=20)
    simulator.fail("tts/websocket", Fault(close=1011, after=after))
    async with aclosing(voices.speak(TEXT, format=PHONE, locale="en")) as pieces:
        heard = b"".join([piece async for piece in pieces])

    assert 3 < len(heard) / SECOND < 6


async def test_no_credit_at_the_first_is_no_silence(
    cartesia: tuple[SpeechSimulator, CartesiaVoice],
) -> None:
    simulator, voice = cartesia
    voices = Voices([voice, EspeakVoice()], first_audio=20)
    simulator.fail("tts/websocket", Fault(402))
    before = _counted("cartesia", "refused")

    assert len(await said(voices)) >= 3
    assert _counted("cartesia", "refused") == before + 1
    await said(voices, "Next.")
    assert len(simulator.asked("tts/websocket")) == 1


async def test_a_voice_that_is_not_ready_does_not_stop_the_others() -> None:
    nobody = CartesiaVoice(CartesiaVoiceConfig("k", "v", "http://127.0.0.1:9"))
    voices = Voices([nobody, EspeakVoice()])
    await voices.warm()

    assert len(await said(voices)) >= 3
    await voices.close()


def _counted(provider: str, result: str) -> float:
    labels = {"provider": provider, "result": result}
    return REGISTRY.get_sample_value("frontdoor_tts_total", labels) or 0.0


# -- what is left ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "left"),
    [
        (0.0, lambda rest: rest == TEXT),
        (1.0, lambda rest: rest == TEXT),
        (2.3, lambda rest: TEXT.endswith(f" {rest}") and 20 < len(rest) < 40),
        (9.0, lambda rest: rest == ""),
    ],
)
def test_what_is_left_begins_at_a_word(seconds: float, left: Callable[[str], bool]) -> None:
    assert left(rest_of(TEXT, seconds))
