"""The element on a page: embedding, attributes, methods, events."""

from __future__ import annotations

import base64
import json

import pytest
from playwright.async_api import Page

from tests.widget.conftest import Chat

pytestmark = pytest.mark.anyio

SCRIPT = '<script src="/web/widget.js" async></script>'

RECORD = """() => {
    window.seen = [];
    for (const name of ["open", "close", "message", "unread"]) {
        const record = ({detail}) => window.seen.push([name, detail]);
        document.addEventListener(`frontdoor:${name}`, record);
    }
}"""


async def seen(page: Page) -> list[list[object]]:
    found: list[list[object]] = await page.evaluate("window.seen")
    return found


async def test_one_script_tag_is_the_whole_embedding(chat: Chat) -> None:
    chat.door.page = SCRIPT + SCRIPT.replace(".js", ".js?again")
    await chat.visit()
    assert await chat.page.locator("front-door").count() == 1


async def test_a_script_tag_may_carry_the_attributes(chat: Chat) -> None:
    chat.door.page = SCRIPT.replace("async", 'async data-heading="Ask us" data-theme="dark"')
    await chat.open()
    await chat.page.get_by_role("heading", name="Ask us").wait_for()
    assert await chat.page.locator("front-door").get_attribute("theme") == "dark"


async def test_a_manual_tag_adds_nothing(chat: Chat) -> None:
    chat.door.page = SCRIPT.replace("async", "async data-manual")
    await chat.page.goto(chat.door.url)
    await chat.page.wait_for_function("customElements.get('front-door') !== undefined")
    assert await chat.page.locator("front-door").count() == 0


async def test_a_visitor_who_does_not_open_it_costs_the_server_nothing(chat: Chat) -> None:
    await chat.open()
    await chat.page.context.clear_cookies()
    await chat.page.evaluate("localStorage.clear()")
    chat.door.sessions.clear()
    await chat.visit()
    await chat.page.wait_for_load_state("networkidle")
    assert not chat.door.sessions
    assert await chat.page.context.cookies() == []


async def test_an_inline_element_is_open_and_fills_its_box(chat: Chat) -> None:
    chat.door.page = (
        '<link rel=stylesheet href="/style.css"><front-door inline></front-door>' + SCRIPT
    )
    chat.door.policy += "; style-src 'self'"
    await chat.visit()
    await chat.online()
    await chat.say("hi")
    assert not await chat.page.get_by_role("button", name="Open chat").is_visible()
    host = await chat.page.locator("front-door").bounding_box()
    panel = await chat.page.locator("front-door .panel").bounding_box()
    assert host == panel


async def test_methods_events_and_unread(chat: Chat) -> None:
    await chat.visit()
    await chat.page.evaluate(RECORD)
    await chat.page.evaluate("document.querySelector('front-door').open()")
    await chat.online()
    await chat.page.evaluate("document.querySelector('front-door').send('from the page')")
    await chat.door.until(chat.door.messages)
    await chat.page.wait_for_function("window.seen.some(([name]) => name === 'message')")
    await chat.page.evaluate("document.querySelector('front-door').close()")
    await chat.door.say("psst")
    badge = chat.page.get_by_role("button", name="Open chat, new messages: 1")
    await badge.click()
    await chat.page.wait_for_function("window.seen.length >= 7")
    events = await seen(chat.page)
    assert [name for name, _ in events] == [
        "open", "message", "close", "message", "unread", "open", "unread",
    ]  # fmt: skip
    said = [detail for name, detail in events if name == "message"]
    assert [(it["role"], it["text"]) for it in said if isinstance(it, dict)] == [
        ("user", "from the page"),
        ("agent", "psst"),
    ]
    assert [detail for name, detail in events if name == "unread"] == [{"count": 1}, {"count": 0}]


async def test_history_is_not_news_and_missed_messages_are(chat: Chat) -> None:
    chat.door.entry("agent", {"kind": "text", "text": "old"})
    await chat.visit()
    await chat.page.evaluate(RECORD)
    await chat.page.get_by_role("button", name="Open chat").click()
    await chat.shows("old")
    chat.door.entry("agent", {"kind": "text", "text": "missed"})
    await chat.door.drop()
    await chat.shows("old", "missed")
    texts = [
        it[1]["text"] for it in await seen(chat.page) if isinstance(it[1], dict) and "text" in it[1]
    ]
    assert texts == ["missed"]


