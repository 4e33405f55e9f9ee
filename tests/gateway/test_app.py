"""The gateway's own routes: health, metrics, and the agent's notifications."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.routing import Mount, Route

from gateway import app
from gateway.app import Face, create_app, task_of
from gateway.server.draining import Drain

pytestmark = pytest.mark.anyio


@dataclass
class Rig:
    client: httpx.AsyncClient
    notified: list[str] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=lambda: {"database": "ok", "agent": "ok"})
    drain: Drain = field(default_factory=Drain)


async def broken(_: Request) -> None:
    raise RuntimeError("the secret is 42")


@asynccontextmanager
async def rig(base_url: str = "http://localhost:8080", api_token: str = "") -> AsyncIterator[Rig]:
    notified: list[str] = []
    parts = {"database": "ok", "agent": "ok"}

    async def checks() -> dict[str, str]:
        return parts

    async def note(task: str) -> None:
        notified.append(task)

    drain, roles = Drain(), frozenset({"web", "voice"})
    face = Face(
        checks, note, "n-token", api_token, frozenset({"localhost"}), drain=drain, roles=roles
    )
    elsewhere = [Route("/elsewhere", broken), Mount("/below", routes=[Route("/it", broken)])]
    served = create_app(face, [Route("/broken", broken)], [], elsewhere)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(served), base_url=base_url
    ) as client:
        yield Rig(client, notified, parts, drain)


async def test_alive_is_not_ready() -> None:
    async with rig() as house:
        house.parts["agent"] = "unreachable: nothing answers"
        assert (await house.client.get("/healthz")).status_code == 200
        answer = await house.client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "ready": False,
            "database": "ok",
            "agent": "unreachable: nothing answers",
        }


async def test_a_stranger_is_not_told_where_the_agent_is() -> None:
    async with rig("https://door.example", api_token="tok") as house:
        house.parts["agent"] = "unreachable: nothing answers at http://10.0.0.7"
        answer = await house.client.get("/readyz")
        assert (answer.status_code, answer.json()["agent"]) == (503, "unreachable")
        headers = {"Authorization": "Bearer tok"}
        assert "10.0.0.7" in (await house.client.get("/readyz", headers=headers)).text


async def test_a_part_that_is_starting_does_not_keep_the_door_shut() -> None:
    async with rig() as house:
        house.parts["agent"] = "starting"
        assert (await house.client.get("/readyz")).status_code == 200


async def test_metrics_follow_the_conventions() -> None:
    async with rig() as house:
        await house.client.get("/healthz")
        answer = await house.client.get("/metrics")
        assert answer.status_code == 200
        assert 'route="/healthz"' in answer.text
        assert "# TYPE frontdoor_http_requests_total counter" in answer.text


async def test_metrics_are_not_for_whoever_calls_us_by_another_name() -> None:
    async with rig("http://evil.example") as house:
        assert (await house.client.get("/metrics")).status_code == 403


@pytest.mark.parametrize("host", ["", "[", "[::1", "a_b.example", "localhost.example", "a b", '"'])
async def test_metrics_are_not_for_whoever_hides_the_name_they_call_us_by(host: str) -> None:
    async with rig() as house:
        assert (await house.client.get("/metrics", headers={"Host": host})).status_code == 403


async def test_metrics_want_the_token_once_there_is_one() -> None:
    async with rig("https://door.example", api_token="tok") as house:
        assert (await house.client.get("/metrics")).status_code == 401
        for token, status in (("Bearer tok", 200), ("bearer tok", 200), ("Basic tok", 401)):
            answer = await house.client.get("/metrics", headers={"Authorization": token})
            assert answer.status_code == status


async def test_an_unknown_path_is_counted_without_its_name() -> None:
    async with rig() as house:
        assert (await house.client.get("/wp-admin/secret")).status_code == 404
        assert "wp-admin" not in (await house.client.get("/metrics")).text


async def test_nobody_is_led_to_a_host_of_the_callers_choice() -> None:
    async with rig("http://evil.example") as house:
        assert (await house.client.get("/healthz/")).status_code == 404


async def test_a_defect_shows_no_traceback() -> None:
    async with rig() as house:
        answer = await house.client.get("/broken")
        assert answer.status_code == 500
        assert "42" not in answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "event",
    [
        {"task": {"id": "t1", "status": {"state": "TASK_STATE_COMPLETED"}}},
        {"statusUpdate": {"taskId": "t1", "contextId": "c"}},
        {"artifactUpdate": {"taskId": "t1", "artifact": {}}},
    ],
)
async def test_a_notification_names_the_task_to_look_at(event: dict[str, object]) -> None:
    async with rig() as house:
        headers = {"X-A2A-Notification-Token": "n-token"}
        answer = await house.client.post("/agent/notifications", json=event, headers=headers)
        assert answer.status_code == 204
        assert house.notified == ["t1"]


@pytest.mark.parametrize("token", ["", "wrong", "n-token ", "ünïcode"])
async def test_a_notification_without_its_token_changes_nothing(token: str) -> None:
    async with rig() as house:
        answer = await house.client.post(
            "/agent/notifications",
            json={"task": {"id": "t1"}},
            headers=[(b"X-A2A-Notification-Token", token.encode())] if token else [],
        )
        assert answer.status_code == 401
        assert house.notified == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"t1"', b"{}", b'{"task": "t1"}', b"\xff", b"[" * 100_000,
        b'{"task": {"id": "\\ud800"}}', b'{"task": {"id": "a\\u0000"}}',
    ],
)  # fmt: skip
async def test_a_malformed_notification_is_refused_plainly(body: bytes) -> None:
    async with rig() as house:
        headers = {"X-A2A-Notification-Token": "n-token"}
        answer = await house.client.post("/agent/notifications", content=body, headers=headers)
        assert answer.status_code == 400
        assert house.notified == []


async def test_a_notification_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "LARGEST_NOTIFICATION", 1000)
    async with rig() as house:
        headers = {"X-A2A-Notification-Token": "n-token"}
        answer = await house.client.post(
            "/agent/notifications", content=b" " * 1001, headers=headers
        )
        assert answer.status_code == 413
        assert house.notified == []


async def test_who_is_about_to_stop_is_not_ready_and_says_so() -> None:
    async with rig() as house:
        house.drain.told = True
        answer = await house.client.get("/readyz")
        assert (answer.status_code, answer.json()["serving"]) == (503, "stopping")
        assert (await house.client.get("/healthz")).status_code == 200


async def test_a_door_of_another_role_is_not_just_a_wrong_path() -> None:
    async with rig() as house:
        for path in ("/elsewhere", "/below/it"):
            answer = await house.client.post(path)
            assert answer.status_code == 404
            assert answer.text == "Another replica serves this; the role of this one: voice, web.\n"


async def test_only_a_post_notifies() -> None:
    async with rig() as house:
        assert (await house.client.get("/agent/notifications")).status_code == 405


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_posted_is_read_without_an_error(body: bytes) -> None:
    assert task_of(body) is None or task_of(body)
