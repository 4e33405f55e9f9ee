"""The stand-ins for speech services, asked by the vendors' own clients."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import cartesia
import groq
import numpy as np
import openai
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.speech.audio import convert, float32, from_float32, read_wav, silence, wav
from gateway.speech.espeak import synthesise
from gateway.speech.simulator import Fault, SpeechSimulator, Timing, Tool, Utterance
from gateway.speech.simulator.hearing import Hearing

RAW = AudioFormat("pcm16", 22050)
TEXTS = (
    "what is on my list today",
    "please remind me to call the dentist",
    "thank you very much and goodbye",
)
VOICE = "f786b574-daa5-4673-aa0c-cbe3e8534c02"


def utterance(text: str) -> Utterance:
    audio, words = synthesise(text)
    return Utterance(text, convert(audio, RAW, PHONE), PHONE, tuple(word.end for word in words))


@pytest.fixture(scope="module")
def known() -> tuple[Utterance, ...]:
    return tuple(utterance(text) for text in TEXTS)


@pytest.fixture
async def simulator(known: tuple[Utterance, ...]) -> SpeechSimulator:
    return SpeechSimulator(known, text="who knows", key="k", timing=Timing(tts_speed=0))


@pytest.fixture
async def url(simulator: SpeechSimulator) -> AsyncIterator[str]:
    async with simulator.serving() as url:
        yield url


# -- hearing -----------------------------------------------------------------------------


def test_what_was_announced_is_heard(known: tuple[Utterance, ...]) -> None:
    hearing = Hearing(known)

    assert [hearing.text_of(each.audio, PHONE) for each in known] == list(TEXTS)


def test_half_of_it_has_the_words_that_were_over(known: tuple[Utterance, ...]) -> None:
    audio, end = known[1].audio, known[1].ends[3]

    assert Hearing(known).text_of(audio[: round((end + 0.02) * 8000)], PHONE) == (
        "please remind me to"
    )


def test_the_other_half_has_the_others(known: tuple[Utterance, ...]) -> None:
    audio, end = known[1].audio, known[1].ends[3]

    assert Hearing(known).text_of(audio[round(end * 8000) :], PHONE) == "call the dentist"


def test_where_it_begins_does_not_matter(known: tuple[Utterance, ...]) -> None:
    audio = silence(PHONE, 0.3137) + known[0].audio + silence(PHONE, 0.4)

    assert Hearing(known).text_of(audio, PHONE) == TEXTS[0]


def test_two_utterances_are_heard_one_after_the_other(known: tuple[Utterance, ...]) -> None:
    audio = known[2].audio + silence(PHONE, 0.5) + known[0].audio

    assert Hearing(known).text_of(audio, PHONE) == f"{TEXTS[2]} {TEXTS[0]}"


@pytest.mark.parametrize("text", range(len(TEXTS)))
@pytest.mark.parametrize("decibels", [30, 15])
def test_it_hears_through_noise_and_other_rates(
    known: tuple[Utterance, ...], text: int, decibels: int
) -> None:
    clean = float32(convert(known[text].audio, PHONE, BROWSER), BROWSER)
    noise = np.random.default_rng(text).normal(size=len(clean) + 5000).astype(np.float32)
    noise *= np.sqrt(np.mean(clean**2)) / 10 ** (decibels / 20)
    noise[3000 : 3000 + len(clean)] += clean

    assert Hearing(known).text_of(from_float32(noise, BROWSER), BROWSER) == TEXTS[text]


def test_strange_sound_is_heard_as_told(known: tuple[Utterance, ...]) -> None:
    answers = iter(("one", "two"))
    hearing = Hearing(known[:2], unknown=lambda: next(answers))

    assert hearing.text_of(known[2].audio, PHONE) == "one"
    assert hearing.text_of(convert(known[2].audio, PHONE, BROWSER), BROWSER) == "two"


def test_silence_has_no_words(known: tuple[Utterance, ...]) -> None:
    assert Hearing(known).text_of(silence(PHONE, 2), PHONE) == ""


# -- Groq and OpenAI ---------------------------------------------------------------------


def groq_client(url: str, key: str = "k") -> groq.AsyncGroq:
    return groq.AsyncGroq(api_key=key, base_url=url, max_retries=0)


def openai_client(url: str, key: str = "k") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0)


@pytest.mark.parametrize("make", [groq_client, openai_client])
async def test_sdks_get_their_transcripts(
    url: str, known: tuple[Utterance, ...], make: Any
) -> None:
    file = ("call.wav", wav(known[0].audio, PHONE), "audio/wav")
    async with make(url) as client:
        create = client.audio.transcriptions.create
        plain = await create(model="whisper-large-v3-turbo", file=file)
        text = await create(model="whisper-large-v3-turbo", file=file, response_format="text")
        verbose = await create(
            model="whisper-large-v3-turbo",
            file=file,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )

    assert plain.text == TEXTS[0]
    assert text.strip() == TEXTS[0]
    assert verbose.text.strip() == TEXTS[0]
    assert len(verbose.words) == len(TEXTS[0].split())


async def test_groq_tells_its_limits(url: str, known: tuple[Utterance, ...]) -> None:
    async with groq_client(url) as client:
        raw = await client.audio.transcriptions.with_raw_response.create(
            model="whisper-large-v3-turbo", file=("a.wav", wav(known[0].audio, PHONE))
        )

    assert raw.headers["x-ratelimit-remaining-audio-seconds"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(429, retry_after=7), groq.RateLimitError),
        (Fault(413), groq.APIStatusError),
        (Fault(498), groq.APIStatusError),
        (Fault(503), groq.InternalServerError),
    ],
)
async def test_a_fault_reaches_the_sdk_once(
    simulator: SpeechSimulator, url: str, fault: Fault, error: type[groq.APIStatusError]
) -> None:
    simulator.fail("transcriptions", fault)
    file = ("a.wav", wav(silence(PHONE, 1), PHONE))
    async with groq_client(url) as client:
        with pytest.raises(error) as raised:
            await client.audio.transcriptions.create(model="m", file=file)
        fine = await client.audio.transcriptions.create(model="m", file=file)

    assert raised.value.status_code == fault.status
    assert raised.value.response.headers.get("retry-after") == ("7" if fault.retry_after else None)
    assert fine.text == ""


async def test_a_wrong_key_is_refused(url: str) -> None:
    async with groq_client(url, "wrong") as client:
        with pytest.raises(groq.AuthenticationError):
            await client.audio.transcriptions.create(model="m", file=("a.wav", b"x"))
    async with cartesia.AsyncCartesia(api_key="wrong", base_url=url, max_retries=0) as voice:
        with pytest.raises(cartesia.AuthenticationError):
            await voice.tts.generate(
                model_id="m", transcript="x", voice=VOICE, output_format=OUTPUT
            )


async def test_a_file_that_is_no_sound_is_refused(url: str) -> None:
    async with groq_client(url) as client:
        with pytest.raises(groq.BadRequestError):
            await client.audio.transcriptions.create(model="m", file=("a.wav", b"RIFFnonsense"))


@pytest.mark.parametrize("make", [groq_client, openai_client])
async def test_chats_stream_word_by_word(simulator: SpeechSimulator, url: str, make: Any) -> None:
    simulator.world.reply = "one one two"
    async with make(url) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        words = [chunk.choices[0].delta.content async for chunk in stream]

    assert [word for word in words if word] == ["one", " one", " two"]


async def test_a_chat_may_call_a_tool(simulator: SpeechSimulator, url: str) -> None:
    simulator.world.reply = lambda _: Tool("look_up", '{"q": "x"}')
    async with groq_client(url) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        chunks = [chunk async for chunk in stream]
        whole = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        )

    calls = [call for c in chunks for call in c.choices[0].delta.tool_calls or ()]
    assert [(c.function.name, c.function.arguments) for c in calls if c.function] == [
        ("look_up", '{"q": "x"}')
    ]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.tool_calls


async def test_openai_speaks_raw_sound(url: str) -> None:
    async with (
        openai_client(url) as client,
        client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="alloy", input="Hello there.", response_format="pcm"
        ) as response,
    ):
        audio = b"".join([piece async for piece in response.iter_bytes()])

    assert 0.5 < len(audio) / 48000 < 2


# -- Cartesia ----------------------------------------------------------------------------

OUTPUT: Any = {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000}


@asynccontextmanager
async def speaking(url: str) -> AsyncIterator[Any]:
    ws = url.replace("http", "ws")
    async with (
        cartesia.AsyncCartesia(api_key="k", base_url=url, websocket_base_url=ws) as client,
        client.tts.websocket_connect(
            websocket_connection_options={"compression": None}
        ) as connection,
    ):
        yield connection


def context(connection: Any, **more: Any) -> Any:
    return connection.context(
        model_id="sonic-3.5", voice=VOICE, output_format=OUTPUT, language="en", timeout=10, **more
    )


async def test_cartesia_speaks_context_by_context(url: str) -> None:
    async with speaking(url) as connection:
        first, second = context(connection), context(connection)
        for each in (first, second):
            await each.push("Hello there. ")
            await each.no_more_inputs()
        heard = [
            b"".join([e.audio async for e in c.receive() if e.type == "chunk"])
            for c in (first, second)
        ]

    assert all(0.5 < len(audio) / 8000 < 2 for audio in heard)


async def test_a_flush_is_answered_after_its_sound(url: str) -> None:
    async with speaking(url) as connection:
        ctx = context(connection, max_buffer_delay_ms=5000)
        await ctx.push("Hello there. ", flush=True)
        await ctx.push("Goodbye. ", flush=True)
        await ctx.no_more_inputs()
        kinds = [(e.type, getattr(e, "flush_id", None)) async for e in ctx.receive()]

    assert list(dict.fromkeys(kinds)) == [
        ("chunk", 1),
        ("flush_done", 1),
        ("chunk", 2),
        ("flush_done", 2),
        ("done", None),
    ]


async def test_cartesia_makes_files_too(url: str) -> None:
    async with cartesia.AsyncCartesia(api_key="k", base_url=url) as client:
        made = await client.tts.generate(
            model_id="m",
            transcript="Hello there.",
            voice=VOICE,
            output_format={"container": "wav", "encoding": "pcm_s16le", "sample_rate": 16000},
        )
        file = await made.read()

    format, audio = read_wav(file)
    assert format == BROWSER
    assert 0.5 < len(audio) / BROWSER.bytes_per_second < 2


def order(**more: Any) -> str:
    base = {"context_id": "c", "model_id": "m", "voice": VOICE, "output_format": OUTPUT}
    return json.dumps({**base, "transcript": "Hello there. ", "continue": False, **more})


def dial(url: str, path: str, version: str = "2026-08-14", key: str = "k") -> connect:
    headers = {"authorization": f"Bearer {key}", "cartesia-version": version}
    return connect(url.replace("http", "ws") + path, additional_headers=headers, proxy=None)


@pytest.mark.parametrize(
    ("version", "key", "status"), [("2024-06-10", "k", 400), ("2026-08-14", "bad", 401)]
)
async def test_sockets_check_version_and_key(url: str, version: str, key: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await dial(url, "/tts/websocket", version, key)

    assert refused.value.response.status_code == status


async def events(ws: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    async for message in ws:
        event = json.loads(message)
        yield event
        if event.get("done"):
            return


async def test_a_cancelled_context_says_nothing_more(simulator: SpeechSimulator, url: str) -> None:
    simulator.world.timing = Timing(tts_ms=200)
    async with dial(url, "/tts/websocket") as ws:
        await ws.send(order(context_id="gone"))
        await ws.send(json.dumps({"context_id": "gone", "cancel": True}))
        await ws.send(order(context_id="stays"))
        ids = {event["context_id"] async for event in events(ws)}

    assert ids == {"stays"}
    assert simulator.world.speaking == 0


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"voice": ""}, 400), ({"output_format": {}}, 400), ({"locale": "en", "language": "en"}, 400)],
)
async def test_mistakes_are_answered_by_error_events(
    url: str, wrong: dict[str, Any], status: int
) -> None:
    async with dial(url, "/tts/websocket") as ws:
        await ws.send(order(**wrong))
        (event,) = [event async for event in events(ws)]

    assert (event["type"], event["status_code"]) == ("error", status)


async def test_a_plan_speaks_only_so_many_contexts() -> None:
    simulator = SpeechSimulator(contexts=1, timing=Timing(tts_ms=500))
    async with simulator.serving() as url, dial(url, "/tts/websocket") as ws:
        await ws.send(order(context_id="first"))
        await ws.send(order(context_id="second"))
        event = await anext(events(ws))

    assert (event["context_id"], event["status_code"]) == ("second", 429)


async def test_a_socket_breaks_in_the_middle_of_a_word(
    simulator: SpeechSimulator, url: str
) -> None:
    simulator.fail("tts/websocket", Fault(close=1011, after=0.2))
    heard = 0
    async with dial(url, "/tts/websocket") as ws:
        await ws.send(order())
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - any may be the last
            while True:
                heard += len(json.loads(await ws.recv())["data"])

    assert heard
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1011


async def test_an_idle_socket_is_closed() -> None:
    async with (
        SpeechSimulator(idle_seconds=0.01).serving() as url,
        dial(url, "/tts/websocket") as ws,
    ):
        with pytest.raises(ConnectionClosed):
            await ws.recv()


def pieces(audio: bytes) -> Iterator[bytes]:
    for at in range(0, len(audio), 800):
        yield audio[at : at + 800]


async def test_cartesia_hears_a_file(url: str, known: tuple[Utterance, ...]) -> None:
    async with cartesia.AsyncCartesia(api_key="k", base_url=url) as client:
        raw = await client.stt.transcribe(
            file=("a.raw", known[0].audio),
            model="ink-whisper",
            encoding="pcm_mulaw",
            sample_rate=8000,
        )

    assert raw.text == TEXTS[0]


async def test_finalize_gives_what_was_said_since(url: str, known: tuple[Utterance, ...]) -> None:
    audio, end = known[1].audio, round(known[1].ends[3] * 8000) // 160 * 160
    query = "?model=ink-2&encoding=pcm_mulaw&sample_rate=8000"
    texts = []
    async with dial(url, f"/stt/websocket{query}") as ws:
        for part, command in ((audio[:end], "finalize"), (audio[end:], "close")):
            for piece in pieces(part):
                await ws.send(piece)
            await ws.send(command)
        async for message in ws:
            event = json.loads(message)
            if event["type"] == "transcript":
                texts.append(event["text"])

    assert "".join(texts) == TEXTS[1]


async def test_turns_are_told_apart(url: str, known: tuple[Utterance, ...]) -> None:
    halves = 8000 * 3 // 10
    audio = (
        known[0].audio.rstrip(b"\xff")
        + silence(PHONE, 0.3)
        + known[1].audio[halves:]
        + silence(PHONE, 0.8)
    )
    query = "?model=ink-2&encoding=pcm_mulaw&sample_rate=8000"
    seen = []
    async with dial(url, f"/stt/turns/websocket{query}") as ws:
        for piece in pieces(audio):
            await ws.send(piece)
        async for message in ws:
            seen.append(json.loads(message))
            if seen[-1]["type"] == "turn.end":
                break

    kinds = [event["type"] for event in seen if event["type"] != "turn.update"]
    assert kinds == [
        "connected",
        "turn.start",
        "turn.eager_end",
        "turn.resume",
        "turn.eager_end",
        "turn.end",
    ]
    assert seen[-1]["transcript"].startswith(TEXTS[0])
    updates = [event["transcript"] for event in seen if event["type"] == "turn.update"]
    assert all(len(a) <= len(b) for a, b in pairwise(updates))
