"""What platforms ask of a container: whether it lives, whether it is ready, and lines to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.kill.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture(name="house")
def house_fixture(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.start()
    yield house
    if house.running:
        house.stop()


async def test_a_probe_knows_no_token_and_calls_us_by_any_name(house: House) -> None:
    await house.ready()
    probe = {"User-Agent": "kube-probe/1.31", "Host": "10.42.0.7:8080"}
    async with httpx.AsyncClient(trust_env=False, headers=probe) as client:
        for method, path in (("GET", "/healthz"), ("HEAD", "/healthz"), ("GET", "/readyz")):
            answer = await client.request(method, f"{house.url}{path}")
            assert answer.status_code == 200, path
        # What is behind the door is still not for who calls us so.
        assert (await client.get(f"{house.url}/metrics")).status_code == 403


async def test_a_probe_is_answered_while_the_agent_is_away(tmp_path: Path) -> None:
    house = House(tmp_path, settings={"AGENT_URL": "http://127.0.0.1:9"})
    house.start()
    try:
        async with httpx.AsyncClient(trust_env=False, transport=patient()) as client:
            assert (await client.get(f"{house.url}/healthz")).status_code == 200
            assert (await client.get(f"{house.url}/readyz")).status_code == 503
    finally:
        house.stop()


async def test_every_line_for_machines_is_an_event_with_its_level_and_time(house: House) -> None:
    await house.ready()
    assert house.stop() == 0
    lines = [json.loads(line) for line in house.log.splitlines()]
    assert {"working", "stopping", "drained"} <= {line["event"] for line in lines}
    for line in lines:
        assert line["level"] in ("debug", "info", "warning", "error", "critical")
        assert line["time"].endswith("Z")


def patient() -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(retries=8)