async def test_what_was_not_read_before_a_reload_is_unread_after_it(chat: Chat) -> None:
    await chat.open()
    await chat.say("hi")
    await chat.page.get_by_role("button", name="Close chat").first.click()
    await chat.door.say("psst")
    await chat.page.get_by_role("button", name="Open chat, new messages: 1").wait_for()
    await chat.page.reload()
    await chat.page.get_by_role("button", name="Open chat, new messages: 1").wait_for()


async def test_being_moved_in_the_page_changes_nothing(chat: Chat) -> None:
    await chat.open()
    await chat.box.fill("half a sen")
    for n in range(30):
        await chat.door.say(f"line {n}")
    await chat.log.get_by_text("line 29").wait_for()
    await chat.page.evaluate(
        "document.querySelector('main').append(document.querySelector('front-door'))"
    )
    await chat.door.say("after the move")
    await chat.log.get_by_text("after the move").wait_for()
    assert await chat.box.input_value() == "half a sen"
    assert len(chat.door.sockets) == 1
    distance = "it => it.scrollHeight - it.scrollTop - it.clientHeight"
    assert await chat.page.locator(".scroll").evaluate(distance) < 2


async def test_being_removed_closes_the_socket_and_coming_back_opens_one(chat: Chat) -> None:
    await chat.open()
    await chat.say("hi")
    await chat.page.evaluate("window.kept = document.querySelector('front-door'); kept.remove()")
    await chat.door.until(lambda: not chat.door.sockets)
    await chat.page.evaluate("document.body.append(kept)")
    await chat.door.until(lambda: chat.door.sockets)
    await chat.shows("hi")


async def test_it_speaks_the_language_of_the_page_or_the_attribute(chat: Chat) -> None:
    await chat.visit()
    for locale, words in (("fr", "Ouvrir"), ("de-AT", "öffnen"), ("es", "Abrir"), ("xx", "Open")):
        await chat.page.locator("front-door").evaluate(
            "(it, l) => it.setAttribute('locale', l)", locale
        )
        await chat.page.get_by_role("button", name=words).wait_for()
    await chat.page.evaluate("document.querySelector('front-door').removeAttribute('locale')")
    await chat.page.evaluate("document.documentElement.lang = 'fr'")
    await chat.page.locator("front-door").evaluate("it => it.setAttribute('heading', 'x')")
    await chat.page.get_by_role("button", name="Ouvrir").wait_for()


async def test_every_string_can_be_replaced_also_before_the_script_arrives(chat: Chat) -> None:
    chat.door.page = "<front-door></front-door>"
    chat.door.policy = "default-src 'self'"
    await chat.page.goto(chat.door.url)
    await chat.page.evaluate("document.querySelector('front-door').strings = {open: 'Knock knock'}")
    await chat.page.evaluate(
        "document.head.append(Object.assign("
        "document.createElement('script'), {src: '/web/widget.js'}))"
    )
    await chat.page.get_by_role("button", name="Knock knock").wait_for()


async def test_who_signs_in_gets_a_session_of_their_own(chat: Chat) -> None:
    await chat.open()
    await chat.say("anonymous words")
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "ann"}).encode()).decode().rstrip("=")
    identity = f"e30.{claims}.c2ln"
    chat.door.log.clear()
    chat.door.conversation = "c2"
    await chat.page.locator("front-door").evaluate(
        "(it, v) => it.setAttribute('identity', v)", identity
    )
    await chat.door.until(lambda: len(chat.door.sessions) == 2)
    assert chat.door.sessions[1]["identity"] == identity
    assert chat.door.sessions[1]["bearer"] == ""
    assert chat.door.sessions[0]["zone"] == "Europe/Vienna"
    assert chat.door.sessions[0]["locale"] == "en-GB"
    await chat.shows()
