"""The switchboard in the real house: calls side by side, their records, and what they store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import anyio
import anyio.lowlevel
import pytest
import structlog.testing
from anyio.abc import TaskGroup

from channels.events import BROWSER, Address, AudioFormat, Sender, Text, Transcript
from gateway.agent.base import About
from gateway.agent.scripted import ScriptedAgent
from gateway.bus.base import Bus
from gateway.call.policy import Policy
from gateway.errors import AgentUnreachable, SpeechMissing
from gateway.line import switchboard as calls
from gateway.line.switchboard import Switchboard
from gateway.replicas import tie
from gateway.speech.base import Ear
from gateway.store import calls as call_store
from gateway.store.calls import CallRecord
from gateway.voice import VoiceParts
from prompts import sentence
from tests.gateway.bus.paper import PaperStore, replica
from tests.gateway.doubles import message
from tests.gateway.lines import (
    CallerRecogniser,
    LetterVoice,
    LoudActivity,
    PaperLine,
    a_call,
)
from tests.gateway.rig import Rig, rig
from tests.waiting import until

pytestmark = pytest.mark.anyio


@dataclass
class House:
    """A switchboard, the worker behind it, and the parts that hear and speak."""

    board: Switchboard
    rig: Rig
    recogniser: CallerRecogniser
    voice: LetterVoice
    tasks: TaskGroup

    def phones(self, **call: object) -> PaperLine:
        """Somebody phones, and is heard by the recogniser."""
        line = PaperLine(a_call(**call))  # type: ignore[arg-type]  # checked by a_call
        self.recogniser.line = line
        self.tasks.start_soon(self.board.answer, line)
        return line

    async def over(self, line: PaperLine) -> None:
        line.hung_up()
        await until(lambda: not self.board.on_line(line.call.sender.address))

    async def record(self, id: str = "CA1") -> CallRecord:
        record = await self.rig.database.read(call_store.read, id)
        assert record
        return record


@asynccontextmanager
async def house(
    folder: Path,
    script: str = "say:Yes.",
    *,
    url: str = "",
    most: int = 10,
    record: bool = False,
    preempt: Literal["auto", "always", "never"] = "never",
    activity: LoudActivity | None = None,
    monotonic: Callable[[], float] | None = None,
    bus: Bus | None = None,
) -> AsyncIterator[House]:
    async with ScriptedAgent(script).serving() as served, rig(folder, url or served, bus=bus) as it:
        voice, recogniser = LetterVoice(), CallerRecogniser(PaperLine())
        parts = VoiceParts(
            it.database,
            it.bus,
            it.inbox,
            it.chat.player.agent,
            recogniser,
            voice,
            activity or LoudActivity(),
            Policy(end_of_turn=0.15),
            greeting="Hi.",
        )
        board = Switchboard(parts, it.files, most, record=record, preempt=preempt)
        if monotonic:
            board.monotonic = monotonic
        async with board.running(), anyio.create_task_group() as tasks:
            yield House(board, it, recogniser, voice, tasks)
            tasks.cancel_scope.cancel()


async def test_what_was_said_and_answered_is_stored_as_in_any_conversation(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        line = it.phones()
        await line.has_heard("Hi.")
        await line.says("what is up", quiet=0.0)
        await line.has_heard("Yes.")
        await it.over(line)
        record = await it.record()
        asked, answer = await it.rig.log(record.conversation)
    assert (asked.role, asked.parts) == ("user", (Transcript("what is up"),))
    assert (answer.role, answer.parts) == ("agent", (Text("Yes."),))


async def test_a_call_is_kept_with_its_turns(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        line = it.phones()
        await line.has_heard("Hi.")
        await line.says("what is up", quiet=0.0)
        await line.has_heard("Yes.")
        await anyio.sleep(0.2)
        await it.over(line)
        record = await it.record()
    assert (record.channel, record.direction, record.state) == ("phone", "in", "completed")
    assert (record.ended_by, record.turns) == ("caller", 1)
    assert record.seconds
    assert record.ended_at
    [turn] = record.told
    assert (turn.number, turn.asked, turn.heard, turn.cut) == (1, "what is up", "Yes.", False)
    assert {"transcript", "commit", "text", "audio"} <= turn.figures.keys()
    assert record.figures["cost"] == pytest.approx(0.25 * len(it.recogniser.asked))
    assert record.started_at - 1 < turn.at < record.ended_at


async def test_who_calls_while_the_house_still_opens_is_answered_once_it_has(
    tmp_path: Path,
) -> None:
    """So is Twilio, which takes a call up again at once when a server died and comes back."""

    class Opening(LoudActivity):
        opened = False

        @asynccontextmanager
        async def running(self) -> AsyncIterator[None]:
            self.opened = True
            yield

        def listen(self, format: AudioFormat, on_window: Callable[[float, float], None]) -> Ear:
            assert self.opened
            return super().listen(format, on_window)

    async with house(tmp_path) as it:
        early = replace(it.board.parts, activity=Opening())
        it.board = Switchboard(early, it.rig.files, 1, preempt="never")
        line = it.phones(resumed=True)
        await anyio.wait_all_tasks_blocked()
        async with it.board.running():
            await line.has_heard("I am back.")
            await it.over(line)
        assert (await it.record()).ended_by == "caller"


async def test_a_call_that_is_taken_up_again_keeps_what_was_before(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        for number, resumed in enumerate((False, True), start=1):
            line = it.phones(resumed=resumed)
            await line.has_heard(".")
            await line.says(f"question {['one', 'two'][number - 1]}", quiet=0.0)
            await line.has_heard("Yes.")
            line.hung_up(lost=not resumed)
            await it.over(line)
        record = await it.record()
    assert [(turn.number, turn.asked) for turn in record.told] == [
        (1, "question one"),
        (2, "question two"),
    ]
    assert (record.turns, record.ended_by) == (2, "caller")
    assert record.figures["cost"] == pytest.approx(0.25 * len(it.recogniser.asked))


async def test_there_is_room_for_so_many_calls_and_no_more(tmp_path: Path) -> None:
    async with house(tmp_path, most=2) as it:
        assert it.board.room()
        first = it.phones(id="CA1")
        assert it.board.room()
        second = it.phones(id="CA2")
        await until(lambda: it.board._live.total() == 2)
        assert not it.board.room()
        first.hung_up()
        await until(it.board.room)
        assert it.board.on_line(second.call.sender.address)
        await it.over(second)
        assert not it.board.on_line(second.call.sender.address)


async def test_who_is_on_a_line_of_another_replica_is_known_and_told_there(
    tmp_path: Path, redis_server: str
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    async with (
        replica(PaperStore(), redis_server) as here,
        replica(PaperStore(), redis_server) as there,
        house(tmp_path / "here", bus=here) as it,
        house(tmp_path / "there", bus=there) as other,
    ):
        tie(here, it.rig.chat, it.board)
        line = it.phones()
        await line.has_heard("Hi.")
        address = line.call.sender.address
        await until(lambda: other.board.on_line(address))
        other.board.tell(address, "Look at your phone.")
        await line.has_heard("Look at your phone.")
        await it.over(line)
        await until(lambda: not other.board.on_line(address))


async def test_a_loop_that_is_late_takes_no_more_calls_until_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "LAG_EVERY", 0.005)
    late = 1.0
    now = 0.0

    def monotonic() -> float:
        nonlocal now
        now += late
        return now

    async with house(tmp_path, monotonic=monotonic) as it:
        began = now
        await until(lambda: now > began + 20 * late)
        # Who starts up is late, and that is no reason to turn the first caller away.
        assert it.board.room()
        line = it.phones()
        await until(lambda: not it.board.room())
        late = 0.0
        await until(it.board.room)
        late = 1.0
        await until(lambda: not it.board.room())
        await it.over(line)
        await until(it.board.room)


async def test_a_call_that_fails_is_over_and_the_others_go_on(tmp_path: Path) -> None:
    class Moody(LoudActivity):
        def listen(self, format: AudioFormat, on_window: Callable[[float, float], None]) -> Ear:
            if len(self.ears) == 1:
                self.ears.append(self.ears[0])
                raise RuntimeError("a bug")
            return super().listen(format, on_window)

    async with house(tmp_path, activity=Moody()) as it:
        good = it.phones(id="CA1")
        await good.has_heard("Hi.")
        with structlog.testing.capture_logs() as logs:
            await it.board.answer(PaperLine(a_call(id="CA2")))
        assert "call_failed" in [entry["event"] for entry in logs]
        await good.says("what is up", quiet=0.0)
        await good.has_heard("Yes.")
        await it.over(good)


@pytest.mark.parametrize("failure", [SpeechMissing("no model"), RuntimeError("a bug")])
async def test_a_part_that_cannot_be_warmed_up_is_no_reason_not_to_start(
    tmp_path: Path, failure: Exception
) -> None:
    class Cold(LoudActivity):
        async def warm(self) -> None:
            await super().warm()
            raise failure

    activity = Cold()
    with structlog.testing.capture_logs() as logs:
        async with house(tmp_path, activity=activity) as it:
            await until(lambda: activity.warmed)
            line = it.phones()
            await line.has_heard("Hi.")
            await it.over(line)
    assert "speech_not_warm" in [entry["event"] for entry in logs]


@pytest.mark.parametrize(
    ("preempt", "drafts", "expected"),
    [
        ("auto", True, True),
        ("auto", False, False),
        ("always", False, True),
        ("never", True, False),
    ],
)
async def test_the_agent_starts_early_if_it_can_or_if_it_is_said_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    preempt: Literal["auto", "always", "never"],
    *,
    drafts: bool,
    expected: bool,
) -> None:
    monkeypatch.setattr(calls, "ASK_AGAIN_SOON", 0.01)
    monkeypatch.setattr(calls, "ASK_AGAIN", 0.01)
    asked = 0

    async def about() -> About:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise AgentUnreachable("it starts only now")
        return About("a", "1", streaming=True, notifications=False, drafts=drafts)

    async with house(tmp_path, preempt="never") as it:
        it.board.preempt = preempt
        monkeypatch.setattr(it.rig.chat.player.agent, "about", about)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.board._ask_for_drafts)
            if preempt == "auto":
                await until(lambda: asked > 2)
            else:
                await anyio.lowlevel.checkpoint()
                await anyio.lowlevel.checkpoint()
                assert asked == 0
            tasks.cancel_scope.cancel()
        assert it.board._preempts is expected


async def test_a_recording_is_announced_and_found_in_the_record(tmp_path: Path) -> None:
    announced = sentence("voice", "recorded", "en")
    async with house(tmp_path, record=True) as it:
        line = it.phones(channel="web", format=BROWSER)
        await until(lambda: it.voice.said)
        assert it.voice.said[0].startswith(announced)
        await anyio.sleep(0.1)
        line.hung_up()
        await until(lambda: not it.board.on_line(line.call.sender.address))
        record = await it.record()
        [recording] = record.recordings
        file = await it.rig.files.find(recording)
    assert file
    assert (file.name, file.media_type) == ("CA1.wav", "audio/wav")
    assert file.size > 1000


async def test_a_call_that_we_are_told_to_stop_in_is_kept_with_its_recording(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, record=True) as it:
        line = it.phones()
        await line.has_heard("Hi.")
        # Who phones was told before by the telephone's own words.
        assert it.voice.said == ["Hi."]
        it.tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await until(lambda: not it.board.on_line(line.call.sender.address))
            record = await it.record()
    assert len(record.recordings) == 1
    assert record.ended_at


async def test_a_call_keeps_the_recording_of_every_line_that_it_was_on(tmp_path: Path) -> None:
    async with house(tmp_path, record=True) as it:
        for resumed in (False, True):
            line = it.phones(resumed=resumed)
            await line.has_heard(".")
            line.hung_up(lost=not resumed)
            await it.over(line)
        first, second = (await it.record()).recordings
        assert first != second
        assert await it.rig.files.find(first)
        assert await it.rig.files.find(second)


async def test_what_the_platform_says_of_a_call_is_kept_though_it_never_came(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as it:
        await it.board.called("CA9", "no-answer")
        assert (await it.record("CA9")).state == "no-answer"


async def test_an_agent_that_is_out_of_reach_is_owned_up_to_aloud(tmp_path: Path) -> None:
    async with house(tmp_path, url="http://127.0.0.1:1") as it:
        line = it.phones()
        await line.has_heard("Hi.")
        await line.says("what is up", quiet=0.0)
        told = sentence("gateway", "unreachable", "en")
        await until(lambda: any(told.startswith(clause) for clause in it.voice.said))
        await it.over(line)


async def test_what_is_typed_meanwhile_is_answered_aloud(tmp_path: Path) -> None:
    async with house(tmp_path, "say:Noted.") as it:
        line = it.phones()
        await line.has_heard("Hi.")
        typist = Sender(line.call.sender.address, locale="en")
        await it.rig.accept(message("typed", "hello", who=typist))
        await line.has_heard("Noted.")
        await it.over(line)


async def test_what_is_typed_meanwhile_outlives_our_being_interrupted(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Once upon a time there was a king. He had;gate:end;done")
    async with agent.serving() as url, house(tmp_path, url=url) as it:
        line = it.phones()
        await line.has_heard("Hi.")
        await line.says("tell me a story", quiet=0.0)
        await line.has_heard("Once")
        typist = Sender(line.call.sender.address, locale="en")
        await it.rig.accept(message("typed", "and buy milk", who=typist))
        await line.says("no wait stop that", quiet=0.0)
        await until(lambda: len(agent.messages) > 1)
        assert "and buy milk" in agent.messages[1].text
        await it.over(line)


async def test_what_was_said_last_is_stored_in_the_real_inbox_too(tmp_path: Path) -> None:
    async with house(tmp_path, "silent") as it:
        line = it.phones()
        await line.has_heard("Hi.")
        await line.says("buy some milk", quiet=0.0)
        await until(lambda: line.captions("user"))
        await it.over(line)
        record = await it.record()
        [entry] = await it.rig.log(record.conversation)
    assert entry.parts == (Transcript("buy some milk"),)


async def test_an_answer_that_takes_too_long_is_delivered_though_they_hung_up(
    tmp_path: Path,
) -> None:
    agent = ScriptedAgent("task;gate:later;done:Your flight is at nine.")
    async with agent.serving() as url, house(tmp_path, url=url) as it:
        it.rig.chat.player.voice_detach_seconds = 0.05
        line = it.phones(channel="paper")
        await line.has_heard("Hi.")
        await line.says("find my flight", quiet=0.0)
        await until(lambda: agent.received and not it.rig.chat._holds)
        await it.over(line)
        agent.open("later")
        await it.rig.channel.until_sent(1)
        assert it.rig.channel.texts == ["Your flight is at nine."]
        assert Address("paper", "+4312345") == line.call.sender.address


async def test_a_house_that_is_only_tried_out_gets_its_ears_with_the_first_call(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as it:
        activity = it.board.parts.activity
        warmed: list[str] = []

        class Slow(LoudActivity):
            async def warm(self) -> None:
                warmed.append("ears")
                await anyio.lowlevel.checkpoint()

        parts = replace(it.board.parts, activity=Slow())
        board = Switchboard(parts, it.rig.files, 1, preempt="never", eager=False)
        async with board.running():
            await anyio.wait_all_tasks_blocked()
            assert warmed == []
            assert board.room()
            await anyio.wait_all_tasks_blocked()
            assert warmed == ["ears"]
        assert activity is not parts.activity
