"""A browser, a page with the widget in it, and the server's double behind it."""

from __future__ import annotations

import math
import shutil
import wave
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright

from tests.widget.server import WIDGET, Door, Frame, serving


@dataclass
class Chat:
    """The widget on a page, as a person uses it."""

    page: Page
    door: Door

    async def visit(self) -> None:
        await self.page.goto(self.door.url)
        await self.page.locator("front-door .panel").wait_for(state="attached")

    async def open(self) -> None:
        await self.visit()
        await self.page.get_by_role("button", name="Open chat").click()
        await self.online()

    async def online(self) -> None:
        await self.page.locator("[data-link=online]").wait_for(state="attached")

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def live(self) -> Locator:
        return self.page.locator(".live")

    async def type(self, text: str) -> None:
        await self.box.fill(text)
        await self.box.press("Enter")

    async def say(self, text: str) -> Frame:
        """Write something and wait until the server has it."""
        before = len(self.door.messages())
        await self.type(text)
        await self.door.until(lambda: len(self.door.messages()) > before)
        return self.door.messages()[-1]

    async def lines(self) -> list[str]:
        """What stands in the log, by bubble."""
        return await self.log.locator(".bubble").all_inner_texts()

    async def shows(self, *lines: str) -> None:
        """Wait until the log holds these bubbles and no others."""
        await self.page.wait_for_function(
            """wanted => {
                const root = document.querySelector("front-door").shadowRoot;
                const bubbles = [...root.querySelectorAll("[role=log] .bubble")];
                const found = bubbles.map(it => it.innerText);
                return JSON.stringify(found) === JSON.stringify(wanted);
            }""",
            arg=list(lines),
        )


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something that sounds enough like speech for a browser not to filter it away."""
    path = tmp_path_factory.mktemp("microphone") / "said.wav"
    pitch = (
        math.sin(2 * math.pi * (300 + 200 * math.sin(7 * t)) * t) * (math.sin(20 * t) > 0)
        for t in (n / 16000 for n in range(16000 * 4))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(array("h", (int(12000 * it) for it in pitch)).tobytes())
    return path


@pytest.fixture(scope="session")
async def browser(microphone: Path) -> AsyncIterator[Browser]:
    if not WIDGET.is_file():
        pytest.fail("no widget: run `npm ci && npm run build` in channels/web/widget")
    async with async_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(
            executable_path=found,
            args=[
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
            ],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with serving(Door()) as door:
        yield door


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/Vienna")
    context.set_default_timeout(5000)
    yield context
    await context.close()


@pytest.fixture
async def chat(door: Door, context: BrowserContext) -> AsyncIterator[Chat]:
    page = await context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on(
        "console",
        lambda it: broken.append(it.text) if "Content Security Policy" in it.text else None,
    )
    yield Chat(page, door)
    assert not broken, "the page threw, or its policy was broken"
