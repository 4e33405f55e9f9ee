"""`/v1` over HTTP."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from agents.records.base import NewArtifact, Records
from tests.agents.doubles import Served

pytestmark = pytest.mark.anyio


async def call(agent: Served, method: str, path: str, status: int = 200, **more: Any) -> Any:
    answer = await agent.http.request(method, f"/v1{path}", **more)
    assert answer.status_code == status, answer.text
    return answer.json()


async def create(agent: Served, title: str, **more: Any) -> Any:
    body = {"person": "p", "title": title, **more}
    return await call(agent, "POST", "/tasks", 201, json=body)


def records(agent: Served) -> Records:
    assert agent.brain.records
    return agent.brain.records


async def test_a_task_is_created_read_changed_and_finished(agent: Served) -> None:
    task = await create(agent, "passport", due_at="2026-03-06T18:00:00+01:00")
    assert task["number"] == 1
    assert task["state"] == "open"
    assert task["due_at"] == "2026-03-06T17:00:00Z"
    assert await call(agent, "GET", f"/tasks/{task['id']}") == task
    path = f"/tasks/{task['id']}"
    changed = await call(agent, "PATCH", path, json={"title": "new passport", "due_at": None})
    assert (changed["title"], changed["due_at"]) == ("new passport", None)
    working = await call(agent, "PATCH", path, json={"state": "working"})
    assert working["state"] == "working"
    done = await call(agent, "PATCH", path, json={"state": "done", "outcome": "sent off"})
    assert (done["state"], done["outcome"]) == ("done", "sent off")
    refused = await call(agent, "PATCH", path, 409, json={"title": "late"})
    assert refused["error"]["code"] == "task_ended"


async def test_tasks_are_filtered_and_paged(agent: Served) -> None:
    project = await call(agent, "POST", "/projects", 201, json={"person": "p", "name": "House"})
    again = await call(agent, "POST", "/projects", 201, json={"person": "p", "name": "house"})
    assert again == project
    tasks = [await create(agent, f"t{n}") for n in range(4)]
    await create(agent, "roof", project=project["id"])
    await create(agent, "other", person="q")
    await create(agent, "call", kind="reminder", due_at="2030-01-01T00:00:00Z")
    await call(agent, "PATCH", f"/tasks/{tasks[0]['id']}", json={"state": "canceled"})

    async def titles(query: str) -> list[str]:
        page = await call(agent, "GET", f"/tasks?{query}")
        return [item["title"] for item in page["items"]]

    assert await titles("person=q") == ["other"]
    assert await titles(f"project={project['id']}") == ["roof"]
    assert await titles("kind=reminder") == ["call"]
    assert await titles("state=canceled&state=done") == ["t0"]
    assert await titles("since=2030-01-01T00:00:00Z") == []
    seen, cursor = [], ""
    while True:
        page = await call(agent, "GET", f"/tasks?limit=3&cursor={cursor}")
        seen += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == ["call", "other", "roof", "t3", "t2", "t1", "t0"]


async def test_updates_and_events_tell_what_happened(agent: Served) -> None:
    task = await create(agent, "roof")
    path = f"/tasks/{task['id']}/updates"
    noted = await call(agent, "POST", path, 201, json={"text": "asked for an offer"})
    assert (await call(agent, "GET", path))["items"] == [noted]
    await call(agent, "PATCH", f"/tasks/{task['id']}", json={"state": "done"})
    events = await call(agent, "GET", f"/events?task={task['id']}")
    assert [e["type"] for e in events["items"]] == ["task.created", "task.noted", "task.ended"]
    seqs = [e["seq"] for e in events["items"]]
    assert seqs == sorted(seqs)
    page = await call(agent, "GET", f"/events?task={task['id']}&limit=2")
    rest = await call(agent, "GET", f"/events?task={task['id']}&cursor={page['next_cursor']}")
    assert page["items"] + rest["items"] == events["items"]


async def test_artifacts_are_described_and_downloaded_as_what_they_are_and_no_page(
    agent: Served,
) -> None:
    new = NewArtifact("p", "Nöte <1>.html", "text/html", b"<script>1</script>")
    made = await records(agent).create_artifact(new)
    (listed,) = (await call(agent, "GET", "/artifacts?person=p"))["items"]
    assert listed == await call(agent, "GET", f"/artifacts/{made.id}")
    assert listed["size"] == len(new.data)
    answer = await agent.http.get(f"/v1/artifacts/{made.id}/content")
    assert answer.content == new.data
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_the_agent_has_registered_itself(agent: Served) -> None:
    (item,) = (await call(agent, "GET", "/agents"))["items"]
    assert item["id"] == "chief-of-staff"


NOT_THERE = ["/tasks/x", "/tasks/x/updates", "/artifacts/x", "/artifacts/x/content", "/nothing"]


async def test_what_is_not_there_is_not_found(agent: Served) -> None:
    for path in NOT_THERE:
        refused = await call(agent, "GET", path, 404)
        assert refused["error"]["code"] == "not_found"
        assert refused["error"]["message"]


BAD_QUESTIONS = [
    ("limit=0", 422),
    ("limit=201", 422),
    ("limit=x", 422),
    ("state=lost", 422),
    ("since=yesterday", 422),
    ("since=2026-01-01T00:00:00", 422),
    ("colour=red", 422),
    ("cursor=x", 400),
    ("cursor=%ff", 400),
    ("cursor=c9999999999999999999999999", 400),
]


async def test_bad_questions_are_refused_in_words(agent: Served) -> None:
    for path, status in BAD_QUESTIONS:
        refused = await call(agent, "GET", f"/tasks?{path}", status)
        assert set(refused) == {"error"}
        assert set(refused["error"]) == {"code", "message"}


BAD_TASKS = [
    {},
    {"person": "p"},
    {"person": "", "title": "x"},
    {"person": "p", "title": ""},
    [],
    "x",
    {"person": "p", "title": "x", "kind": "reminder"},
    {"person": "p", "title": "x", "more": 1},
    {"person": "p", "title": "x", "due_at": "soon"},
    {"person": "p", "title": "x" * 1001},
]


async def test_bad_tasks_are_refused_and_nothing_is_made(agent: Served) -> None:
    for body in BAD_TASKS:
        refused = await call(agent, "POST", "/tasks", 422, json=body)
        assert refused["error"]["message"]
        assert (await call(agent, "GET", "/tasks"))["items"] == []


async def test_bad_changes_are_refused_and_nothing_is_changed(agent: Served) -> None:
    due = "2030-01-01T00:00:00Z"
    task = await create(agent, "call", kind="reminder", due_at=due)
    path = f"/tasks/{task['id']}"
    for body in ({"due_at": None}, {"title": None}, {"state": None}, {"number": 5}, {"state": "x"}):
        await call(agent, "PATCH", path, 422, json=body)
    assert await call(agent, "GET", path) == task
    answer = await agent.http.post(
        "/v1/tasks", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert (await agent.http.delete(path.replace("/tasks", "/v1/tasks"))).status_code == 405


async def test_the_documentation_needs_nothing_from_elsewhere(agent: Served) -> None:
    answer = await agent.http.get("/v1/docs")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert "style=" not in answer.text
    assert "/v1/tasks/{id}" in answer.text
    assert (await agent.http.get("/v1/docs.css")).headers["content-type"].startswith("text/css")
    schema = (await agent.http.get("/v1/openapi.json")).json()
    assert schema["servers"] == [{"url": "/v1"}]
    assert set(schema["paths"]) == {
        "/projects", "/tasks", "/tasks/{id}", "/tasks/{id}/updates", "/events", "/agents",
        "/artifacts", "/artifacts/{id}", "/artifacts/{id}/content",
    }  # fmt: skip
    assert "409" in schema["paths"]["/tasks/{id}"]["patch"]["responses"]


async def test_what_breaks_inside_is_not_told(
    agent: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(type(records(agent)), "projects", broken)
    refused = await call(agent, "GET", "/projects", 500)
    assert refused["error"]["code"] == "internal"
    assert "secret" not in str(refused)


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("made_up", ["s" + "9" * 40, "s-1", "t1", "s1x"])
@pytest.mark.parametrize("path", ["/tasks", "/projects", "/events", "/agents", "/artifacts"])
async def test_a_cursor_that_is_not_ours_is_refused(agent: Served, path: str, made_up: str) -> None:
    refused = await call(agent, "GET", f"{path}?cursor={cursor(made_up)}", 400)
    assert refused["error"]["code"] == "bad_cursor"


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_time_that_some_zones_lack_is_refused(agent: Served, when: str) -> None:
    task = await create(agent, "t")
    for method, path, more in (
        ("GET", f"/tasks?since={quote(when)}", {}),
        ("POST", "/tasks", {"json": {"person": "p", "title": "t", "due_at": when}}),
        ("PATCH", f"/tasks/{task['id']}", {"json": {"due_at": when}}),
    ):
        refused = await call(agent, method, path, 422, **more)
        assert "between the years" in refused["error"]["message"]


async def test_what_no_database_stores_is_refused(agent: Served) -> None:
    task = await create(agent, "t")
    for body in ({"title": "a\0b"}, {"detail": "\0"}, {"zone": "\0"}, {"title": "\ud800"}):
        content = json.dumps(body)
        headers = {"Content-Type": "application/json"}
        await call(agent, "PATCH", f"/tasks/{task['id']}", 422, content=content, headers=headers)
    await call(agent, "GET", "/tasks?person=%00", 422)
    await call(agent, "GET", "/tasks/%00", 404)


async def test_a_refusal_is_json_whatever_is_wrong(agent: Served) -> None:
    headers = {"Content-Type": "application/json"}
    for method, path, content, status in (
        ("POST", "/tasks", "[" * 100_000, 400),
        ("POST", "/tasks", '{"person": NaN}', 422),
        ("POST", "/tasks", " " * 1_100_000, 413),
        ("POST", "/tasks", "", 422),
        ("PUT", "/tasks", "{}", 405),
        ("GET", "", "", 404),
        ("GET", "/tasks/", "", 404),
    ):
        refused = await call(agent, method, path, status, content=content, headers=headers)
        assert refused["error"]["message"]
