"""What the A2A specification asks of any server, over both bindings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents.doubles import V1, Served

pytestmark = pytest.mark.anyio

A2A = {**V1, "Content-Type": "application/a2a+json"}


async def rest(agent: Served, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
    answer = await agent.http.request(method, f"/a2a{path}", headers=A2A, **more)
    return answer.status_code, answer.json()


async def rest_reason(agent: Served, method: str, path: str, **more: Any) -> tuple[int, str]:
    status, body = await rest(agent, method, path, **more)
    return status, body["error"]["details"][0]["reason"]


async def test_the_card_names_both_bindings(agent: Served) -> None:
    answer = await agent.http.get("/.well-known/agent-card.json")
    card = answer.json()
    assert answer.headers["etag"]
    assert "max-age" in answer.headers["cache-control"]
    assert [(i["protocolBinding"], i["protocolVersion"]) for i in card["supportedInterfaces"]] == [
        ("JSONRPC", "1.0"),
        ("HTTP+JSON", "1.0"),
    ]
    assert card["capabilities"]["streaming"]
    assert card["capabilities"]["pushNotifications"]
    assert all(skill["tags"] for skill in card["skills"])


async def test_both_bindings_tell_the_same_task(agent: Served) -> None:
    body = {"message": agent.message("say:hello")}
    status, sent = await rest(agent, "POST", "/message:send", json=body)
    assert status == 200
    task = sent["task"]
    assert await agent.call("GetTask", {"id": task["id"]}) == task
    assert await rest(agent, "GET", f"/tasks/{task['id']}") == (200, task)


async def test_the_http_binding_streams_and_subscribes(agent: Served) -> None:
    body = {"message": agent.message("say:hello")}
    async with agent.http.stream("POST", "/a2a/message:stream", json=body, headers=A2A) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = (await answer.aread()).decode()
    assert "TASK_STATE_COMPLETED" in text
    task = await agent.send("gate:never", configuration={"returnImmediately": True})
    path = f"/a2a/tasks/{task['id']}:subscribe"
    async with agent.http.stream("GET", path, headers=A2A) as answer:
        first = await anext(answer.aiter_lines())
    assert task["id"] in first
    status, canceled = await rest(agent, "POST", f"/tasks/{task['id']}:cancel", json={})
    assert (status, canceled["status"]["state"]) == (200, "TASK_STATE_CANCELED")


async def test_another_version_is_refused(agent: Served) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "x"}}
    for headers in ({}, {"A2A-Version": "0.3"}, {"A2A-Version": "2.0"}, {"A2A-Version": "?"}):
        answer = await agent.http.post("/a2a", json=body, headers=headers)
        assert answer.json()["error"]["code"] == -32009
        answer = await agent.http.get("/a2a/tasks/x", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["error"]["details"][0]["reason"] == "VERSION_NOT_SUPPORTED"


NOT_JSON = [b"{", b"", b"\xff\xfe", b'"\\ud800"', b"[" * 100_000, b"1" * 5000]


async def test_what_is_not_json_is_a_parse_error(agent: Served) -> None:
    for body in NOT_JSON:
        answer = await agent.http.post("/a2a", content=body, headers=A2A)
        assert answer.json() == {
            "jsonrpc": "2.0",
            "id": None,
            "error": {"code": -32700, "message": "The body is not valid JSON."},
        }
        if body:
            answer = await agent.http.post("/a2a/message:send", content=body, headers=A2A)
            assert answer.status_code == 400
            assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


NOT_JSON_RPC = [[], 5, "x", {}, {"jsonrpc": "1.0", "method": "GetTask", "id": 1}]


async def test_what_is_not_json_rpc_is_an_invalid_request(agent: Served) -> None:
    for body in NOT_JSON_RPC:
        answer = await agent.http.post("/a2a", json=body, headers=V1)
        assert answer.json()["error"]["code"] == -32600


async def test_unknown_methods_and_the_old_names_are_not_found(agent: Served) -> None:
    for method in ("message/send", "tasks/get", "Nonsense"):
        assert await agent.error(method, {}) == -32601


SAYING_NOTHING = [
    {},
    {"messageId": "m", "role": "ROLE_USER"},
    {"messageId": "m", "role": "ROLE_USER", "parts": []},
    {"messageId": "m", "role": "ROLE_USER", "parts": [{}]},
    {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "  "}]},
    {"messageId": "m", "role": "ROLE_USER", "parts": "text"},
    {"messageId": "", "role": "ROLE_USER", "parts": [{"text": "x"}]},
    {"messageId": "m", "parts": [{"text": "x"}]},
    {"messageId": "m" * 256, "role": "ROLE_USER", "parts": [{"text": "x"}]},
    {"messageId": "m\0", "role": "ROLE_USER", "parts": [{"text": "x"}]},
    {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "x"}]},
]


async def test_a_message_that_says_nothing_is_refused_and_starts_nothing(
    agent: Served,
) -> None:
    for message in SAYING_NOTHING:
        for method in ("SendMessage", "SendStreamingMessage"):
            assert await agent.error(method, {"message": message}) == -32602
        status, _ = await rest(agent, "POST", "/message:send", json={"message": message})
        assert status == 400
        assert (await agent.call("ListTasks", {}))["totalSize"] == 0


async def test_a_file_of_an_unheard_of_type_is_refused(agent: Served) -> None:
    def message(media_type: str) -> dict[str, Any]:
        return agent.message(
            "", parts=[{"text": "say:x"}, {"raw": "dGNr", "mediaType": media_type}]
        )

    for unknown in ("application/x-unsupported-tck-type", "nonsense", "/", "application/"):
        assert await agent.error("SendMessage", {"message": message(unknown)}) == -32005
        body = {"message": message(unknown)}
        refused = await rest_reason(agent, "POST", "/message:send", json=body)
        assert refused == (400, "CONTENT_TYPE_NOT_SUPPORTED")
    for known in ("", "image/png", "application/vnd.ms-excel", "application/X-Tar", "text/x-python",
                  "text/plain; charset=utf-8", "application/octet-stream"):  # fmt: skip
        await agent.call("SendMessage", {"message": message(known)})


async def test_unknown_tasks_are_not_found(agent: Served) -> None:
    for method in ("GetTask", "CancelTask", "SubscribeToTask"):
        assert await agent.error(method, {"id": "nowhere"}) == -32001
    message = agent.message("say:x", taskId="nowhere")
    assert await agent.error("SendMessage", {"message": message}) == -32001
    assert await rest_reason(agent, "GET", "/tasks/nowhere") == (404, "TASK_NOT_FOUND")
    for method in ("GetTask", "CancelTask", "SubscribeToTask"):
        assert await agent.error(method, {}) == -32602


async def test_an_ended_task_takes_no_more(agent: Served) -> None:
    task = await agent.send("say:done")
    id = task["id"]
    assert await agent.error("CancelTask", {"id": id}) == -32002
    assert await agent.error("SubscribeToTask", {"id": id}) == -32004
    message = agent.message("say:more", taskId=id)
    assert await agent.error("SendMessage", {"message": message}) == -32004
    assert await agent.error("SendStreamingMessage", {"message": message}) == -32004
    assert await rest_reason(agent, "POST", f"/tasks/{id}:cancel", json={}) == (
        400,
        "TASK_NOT_CANCELABLE",
    )
    assert await agent.call("GetTask", {"id": id}) == task


async def test_a_context_other_than_the_tasks_is_refused(agent: Served) -> None:
    asked = await agent.send("ask:Sure?", contextId="c")
    message = agent.message("say:x", taskId=asked["id"], contextId="other")
    assert await agent.error("SendMessage", {"message": message}) == -32602
    assert (await agent.call("GetTask", {"id": asked["id"]})) == asked


async def test_a_context_is_kept_and_one_is_made_where_there_is_none(agent: Served) -> None:
    assert (await agent.send("say:x", contextId="mine"))["contextId"] == "mine"
    one, two = await agent.send("say:x"), await agent.send("say:x")
    assert one["contextId"]
    assert one["contextId"] != two["contextId"]


async def test_history_is_as_long_as_asked_for(agent: Served) -> None:
    asked = await agent.send("ask:One?")
    await agent.send("ask:Two?", taskId=asked["id"])
    done = await agent.send("say:x", taskId=asked["id"], configuration={"historyLength": 1})
    assert len(done["history"]) == 1
    whole = await agent.call("GetTask", {"id": asked["id"]})
    assert len(whole["history"]) == 5
    none = await agent.call("GetTask", {"id": asked["id"], "historyLength": 0})
    assert "history" not in none
    two = await agent.call("GetTask", {"id": asked["id"], "historyLength": 2})
    assert two["history"] == whole["history"][-2:]
    assert await agent.error("GetTask", {"id": asked["id"], "historyLength": -1}) == -32602


async def test_tasks_are_listed_newest_first_and_in_pages(agent: Served) -> None:
    ids = []
    for n in range(5):
        agent.clock.pass_(seconds=1)
        ids.append((await agent.send("say:x", contextId=f"c{n % 2}"))["id"])
    seen, token = [], ""
    while True:
        page = await agent.call("ListTasks", {"pageSize": 2, "pageToken": token})
        assert page["totalSize"] == 5
        assert len(page["tasks"]) <= 2
        seen += [task["id"] for task in page["tasks"]]
        token = page["nextPageToken"]
        if not token:
            break
    assert seen == ids[::-1]
    page = await agent.call("ListTasks", {"contextId": "c1"})
    assert [task["id"] for task in page["tasks"]] == [ids[3], ids[1]]
    assert all("artifacts" not in task for task in page["tasks"])
    page = await agent.call("ListTasks", {"includeArtifacts": True, "historyLength": 0})
    assert all(task["artifacts"] and not task["history"] for task in page["tasks"])


async def test_listing_filters_by_state_and_time(agent: Served) -> None:
    await agent.send("say:x")
    agent.clock.pass_(hours=1)
    asked = await agent.send("ask:Sure?")
    by_state = await agent.call("ListTasks", {"status": "TASK_STATE_INPUT_REQUIRED"})
    by_time = await agent.call("ListTasks", {"statusTimestampAfter": "2026-03-02T09:30:00Z"})
    assert [t["id"] for t in by_state["tasks"]] == [t["id"] for t in by_time["tasks"]]
    assert by_state["tasks"][0]["id"] == asked["id"]
    _, page = await rest(agent, "GET", "/tasks?status=TASK_STATE_INPUT_REQUIRED&pageSize=1")
    assert page["totalSize"] == 1


BAD_PAGING: list[dict[str, Any]] = [
    {"pageSize": 0},
    {"pageSize": -1},
    {"pageSize": 101},
    {"pageToken": "nonsense"},
    {"historyLength": -1},
]


async def test_bad_paging_is_refused(agent: Served) -> None:
    for params in BAD_PAGING:
        assert await agent.error("ListTasks", params) == -32602
        status, _ = await rest(agent, "GET", "/tasks", params=params)
        assert status == 400


async def test_push_targets_can_be_made_read_listed_and_deleted(agent: Served) -> None:
    task = (await agent.send("ask:Sure?"))["id"]
    url = "https://1.1.1.1/hook"
    made = await agent.call(
        "CreateTaskPushNotificationConfig", {"taskId": task, "id": "a", "url": url, "token": "t"}
    )
    assert made == {"taskId": task, "id": "a", "url": url, "token": "t"}
    assert await agent.call("GetTaskPushNotificationConfig", {"taskId": task, "id": "a"}) == made
    unnamed = await agent.call("CreateTaskPushNotificationConfig", {"taskId": task, "url": url})
    assert unnamed["id"]
    path = f"/tasks/{task}/pushNotificationConfigs"
    assert await rest(agent, "GET", path) == (200, {"configs": [made, unnamed]})
    await agent.call("DeleteTaskPushNotificationConfig", {"taskId": task, "id": "a"})
    await agent.call("DeleteTaskPushNotificationConfig", {"taskId": task, "id": "a"})
    listed = await agent.call("ListTaskPushNotificationConfigs", {"taskId": task})
    assert listed == {"configs": [unnamed]}
    gone = {"taskId": task, "id": "a"}
    assert await agent.error("GetTaskPushNotificationConfig", gone) == -32001
    nowhere = {"taskId": "nowhere", "url": url}
    assert await agent.error("CreateTaskPushNotificationConfig", nowhere) == -32001


async def test_push_targets_inside_are_refused_and_nothing_is_started(agent: Served) -> None:
    task = (await agent.send("ask:Sure?"))["id"]
    for url in (
        "http://127.0.0.1:1/x",
        "http://localhost/x",
        "http://169.254.169.254/",
        "ftp://x/",
    ):
        refused = {"taskId": task, "url": url}
        assert await agent.error("CreateTaskPushNotificationConfig", refused) == -32602
        configuration = {"taskPushNotificationConfig": {"url": url}}
        params = {"message": agent.message("say:x"), "configuration": configuration}
        assert await agent.error("SendMessage", params) == -32602
    assert (await agent.call("ListTasks", {}))["totalSize"] == 1


async def test_there_is_no_extended_card(agent: Served) -> None:
    assert await agent.error("GetExtendedAgentCard", {}) == -32004


async def test_what_breaks_inside_is_not_told(
    agent: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("agents.ledger.Ledger.look", broken)
    answer = await agent.rpc("GetTask", {"id": "x"})
    assert answer["error"]["code"] == -32603
    assert "secret" not in str(answer)
    status, body = await rest(agent, "GET", "/tasks/x")
    assert status == 500
    assert "secret" not in str(body)


async def test_the_version_may_come_in_the_query(agent: Served) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {}}
    answer = await agent.http.post("/a2a?A2A-Version=1.0", json=body)
    assert "result" in answer.json()
    assert (await agent.http.get("/a2a/tasks?a2a-version=1.0.2")).status_code == 200
    answer = await agent.http.get("/a2a/tasks?A2A-Version=0.3")
    assert answer.json()["error"]["details"][0]["reason"] == "VERSION_NOT_SUPPORTED"


async def test_a_version_that_only_begins_like_ours_is_refused(agent: Served) -> None:
    for version in ("1.7", "1", "1.01", "1.0x"):
        answer = await agent.http.get("/a2a/tasks", headers={"A2A-Version": version})
        assert answer.status_code == 400, version
        assert answer.json()["error"]["details"][0]["reason"] == "VERSION_NOT_SUPPORTED"


async def test_the_extensions_at_work_are_announced(agent: Served) -> None:
    wanted = {**V1, "A2A-Extensions": "https://example.com/other/v1, urn:frontdoor:caller:1"}
    answer = await agent.http.get("/a2a/tasks", headers=wanted)
    assert answer.headers["a2a-extensions"] == "urn:frontdoor:caller:1"
    assert "a2a-extensions" not in (await agent.http.get("/a2a/tasks", headers=V1)).headers


async def test_what_leads_nowhere_is_refused_in_the_bindings_words(agent: Served) -> None:
    refusals = [("GET", "/a2a/nothing", 404, "NOT_FOUND"), ("PUT", "/a2a/tasks", 405, None)]
    for method, path, status, canonical in refusals:
        answer = await agent.http.request(method, path, headers=V1)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, status)
        assert error["status"] == (canonical or "INVALID_ARGUMENT")
