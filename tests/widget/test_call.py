"""Talking: a browser with a made-up microphone, against the double and the real channel."""

from __future__ import annotations

import math
from array import array

import pytest
from playwright.async_api import BrowserContext, Page

from channels.base import Line
from channels.events import AudioIn, AudioOut, Caption
from tests.channels.doubles import ScriptedCalls
from tests.channels.web.harness import running
from tests.widget.conftest import Chat
from tests.widget.test_accessibility import clean

pytestmark = pytest.mark.anyio

WIRETAP = """() => {
    const connect = AudioNode.prototype.connect;
    AudioNode.prototype.connect = function (to, ...rest) {
        if (to === this.context.destination) {
            window.tap = this.context.createAnalyser();
            window.tap.fftSize = 2048;
            connect.call(this, window.tap);
        }
        return connect.call(this, to, ...rest);
    };
    window.loudness = () => {
        const samples = new Float32Array(2048);
        window.tap?.getFloatTimeDomainData(samples);
        return Math.max(...samples.map(Math.abs));
    };
    window.pitch = () => {
        const samples = new Float32Array(2048);
        window.tap.getFloatTimeDomainData(samples);
        let crossings = 0;
        for (let i = 1; i < 2048; i++) crossings += samples[i - 1] < 0 && samples[i] >= 0;
        return crossings * window.tap.context.sampleRate / 2048;
    };
}"""
"""Listens to what the page plays."""


def tone(seconds: float, hertz: float = 440) -> bytes:
    count = int(16000 * seconds)
    wave = (int(16000 * math.sin(2 * math.pi * hertz * n / 16000)) for n in range(count))
    return array("h", wave).tobytes()


@pytest.fixture
async def caller(chat: Chat, context: BrowserContext) -> Chat:
    """Somebody who lets the page listen, and a server that takes calls."""
    await context.grant_permissions(["microphone"])
    await chat.page.add_init_script(f"({WIRETAP})()")
    chat.door.calls = True
    return chat


async def call(chat: Chat) -> None:
    await chat.open()
    await chat.page.get_by_role("button", name="Talk").click()
    await chat.page.locator(".phase", has_text="Listening").wait_for()


def asked(chat: Chat) -> list[bool]:
    return [frame["on"] for frame in chat.door.heard if frame["type"] == "voice"]


async def test_there_is_no_microphone_where_nobody_takes_calls(chat: Chat) -> None:
    await chat.open()
    assert not await chat.page.get_by_role("button", name="Talk").is_visible()


async def test_a_call_to_the_real_channel_is_heard_answered_and_captioned(
    context: BrowserContext,
) -> None:
    async def script(line: Line) -> None:
        line.send(Caption("agent", "Good day", final=True))
        async for event in line.receive():
            if isinstance(event, AudioIn):
                heard.append(event.audio)
                line.send(AudioOut(event.audio))
                line.send(Caption("user", "Hello the", final=False))

    heard: list[bytes] = []
    calls = ScriptedCalls(script)
    await context.grant_permissions(["microphone"])
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda it: refused.append(it.text) if it.type == "error" else None)
    await page.add_init_script(f"({WIRETAP})()")
    async with running(calls=calls) as web:
        await page.goto(web.url)
        await page.get_by_role("button", name="Talk").click()
        await page.get_by_text("Hello the").wait_for()
        await page.locator(".caption", has_text="Good day").wait_for()
        await page.wait_for_function("() => window.loudness() > 0.02")
        await page.get_by_role("button", name="End call").click()
        await page.get_by_role("button", name="Talk").wait_for()
        await page.close()
    assert all(len(frame) == 640 for frame in heard)
    assert max(array("h", b"".join(heard))) > 1000
    assert len(calls.ended) == 1
    assert not refused


async def test_what_the_agent_says_is_played_at_its_pitch_and_stops_at_a_clear(
    caller: Chat,
) -> None:
    await call(caller)
    for _ in range(20):
        await caller.door.play(tone(0.5))
    await caller.page.locator(".phase", has_text="Speaking").wait_for()
    await caller.page.wait_for_function("() => window.loudness() > 0.4")
    # The first look may fall on the beginning of the sound, which is no whole tone yet.
    await caller.page.wait_for_function("() => Math.abs(window.pitch() - 440) < 20")
    await caller.door.send({"type": "clear"})
    await caller.page.wait_for_function("() => window.loudness() < 0.01", timeout=1000)
    await caller.page.locator(".phase", has_text="Listening").wait_for()


