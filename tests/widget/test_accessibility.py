"""Keyboard, screen reader, contrast: axe finds nothing, in either theme and any state."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser

from tests.widget.conftest import Chat
from tests.widget.server import Door

pytestmark = pytest.mark.anyio

RICH = """
# Title

See [this](https://x.org) `code`

| a | b |
|---|---|
| 1 | 2 |

```
code
```
> quote
"""


async def still(chat: Chat) -> None:
    """Wait until nothing moves but what moves for ever."""
    await chat.page.evaluate(
        "() => Promise.allSettled(document.querySelector('front-door').shadowRoot.getAnimations()"
        ".filter(it => it.effect.getComputedTiming().endTime < 1e5).map(it => it.finished))"
    )


async def clean(chat: Chat) -> None:
    """Axe finds nothing in the widget."""
    await still(chat)
    results = await Axe().run(chat.page, context="front-door")
    assert results.response["passes"]
    assert not results.response["violations"], results.generate_report()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_at_any_step(chat: Chat, theme: str) -> None:
    chat.door.page = f'<script src="/web/widget.js" async data-theme="{theme}"></script>'
    # Axe is injected as an inline script.
    chat.door.policy = "default-src * 'unsafe-inline' 'unsafe-eval'"
    await chat.visit()
    await clean(chat)
    await chat.page.get_by_role("button", name="Open chat").click()
    await chat.online()
    await clean(chat)
    chat.door.uploads["f1"] = ("notes.txt", "text/plain", b"x")
    await chat.say("hi")
    await chat.door.say(RICH, chat.door.file("f1"))
    options = [{"label": "Yes", "value": "y"}, {"label": "No", "value": "n"}]
    await chat.door.say("Shall I?", {"kind": "choices", "options": options})
    await chat.door.status(1, "working", "Looking…")
    await chat.door.delta(1, "One **two**")
    await chat.live.get_by_text("One two").wait_for()
    await clean(chat)
    await chat.page.get_by_role("button", name="Yes").click()
    await chat.door.status(1, "failed", "The agent is away.")
    chat.door.faults.refuse_uploads = 500
    file = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"}
    await chat.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await chat.page.locator(".draft.failed").wait_for()
    chat.door.faults.complain = "No."
    await chat.say("refused")
    await chat.log.get_by_text("Not sent.").wait_for()
    await clean(chat)
    chat.door.faults.handshake = False
    await chat.door.drop()
    await chat.page.get_by_text("Connection lost").wait_for()
    await clean(chat)


async def test_axe_finds_nothing_inline(chat: Chat) -> None:
    chat.door.page = '<front-door inline></front-door><script src="/web/widget.js" async></script>'
    chat.door.policy = "default-src * 'unsafe-inline' 'unsafe-eval'"
    await chat.visit()
    await chat.online()
    await chat.say("hi")
    await clean(chat)


async def test_it_is_opened_used_and_closed_by_keyboard(chat: Chat) -> None:
    await chat.visit()
    press = chat.page.keyboard.press
    await press("Tab")
    await press("Enter")
    await chat.online()
    await chat.page.wait_for_function(
        "document.querySelector('front-door').shadowRoot.activeElement?.matches('textarea')"
    )
    await chat.page.keyboard.type("hi")
    await press("Enter")
    await chat.door.until(chat.door.messages)
    await press("Escape")
    assert not await chat.box.is_visible()
    focused = "document.querySelector('front-door').shadowRoot.activeElement.className"
    assert await chat.page.evaluate(focused) == "launcher"


async def test_enter_that_ends_a_composition_does_not_send(chat: Chat) -> None:
    await chat.open()
    await chat.box.fill("にほん")
    await chat.box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    await chat.box.press("Enter")
    await chat.door.until(chat.door.messages)
    assert len(chat.door.messages()) == 1


async def test_a_screen_reader_hears_the_finished_answer_and_not_its_making(chat: Chat) -> None:
    chat.door.entry("agent", {"kind": "text", "text": "old"})
    await chat.open()
    await chat.shows("old")
    await chat.page.wait_for_function(
        "document.querySelector('front-door').shadowRoot"
        ".querySelector('[role=log]').ariaLive === 'polite'"
    )
    await chat.page.evaluate(
        """() => {
            window.said = [];
            const root = document.querySelector("front-door").shadowRoot;
            for (const it of root.querySelectorAll("[role=log], [role=status]")) {
                new MutationObserver(records => {
                    for (const record of records)
                        for (const node of record.addedNodes) window.said.push(node.textContent);
                }).observe(it, {childList: true, subtree: true});
            }
        }"""
    )
    await chat.door.status(1, "working", "Looking…")
    for word in ("One ", "two ", "three"):
        await chat.door.delta(1, word)
        await chat.live.get_by_text(word.strip()).wait_for()
    await chat.door.say("One two three")
    await chat.door.status(1, "done")
    await chat.live.wait_for(state="hidden")
    said: list[str] = await chat.page.evaluate("window.said")
    assert [it for it in said if it.startswith("Assistant: One two three")] != []
    assert [it for it in said if it.strip()] == [
        it for it in said if "Looking" in it or "three" in it
    ]


async def test_focus_goes_round_within_the_sheet_of_a_small_screen(
    browser: Browser, door: Door
) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 700})
    try:
        chat = Chat(await context.new_page(), door)
        await chat.open()
        await still(chat)
        panel = await chat.page.locator("front-door .panel").bounding_box()
        assert panel == {"x": 0, "y": 0, "width": 390, "height": 700}
        for _ in range(12):
            await chat.page.keyboard.press("Tab")
            inside = "document.querySelector('front-door').shadowRoot.activeElement !== null"
            assert await chat.page.evaluate(inside)
    finally:
        await context.close()
