"""Voice notes: listened to once, shown as heard, and never met with silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from channels.events import Amended, Entry, File, Live, Message, Part, Text, Transcript
from gateway.agent.scripted import ScriptedAgent
from gateway.errors import SpeechMissing, SpeechUnreachable
from gateway.speech.base import Speech, Transcription
from gateway.speech.recoding import DECODED
from gateway.telemetry import REGISTRY
from gateway.turns import notes, turn
from gateway.turns.notes import Notes, expected_language
from prompts import sentence
from tests.gateway.doubles import PaperChannel, ScriptedRecogniser, message, sender
from tests.gateway.rig import Rig, rig
from tests.gateway.speech.test_recoding import recorded
from tests.waiting import until

pytestmark = pytest.mark.anyio

OGG = b"OggS, with words"


def words(key: str, **values: object) -> str:
    return sentence("gateway", key, "en", **values)


def voice(source: str = "src", name: str = "voice.ogg") -> File:
    return File(name, "audio/ogg", source=source, kind="voice")


def note(event: str, *parts: Part, locale: str = "en") -> Message:
    return message(event, parts=parts or (voice(),), who=sender(locale=locale))


@asynccontextmanager
async def house(
    folder: Path, url: str, recogniser: ScriptedRecogniser, files: dict[str, bytes] | None = None
) -> AsyncIterator[Rig]:
    channel = PaperChannel(files=files or {"src": OGG})
    async with rig(folder, url, channel=channel) as it:
        it.chat.player.notes = Notes(recogniser, it.files, it.database)
        yield it


async def test_a_voice_note_is_read_by_the_agent_and_quoted_to_its_speaker(
    tmp_path: Path,
) -> None:
    agent = ScriptedAgent("say:Two things.")
    recogniser = ScriptedRecogniser({OGG: " What's on my list? "})
    async with agent.serving() as url, house(tmp_path, url, recogniser) as it:
        receipt = await it.accept(note("e1"))
        [sent] = await it.channel.until_sent(1)
        assert sent == {"to": "1", "text": "Two things.", "quote": "What's on my list?"}
        assert it.channel.previews[0].shown[0] == "> What's on my list?"
        [entry, answer] = await it.log(receipt.conversation)
    [file, transcript] = entry.parts
    assert isinstance(file, File)
    assert transcript == Transcript("What's on my list?", "en")
    assert answer.parts == (Text("Two things."),)
    [received] = agent.received
    assert (received.text, received.files) == ("What's on my list?", ())


async def test_whoever_reads_along_sees_what_was_heard_before_the_answer(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Two things.")
    recogniser = ScriptedRecogniser({OGG: "What's on my list?"})
    seen: list[Live] = []
    async with agent.serving() as url, house(tmp_path, url, recogniser) as it:
        conversation = await it.inbox.open(sender(), note("e0").route)
        async with it.bus.follow(conversation) as events:
            receipt = await it.accept(note("e1"))
            async for event in events:
                seen.append(event)
                if isinstance(event, Entry) and event.role == "agent":
                    break
    fetched, heard = [event for event in seen if isinstance(event, Amended)]
    assert {fetched.id, heard.id} == {receipt.id}
    # The recording itself, once it is here, and then what was said in it.
    [file] = fetched.parts
    assert isinstance(file, File)
    assert file.id
    assert heard.parts == (file, Transcript("What's on my list?", "en"))


async def test_a_recording_goes_to_the_recogniser_as_it_was_sent(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:ok")
    recogniser = ScriptedRecogniser({OGG: "hello"})
    async with agent.serving() as url, house(tmp_path, url, recogniser) as it:
        await it.accept(note("e1", locale="de-AT"))
        await it.channel.until_sent(1)
    assert recogniser.asked == [(Speech(OGG, None, "voice.ogg"), "de")]


async def test_a_recording_of_a_kind_that_recognisers_refuse_is_decoded_first(
    tmp_path: Path,
) -> None:
    agent = ScriptedAgent("say:ok")
    recogniser = ScriptedRecogniser()
    files = {"src": recorded("ogg", "libopus", 0.5)}
    async with agent.serving() as url, house(tmp_path, url, recogniser, files) as it:
        await it.accept(note("e1", voice(name="memo.amr")))
        await it.channel.until_sent(1)
    [(speech, _)] = recogniser.asked
    assert speech.format == DECODED


async def test_an_agent_that_is_down_does_not_make_us_listen_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "FIRST_WAIT_SECONDS", 0.01)
    recogniser = ScriptedRecogniser({OGG: "hello"})
    async with house(tmp_path, "http://127.0.0.1:1", recogniser) as it:
        await it.accept(note("e1"))
        await until(lambda: len(it.channel.previews) > 2)
        [sent] = it.channel.sent
        assert (sent["text"], sent["quote"]) == (words("unreachable"), "hello")
    assert len(recogniser.asked) == 1


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        ("", "voice_no_words"),
        (SpeechUnreachable("busy"), "voice_failed"),
        (SpeechMissing("no model"), "voice_not_yet"),
        (RuntimeError("a bug"), "voice_failed"),
        (Transcription("delete everything", doubtful=True), "voice_no_words"),
    ],
)
async def test_a_recording_that_was_not_understood_is_answered_with_why(
    tmp_path: Path, heard: str | Transcription | Exception, told: str
) -> None:
    agent = ScriptedAgent("say:never")
    async with agent.serving() as url, house(tmp_path, url, ScriptedRecogniser({OGG: heard})) as it:
        await it.accept(note("e1"))
        [sent] = await it.channel.until_sent(1)
        assert sent["text"] == words(told)
    assert agent.received == []


async def test_a_recogniser_that_never_answers_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf(ScriptedRecogniser):
        async def transcribe(
            self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
        ) -> Transcription:
            await anyio.sleep_forever()
            raise AssertionError

    monkeypatch.setattr(notes, "LISTEN_SECONDS", 0.01)
    agent = ScriptedAgent("say:never")
    async with agent.serving() as url, house(tmp_path, url, Deaf()) as it:
        await it.accept(note("e1"))
        [sent] = await it.channel.until_sent(1)
        assert sent["text"] == words("voice_failed")


async def test_what_was_written_beside_a_recording_is_answered_all_the_same(
    tmp_path: Path,
) -> None:
    agent = ScriptedAgent("say:Fine.")
    recogniser = ScriptedRecogniser({OGG: SpeechUnreachable("busy")})
    async with agent.serving() as url, house(tmp_path, url, recogniser) as it:
        await it.accept(note("e1", Text("listen"), voice()))
        [sent] = await it.channel.until_sent(1)
        assert sent["text"] == f"{words('voice_failed')}\n\nFine."
    assert [m.text for m in agent.received] == ["listen"]


async def test_several_recordings_are_heard_in_the_order_they_were_sent(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:ok")
    recogniser = ScriptedRecogniser({b"1": "one", b"2": "two"})
    files = {"a": b"1", "b": b"2"}
    async with agent.serving() as url, house(tmp_path, url, recogniser, files) as it:
        await it.accept(note("e1", voice("a"), voice("b")))
        [sent] = await it.channel.until_sent(1)
        assert sent["quote"] == "one\n\ntwo"
    assert [m.text for m in agent.received] == ["one\ntwo"]


async def test_a_recording_that_is_too_long_is_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "SHORT_BYTES", 0)
    monkeypatch.setattr("gateway.speech.recoding.LONGEST_SECONDS", 1.0)
    agent, recogniser = ScriptedAgent("say:never"), ScriptedRecogniser()
    files = {"src": recorded("ogg", "libopus", 2.0)}
    async with agent.serving() as url, house(tmp_path, url, recogniser, files) as it:
        await it.accept(note("e1"))
        [sent] = await it.channel.until_sent(1)
        assert sent["text"] == words("voice_too_long", minutes=0)
    assert recogniser.asked == []


async def test_music_is_passed_on_without_being_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "SHORT_BYTES", 0)
    monkeypatch.setattr(notes, "MUSIC_SECONDS", 1.0)
    agent, recogniser = ScriptedAgent("say:Nice."), ScriptedRecogniser()
    files = {"src": recorded("mp3", "libmp3lame", 2.0)}
    song = File("song.mp3", "audio/mpeg", source="src", kind="audio")
    async with agent.serving() as url, house(tmp_path, url, recogniser, files) as it:
        await it.accept(note("e1", Text("what is this?"), song))
        [sent] = await it.channel.until_sent(1)
        assert sent == {"to": "1", "text": "Nice."}
    assert recogniser.asked == []
    assert agent.received[0].files == ("song.mp3",)


async def test_an_audio_file_with_words_is_read_and_kept_as_a_file(tmp_path: Path) -> None:
    agent, recogniser = ScriptedAgent("say:ok"), ScriptedRecogniser({OGG: "minutes of the board"})
    memo = File("memo.m4a", "audio/mp4", source="src", kind="audio")
    async with agent.serving() as url, house(tmp_path, url, recogniser) as it:
        await it.accept(note("e1", memo))
        await it.channel.until_sent(1)
    [received] = agent.received
    assert received.text == "minutes of the board"
    assert received.files == ("memo.m4a",)


async def test_listening_can_be_stopped(tmp_path: Path) -> None:
    started = anyio.Event()

    class Slow(ScriptedRecogniser):
        async def transcribe(
            self, speech: Speech, *, locale: str = "", vocabulary: tuple[str, ...] = ()
        ) -> Transcription:
            started.set()
            await anyio.sleep_forever()
            raise AssertionError

    agent = ScriptedAgent("say:never")
    async with agent.serving() as url, house(tmp_path, url, Slow()) as it:
        receipt = await it.accept(note("e1"))
        await started.wait()
        assert await it.inbox.cancel(receipt.conversation)
        [sent] = await it.channel.until_sent(1)
        assert sent["text"] == words("stopped")
    assert agent.received == []


async def test_what_came_of_listening_is_counted(tmp_path: Path) -> None:
    def count() -> float:
        name, labels = "frontdoor_voice_notes_total", {"result": "heard"}
        return REGISTRY.get_sample_value(name, labels) or 0.0

    before = count()
    agent = ScriptedAgent("say:ok")
    async with agent.serving() as url, house(tmp_path, url, ScriptedRecogniser({OGG: "hi"})) as it:
        await it.accept(note("e1"))
        await it.channel.until_sent(1)
    assert count() == before + 1


def test_an_app_in_english_says_little_of_what_its_owner_speaks() -> None:
    assert [expected_language(locale) for locale in ("en", "en-GB", "")] == ["", "", ""]
    assert [expected_language(locale) for locale in ("de", "fr-CA", "es_MX")] == ["de", "fr", "es"]
