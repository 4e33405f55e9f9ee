"""The socket, over a real server with a real client."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import Any

import anyio
import pytest
from starlette.websockets import WebSocket
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from channels.base import RateLimited, StoreAway
from channels.events import (
    Amended,
    Choice,
    Choices,
    Chosen,
    Delta,
    Entry,
    File,
    Message,
    Status,
    Text,
    Transcript,
    TurnState,
)
from channels.web import connection, sessions
from channels.web.adapter import WebConfig
from channels.web.connection import MAX_BAD_FRAMES, MAX_WAITING, PAGE, Patience
from tests.channels.doubles import InMemoryInbox
from tests.channels.web.harness import SECRET, Web, agent_says, running
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_hello_is_welcomed_with_the_conversation_and_the_newest_seq(web: Web) -> None:
    session = await web.session()
    web.agent_says(session["conversation"], "hi")
    async with web.socket() as it:
        await it.send(type="hello", token=session["token"], after=0)
        welcome = await it.expect("welcome")
    assert welcome["conversation"] == session["conversation"]
    assert welcome["seq"] == 1
    assert welcome["expires_at"] == session["expires_at"]


async def test_a_client_that_missed_nothing_has_nothing_read_for_it(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await web.session()
    web.agent_says(session["conversation"], "hi")
    read: list[int] = []
    history = web.inbox.history

    async def counted(conversation: str, after: int, limit: int) -> list[Entry]:
        read.append(after)
        return await history(conversation, after, limit)

    monkeypatch.setattr(web.inbox, "history", counted)
    async with web.greeted(session, after=1) as it:
        web.agent_says(session["conversation"], "and again")
        assert (await it.expect("message"))["seq"] == 2
    assert read == []
    async with web.greeted(session, after=0) as it:
        assert [(await it.expect("message"))["seq"] for _ in range(2)] == [1, 2]
        await it.send(type="ping")
        await it.expect("pong")
    assert read == [0]


async def test_a_message_is_acknowledged_once_stored_and_comes_back_to_every_socket(
    web: Web,
) -> None:
    session = await web.session()
    async with web.greeted(session) as one, web.greeted(session) as two:
        id = await one.say("hello there")
        assert await one.until("ack") == {"type": "ack", "id": id, "seq": 1}
        seen = await two.expect("message")
    assert [m.text for m in web.inbox.messages] == ["hello there"]
    assert web.inbox.messages[0].event.endswith(f":{id}")
    assert (seen["role"], seen["seq"], seen["client_id"]) == ("user", 1, id)
    assert seen["parts"] == [{"kind": "text", "text": "hello there"}]


async def test_a_repeated_message_is_acknowledged_alike_and_changes_nothing(web: Web) -> None:
    session = await web.session()
    async with web.greeted(session) as it:
        id = await it.say("once")
        first = await it.until("ack")
        await it.send(type="message", id=id.upper(), text="once")
        again = await it.until("ack")
    assert again["seq"] == first["seq"]
    assert len(web.inbox.messages) == 1


async def test_two_people_may_use_the_same_id(web: Web) -> None:
    id = str(uuid.uuid4())
    for words in ("mine", "yours"):
        async with web.greeted(await web.session()) as it:
            await it.send(type="message", id=id, text=words)
            await it.until("ack")
    assert [m.text for m in web.inbox.messages] == ["mine", "yours"]


async def test_the_agents_words_stream_and_end_in_a_message(web: Web) -> None:
    session = await web.session()
    conversation = session["conversation"]
    async with web.greeted(session) as it:
        web.inbox.publish(conversation, Status(1, TurnState.WORKING, "looking"))
        assert await it.next() == {
            "type": "status", "turn": 1, "state": "working", "text": "looking",
        }  # fmt: skip
        web.inbox.publish(conversation, Delta(1, "Good "))
        assert await it.next() == {"type": "delta", "turn": 1, "text": "Good "}
        web.agent_says(conversation, "Good day")
        said = await it.expect("message")
    assert said["role"] == "agent"
    assert "client_id" not in said
    assert said["at"].endswith("Z")


async def test_a_replay_starts_after_the_seq_and_spans_pages(web: Web) -> None:
    session = await web.session()
    for n in range(2 * PAGE + 7):
        web.agent_says(session["conversation"], f"number {n}")
    async with web.greeted(session, after=3) as it:
        seqs = [(await it.expect("message"))["seq"] for _ in range(2 * PAGE + 4)]
    assert seqs == list(range(4, 2 * PAGE + 8))


class BusyInbox(InMemoryInbox):
    """The log grows while it is being replayed."""

    async def history(self, conversation: str, after: int, limit: int) -> Any:
        page = await super().history(conversation, after, limit)
        if len(self.log[conversation]) < 450:
            agent_says(self, conversation, "meanwhile")
        return page


async def test_between_replay_and_live_nothing_is_missed_and_nothing_doubled() -> None:
    async with running(inbox=BusyInbox()) as web:
        session = await web.session()
        for n in range(440):
            web.agent_says(session["conversation"], f"number {n}")
        async with web.greeted(session) as it:
            seqs = [(await it.expect("message"))["seq"] for _ in range(440)]
            web.agent_says(session["conversation"], "live")
            last = len(web.inbox.log[session["conversation"]])
            while seqs[-1] < last:
                seqs.append((await it.expect("message"))["seq"])
    assert seqs == list(range(1, last + 1))


async def test_what_was_heard_in_a_recording_is_told_while_one_looks_on(web: Web) -> None:
    session = await web.session()
    async with web.greeted(session) as it:
        entry = web.agent_says(session["conversation"], "…")
        assert (await it.expect("message"))["id"] == entry.id
        web.inbox.publish(session["conversation"], Amended(entry.id, (Transcript("tea"),)))
        amended = await it.expect("amended")
    assert amended["id"] == entry.id
    assert amended["parts"] == [{"kind": "text", "text": "tea", "spoken": True}]


async def test_an_entry_that_was_not_announced_is_fetched_from_the_log(web: Web) -> None:
    session = await web.session()
    conversation = session["conversation"]
    async with web.greeted(session) as it:
        first = web.agent_says(conversation, "one")
        await it.expect("message")
        # Stored by a worker whose announcement got lost.
        web.inbox.log[conversation].append(replace(first, seq=2, id="lost"))
        web.agent_says(conversation, "three")
        assert [(await it.expect("message"))["seq"] for _ in range(2)] == [2, 3]


async def test_a_client_that_claims_more_than_there_is_still_gets_what_comes(web: Web) -> None:
    session = await web.session()
    async with web.greeted(session, after=999) as it:
        web.agent_says(session["conversation"], "new")
        assert (await it.expect("message"))["seq"] == 1


async def test_a_choice_becomes_a_message_that_names_what_was_offered(web: Web) -> None:
    session = await web.session()
    options = Choices((Choice("Yes", "y"), Choice("No", "n")))
    async with web.greeted(session) as it:
        web.agent_says(session["conversation"], "Sure?", options)
        offer = await it.expect("message")
        assert offer["parts"][1] == {
            "kind": "choices",
            "options": [{"label": "Yes", "value": "y"}, {"label": "No", "value": "n"}],
        }
        id = str(uuid.uuid4())
        await it.send(type="choice", id=id, message=offer["id"], value="y")
        await it.until("ack")
    assert web.inbox.messages[0].parts == (Chosen("y", message=offer["id"]),)


@pytest.mark.parametrize("typed", ["/new", "/NEW", "  /new please"])
async def test_a_slash_command_is_understood_and_kept_as_typed(web: Web, typed: str) -> None:
    async with web.greeted(await web.session()) as it:
        await it.say(typed)
        await it.until("ack")
    assert web.inbox.messages[0].command == "new"
    assert web.inbox.messages[0].text == typed


async def test_cancel_asks_the_house_to_stop(web: Web) -> None:
    session = await web.session()
    async with web.greeted(session) as it:
        await it.send(type="cancel")
        await until(lambda: web.inbox.canceled)
    assert web.inbox.canceled == [session["conversation"]]


async def test_too_many_wishes_to_stop_are_turned_down(web: Web) -> None:
    session = await web.session()
    id = sessions.read(session["token"], SECRET, time.time()).id
    web.budget.waits[f"web:cancels:{id}"] = 3
    async with web.greeted(session) as it:
        await it.send(type="cancel")
        error = await it.expect("error")
    assert (error["code"], error["retry_after"]) == ("rate_limited", 3)
    assert web.inbox.canceled == []


async def test_who_floods_is_read_more_slowly(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FRAMES_BURST", 10)
    monkeypatch.setattr(connection, "FRAME_INTERVAL", 0.01)
    async with web.greeted(await web.session()) as it:
        started = time.monotonic()
        for _ in range(60):
            await it.send(type="ping")
        for _ in range(60):
            await it.expect("pong")
        assert time.monotonic() - started > 0.45


async def test_a_host_that_opens_too_many_sockets_is_refused(web: Web) -> None:
    web.budget.waits["web:sockets:127.0.0.1"] = 2.2
    with pytest.raises(InvalidStatus) as refused:
        async with web.socket():
            pass
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "3"


async def test_ping_is_answered_and_voice_is_turned_down_in_plain_words(web: Web) -> None:
    session = await web.session({"locale": "de"})
    async with web.greeted(session) as it:
        await it.send(type="ping")
        assert await it.next() == {"type": "pong"}
        await it.send(type="voice", on=False)
        await it.send(type="voice", on=True)
        error = await it.expect("error")
    assert error["code"] == "voice_unavailable"
    assert "schreiben" in error["message"]


async def test_a_message_may_carry_files_of_the_person(web: Web) -> None:
    session = await web.session()
    web.inbox.files["f1"] = (File("a.png", "image/png", 3, "f1", kind="image"), b"png")
    async with web.greeted(session) as it:
        await it.say("", files=["f1"])
        await it.until("ack")
        id = await it.say("look", files=["nope"])
        error = await it.until("error")
    assert web.inbox.messages[0].parts == (web.inbox.files["f1"][0],)
    assert (error["code"], error["id"]) == ("unknown_file", id)
    assert len(web.inbox.messages) == 1


async def test_too_many_messages_are_turned_down_by_name_and_may_come_again(web: Web) -> None:
    async with web.greeted(await web.session()) as it:
        web.inbox.failures.append(RateLimited(7))
        id = await it.say("too fast")
        error = await it.expect("error")
        assert (error["code"], error["id"], error["retry_after"]) == ("rate_limited", id, 7)
        await it.send(type="message", id=id, text="too fast")
        assert (await it.until("ack"))["id"] == id


async def test_a_store_that_fails_is_not_acknowledged_and_the_socket_stays(web: Web) -> None:
    async with web.greeted(await web.session()) as it:
        web.inbox.failures.append(OSError("disk full"))
        id = await it.say("keep me")
        error = await it.expect("error")
        assert (error["code"], error["id"]) == ("unavailable", id)
        assert "disk" not in error["message"]
        await it.send(type="message", id=id, text="keep me")
        await it.until("ack")


async def test_a_store_that_is_away_is_no_fault_of_ours(web: Web) -> None:
    with capture_logs() as logs:
        async with web.greeted(await web.session()) as it:
            web.inbox.failures.append(StoreAway())
            id = await it.say("keep me")
            error = await it.expect("error")
            assert (error["code"], error["id"], error["retry_after"]) == ("unavailable", id, 3)
    assert {line["log_level"] for line in logs if line["event"] == "web_frame_refused"} == {
        "warning"
    }
    assert not [line for line in logs if line["log_level"] == "error"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", "bad_frame"),
        ("[]", "bad_frame"),
        ('{"type": 7}', "bad_frame"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": "\\ud800"}', "unknown_type"),
        ('{"type": "message", "id": "1", "text": "hi"}', "bad_frame"),
        ('{"type": "hello", "token": "again"}', "bad_frame"),
        (f'{{"type": "message", "id": "{uuid.uuid4()}", "text": " "}}', "empty_message"),
        ('{"type": "message", "text": "%s"}' % ("x" * 70_000), "too_large"),
        (b"\0\0", "binary_unexpected"),
    ],
)
async def test_a_bad_frame_is_answered_and_changes_nothing(
    web: Web, frame: str | bytes, code: str
) -> None:
    async with web.greeted(await web.session()) as it:
        await it.raw.send(frame)
        assert (await it.expect("error"))["code"] == code
        await it.send(type="ping")
        await it.expect("pong")
    assert web.inbox.messages == []


async def test_who_sends_only_rubbish_is_shown_the_door(web: Web) -> None:
    async with web.greeted(await web.session()) as it:
        for _ in range(MAX_BAD_FRAMES):
            await it.raw.send("rubbish")
        code, reason, said = await it.closed()
    assert (code, reason) == (1008, "too_many_errors")
    assert said[-1]["code"] == "too_many_errors"


@pytest.mark.parametrize("token", ["", "nonsense", "expired", "forged", "an identity"])
async def test_a_bad_token_is_told_so_and_closed_4401(web: Web, token: str) -> None:
    now = int(time.time())
    session = sessions.Session("someone", now + 1000)
    tokens = {
        "expired": sessions.sign(replace(session, expires=now - 1), SECRET),
        "forged": sessions.sign(session, SECRET[::-1]),
    }
    async with web.socket() as it:
        await it.send(type="hello", token=tokens.get(token, token) or "-", after=0)
        code, reason, said = await it.closed()
    assert (code, reason) == (4401, "bad_token")
    assert [frame["code"] for frame in said] == ["bad_token"]


@pytest.mark.parametrize("first", ['{"type":"ping"}', "rubbish", b"\1"])
async def test_what_does_not_begin_with_hello_is_closed(web: Web, first: str | bytes) -> None:
    async with web.socket() as it:
        await it.raw.send(first)
        code, reason, said = await it.closed()
    assert (code, reason, said[0]["code"]) == (1008, "hello_expected", "hello_expected")


async def test_who_says_nothing_is_closed_after_a_while() -> None:
    config = WebConfig(secret=SECRET, patience=Patience(hello=0.05))
    async with running(config) as web, web.socket() as it:
        code, reason, said = await it.closed()
    assert (code, reason, said[0]["code"]) == (4408, "hello_timeout", "hello_timeout")


async def test_a_foreign_page_is_refused_before_the_socket_opens(web: Web) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with web.socket(origin="https://evil.example"):
            pass
    assert refusal.value.response.status_code == 403
    assert b"foreign_origin" in (refusal.value.response.body or b"")


async def test_a_token_works_only_on_the_page_it_was_given_to(web: Web) -> None:
    session = await web.session(Origin="http://localhost:1")
    for origin, welcome in (("http://localhost:1", True), ("http://localhost:2", False)):
        async with web.socket(origin=origin) as it:
            await it.send(type="hello", token=session["token"])
            frame = await it.next()
            assert (frame["type"] == "welcome") is welcome


async def test_the_person_is_who_the_token_says(web: Web) -> None:
    session = await web.session({"locale": "fr-CA", "zone": "Europe/Paris"})
    async with web.greeted(session) as it:
        await it.say("salut")
        await it.until("ack")
    sender = web.inbox.messages[0].sender
    assert (sender.locale, sender.zone, sender.trust) == ("fr-CA", "Europe/Paris", "anonymous")
    assert web.inbox.messages[0].route.chat == sender.address.id


class StuckInbox(InMemoryInbox):
    """Takes messages only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = anyio.Event()

    async def accept(self, message: Message) -> Any:
        await self.gate.wait()
        return await super().accept(message)