async def test_nothing_is_asked_and_nothing_sent_before_the_tap(caller: Chat) -> None:
    await caller.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => { window.asked = true; throw 0 }"
    )
    await caller.open()
    await caller.say("hi")
    assert await caller.page.evaluate("window.asked") is None
    assert not caller.door.sound


async def test_while_the_browser_asks_for_the_microphone_that_is_said(caller: Chat) -> None:
    await caller.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => new Promise(() => {})"
    )
    await caller.open()
    await caller.page.get_by_role("button", name="Talk").click()
    await caller.page.locator(".phase", has_text="Waiting for the microphone").wait_for()
    # Whoever thinks better of it is asked for nothing more.
    await caller.page.get_by_role("button", name="End call").click()
    await caller.page.get_by_role("button", name="Talk").wait_for()
    assert asked(caller) == []


async def test_what_was_spoken_is_marked_as_written_down_by_a_machine(caller: Chat) -> None:
    await call(caller)
    await caller.door.caption("user", "what time is it", final=True)
    spoken = {"kind": "text", "text": "what time is it", "spoken": True}
    await caller.door.send(caller.door.entry("user", spoken))
    await caller.door.say("It is noon, and there is more that was cut short.")
    await caller.shows("what time is it", "It is noon, and there is more that was cut short.")
    assert await caller.log.get_by_text("Transcribed automatically").count() == 1
    # In sight once: in the log, not also as a caption.
    assert await caller.page.locator(".caption:visible").count() == 0
    await caller.say("in writing")
    assert await caller.log.get_by_text("Transcribed automatically").count() == 1


async def test_the_words_of_a_voice_note_come_while_one_looks_on(caller: Chat) -> None:
    await caller.open()
    caller.door.uploads["f1"] = ("note.ogg", "audio/ogg", b"x")
    note = caller.door.file("f1")
    entry = caller.door.entry("user", note)
    await caller.door.send(entry)
    await caller.log.get_by_text("note.ogg").wait_for()
    words = {"kind": "text", "text": "buy milk", "spoken": True}
    await caller.door.send({"type": "amended", "id": entry["id"], "parts": [note, words]})
    await caller.shows("buy milk")
    assert await caller.log.get_by_text("note.ogg").is_visible()
    await caller.log.get_by_text("Transcribed automatically").wait_for()


async def test_one_who_refuses_the_microphone_is_told_what_to_do(chat: Chat) -> None:
    chat.door.calls = True
    await chat.open()
    await chat.page.get_by_role("button", name="Talk").click()
    await chat.page.get_by_text("The microphone is blocked. Allow it").wait_for()
    assert asked(chat) == []
    # One can still write, and the words go away.
    await chat.say("then in writing")
    await chat.page.get_by_text("The microphone is blocked").wait_for(state="hidden")


@pytest.mark.parametrize(
    ("error", "words"),
    [("NotFoundError", "No microphone was found."), ("NotReadableError", "cannot be used")],
)
async def test_other_trouble_with_the_microphone_is_said_plainly(
    caller: Chat, error: str, words: str
) -> None:
    await caller.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = "
        f"() => Promise.reject(new DOMException('x', '{error}'))"
    )
    await caller.open()
    await caller.page.get_by_role("button", name="Talk").click()
    await caller.page.get_by_text(words).wait_for()


async def test_a_page_that_is_not_secure_says_so(caller: Chat) -> None:
    await caller.page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'mediaDevices', {value: undefined})"
    )
    await caller.open()
    await caller.page.get_by_role("button", name="Talk").click()
    await caller.page.get_by_text("Talking needs a secure page").wait_for()


async def test_one_can_write_in_a_call(caller: Chat) -> None:
    await call(caller)
    await caller.say("the address is 5 Elm Street")
    await caller.shows("the address is 5 Elm Street")
    before = len(caller.door.sound)
    await caller.door.until(lambda: len(caller.door.sound) > before + 6400)
    assert asked(caller) == [True]


async def test_a_muted_microphone_sends_silence(caller: Chat) -> None:
    await call(caller)
    await caller.door.until(lambda: any(caller.door.sound))
    mute = caller.page.get_by_role("button", name="Mute")
    await mute.click()
    await caller.page.locator(".phase", has_text="Muted").wait_for()
    assert await mute.get_attribute("aria-pressed") == "true"

    def silent() -> bool:
        return len(caller.door.sound) > 6400 and not any(caller.door.sound[-6400:])

    await caller.door.until(silent)
    await mute.click()
    await caller.door.until(lambda: any(caller.door.sound[-640:]))


