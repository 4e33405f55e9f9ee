"""The demo page's telephone in a browser, with an echo at the other end."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import BrowserContext

from channels.web import pages
from channels.web.phone import Handset
from tests.channels.web.harness import running
from tests.widget.test_call import WIRETAP

pytestmark = pytest.mark.anyio


async def test_one_can_call_press_keys_hear_and_hang_up(context: BrowserContext) -> None:
    keys: list[str] = []
    ended: list[bool] = []
    loud: list[bytes] = []

    async def echo(handset: Handset) -> None:
        handset.answered()
        async for item in handset.said():
            if isinstance(item, str):
                keys.append(item)
                continue
            loud.append(item)
            handset.play(item)
        ended.append(True)

    await context.grant_permissions(["microphone"])
    page = await context.new_page()
    broken: list[str] = []
    page.on("console", lambda it: broken.append(it.text) if it.type == "error" else None)
    page.on("pageerror", lambda it: broken.append(str(it)))
    await page.add_init_script(f"({WIRETAP})()")
    async with running(phone=echo) as web:
        await page.goto(web.url)
        await page.get_by_role("button", name="Call", exact=True).click()
        await page.get_by_text("Connected. You can talk.").wait_for()
        await page.wait_for_function("() => window.loudness() > 0.02")
        await page.get_by_role("button", name="7", exact=True).click()
        await page.get_by_role("button", name="Hang up").click()
        await page.get_by_text("The call is over.").wait_for()
        await page.get_by_role("button", name="Call", exact=True).wait_for()
        await page.close()
    assert keys == ["7"]
    assert ended == [True]
    assert set(b"".join(loud)) - {0xFF, 0x7F}
    assert not broken


async def test_without_a_microphone_it_says_so(context: BrowserContext) -> None:
    async def nobody(_: Handset) -> None:
        raise AssertionError("nobody called")

    page = await context.new_page()
    async with running(phone=nobody) as web:
        await page.goto(web.url)
        await page.get_by_role("button", name="Call", exact=True).click()
        await page.get_by_text("The microphone cannot be used.").wait_for()
        await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_a_telephone_call(
    context: BrowserContext, scheme: Literal["light", "dark"], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(handset: Handset) -> None:
        handset.answered()
        async for _ in handset.said():
            pass

    # Axe is injected as an inline script.
    policy = "default-src * 'unsafe-inline' 'unsafe-eval'"
    monkeypatch.setitem(pages._PAGE_HEADERS, "Content-Security-Policy", policy)
    await context.grant_permissions(["microphone"])
    page = await context.new_page()
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    async with running(phone=answer) as web:
        await page.goto(web.url)
        before = await Axe().run(page, context=".doors")
        # All of it by keyboard.
        await page.get_by_role("button", name="Call", exact=True).focus()
        await page.keyboard.press("Enter")
        await page.get_by_text("Connected. You can talk.").wait_for()
        during = await Axe().run(page, context=".doors")
        assert await page.evaluate("document.activeElement.textContent") == "Hang up"
        await page.keyboard.press("Enter")
        await page.get_by_text("The call is over.").wait_for()
        assert await page.evaluate("document.activeElement.textContent") == "Call"
        await page.close()
    for results in (before, during):
        assert results.response["passes"]
        assert not results.response["violations"], results.generate_report()
