"""Saying and hearing."""

from __future__ import annotations

import pytest

from tests.widget.conftest import Chat

pytestmark = pytest.mark.anyio


async def test_what_is_typed_is_sent_once_and_stands_in_the_log(chat: Chat) -> None:
    await chat.open()
    sent = await chat.say("  Hello there ")
    assert sent["text"] == "Hello there"
    assert sent["files"] == []
    await chat.shows("Hello there")
    assert await chat.box.input_value() == ""


async def test_shift_enter_is_a_new_line_and_commands_go_as_typed(chat: Chat) -> None:
    await chat.open()
    await chat.box.fill("/tasks")
    await chat.box.press("Shift+Enter")
    await chat.box.press_sequentially("all")
    assert not chat.door.messages()
    await chat.box.press("Enter")
    await chat.door.until(chat.door.messages)
    assert chat.door.messages()[0]["text"] == "/tasks\nall"


async def test_nothing_is_not_sent(chat: Chat) -> None:
    await chat.open()
    await chat.type("   ")
    await chat.say("x")
    assert len(chat.door.messages()) == 1


async def test_an_answer_grows_and_its_message_takes_its_place(chat: Chat) -> None:
    await chat.open()
    await chat.say("hi")
    await chat.door.status(1, "working", "Looking…")
    await chat.live.get_by_text("Looking…").wait_for()
    await chat.door.delta(1, "One **two")
    await chat.door.delta(1, "** three")
    await chat.live.get_by_text("One two three").wait_for()
    assert await chat.live.locator("strong").inner_text() == "two"
    await chat.shows("hi")
    await chat.door.say("One **two** three.")
    await chat.door.status(1, "done")
    await chat.live.wait_for(state="hidden")
    await chat.shows("hi", "One two three.")


async def test_stop_cancels_while_a_turn_runs_and_only_then(chat: Chat) -> None:
    await chat.open()
    stop = chat.page.get_by_role("button", name="Stop")
    assert not await stop.is_visible()
    await chat.door.delta(1, "Once upon")
    await stop.click()
    await chat.door.until(lambda: chat.door.heard[-1]["type"] == "cancel")
    await chat.door.status(1, "canceled")
    await chat.live.get_by_text("Stopped.").wait_for()
    assert await chat.live.get_by_text("Once upon").is_visible()
    assert not await stop.is_visible()


async def test_markup_from_the_agent_stays_text(chat: Chat) -> None:
    await chat.open()
    await chat.door.say(
        "<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![y](http://z/y.png)"
    )
    await chat.log.get_by_text("<img src=x").wait_for()
    assert await chat.log.locator("img").count() == 0
    links = chat.log.locator("a")
    assert await links.count() == 1
    assert await links.get_attribute("href") == "http://z/y.png"
    assert await links.get_attribute("rel") == "noopener noreferrer"


async def test_a_choice_is_made_once_and_marked(chat: Chat) -> None:
    await chat.open()
    options = [{"label": "Yes, please", "value": "y"}, {"label": "No", "value": "n"}]
    offer = await chat.door.say("Shall I?", {"kind": "choices", "options": options})
    await chat.page.get_by_role("button", name="Yes, please").click()
    await chat.door.until(lambda: chat.door.heard[-1]["type"] == "choice")
    choice = chat.door.heard[-1]
    assert (choice["message"], choice["value"]) == (offer["id"], "y")
    await chat.shows("Shall I?", "Yes, please")
    taken = chat.page.get_by_role("button", name="Your answer: Yes, please")
    assert await taken.is_disabled()
    assert await chat.page.get_by_role("button", name="No", exact=True).is_disabled()


async def test_a_file_is_uploaded_and_goes_with_the_message(chat: Chat) -> None:
    await chat.open()
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"}
    await chat.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await chat.door.until(lambda: chat.door.uploads)
    await chat.page.locator(".draft").get_by_text("notes.txt").wait_for()
    await chat.page.locator(".draft progress").wait_for(state="detached")
    sent = await chat.say("see this")
    (id,) = chat.door.uploads
    assert sent["files"] == [id]
    card = chat.log.get_by_role("link", name="Download notes.txt")
    assert await card.get_attribute("href") == f"{chat.door.url}/web/files/{id}"


