"""Sessions over HTTP, and what the house may know of the channel."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from channels.events import Reply, Route
from channels.web import sessions
from channels.web.adapter import WebChannel, WebConfig
from tests.channels.doubles import FreeBudget, InMemoryInbox
from tests.channels.web.harness import SECRET, Web, running

pytestmark = pytest.mark.anyio
SITE = "the secret of the site, with enough bytes"


async def test_a_session_tells_token_conversation_and_end(web: Web) -> None:
    told = await web.session()
    assert set(told) == {"token", "conversation", "expires_at", "max_upload_bytes"}
    session = sessions.read(told["token"], SECRET, time.time())
    assert told["conversation"] == f"conversation:web:{session.id}"
    assert told["expires_at"].endswith("Z")


async def test_a_session_needs_no_body(web: Web) -> None:
    answer = await web.http.post("/web/sessions")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


async def test_language_and_zone_come_from_the_body_or_the_browser(web: Web) -> None:
    one = await web.session({"locale": "de-AT", "zone": "Europe/Vienna"})
    two = await web.session({"zone": "Mars/Base"}, **{"Accept-Language": "fr-CA,en;q=0.5"})
    for told, locale, zone in ((one, "de-AT", "Europe/Vienna"), (two, "fr-CA", "")):
        session = sessions.read(told["token"], SECRET, time.time())
        assert (session.locale, session.zone) == (locale, zone)


async def test_the_old_token_keeps_the_address(web: Web) -> None:
    old = await web.session({"locale": "de"})
    new = await web.session(Authorization=f"Bearer {old['token']}")
    assert new["conversation"] == old["conversation"]
    assert sessions.read(new["token"], SECRET, time.time()).locale == "de"


async def test_a_bad_old_token_is_refused_and_opens_nothing(web: Web) -> None:
    for given in ("Bearer nonsense", "Basic YTpi", "Bearer"):
        answer = await web.http.post("/web/sessions", headers={"Authorization": given})
        assert answer.status_code == 401
        assert answer.json()["code"] == "bad_token"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"locale": 7}', "application/json", 400),
        ('{"identity": "\\ud800.a.b"}', "application/json", 400),
        ('{"identity": NaN}', "application/json", 400),
        ("{}", "text/plain", 415),
        ('{"identity": "' + "x" * 20_000 + '"}', "application/json", 413),
        ("[" * 10_000, "application/json", 400),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_in_plain_words(
    web: Web, content: str, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind, "Accept-Language": "de"}
    answer = await web.http.post("/web/sessions", content=content, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message"}


async def test_a_host_that_opens_too_many_is_asked_to_wait(web: Web) -> None:
    web.budget.waits["web:sessions:127.0.0.1"] = 2.2
    answer = await web.http.post("/web/sessions")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"


async def test_pages_on_the_list_are_answered_with_cors_and_others_refused(web: Web) -> None:
    for origin in ("http://localhost:5173", "http://127.0.0.1:1"):
        answer = await web.http.post("/web/sessions", headers={"Origin": origin})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["vary"] == "Origin"
    for method in ("POST", "OPTIONS"):
        answer = await web.http.request(
            method, "/web/sessions", headers={"Origin": "https://evil.example"}
        )
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
        assert "WEB_ORIGINS" in answer.json()["message"]
    assert web.budget.taken == ["web:sessions:127.0.0.1"] * 2


async def test_a_preflight_names_what_the_widget_sends(web: Web) -> None:
    headers = {"Origin": "http://localhost", "Access-Control-Request-Method": "POST"}
    for path in ("/web/sessions", "/web/files"):
        answer = await web.http.options(path, headers=headers)
        assert answer.status_code == 204
        assert "Authorization" in answer.headers["access-control-allow-headers"]
        assert answer.headers["access-control-allow-origin"] == "http://localhost"


async def test_an_identity_needs_a_key_to_check_it(web: Web) -> None:
    answer = await web.http.post("/web/sessions", json={"identity": "x.y.z"})
    assert answer.status_code == 400
    assert "WEB_IDENTITY_SECRET" in answer.json()["message"]


async def test_a_signed_identity_is_the_same_person_on_every_device() -> None:
    config = WebConfig(
        secret=SECRET, identity_key=SITE, origins=("https://shop.example",), public_url=""
    )
    async with running(config) as web:
        token = jwt.encode({"sub": "ann", "exp": time.time() + 60}, SITE, algorithm="HS256")
        anonymous = await web.session()
        bearer = f"Bearer {anonymous['token']}"
        one = await web.session({"identity": token}, Origin="https://shop.example")
        two = await web.session({"identity": token}, Authorization=bearer)
        assert one["conversation"] == two["conversation"] != anonymous["conversation"]
        async with web.greeted(two) as it:
            await it.say("it is me")
            await it.until("ack")
        assert web.inbox.messages[0].sender.trust == "verified"
        answer = await web.http.post("/web/sessions", json={"identity": token[:-4]})
        assert answer.status_code == 401
        assert answer.json()["code"] == "bad_identity"


async def test_other_methods_are_not_allowed(web: Web) -> None:
    assert (await web.http.get("/web/sessions")).status_code == 405
    assert (await web.http.put("/web/files")).status_code == 405


def test_a_reply_needs_no_delivery_because_readers_replay_the_log() -> None:
    channel = WebChannel(WebConfig(secret=SECRET), InMemoryInbox(), FreeBudget())
    assert channel.render(Route("web", "site", "a"), Reply("hi")) == []


def test_a_key_that_will_not_do_is_refused_at_the_start() -> None:
    config: Any = WebConfig(secret=SECRET, identity_key="short")
    with pytest.raises(ValueError, match="32 bytes"):
        WebChannel(config, InMemoryInbox(), FreeBudget())