async def test_the_reader_reads_on_while_the_store_is_slow_and_turns_down_the_overflow() -> None:
    inbox = StuckInbox()
    async with running(inbox=inbox) as web, web.greeted(await web.session()) as it:
        ids = [await it.say(f"number {n}") for n in range(MAX_WAITING + 5)]
        await it.send(type="ping")
        refused = []
        while (frame := await it.next())["type"] != "pong":
            assert frame["code"] == "busy"
            refused.append(frame["id"])
        inbox.gate.set()
        acked = [(await it.until("ack"))["id"] for _ in range(len(ids) - len(refused))]
        assert sorted(acked + refused) == sorted(ids)
        assert refused


async def test_a_client_that_does_not_read_is_closed() -> None:
    config = WebConfig(secret=SECRET, patience=Patience(send=0.2, close=0.2))
    async with running(config) as web:
        session = await web.session()
        conversation = session["conversation"]
        async with web.greeted(session) as it:
            followers = web.inbox._followers[conversation]
            it.raw.transport.pause_reading()
            for n in range(20):
                web.agent_says(conversation, f"{n}" + "x" * 900_000)
            await until(lambda: not followers)
            it.raw.transport.abort()


async def test_a_stop_of_the_server_is_told_as_a_restart() -> None:
    async with running() as web, web.greeted(await web.session()) as it:
        web.server.should_exit = True
        code, _, _ = await it.closed()
    assert code == 1012


