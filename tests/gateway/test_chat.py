"""Written conversation end to end: store, conductors and agent are real, the channel is paper."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from channels.base import MaybeSent, NotSent, Refused
from channels.events import Choices, Command, Delta, Entry, File, Status, Text, TurnState
from gateway.agent.scripted import ScriptedAgent
from gateway.agent.scripted.scripts import Script, parse
from tests.gateway.doubles import PaperChannel, message, sender
from tests.gateway.rig import rig
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_message_is_answered_once(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hello ;say:there.;done")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        receipt = await house.accept(message("e1", "hi"))
        assert await house.channel.until_sent(1) == [{"to": "1", "text": "Hello there."}]
        [user, reply] = await house.log(receipt.conversation)
        assert (user.seq, reply.seq, reply.parts) == (1, 2, (Text("Hello there."),))
    assert [m.text for m in agent.received] == ["hi"]


async def test_what_arrives_together_is_asked_as_one(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:ok")
    async with agent.serving() as url, rig(tmp_path, url, debounce=0.2) as house:
        await house.accept(message("e1", "one"))
        await house.accept(message("e2", "two"))
        await house.channel.until_sent(1)
    assert [m.text for m in agent.received] == ["one\n\ntwo"]


async def test_what_arrives_during_a_turn_becomes_the_next(tmp_path: Path) -> None:
    agent = ScriptedAgent(
        lambda m: [
            *_script("task;gate:go" if m.text == "first" else ""),
            *_script(f"say:re {m.text}".replace("\n\n", "+")),
        ]
    )
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "first"))
        await until(lambda: len(agent.received) == 1)
        await house.accept(message("e2", "second"))
        await house.accept(message("e3", "third"))
        agent.open("go")
        await house.channel.until_sent(2)
        assert house.channel.texts == ["re first", "re second+third"]


async def test_the_reply_grows_before_everybodys_eyes(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;say:lo;gate:end;done")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        conversation = await house.inbox.open(sender(), message("x").route)
        live: list[object] = []
        async with house.bus.follow(conversation) as events:
            await house.accept(message("e1"))
            async for event in events:
                live.append(event)
                if isinstance(event, Delta) and event.text == "lo":
                    agent.open("end")
                if isinstance(event, Status) and event.state is TurnState.DONE:
                    break
        deltas = "".join(event.text for event in live if isinstance(event, Delta))
        assert deltas == "Hello"
        assert [e.role for e in live if isinstance(e, Entry)] == ["user", "agent"]
        assert house.channel.previews[0].shown[-1] == "Hello"
        assert house.channel.previews[0].closed


async def test_who_comes_in_the_middle_sees_what_was_said_so_far(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;say:lo;gate:end;done")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        receipt = await house.accept(message("e1"))
        await until(lambda: house.channel.previews and house.channel.previews[0].shown)
        await until(lambda: house.channel.previews[0].shown[-1] == "Hello")
        async with house.bus.follow(receipt.conversation) as events:
            first = [await anext(events), await anext(events)]
        working = Status(1, TurnState.WORKING, messages=(receipt.id,))
        assert first == [working, Delta(1, "Hello")]
        agent.open("end")
        await house.channel.until_sent(1)


async def test_cancel_reaches_the_agents_task(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Once upon a time;gate:never")
    async with agent.serving() as url, rig(tmp_path, url, lease=60.0) as house:
        await house.accept(message("e1", "a story"))
        await until(lambda: house.channel.previews and house.channel.previews[0].shown)
        await house.accept(message("e2", "", command="cancel"))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Once upon a time\n\nStopped."]
    assert "CancelTask" in agent.calls


async def test_cancel_with_nothing_under_way_says_so(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:ok")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "", command="cancel", who=sender(locale="de")))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Gerade läuft nichts."]
    assert agent.received == []


async def test_a_slow_task_is_left_to_itself_and_its_end_is_told(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;gate:later;say:Here it is.;done")
    async with agent.serving() as url, rig(tmp_path, url, detach=0.1) as house:
        await house.accept(message("e1", "a long one"))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["I'm on it, I'll tell you when it is done."]
        agent.open("later")
        await house.channel.until_sent(2)
        assert house.channel.texts[1] == "Here it is."


async def test_the_conversation_goes_on_while_a_task_works_in_the_background(
    tmp_path: Path,
) -> None:
    script = _script("last:I will remind you.;gate:ring;done:Call the bank!")
    agent = ScriptedAgent(lambda m: script if "remind" in m.text else _script("say:Sure."))
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1", "remind me"))
        await house.channel.until_sent(1)
        await house.accept(message("e2", "thanks"))
        await house.channel.until_sent(2)
        agent.open("ring")
        await house.channel.until_sent(3)
        assert house.channel.texts == ["I will remind you.", "Sure.", "Call the bank!"]


async def test_a_question_is_answered_by_the_next_message(tmp_path: Path) -> None:
    ask = _script("ask:Which?|Red=r|Blue=b")
    agent = ScriptedAgent(lambda m: _script(f"say:You chose {m.text}.") if m.task else ask)
    async with agent.serving() as url, rig(tmp_path, url) as house:
        receipt = await house.accept(message("e1", "paint it"))
        await house.channel.until_sent(1)
        assert house.channel.sent[0]["choices"] == ["r", "b"]
        await house.accept(message("e2", "b"))
        await house.channel.until_sent(2)
        assert house.channel.texts == ["Which?", "You chose b."]
        assert isinstance((await house.log(receipt.conversation))[1].parts[1], Choices)
    assert agent.received[1].task


async def test_files_reach_the_agent_and_come_back(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Thanks.;file:note.txt=Buy milk;done")
    channel = PaperChannel(files={"src": b"PNG"})
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        photo = File("photo.png", "image/png", source="src", kind="image")
        receipt = await house.accept(message("e1", parts=[Text("look"), photo]))
        await channel.until_sent(2)
        assert channel.sent[1] == {"to": "1", "file": "note.txt"}
        [user, reply] = await house.log(receipt.conversation)
        kept = user.parts[1]
        assert isinstance(kept, File)
        assert await house.files.read(kept.id) == b"PNG"
        note = reply.parts[1]
        assert isinstance(note, File)
        assert await house.files.read(note.id) == b"Buy milk"
    assert agent.received[0].files == ("photo.png",)


async def test_an_agent_that_is_down_is_waited_for(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:I was away.")
    async with agent.serving() as url:
        port = int(url.rsplit(":", 1)[1])
    async with rig(tmp_path, url) as house:
        await house.accept(message("e1", "are you there?"))
        await house.channel.until_sent(1)
        assert "Your message is kept" in house.channel.texts[0]
        async with agent.serving(port=port):
            await house.channel.until_sent(2)
            assert house.channel.texts[1] == "I was away."
    assert [m.text for m in agent.messages] == ["are you there?"]


async def test_a_cut_stream_neither_loses_nor_repeats_a_word(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;cut;say:lo;done")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Hello"]
    assert len(agent.messages) == 1


async def test_an_agent_that_fails_is_spoken_for_in_plain_words(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;fail:")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == [
            "Sorry, that did not work out. Please try again, or put it another way."
        ]


async def test_a_bare_message_is_a_reply_too(tmp_path: Path) -> None:
    agent = ScriptedAgent("message:Just this.")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        await house.accept(message("e1"))
        await house.channel.until_sent(1)
        assert house.channel.texts == ["Just this."]


async def test_a_recording_is_kept_and_its_sender_told(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:never")
    channel = PaperChannel(files={"src": b"OGG"})
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        voice = File("voice.ogg", "audio/ogg", source="src", kind="voice")
        await house.accept(message("e1", parts=[voice]))
        await channel.until_sent(1)
        assert "I got your recording" in channel.texts[0]
    assert agent.received == []


async def test_a_worker_that_dies_mid_turn_leaves_it_to_the_next(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hel;gate:go;say:lo;done")
    async with agent.serving() as url:
        async with rig(tmp_path, url, worker="first", lease=1.0) as house:
            receipt = await house.accept(message("e1"))
            await until(lambda: house.channel.previews and house.channel.previews[0].shown)
            # As SIGKILL would: nothing is given back.
            house.chat.worker = "nobody"
        async with rig(tmp_path, url, worker="second", lease=1.0) as house:
            await until(lambda: house.channel.previews)
            agent.open("go")
            await house.channel.until_sent(1)
            assert house.channel.texts == ["Hello"]
            assert [e.seq for e in await house.log(receipt.conversation)] == [1, 2]
    assert len(agent.received) == 1


async def test_what_surely_did_not_go_out_is_sent_again(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hi")
    channel = PaperChannel(failures=[(NotSent("no route", retry_after=0.05), False)])
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        await house.accept(message("e1"))
        assert await channel.until_sent(1) == [{"to": "1", "text": "Hi"}]


async def test_what_may_have_gone_out_is_repeated_with_a_label(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hi")
    channel = PaperChannel(failures=[(MaybeSent("no answer"), True)])
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        await house.accept(message("e1"))
        assert await channel.until_sent(2) == [
            {"to": "1", "text": "Hi"},
            {"to": "1", "text": "Hi", "repeat": True},
        ]


async def test_a_message_we_know_is_edited_rather_than_repeated(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:Hi;gate:go;done")
    channel = PaperChannel(failures=[(MaybeSent("no answer"), True)])
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        await house.accept(message("e1"))
        await until(lambda: channel.remembers)
        await channel.remembers[0]("m42")
        agent.open("go")
        await until(lambda: len(channel.edited) == 2)
        assert channel.edited == [("m42", {"to": "1", "text": "Hi"})] * 2
        assert channel.sent == []


async def test_a_refused_delivery_does_not_hold_up_the_next(tmp_path: Path) -> None:
    agent = ScriptedAgent(lambda m: _script(f"say:re {m.text}"))
    channel = PaperChannel(failures=[(Refused("too long"), False)])
    async with agent.serving() as url, rig(tmp_path, url, channel=channel) as house:
        await house.accept(message("e1", "one"))
        await until(lambda: not channel.failures)
        await house.accept(message("e2", "two"))
        assert await channel.until_sent(1) == [{"to": "1", "text": "re two"}]


async def test_a_new_conversation_starts_with_a_clean_slate(tmp_path: Path) -> None:
    agent = ScriptedAgent("say:ok")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        commands: list[Command | None] = [None, "new", None]
        for n, command in enumerate(commands, 1):
            await house.accept(message(f"e{n}", "hi", command=command))
            await house.channel.until_sent(n)
    assert len({m.context for m in agent.received}) == 2


async def test_many_conversations_are_played_at_once(tmp_path: Path) -> None:
    agent = ScriptedAgent("task;gate:go;say:ok")
    async with agent.serving() as url, rig(tmp_path, url) as house:
        async with anyio.create_task_group() as tasks:
            for n in range(30):
                tasks.start_soon(house.accept, message(f"e{n}", who=sender(str(n))))
        await until(lambda: len(agent.received) == 30)
        agent.open("go")
        assert len(await house.channel.until_sent(30)) == 30


def _script(line: str) -> Script:
    return parse(line) if line else ()
