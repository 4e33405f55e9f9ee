"""The whole product on the telephone, as `make run` starts it: no key, and the shipped phone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.asyncio.client import connect

from channels.events import BROWSER, PHONE, AudioFormat
from channels.twilio.simulator import Faults, Phone, PhoneCall
from channels.twilio.simulator.sound import from_mulaw
from gateway.settings import Settings
from gateway.speech.espeak import EspeakVoice
from gateway.store import calls
from gateway.store.calls import CallRecord
from gateway.store.engine import Database
from tests.kill.house import ROOT, House, house
from tests.waiting import until

pytestmark = pytest.mark.anyio

TOKEN = "an auth token"
ANN, BOB = "+33612345678", "+4366012345678"
NONE = "You have no reminders."


async def spoken(text: str, format: AudioFormat = PHONE) -> bytes:
    return b"".join([piece async for piece in EspeakVoice().speak(text, format=format)])


@asynccontextmanager
async def calling(door: House, **more: Any) -> AsyncIterator[PhoneCall]:
    async with Phone(ANN, voice=spoken).call(door.url, token=TOKEN, **more) as call:
        yield call


async def record(door: House, id: str, *, recordings: int = 0) -> CallRecord:
    """What the house kept of a call, once it is over and recorded."""
    database = Database(Settings(data_dir=door.folder / "data").database)
    try:
        with anyio.fail_after(5):
            while True:
                found = await database.read(calls.read, id)
                if found and found.ended_by and len(found.recordings) == recordings:
                    return found
                await anyio.sleep(0.02)
    finally:
        database.close()


def shape(sound: NDArray[np.int16]) -> NDArray[np.float64]:
    """How loud it is in each of 16 bands, every 10 ms: by it the same words are known again."""
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), 160)[::80]
    power = np.abs(np.fft.rfft(frames * np.hanning(160), axis=1))[:, 2:66]
    return np.asarray(np.log(power.reshape(len(frames), 16, 4).mean(axis=2) + 100))


async def can_be_heard(text: str, side: NDArray[np.int16]) -> bool:
    """Whether the words are in a sound, spoken by the voice that the house has."""
    said, heard = shape(from_mulaw(await spoken(text))), shape(side)
    said -= said.mean()
    places = np.lib.stride_tricks.sliding_window_view(heard, said.shape).reshape(-1, said.size)
    places = places - places.mean(axis=1, keepdims=True)
    likeness = places @ said.ravel() / (np.linalg.norm(places, axis=1) * np.linalg.norm(said) + 1)
    # Other sentences of the same voice stay below 0.6.
    return bool(likeness.max() > 0.85)


def frontdoor(door: House, *arguments: str) -> str:
    environment = {"PYTHONPATH": str(ROOT), "DATA_DIR": str(door.folder / "data"), "COLUMNS": "120"}
    ran = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


def phones(**more: str) -> Mapping[str, str]:
    return {"DEBOUNCE_SECONDS": "0.05", "TWILIO_AUTH_TOKEN": TOKEN, **more}


async def test_a_call_is_heard_answered_interrupted_recorded_and_listed(tmp_path: Path) -> None:
    async with house(tmp_path, phones(MAX_CALLS="1", RECORD_CALLS="on")) as door:
        async with calling(door) as call:
            await call.answer(since=0.0)
            asked = await call.say("what can you do")
            await call.until(lambda: call.speaking)
            async with Phone(BOB).call(door.url, token=TOKEN) as other:
                await other.ended()
            await call.until(lambda: call.now > asked.last + 2)
            await call.say("what are my reminders")
            await call.answer()
        kept = await record(door, call.sid, recordings=1)
        async with httpx.AsyncClient(trust_env=False, base_url=door.url) as client:
            stored = await client.get(f"/web/files/{kept.recordings[0]}")
            metrics = (await client.get("/metrics")).text
        listed = frontdoor(door, "calls")
        log = door.log

    assert other.streams == 0
    assert ["All lines are busy" in fact.detail for fact in other.noted("say")] == [True]
    assert [fact.detail for fact in call.noted("say")] == ["This call is recorded."]

    first, second = kept.told
    assert (first.asked, first.cut) == ("what can you do", True)
    assert (second.asked, second.cut) == ("what are my reminders", False)
    assert second.heard.startswith(NONE)
    (cleared,) = call.noted("clear")
    assert 0 < cleared.seconds < 1
    house_side = call.recording.stereo()[:, 1]
    assert await can_be_heard("Hello! How can I help you?", house_side)
    assert await can_be_heard(NONE, house_side)
    assert not await can_be_heard("All lines are busy.", house_side)

    assert stored.headers["content-type"] == "audio/wav"
    sides = np.frombuffer(stored.content[stored.content.index(b"data") + 8 :], np.uint8)
    theirs, ours = (from_mulaw(sides[side::2].tobytes()) for side in (0, 1))
    assert await can_be_heard(NONE, ours)
    assert not await can_be_heard(NONE, theirs)
    assert len(ours) / PHONE.rate == pytest.approx(call.recording.seconds, abs=1.0)

    assert ANN in listed
    assert "caller hung up" in listed
    assert 'frontdoor_calls_total{channel="phone",ended_by="caller"} 1.0' in metrics
    for secret in (ANN, BOB, "reminders", TOKEN):
        assert secret not in log
    assert "Traceback" not in log


async def test_a_call_goes_on_over_a_broken_line_and_one_that_stutters(tmp_path: Path) -> None:
    async with house(tmp_path, phones()) as door:

        async def broken() -> None:
            async with calling(door) as call:
                await call.answer(since=0.0)
                await call.lose_socket()
                await call.until(lambda: call.streams == 2)
                await call.answer(since=call.now)
                await call.say("what is on my list")
                await call.until(lambda: call.speaking)
                await call.press("7")
                await call.until(lambda: call.noted("clear"))
                await call.hang_up(rudely=True)
            kept = await record(door, call.sid)
            assert kept.ended_by == "lost"
            first = kept.told[0]
            assert (first.asked, first.cut) == ("what is on my list", True)

        async def stuttering() -> None:
            faults = Faults(
                late=((1.0, 0.4), (3.2, 0.3)), reorder_marks=True, unordered_statuses=True
            )
            async with calling(door, from_=BOB, faults=faults) as call:
                await call.answer(since=0.0)
                await call.say("what are my reminders")
                assert await call.answer()
            kept = await record(door, call.sid)
            (turn,) = kept.told
            assert (kept.state, turn.asked) == ("completed", "what are my reminders")
            assert await can_be_heard(NONE, call.recording.stereo()[:, 1])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(broken)
            tasks.start_soon(stuttering)
        assert "Traceback" not in door.log


@dataclass
class Tab:
    """A browser's tab: what it hears and reads."""

    events: list[dict[str, Any]] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)

    def texts(self, kind: str, role: str) -> list[str]:
        """What was said in captions, or written in messages."""
        found = [
            event for event in self.events if (event["type"], event.get("role")) == (kind, role)
        ]
        return [str(event.get("text") or event["parts"][0].get("text")) for event in found]


