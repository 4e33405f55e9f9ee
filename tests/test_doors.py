"""What strangers get from a running house: the right status, plain words, and nothing else.

Two houses: one as on a developer's machine, one that the world reaches.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.wiring.doors import derived
from tests.kill.house import House, free_port, house

pytestmark = pytest.mark.anyio

API_TOKEN = "sesame-of-the-api"
BOT_TOKEN = "4242:the-token-of-the-bot"
HOOK_SECRET = "the-secret-of-the-hook"
SITE_SECRET = "the secret with which the site signs its visitors"
WORDS = "what somebody wrote in confidence"
NAME = "Wilhelmina"
PHONE = "+4366012345678"
PRIVATE = (API_TOKEN, BOT_TOKEN, HOOK_SECRET, SITE_SECRET, WORDS, NAME, PHONE)


@dataclass
class Houses:
    local: House
    public: House


@pytest.fixture(scope="module")
async def houses(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Houses]:
    """Both houses; what was done to them in all tests must have left no trace."""
    debug = {"LOG_LEVEL": "debug"}
    reached = {
        "PUBLIC_URL": "https://door.example.com",
        "API_TOKEN": API_TOKEN,
        "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
        "TELEGRAM_API_URL": f"http://127.0.0.1:{free_port()}",
        "TELEGRAM_WEBHOOK_SECRET": HOOK_SECRET,
        "WEB_IDENTITY_SECRET": SITE_SECRET,
    }
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("local")
        local = await stack.enter_async_context(house(folder, debug))
        folder = tmp_path_factory.mktemp("public")
        public = await stack.enter_async_context(house(folder, {**debug, **reached}))
        yield Houses(local, public)
        for door in (local, public):
            await door.ready(5)
    for door in (local, public):
        assert "Traceback" not in door.log
        assert not [word for word in PRIVATE if word in door.log]


def stored(door: House, table: str = "messages") -> list[str]:
    """What the house keeps of what was written, as JSON."""
    where = f"file:{door.folder / 'data/frontdoor.db'}?mode=ro"
    with closing(sqlite3.connect(where, uri=True)) as database:
        rows = database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - ours
    return [str(row) for row in rows]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(frozen=True)
class Case:
    """A request, and the status it deserves."""

    method: str
    path: str
    status: int
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        about = [f"{k}={v[:24]}" for k, v in self.headers.items() if k != "Content-Type"]
        return " ".join([self.method, self.path[:40], *about, repr(self.body[:24])])


JSON = {"Content-Type": "application/json"}
A2A = {**JSON, "A2A-Version": "1.0"}
DEEP = "[" * 100_000
EVIL = {"Host": "evil.example"}
ELSEWHERE = {"Origin": "https://evil.example"}


def session(body: Any, status: int, **headers: str) -> Case:
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    return Case("POST", "/web/sessions", status, content, {**JSON, **headers})


EITHER = [
    Case("GET", "/healthz", 200),
    Case("POST", "/healthz", 405),
    Case("DELETE", "/", 405),
    Case("GET", "/nowhere", 404),
    Case("GET", "//healthz", 404),
    Case("GET", "/healthz/", 404, headers=EVIL),
    Case("GET", "/web/files/..%2f..%2fetc%2fpasswd", 404),
    Case("GET", "/web/files/%00", 404),
    Case("GET", "/web/files/%ff", 404),
    Case("GET", "/web/files/" + "x" * 5000, 404),
    Case("GET", "/web/page/..%2fadapter.py", 404),
    Case("GET", "/web/page/%2e%2e", 404),
    Case("POST", "/web/files", 401, WORDS),
    Case("POST", "/web/files", 401, WORDS, {"Authorization": "Bearer a.b.c"}),
    Case("POST", "/web/files", 403, WORDS, ELSEWHERE),
    Case("POST", "/agent/notifications", 401, "{}"),
    Case("POST", "/agent/notifications", 401, DEEP, {"X-A2A-Notification-Token": "é"}),
    Case("GET", "/agent/notifications", 405),
    *(
        Case("POST", f"/twilio/{path}", 403, f"CallSid=CA1&From={PHONE}", headers)
        for path in ("voice", "after", "whisper", "status")
        for headers in ({}, {"X-Twilio-Signature": "bm8="}, {"X-Twilio-Signature": "\xe9"})
    ),
    Case("POST", "/twilio/voice", 400, b"\xff"),
    Case("POST", "/twilio/voice", 413, "x" * 70_000),
    Case("GET", "/twilio/voice", 403),
    Case("GET", "/twilio/media", 404),
    session(DEEP[:9000], 400),
    session('{"a":' * 3000, 400),
    session("[]", 400),
    session(b"\xff{", 400),
    session({"locale": "x" * 20_000}, 413),
    session({"locale": 5}, 400),
    session('{"identity": NaN}', 400),
    session('{"identity": ' + "9" * 5000 + "}", 400),
    session('{"identity": "\\ud800.a.b"}', 400),
    session("{}", 415, **{"Content-Type": "text/plain"}),
    session("{}", 403, Origin="https://evil.example"),
    session("{}", 403, Origin="null"),
    session("{}", 403, Origin="http://localhost.evil.example"),
    session("{}", 403, Origin="http://localhost@evil.example"),
    session("{}", 403, Origin="http://["),
    session("{}", 401, Authorization="Basic YTpi"),
    session("{}", 401, Authorization=f"Bearer {b64(b'[' * 6000)}.e30.x"),
    session("{}", 401, Authorization="Bearer \xff"),
]

LOCAL = [
    *EITHER,
    Case("POST", "/telegram/webhook", 404, "{}"),
    session({"identity": "a.b.c"}, 400),
    *(
        Case("GET", path, 421 if path != "/metrics" else 403, headers={"Host": host})
        for path in ("/metrics", "/v1/tasks", "/v1/docs", "/a2a/tasks")
        for host in ("evil.example", "a_b.example", "localhost.evil.example", "[", "a b")
    ),
    Case("GET", "/v1/tasks", 403, headers=ELSEWHERE),
    Case("POST", "/a2a", 403, "{}", {**A2A, **ELSEWHERE}),
    Case("PUT", "/a2a", 405, "{"),
    Case("GET", "/a2a", 405),
    Case("POST", "/a2a/message:send", 400, DEEP, A2A),
    Case("POST", "/a2a/message:send", 400, '{"a": NaN}', A2A),
    Case("POST", "/a2a/message:send", 400, '{"a": "\\ud800"}', A2A),
    Case("POST", "/a2a/message:send", 400, "null", A2A),
    Case("GET", "/a2a/tasks/%00", 404, headers=A2A),
    Case("GET", "/v1/tasks/%00", 404),
    Case("GET", "/v1/tasks/..%2f..", 404),
    Case("GET", "/v1", 404),
    Case("GET", "/v1/tasks?cursor=" + b64(b"s" + b"9" * 40), 400),
    Case("GET", "/v1/tasks?since=0001-01-01T00:00:00%2B14:00", 422),
    Case("GET", "/v1/tasks?limit=" + "9" * 5000, 422),
    Case("GET", "/v1/tasks?unknown=1", 422),
    Case("POST", "/v1/tasks", 400, DEEP, JSON),
    Case("POST", "/v1/tasks", 422, f'{{"person": "{WORDS}", "title": NaN}}', JSON),
    Case("POST", "/v1/tasks", 422, f'{{"person": "{WORDS}\\ud800", "title": "t"}}', JSON),
    Case("POST", "/v1/tasks", 413, " " * 1_100_000, JSON),
    Case("POST", "/v1/tasks", 422, "{}", {"Content-Type": "text/plain"}),
]


def hook(body: Any, status: int, secret: str = HOOK_SECRET) -> Case:
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    headers = {**JSON, "X-Telegram-Bot-Api-Secret-Token": secret}
    return Case("POST", "/telegram/webhook", status, content, headers)


def signed(claims: Mapping[str, Any], key: str = SITE_SECRET) -> dict[str, str]:
    return {"identity": jwt.encode(dict(claims), key, algorithm="HS256")}


FAR = 4_000_000_000

PUBLIC = [
    *EITHER,
    *(
        Case(method, path, 401, body, headers)
        for path, method, body in (
            ("/v1/tasks", "GET", b""),
            ("/v1/docs", "GET", b""),
            ("/v1/openapi.json", "GET", b""),
            ("/v1/nowhere", "GET", b""),
            ("/a2a/tasks", "GET", b""),
            ("/a2a", "POST", DEEP),
            ("/a2a", "POST", " " * 2_000_000),
        )
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {API_TOKEN}"})
    ),
    Case("GET", "/metrics", 401),
    Case("GET", "/metrics", 401, headers={"Host": "localhost"}),
    Case("GET", "/metrics", 401, headers={"Authorization": "Bearer \xe9"}),
    Case("GET", "/metrics", 200, headers={"Authorization": f"Bearer {API_TOKEN}"}),
    Case("GET", "/.well-known/agent-card.json", 200, headers=EVIL),
    Case("POST", "/telegram/webhook", 403, f'{{"update_id": 1, "text": "{WORDS}"}}'),
    Case("GET", "/telegram/webhook", 405),
    hook("{}", 403, "wrong"),
    hook("{}", 403, HOOK_SECRET[:-1]),
    hook(DEEP, 400),
    hook(b"", 400),
    hook(b"\xff", 400),
    hook(" " * 1_100_000, 413),
    # Asking again for these would be no use.
    hook([WORDS], 200),
    hook({"update_id": True, "message": {"text": WORDS}}, 200),
    hook({"update_id": 10**4000, "message": {"text": WORDS, "from": {"first_name": NAME}}}, 200),
    hook({"update_id": 1, "message": {"contact": {"phone_number": PHONE}}}, 200),
    session(signed({"sub": "ann"}), 401),
    session(signed({"sub": "ann", "exp": 1}), 401),
    session(signed({"sub": "ann", "exp": FAR}, SITE_SECRET + "!"), 401),
    session({"identity": jwt.encode({"sub": "a", "exp": FAR}, None, algorithm="none")}, 401),  # type: ignore[arg-type]  # as a forger would
    session({"identity": f"{b64(b'[' * 6000)}.e30.x"}, 401),
    session({"identity": "é.é.é"}, 401),
]


async def judge(door: House, case: Case) -> None:
    content = case.body.encode() if isinstance(case.body, str) else case.body
    headers = [(k.encode(), v.encode("latin-1")) for k, v in case.headers.items()]
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.request(
            case.method, f"{door.url}{case.path}", content=content, headers=headers
        )
    assert answer.status_code == case.status, answer.text
    if answer.status_code < 400:
        return
    assert re.match(r"(text/plain|application/json)", answer.headers["content-type"])
    assert answer.text.strip()
    assert not re.search(r"Traceback|File \"|site-packages|sqlalchemy|Error\(", answer.text)
    assert "location" not in answer.headers


@pytest.mark.parametrize("case", LOCAL, ids=str)
async def test_a_stranger_at_the_local_door(houses: Houses, case: Case) -> None:
    await judge(houses.local, case)


@pytest.mark.parametrize("case", PUBLIC, ids=str)
async def test_a_stranger_at_the_public_door(houses: Houses, case: Case) -> None:
    await judge(houses.public, case)


def message(**more: Any) -> str:
    return json.dumps({"type": "message", "id": str(uuid.uuid4()), "text": WORDS, **more})


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (DEEP[:60_000], "bad_frame"),
        ("x" * 70_000, "too_large"),
        ('{"type": "\\ud800"}', "unknown_type"),
        ('{"type": []}', "bad_frame"),
        ('{"type": "message", "id": NaN}', "bad_frame"),
        (message(id="1"), "bad_frame"),
        (message(text="\ud800"), "bad_frame"),
        (message(text="\0"), "empty_message"),
        (message(files=["../../x"]), "bad_frame"),
        (message(files=["x"]), "unknown_file"),
        (b"\0", "binary_unexpected"),
    ],
)
async def test_a_frame_that_cannot_be_taken(houses: Houses, frame: str | bytes, code: str) -> None:
    before = stored(houses.local)
    async with httpx.AsyncClient(trust_env=False) as client:
        token = (await client.post(f"{houses.local.url}/web/sessions")).json()["token"]
    address = houses.local.url.replace("http", "ws") + "/web/socket"
    async with connect(address, proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "token": token, "after": 0}))
        await socket.recv()
        await socket.send(frame)
        with anyio.fail_after(5):
            assert json.loads(await socket.recv())["code"] == code
            await socket.send('{"type": "ping"}')
            assert json.loads(await socket.recv()) == {"type": "pong"}
    assert stored(houses.local) == before


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (message(), 1008),
        (b"\0", 1008),
        (json.dumps({"type": "hello", "token": "a.b.c", "after": 0}), 4401),
        (json.dumps({"type": "hello", "token": f"{b64(b'[' * 5000)}.e30.x"}), 4401),
        (json.dumps({"type": "hello", "token": "\ud800"}), 1008),
        ("x" * 300_000, 1009),
    ],
)
async def test_a_socket_that_does_not_begin_well(
    houses: Houses, frame: str | bytes, code: int
) -> None:
    address = houses.public.url.replace("http", "ws") + "/web/socket"
    async with connect(address, proxy=None) as socket:
        await socket.send(frame)
        with anyio.fail_after(5):
            await socket.wait_closed()
        assert socket.close_code == code


async def test_a_socket_of_another_page_is_refused(houses: Houses) -> None:
    address = houses.public.url.replace("http", "ws") + "/web/socket"
    for path, origin in ((address, "https://evil.example"), (address + "/x", "")):
        headers = {"Origin": origin} if origin else {}
        with pytest.raises(InvalidStatus) as refused:
            async with connect(path, proxy=None, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\nX: " + b"y" * 200_000,
        b"GET /" + b"y" * 200_000,
        b"\0" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_hardly_http_is_refused(houses: Houses, start: bytes) -> None:
    async with await anyio.connect_tcp("127.0.0.1", houses.local.port) as peer:
        await peer.send(start)
        with anyio.fail_after(5):
            answer = await peer.receive()
    assert re.match(rb"HTTP/1.1 4\d\d ", answer)


@pytest.mark.parametrize("path", ["/telegram/webhook", "/agent/notifications", "/v1/tasks", "/a2a"])
async def test_half_a_body_changes_nothing(houses: Houses, path: str) -> None:
    """Although this half could be read, and the right secrets came with it."""
    with closing(sqlite3.connect(houses.public.folder / "data/frontdoor.db")) as database:
        (signing,) = database.execute("SELECT value FROM secrets").fetchone()
    update = {"update_id": 99, "message": {"text": WORDS}}
    body = {"person": "half", "title": "half", "task": {"id": "half"}, **update}
    if path == "/v1/tasks":
        body = {"person": "half", "title": "half"}
    head = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 999",
        f"Authorization: Bearer {API_TOKEN}",
        f"X-Telegram-Bot-Api-Secret-Token: {HOOK_SECRET}",
        f"X-A2A-Notification-Token: {derived(signing, 'agent-notifications')}",
    )
    before = stored(houses.public)
    async with await anyio.connect_tcp("127.0.0.1", houses.public.port) as peer:
        await peer.send("\r\n".join([*head, "", json.dumps(body)]).encode())
    bearer = {"Authorization": f"Bearer {API_TOKEN}"}
    async with httpx.AsyncClient(base_url=houses.public.url, trust_env=False) as client:
        listed = await client.get("/v1/tasks?person=half", headers=bearer)
    assert listed.json()["items"] == []
    assert stored(houses.public) == before


async def test_what_is_stored_of_a_message_is_the_message(houses: Houses) -> None:
    """The one request in this file that is as it should be, but for two characters."""
    update = {
        "update_id": 7,
        "message": {
            "message_id": 1,
            "date": 1,
            "chat": {"id": 7, "type": "private"},
            "from": {"id": 7, "first_name": NAME},
            "text": f"{WORDS}\0\ud800",
        },
        "callback_query": 5,
    }
    await judge(houses.public, hook(update, 200))
    await judge(houses.public, hook(update, 200))
    (row,) = (row for row in stored(houses.public) if WORDS in row)
    assert "\\u0000" not in row
    assert "ud800" not in row


async def test_too_many_sessions_from_one_address_must_wait(houses: Houses) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        # Only a proxy on our own machine may say who somebody is.
        mine = {"X-Forwarded-For": "198.51.100.7, 203.0.113.7"}
        answers = [
            (await client.post(f"{houses.public.url}/web/sessions", headers=mine)).status_code
            for _ in range(330)
        ]
        assert answers.count(429) > 5
        spoofed = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}
        answer = await client.post(f"{houses.public.url}/web/sessions", headers=spoofed)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        others = {"X-Forwarded-For": "203.0.113.8"}
        answer = await client.post(f"{houses.public.url}/web/sessions", headers=others)
        assert answer.status_code == 200