async def test_pictures_are_shown(chat: Chat) -> None:
    await chat.open()
    svg = b"\x89PNG\r\n\x1a\n"
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c489"
        "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082".replace(" ", "")
    )
    chat.door.uploads |= {
        "p1": ("cat.png", "image/png", pixel),
        "p2": ("bad.png", "image/png", svg),
    }
    await chat.door.say(chat.door.file("p1"), chat.door.file("p2"))
    await chat.log.get_by_role("img", name="cat.png").wait_for()
    # What is no picture after all can still be had.
    await chat.log.get_by_role("link", name="Download bad.png").wait_for()


async def test_a_failed_upload_says_so_and_can_be_tried_again(chat: Chat) -> None:
    await chat.open()
    chat.door.faults.refuse_uploads = 413
    file = {"name": "big.bin", "mimeType": "application/octet-stream", "buffer": b"x"}
    await chat.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    draft = chat.page.locator(".draft")
    await draft.get_by_text("big.bin is too large.").wait_for()
    chat.door.faults.refuse_uploads = 0
    await draft.get_by_role("button", name="Try again").click()
    await chat.door.until(lambda: chat.door.uploads)
    await draft.get_by_role("button", name="Remove big.bin").click()
    await draft.wait_for(state="detached")


async def test_files_can_be_dropped_and_pasted(chat: Chat) -> None:
    await chat.open()
    await chat.page.evaluate(
        """() => {
            const root = document.querySelector("front-door").shadowRoot;
            const data = name => {
                const it = new DataTransfer();
                it.items.add(new File(["x"], name));
                return it;
            };
            const all = {bubbles: true, cancelable: true, composed: true};
            root.querySelector(".log").dispatchEvent(
                new DragEvent("drop", {dataTransfer: data("dropped.txt"), ...all}));
            root.querySelector("textarea").dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: data("pasted.txt"), ...all}));
        }"""
    )
    await chat.door.until(lambda: len(chat.door.uploads) == 2)
    names = {name for name, _, _ in chat.door.uploads.values()}
    assert names == {"dropped.txt", "pasted.txt"}


async def test_a_refused_message_can_be_sent_again_or_deleted(chat: Chat) -> None:
    await chat.open()
    chat.door.faults.complain = "That file is gone."
    await chat.say("one")
    await chat.log.get_by_text("Not sent. That file is gone.").wait_for()
    chat.door.faults.complain = ""
    await chat.log.get_by_role("button", name="Try again").click()
    await chat.door.until(lambda: chat.door.log)
    assert chat.door.messages()[0]["id"] == chat.door.messages()[1]["id"]
    chat.door.faults.complain = "No."
    await chat.say("two")
    await chat.log.get_by_role("button", name="Delete").click()
    await chat.shows("one")


async def test_one_who_reads_up_the_log_is_left_there_and_can_jump_back(chat: Chat) -> None:
    for n in range(40):
        chat.door.entry("agent", {"kind": "text", "text": f"line {n}"})
    await chat.open()
    await chat.log.get_by_text("line 39").wait_for()
    scroll = chat.page.locator(".scroll")
    await scroll.evaluate("it => it.scrollTo(0, 0)")
    latest = chat.page.get_by_role("button", name="Jump to the latest message")
    await latest.wait_for()
    await chat.door.say("news")
    await chat.log.get_by_text("news").wait_for()
    assert await scroll.evaluate("it => it.scrollTop") == 0
    await latest.click()
    await latest.wait_for(state="hidden")
    assert await scroll.evaluate("it => it.scrollHeight - it.scrollTop - it.clientHeight") < 2


async def test_a_long_past_is_shown_a_stretch_at_a_time(chat: Chat) -> None:
    for n in range(1, 301):
        chat.door.entry("agent", {"kind": "text", "text": f"line {n}"})
    await chat.open()
    await chat.log.get_by_text("line 300").wait_for()
    await chat.page.reload()
    await chat.page.get_by_role("button", name="Open chat").click()
    await chat.log.get_by_text("line 300").wait_for()
    assert chat.door.heard[-1]["after"] == 100
    await chat.page.get_by_role("button", name="Show earlier messages").click()
    await chat.log.get_by_text("line 1", exact=True).wait_for(state="attached")
    assert await chat.log.locator(".bubble").count() == 300
