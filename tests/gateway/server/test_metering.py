"""Figures that are taken when somebody asks, and a door of their own for who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from channels.base import ChannelError, NotSent, Refused
from channels.outward import asking as asking_outward
from channels.outward import watch
from gateway.errors import FrontDoorError
from gateway.server.metering import Meter
from gateway.store import inbox, migrate
from gateway.store.engine import Database
from gateway.telemetry import REGISTRY, asked, asking
from tests.gateway.doubles import message
from tests.kill.house import free_port

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    migrate.upgrade(database.engine)
    yield database
    database.close()


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"frontdoor_{name}", labels)


async def test_what_waits_is_counted_when_somebody_looks(database: Database) -> None:
    now = database.clock()
    await database.write(inbox.accept, message("e1"), now=now - 60, due_at=now)
    await Meter(database, {"conversation": lambda: 3}).measure()
    assert figure("queue_depth", queue="messages") == 1
    assert 59 < (figure("queue_oldest_age_seconds", queue="messages") or 0) < 120
    assert figure("queue_depth", queue="deliveries_pending") == 0
    assert figure("leases_held", kind="conversation") == 3
    assert figure("database_up") == 1
    assert figure("database_connections", state="most")


async def test_figures_from_the_database_are_not_asked_for_at_each_look(
    database: Database,
) -> None:
    meter = Meter(database)
    await meter.measure()
    before = figure("remote_requests_total", provider="database", result="ok")
    await meter.measure()
    assert figure("remote_requests_total", provider="database", result="ok") == before


async def test_a_database_that_is_away_is_a_figure_and_no_failure(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    await Meter(database).measure()
    database.close()
    assert figure("database_up") == 0
    assert figure("queue_depth", queue="messages") is None


async def test_figures_have_a_door_of_their_own(database: Database) -> None:
    port = free_port()
    meter = Meter(database)
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        async with meter.running("127.0.0.1", port):
            accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
            answer = await client.get("/metrics", headers=accept)
            assert (await client.get("/readyz")).status_code == 404
        with pytest.raises(httpx.ConnectError):
            await client.get("/metrics")
    families = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    told = {family.name for family in families}
    assert {"frontdoor_queue_depth", "frontdoor_build", "process_open_fds"} <= told


async def test_a_door_that_is_taken_is_told(database: Database) -> None:
    port = free_port()
    async with Meter(database).running("127.0.0.1", port):
        with pytest.raises(FrontDoorError, match=str(port)):
            async with Meter(database).running("127.0.0.1", port):
                pass


async def test_requests_of_others_are_told_apart_by_what_came_of_them() -> None:
    watch(asked)
    watch(asked)
    for failure in (None, Refused("no"), NotSent("wait", retry_after=3), NotSent("down")):
        with suppress(ChannelError), asking_outward("nobody"):
            if failure:
                raise failure
    with pytest.raises(KeyError), asking("nothing", (OSError,)):
        raise KeyError
    results = [
        figure("remote_requests_total", provider="nobody", result=result)
        for result in ("ok", "refused", "throttled", "failed")
    ]
    assert results == [1, 1, 1, 1]
    assert figure("remote_requests_total", provider="nothing", result="ok") == 1