async def test_the_house_may_hang_up(caller: Chat) -> None:
    await call(caller)
    await caller.door.send({"type": "voice", "on": False})
    await caller.page.get_by_role("button", name="Talk").wait_for()
    await caller.page.get_by_text("The call has ended.").wait_for()
    # It is told that no more sound will come.
    await caller.door.until(lambda: asked(caller) == [True, False])


async def test_a_call_begun_in_another_tab_takes_the_place_of_this_one(
    caller: Chat, context: BrowserContext
) -> None:
    await call(caller)
    other = Chat(await context.new_page(), caller.door)
    await call(other)
    await caller.page.get_by_text("The call goes on in another tab.").wait_for()
    # Who hears of the other first, the door or the first tab, is the browser's chance.
    await caller.door.until(lambda: sorted(asked(caller)) == [False, True, True])
    assert await other.page.locator(".phase", has_text="Listening").is_visible()


async def test_all_lines_busy_is_shown(caller: Chat) -> None:
    caller.door.faults.lines_busy = True
    await caller.open()
    await caller.page.get_by_role("button", name="Talk").click()
    await caller.page.get_by_text("All lines are busy.").wait_for()
    assert not await caller.page.get_by_role("button", name="End call").is_visible()


async def test_a_call_whose_connection_is_lost_ends_with_a_word_and_can_be_begun_again(
    caller: Chat,
) -> None:
    await call(caller)
    await caller.door.drop()
    await caller.page.get_by_text("The connection was lost, and the call with it.").wait_for()
    await caller.online()
    await caller.page.get_by_role("button", name="Talk").click()
    await caller.page.locator(".phase", has_text="Listening").wait_for()
    assert not await caller.page.get_by_text("The connection was lost").is_visible()


async def test_nobody_is_listened_to_by_a_chat_that_is_closed(caller: Chat) -> None:
    await call(caller)
    await caller.page.get_by_role("button", name="Close chat").first.click()
    await caller.door.until(lambda: asked(caller) == [True, False])
    size = len(caller.door.sound)
    await caller.page.get_by_role("button", name="Open chat").click()
    await caller.say("hi")
    assert len(caller.door.sound) == size


async def test_a_call_is_made_muted_and_ended_by_keyboard(caller: Chat) -> None:
    await caller.open()
    page = caller.page
    await page.get_by_role("button", name="Talk").focus()
    await page.keyboard.press("Enter")
    await page.locator(".phase", has_text="Listening").wait_for()
    assert await focused(page) == "End call"
    await page.keyboard.press("Shift+Tab")
    assert await focused(page) == "Mute"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Talk").wait_for()
    assert await focused(page) == "Talk"


async def focused(page: Page) -> str:
    label: str = await page.evaluate(
        "document.querySelector('front-door').shadowRoot.activeElement?.ariaLabel ?? ''"
    )
    return label


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_in_a_call(caller: Chat, theme: str) -> None:
    caller.door.page = f'<script src="/web/widget.js" async data-theme="{theme}"></script>'
    caller.door.policy = "default-src * 'unsafe-inline' 'unsafe-eval'"
    await call(caller)
    await caller.door.caption("user", "What is on my")
    await caller.door.caption("agent", "You have two tasks.", final=True)
    await caller.page.locator(".caption", has_text="two tasks").wait_for()
    await clean(caller)


async def test_a_call_is_mirrored_on_a_page_that_is_read_from_right_to_left(caller: Chat) -> None:
    caller.door.page = (
        '<div dir="rtl"><front-door inline></front-door></div>'
        '<script src="/web/widget.js" async></script>'
    )
    await caller.visit()
    await caller.online()
    page = caller.page
    await page.get_by_role("button", name="Talk").click()
    await page.locator(".phase", has_text="Listening").wait_for()
    await caller.door.caption("agent", "مرحبا، كيف أساعدك؟", final=True)
    await page.get_by_text("مرحبا", exact=False).first.wait_for()
    panel, meter, end = [
        await page.locator(it).bounding_box() for it in (".panel", ".meter", ".call .end")
    ]
    assert panel
    assert meter
    assert end
    assert panel["x"] <= end["x"] < meter["x"]
    assert meter["x"] + meter["width"] <= panel["x"] + panel["width"]


async def test_a_screen_reader_hears_captions_once_they_are_final(caller: Chat) -> None:
    await call(caller)
    await caller.door.caption("user", "What is")
    await caller.page.get_by_text("What is", exact=True).wait_for()
    live = caller.page.locator(".captions [aria-live=polite]").first
    assert await live.text_content() == ""
    await caller.door.caption("user", "What is on my list?", final=True)
    await caller.page.get_by_text("You: What is on my list?").wait_for(state="attached")
    # The log would say the same words again.
    assert await caller.log.get_attribute("aria-live") == "off"
