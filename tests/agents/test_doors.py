"""Who is let in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from a2a.utils.task import ListTasksCursor, encode_list_tasks_cursor

from agents.app import MAX_BODY
from tests.agents.doubles import V1, Served, serve

pytestmark = pytest.mark.anyio

CALL = {"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {}}


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Served]:
    async with serve(tmp_path, token="sesame") as served:
        yield served


async def test_with_a_token_only_its_bearer_is_let_in(secured: Served) -> None:
    assert (await secured.call("ListTasks", {}))["totalSize"] == 0
    assert (await secured.http.get("/v1/tasks")).status_code == 200
    async with httpx.AsyncClient(base_url=secured.url, trust_env=False) as stranger:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sesame"},
                        {"Authorization": "sesame"}, {"Authorization": "Bearer \xe9"}):  # fmt: skip
            raw = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
            for path in ("/v1/tasks", "/v1/docs", "/a2a/tasks", "/nowhere"):
                answer = await stranger.get(path, headers=raw)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
                error = answer.json()["error"]
                if path.startswith("/a2a"):
                    assert (error["code"], error["status"]) == (401, "UNAUTHENTICATED")
                else:
                    assert error["code"] == "unauthorized"
            assert (await stranger.post("/a2a", json=CALL, headers={**V1})).status_code == 401


async def test_the_card_is_public_and_says_that_a_token_is_wanted(secured: Served) -> None:
    async with httpx.AsyncClient(base_url=secured.url, trust_env=False) as stranger:
        card = (await stranger.get("/.well-known/agent-card.json")).json()
    assert card["securitySchemes"]["bearer"]["httpAuthSecurityScheme"]["scheme"] == "Bearer"
    assert card["securityRequirements"] == [{"schemes": {"bearer": {}}}]


async def test_without_a_token_only_local_names_are_answered(agent: Served) -> None:
    for host in ("localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080"):
        answer = await agent.http.get("/v1/tasks", headers={"Host": host})
        assert answer.status_code == 200, host
    for host in (
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[",
        "10.0.0.1",
    ):
        answer = await agent.http.get("/v1/tasks", headers={"Host": host})
        assert answer.status_code == 421, host


async def test_without_a_token_pages_of_other_sites_may_not_call(agent: Served) -> None:
    for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
        headers = {**V1, "Origin": origin, "Content-Type": "text/plain"}
        answer = await agent.http.post("/a2a", json=CALL, headers=headers)
        assert answer.status_code == 403, origin
    headers = {**V1, "Origin": "http://localhost:8080"}
    assert (await agent.http.post("/a2a", json=CALL, headers=headers)).status_code == 200


async def test_too_large_a_body_is_refused(agent: Served) -> None:
    answer = await agent.http.post("/a2a", content=b" " * (MAX_BODY + 1), headers=V1)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(29):
            yield b" " * 1024 * 1024

    try:
        answer = await agent.http.post("/a2a/message:send", content=chunks(), headers=V1)
        assert answer.status_code == 413
    except httpx.WriteError:
        pass  # it was refused while it was still being sent


async def test_a_file_of_20_mb_is_taken(agent: Served) -> None:
    import base64  # noqa: PLC0415 - only here

    raw = base64.b64encode(b"\0" * 20_000_000).decode()
    task = await agent.send("", parts=[{"text": "say:ok"}, {"raw": raw, "filename": "big"}])
    assert len(agent.brain.asks[-1].files[0].data) == 20_000_000
    kept = {"text": "", "filename": "big", "metadata": {"omittedBytes": 20_000_000}}
    assert task["history"][0]["parts"][1] == kept


async def test_unknown_paths_and_methods_are_plainly_refused(agent: Served) -> None:
    assert (await agent.http.get("/nowhere")).status_code == 404
    assert (await agent.http.get("/a2a")).status_code == 405
    answer = await agent.http.get("/v1/nowhere")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_a_number_that_json_cannot_tell_spoils_no_list(agent: Served, number: str) -> None:
    params = {"message": agent.message("", parts=[{"data": "HERE"}])}
    call = {**CALL, "method": "SendMessage", "params": params}
    body = json.dumps(call).replace('"HERE"', number)
    headers = {**V1, "Content-Type": "application/json"}
    answer = await agent.http.post("/a2a", content=body, headers=headers)
    assert answer.json()["error"]["code"] == -32700
    assert (await agent.call("ListTasks", {}))["totalSize"] == 0


async def test_only_a_post_calls_the_task_api(agent: Served) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        answer = await agent.http.request(method, "/a2a", content="{", headers=V1)
        assert answer.status_code == 405, method


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_tasks_may_be_listed_since_any_time(agent: Served, moment: str) -> None:
    await agent.send("say:ok")
    listed = await agent.call("ListTasks", {"statusTimestampAfter": moment})
    assert listed["totalSize"] == (1 if moment < "2" else 0)


async def test_a_page_token_beyond_all_numbers_is_refused(agent: Served) -> None:
    token = encode_list_tasks_cursor(ListTasksCursor(timestamp_ns=10**30, task_id="x"))
    assert await agent.error("ListTasks", {"pageToken": token}) == -32602