async def test_what_was_typed_is_spoken_of_in_the_same_conversation(tmp_path: Path) -> None:
    tab = Tab()
    async with house(tmp_path, phones()) as door, anyio.create_task_group() as tasks:
        async with httpx.AsyncClient(trust_env=False) as client:
            token = (await client.post(f"{door.url}/web/sessions", json={})).json()["token"]
        address = door.url.replace("http", "ws", 1) + "/web/socket"
        async with connect(address, proxy=None) as socket:

            async def read() -> None:
                async for frame in socket:
                    if isinstance(frame, bytes):
                        tab.sound.extend(frame)
                    else:
                        tab.events.append(json.loads(frame))

            async def tell(**fact: Any) -> None:
                await socket.send(json.dumps(fact))

            async def speak(pcm: bytes) -> None:
                frame = BROWSER.bytes_per_second // 50
                begun = anyio.current_time()
                for number, at in enumerate(range(0, len(pcm), frame)):
                    await anyio.sleep_until(begun + number / 50)
                    await socket.send(pcm[at : at + frame])

            tasks.start_soon(read)
            await tell(type="hello", token=token, after=0)
            id = "8b6f3f0e-8a9e-4ac9-9d6c-0d6f4f1d2c3b"
            await tell(type="message", id=id, text="add a task: buy milk", files=[])
            await until(lambda: tab.texts("message", "agent"), seconds=10)
            await tell(type="voice", on=True)
            await until(lambda: tab.texts("caption", "agent"), seconds=10)
            quiet = bytes(BROWSER.bytes_per_second)
            # The greeting is not to be interrupted.
            await speak(quiet * 3 + await spoken("what is on my list", BROWSER) + quiet * 2)
            await until(lambda: len(tab.texts("message", "agent")) >= 2, seconds=10)
            await until(lambda: "milk" in " ".join(tab.texts("caption", "agent")), seconds=10)
        tasks.cancel_scope.cancel()

    assert tab.texts("message", "user") == ["add a task: buy milk", "what is on my list"]
    assert "milk" in tab.texts("message", "agent")[1]
    assert np.abs(np.frombuffer(tab.sound, "<i2")).max() > 3000
