"""The demo page and the widget's script."""

from __future__ import annotations

import gzip
import os
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

import prompts
from channels.web import pages
from channels.web.adapter import WebConfig
from channels.web.phone import Handset
from prompts import languages
from tests.channels.web.harness import SECRET, Web, running

pytestmark = pytest.mark.anyio
WIDGET = "/* the widget */" * 50


@pytest.fixture
def widget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "widget.js"
    write(path, WIDGET)
    monkeypatch.setattr(pages, "_WIDGET", path)
    return path


def write(path: Path, text: str, changed_ns: int = 0) -> None:
    path.write_text(text)
    os.utime(path, ns=(changed_ns, changed_ns))


async def test_the_page_holds_the_widget_and_nothing_a_strict_policy_refuses(web: Web) -> None:
    answer = await web.http.get("/")
    assert answer.status_code == 200
    assert "<front-door inline" in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"<style|style=|<script>|\son\w+=|http://(?!127)", answer.text)
    for path in re.findall(r'(?:src|href)="(/web/page/[^"]+)"', answer.text):
        assert (await web.http.get(path)).status_code == 200


async def test_the_page_may_show_pictures_from_where_files_are_had() -> None:
    config = WebConfig(secret=SECRET, files_origin="https://storage.example")
    async with running(config) as web:
        policy = (await web.http.get("/")).headers["content-security-policy"]
    [images] = [part for part in policy.split("; ") if part.startswith("img-src ")]
    assert images.split() == ["img-src", "'self'", "blob:", "https://storage.example"]


async def test_the_page_speaks_the_readers_language(web: Web) -> None:
    for language in languages():
        answer = await web.http.get("/", headers={"Accept-Language": language})
        assert f'<html lang="{language}">' in answer.text
        assert "$" not in answer.text


async def test_the_page_tells_which_doors_are_open(web: Web) -> None:
    off = (await web.http.get("/")).text
    web.doors["telegram"] = 'https://t.me/a"bot'
    on = (await web.http.get("/")).text
    assert "connect telegram" in off
    assert "a&quot;bot" in on
    assert 'a"bot' not in on


async def test_the_page_has_a_telephone_when_the_house_gives_it_one() -> None:
    async def place(_: Handset) -> None:
        raise AssertionError("nobody called")

    for phone in (None, place):
        async with running(phone=phone) as web:
            web.doors["phone"] = "+15005550006"
            text = (await web.http.get("/")).text
            assert ("<div hidden>\n              <p>A telephone" in text) is (phone is None)
            assert 'href="tel:+15005550006"' in text
            assert (await web.http.get("/web/page/phone.js")).status_code == 200


async def test_the_widget_is_served_to_any_page_and_revalidated(web: Web, widget: Path) -> None:
    plain = await web.http.get("/web/widget.js", headers={"Accept-Encoding": "identity"})
    zipped = await web.http.get("/web/widget.js", headers={"Origin": "https://any.example"})
    assert plain.content == zipped.content == WIDGET.encode()
    assert zipped.headers["content-encoding"] == "gzip"
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert zipped.headers["access-control-allow-origin"] == "*"
    assert plain.headers["etag"] != zipped.headers["etag"]
    again = await web.http.get("/web/widget.js", headers={"If-None-Match": zipped.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    write(widget, "/* rebuilt */", changed_ns=1)
    fresh = await web.http.get("/web/widget.js", headers={"If-None-Match": zipped.headers["etag"]})
    assert fresh.text == "/* rebuilt */"


async def test_a_widget_that_is_not_built_says_how_to_build_it(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_WIDGET", tmp_path / "not built")
    answer = await web.http.get("/web/widget.js")
    assert answer.status_code == 503
    assert "npm run build" in answer.text


async def test_only_the_pages_own_files_are_served(web: Web) -> None:
    for name in ("index.html", "..%2fadapter.py", "nope.js"):
        assert (await web.http.get(f"/web/page/{name}")).status_code == 404


def test_every_language_says_the_same_things() -> None:
    def book(language: str) -> dict[str, set[str]]:
        path = Path(prompts.__file__).parent / language / "web.toml"
        return {
            key: {field for _, field, _, _ in Formatter().parse(words) if field}
            for key, words in tomllib.loads(path.read_text("utf-8")).items()
        }

    assert all(book(language) == book("en") for language in languages())


def test_compressing_is_done_once_and_alike() -> None:
    path = Path(pages.__file__).parent / "pages" / "page.css"
    asset = pages._load(path, 0)
    assert gzip.decompress(asset.zipped) == asset.plain == path.read_bytes()
