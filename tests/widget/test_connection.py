"""Losing the line and coming back: nothing lost, nothing twice."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext

from tests.widget.conftest import Chat
from tests.widget.server import Door, Faults, serving

pytestmark = pytest.mark.anyio


async def test_a_dropped_socket_comes_back_with_what_was_missed(chat: Chat) -> None:
    await chat.open()
    await chat.say("hi")
    await chat.shows("hi")
    chat.door.faults.handshake = False
    await chat.door.drop()
    await chat.page.get_by_text("Connection lost. Trying again…").wait_for()
    chat.door.entry("agent", {"kind": "text", "text": "while you were away"})
    chat.door.faults.handshake = True
    await chat.online()
    await chat.shows("hi", "while you were away")
    assert chat.door.heard[-1] == {"type": "hello", "token": "t1", "after": 1}


async def test_a_message_cut_before_its_acknowledgement_is_sent_again_under_its_id(
    chat: Chat,
) -> None:
    await chat.open()
    chat.door.faults.drop_on_message = True
    await chat.say("once")
    await chat.door.until(lambda: len(chat.door.messages()) == 2)
    first, second = chat.door.messages()
    assert first["id"] == second["id"]
    await chat.shows("once")
    assert len(chat.door.log) == 1


async def test_what_is_written_offline_goes_out_in_order_later(chat: Chat) -> None:
    await chat.open()
    chat.door.faults.handshake = False
    await chat.door.drop()
    for text in ("one", "two", "three"):
        await chat.type(text)
    await chat.shows("one", "two", "three")
    chat.door.faults.handshake = True
    await chat.door.until(lambda: len(chat.door.log) == 3)
    assert [it["text"] for it in chat.door.messages()] == ["one", "two", "three"]


async def test_frames_that_come_twice_are_shown_once(chat: Chat) -> None:
    chat.door.faults.duplicate = True
    await chat.open()
    await chat.say("hi")
    await chat.door.say("hello")
    await chat.shows("hi", "hello")


async def test_a_message_slowed_down_is_sent_again_and_keeps_its_place(chat: Chat) -> None:
    await chat.open()
    chat.door.faults.rate_limit = 2
    await chat.type("one")
    await chat.type("two")
    await chat.door.until(lambda: len(chat.door.log) == 2)
    assert [it["text"] for it in chat.door.messages()] == ["one", "one", "one", "two"]


async def test_a_token_that_went_bad_is_replaced(chat: Chat) -> None:
    await chat.open()
    await chat.say("hi")
    chat.door.faults.refuse_tokens = True
    chat.door.sessions.append({})
    chat.door.conversation = "c2"
    chat.door.log.clear()
    await chat.door.drop()
    await chat.door.until(lambda: len(chat.door.sessions) == 3)
    await chat.online()
    # It is another conversation now: what stood there is not of it.
    await chat.shows()
    await chat.say("again")
    await chat.shows("again")


async def test_a_reload_keeps_the_session_and_shows_the_history(chat: Chat) -> None:
    await chat.open()
    await chat.say("hi")
    await chat.door.say("hello")
    await chat.page.reload()
    await chat.page.get_by_role("button", name="Open chat").click()
    await chat.shows("hi", "hello")
    assert len(chat.door.sessions) == 1


async def test_a_message_not_sent_before_a_reload_is_sent_after_it(chat: Chat) -> None:
    await chat.open()
    chat.door.faults.handshake = False
    await chat.door.drop()
    await chat.type("do not lose me")
    await chat.shows("do not lose me")
    await chat.page.reload()
    chat.door.faults.handshake = True
    await chat.door.until(lambda: chat.door.log)
    assert chat.door.messages()[0]["text"] == "do not lose me"


async def test_without_a_network_nobody_is_said_to_be_online(chat: Chat) -> None:
    await chat.open()
    standing = chat.page.locator(".standing")
    assert await standing.inner_text() == "Online"
    await chat.page.context.set_offline(True)
    await chat.page.get_by_text("You are offline").wait_for()
    assert not await standing.is_visible()
    await chat.page.context.set_offline(False)
    await chat.page.get_by_text("Online").wait_for()


async def test_a_dead_socket_is_noticed_on_waking_up(chat: Chat) -> None:
    await chat.page.clock.install()
    await chat.open()
    chat.door.faults.deaf = True
    await chat.page.evaluate("dispatchEvent(new Event('online'))")
    await chat.door.until(lambda: chat.door.heard[-1]["type"] == "ping")
    chat.door.faults.deaf = False
    chat.door.entry("agent", {"kind": "text", "text": "missed"})
    await chat.page.clock.run_for(4000)
    await chat.shows("missed")


async def test_a_silent_socket_is_noticed_by_its_missing_pong(chat: Chat) -> None:
    await chat.page.clock.install()
    await chat.open()
    chat.door.faults.deaf = True
    await chat.page.clock.run_for(26_000)
    await chat.door.until(lambda: chat.door.heard[-1]["type"] == "ping")
    chat.door.faults.deaf = False
    await chat.page.clock.run_for(12_000)
    await chat.door.until(lambda: chat.door.heard[-1]["type"] == "hello")


async def test_a_hole_in_the_log_is_filled(chat: Chat) -> None:
    await chat.page.clock.install()
    await chat.open()
    await chat.door.say("one")
    chat.door.entry("agent", {"kind": "text", "text": "two, never sent"})
    await chat.door.say("three")
    await chat.shows("one", "three")
    await chat.page.clock.run_for(26_000)
    await chat.shows("one", "two, never sent", "three")


async def test_an_answer_cut_in_the_middle_is_whole_in_the_end(chat: Chat) -> None:
    await chat.open()
    await chat.door.delta(1, "Once upon")
    await chat.live.get_by_text("Once upon").wait_for()
    await chat.door.drop()
    await chat.door.until(lambda: not chat.door.sockets)
    await chat.door.until(lambda: chat.door.sockets)
    await chat.online()
    await chat.door.delta(1, "Once upon a")
    await chat.live.get_by_text("Once upon a", exact=True).wait_for()
    await chat.door.delta(1, " time")
    await chat.live.get_by_text("Once upon a time", exact=True).wait_for()
    await chat.door.say("Once upon a time.")
    await chat.door.status(1, "done")
    await chat.live.wait_for(state="hidden")
    await chat.shows("Once upon a time.")


async def test_a_site_that_is_not_welcome_is_told_so_and_may_try_again(chat: Chat) -> None:
    chat.door.faults.refuse_sessions = 403
    await chat.visit()
    await chat.page.get_by_role("button", name="Open chat").click()
    await chat.page.get_by_text("The chat cannot be reached from here. Not on the list.").wait_for()
    chat.door.faults.refuse_sessions = 0
    await chat.page.get_by_role("button", name="Try again").click()
    await chat.online()


async def test_without_storage_everything_works_for_the_page(chat: Chat) -> None:
    await chat.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied') }})"
    )
    await chat.open()
    await chat.say("hi")
    await chat.door.drop()
    await chat.door.say("hello")
    await chat.shows("hi", "hello")
    assert len(chat.door.sessions) == 1


async def test_two_tabs_show_one_conversation(chat: Chat, context: BrowserContext) -> None:
    await chat.open()
    other = Chat(await context.new_page(), chat.door)
    await other.open()
    assert len(chat.door.sessions) == 1
    await chat.say("from one")
    await other.shows("from one")
    await other.say("from the other")
    await chat.shows("from one", "from the other")


async def test_a_server_that_lost_its_log_is_read_anew(chat: Chat) -> None:
    for n in range(300):
        chat.door.entry("agent", {"kind": "text", "text": f"line {n}"})
    await chat.open()
    await chat.log.get_by_text("line 299").wait_for()
    await chat.page.goto("about:blank")
    chat.door.log.clear()
    chat.door.entry("agent", {"kind": "text", "text": "a new beginning"})
    await chat.visit()
    await chat.page.get_by_role("button", name="Open chat").click()
    await chat.shows("a new beginning")


async def test_it_finds_a_server_elsewhere(chat: Chat) -> None:
    async with serving(Door(cross_origin=True, faults=Faults())) as elsewhere:
        chat.door.page = f'<script src="{elsewhere.url}/web/widget.js" async></script>'
        chat.door.policy = (
            f"default-src 'none'; script-src {elsewhere.url}; "
            f"connect-src {elsewhere.url} {elsewhere.url.replace('http', 'ws')}"
        )
        await chat.open()
        there = Chat(chat.page, elsewhere)
        await there.say("hi")
        await there.shows("hi")
        assert not chat.door.sessions