async def test_leaving_ends_everything_that_was_started_for_the_socket(web: Web) -> None:
    session = await web.session()
    async with web.greeted(session):
        assert web.inbox._followers[session["conversation"]]
    await until(lambda: not web.inbox._followers[session["conversation"]])


async def test_who_falls_behind_in_the_house_is_asked_to_come_again(web: Web) -> None:
    session = await web.session()
    async with web.greeted(session) as it:
        for follower in list(web.inbox._followers[session["conversation"]]):
            follower.close()
        code, reason, _ = await it.closed()
    assert (code, reason) == (1013, "too_slow")


async def test_other_parts_are_told_so_that_old_clients_can_read_on(web: Web) -> None:
    session = await web.session()
    async with web.greeted(session) as it:
        web.agent_says(
            session["conversation"], Text("Here"), File("a.pdf", "application/pdf", 9, "f9")
        )
        parts = (await it.expect("message"))["parts"]
    assert parts[1] == {
        "kind": "file",
        "id": "f9",
        "name": "a.pdf",
        "media_type": "application/pdf",
        "size": 9,
        "url": "/web/files/f9",
    }


async def test_who_leaves_before_being_let_in_is_no_failure() -> None:
    async def connected() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def gone(_: object) -> None:
        raise ConnectionResetError  # as uvicorn does, with a kind of its own

    socket = WebSocket({"type": "websocket"}, connected, gone)
    nobody: Any = None
    it = connection.Connection(
        socket,
        nobody,
        nobody,
        nobody,
        on_caught_up=lambda: None,
        locale="en",
        patience=Patience(),
    )
    with capture_logs() as logs:
        await it.serve()
    assert logs == []
