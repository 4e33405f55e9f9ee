"""Files up and down, over a real server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import FilesAway, TooLarge
from channels.events import Address, File
from channels.web import sessions
from channels.web.adapter import WebConfig
from channels.web.files import described, safe_name
from tests.channels.doubles import InMemoryInbox
from tests.channels.web.harness import SECRET, Web, running

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)


async def bearer(web: Web) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await web.session())['token']}"}


async def test_a_file_goes_up_as_a_form_and_comes_down_alike(web: Web) -> None:
    answer = await web.http.post(
        "/web/files", files={"file": ("é t.png", PNG, "image/png")}, headers=await bearer(web)
    )
    assert answer.status_code == 200
    told = answer.json()
    assert (told["name"], told["media_type"], told["size"]) == ("é t.png", "image/png", len(PNG))
    assert web.inbox.files[told["id"]][0].kind == "image"
    back = await web.http.get(f"/web/files/{told['id']}")
    assert back.content == PNG
    assert back.headers["content-type"] == "image/png"
    assert back.headers["content-disposition"] == "inline; filename*=UTF-8''%C3%A9%20t.png"
    assert back.headers["content-length"] == str(len(PNG))
    assert "immutable" in back.headers["cache-control"]


async def test_a_file_goes_up_as_a_raw_body(web: Web) -> None:
    headers = {
        **await bearer(web),
        "Content-Type": "application/pdf",
        "Content-Disposition": "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf",
    }
    answer = await web.http.post("/web/files", content=b"%PDF", headers=headers)
    assert answer.json()["name"] == "résumé.pdf"
    assert answer.json()["media_type"] == "application/pdf"


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "nonsense", "text/html\r\nX: y"])
async def test_what_could_run_is_only_ever_downloaded(web: Web, kind: str) -> None:
    web.inbox.files["f"] = (File('a".html', kind, 8, "f"), b"<script>")
    back = await web.http.get("/web/files/f")
    assert back.headers["content-disposition"].startswith("attachment;")
    assert back.headers["x-content-type-options"] == "nosniff"
    assert back.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert '"' not in back.headers["content-disposition"]


async def test_an_unknown_file_is_not_there(web: Web) -> None:
    answer = await web.http.get("/web/files/nope")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_such_file"


async def test_an_upload_needs_a_session(web: Web) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = await web.http.post("/web/files", content=b"x", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert web.inbox.files == {}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"rubbish", "multipart/form-data; boundary=x"),
        (b"rubbish", "multipart/form-data"),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
         "multipart/form-data; boundary=x"),
    ],
)  # fmt: skip
async def test_a_form_without_a_file_is_refused(web: Web, content: bytes, kind: str) -> None:
    headers = {**await bearer(web), "Content-Type": kind}
    answer = await web.http.post("/web/files", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_file")


async def test_a_browser_is_sent_to_where_a_file_is_had_directly(web: Web) -> None:
    web.inbox.files["f"] = (File("a.png", "image/png", 1, "f"), b"x")
    web.inbox.links["f"] = "https://storage.example/f?signed"
    answer = await web.http.get("/web/files/f")
    assert (answer.status_code, answer.content) == (307, b"")
    assert answer.headers["location"] == "https://storage.example/f?signed"
    # Not longer than the link is good.
    assert answer.headers["cache-control"] == "private, max-age=30"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["access-control-allow-origin"] == "*"


class AwayInbox(InMemoryInbox):
    async def put_file(self, owner: Address, file: File, chunks: AsyncIterator[bytes]) -> File:
        raise FilesAway("the storage does not answer")

    async def get_file(self, id: str) -> tuple[File, AsyncIterator[bytes]] | None:
        raise FilesAway("the storage does not answer")


async def test_people_are_told_that_files_are_away_just_now() -> None:
    async with running(inbox=AwayInbox()) as web:
        answers = [
            await web.http.post("/web/files", content=b"x", headers=await bearer(web)),
            await web.http.get("/web/files/f", headers={"Accept-Language": "de"}),
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "files_away")
        assert answer.headers["retry-after"] == "10"
        assert "storage" not in answer.text
    assert "Dateien" in answers[1].json()["message"]


class SmallInbox(InMemoryInbox):
    async def put_file(self, owner: Address, file: File, chunks: AsyncIterator[bytes]) -> File:
        stored = await super().put_file(owner, replace(file), chunks)
        if stored.size > 500:
            del self.files[stored.id]
            raise TooLarge(500)
        return stored


async def test_a_file_over_the_limit_is_refused_however_it_is_sent() -> None:
    async def streamed(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 500):
            yield b"x" * 500

    async with running(WebConfig(secret=SECRET, max_upload_bytes=1000), SmallInbox()) as web:
        headers = await bearer(web)
        form = {**headers, "Content-Type": "multipart/form-data; boundary=b"}
        part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'

        async def formed() -> AsyncIterator[bytes]:
            yield part
            async for chunk in streamed(30_000):
                yield chunk

        answers = [
            await web.http.post("/web/files", content=streamed(1500), headers=headers),
            await web.http.post("/web/files", content=b"x" * 20_000, headers=headers),
            await web.http.post("/web/files", content=b"x" * 600, headers=headers),
            await web.http.post("/web/files", content=formed(), headers=form),
            await web.http.post("/web/files", files={"f": b"x" * 2000}, headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [413] * 5
        assert answers[0].json()["code"] == "file_too_large"
        assert web.inbox.files == {}


@given(st.text())
def test_any_name_is_made_safe(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 120
    assert not set(safe) & set("/\\\r\n\0\u202e")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("...", "file"),
        ("", "file"),
        ("in\u202etxt.exe", "intxt.exe"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_names_keep_what_is_useful(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("a.png", "", "image/png"),
        ("a.bin", "Image/PNG; x=y", "image/png"),
        ("a", "", "application/octet-stream"),
        ("a.txt", "rubbish", "text/plain"),
    ],
)
def test_a_type_is_taken_when_it_is_one_and_guessed_when_not(
    name: str, media_type: str, kind: str
) -> None:
    assert described(name, media_type).media_type == kind


@pytest.mark.parametrize("whose", ["session", "host"])
async def test_neither_a_session_nor_its_host_may_upload_without_end(web: Web, whose: str) -> None:
    session = await web.session()
    id = sessions.read(session["token"], SECRET, time.time()).id
    key = {"session": f"web:files:{id}", "host": "web:files:host:127.0.0.1"}[whose]
    web.budget.waits[key] = 1.5
    headers = {"Authorization": f"Bearer {session['token']}"}
    answer = await web.http.post("/web/files", content=b"x", headers=headers)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2"
    assert web.inbox.files == {}
