"""A browser, a page with the widget in it, and the server's double behind it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright


def _load(name: str) -> ModuleType:
    # Test folders are no packages; the double is imported by its path.
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "server.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


server = _load("widget_server")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not server.WIDGET.is_file():
        pytest.fail("no widget: run `npm ci && npm run build` in channels/web/widget")
    async with async_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=found)
        yield browser
        await browser.close()


@pytest.fixture
async def door() -> AsyncIterator[object]:
    async with server.serving(server.Door()) as door:
        yield door


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/Vienna")
    context.set_default_timeout(5000)
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()
