"""What an environment costs is reckoned from what it asks for."""

from __future__ import annotations

import json

import pytest

from terraform.scripts import costs
from tests.ops.test_cockpit import RUNBOOK

PRICES = json.loads((costs.TERRAFORM / "prices.json").read_text("utf-8"))


def test_the_page_has_the_table_that_the_sizes_and_prices_make() -> None:
    assert costs.table() in RUNBOOK, "put in what python terraform/scripts/costs.py prints"


@pytest.mark.parametrize("environment", costs.ENVIRONMENTS)
def test_every_service_of_an_environment_is_reckoned(environment: str) -> None:
    doors, agents = {"voice", "telegram", "web"}, {"agentops-api", "chief-of-staff", "seed-agent"}
    assert set(costs.sizes(environment)["scaling"]) == doors | agents | {"specialists"}


def test_a_container_that_runs_all_month_costs_what_the_documentation_says() -> None:
    """Its example: 30,000,000 s of 128 MB and 70 mvCPU, without the free part."""
    euros = PRICES["euros"]
    seconds = 30_000_000
    assert seconds * 0.07 * euros["container_vcpu_second"] == pytest.approx(21.0)
    one = {"min_scale": 0, "max_scale": 1, "memory_mb": 1000, "cpu": 1000}
    asked = costs.sizes("dev") | {"scaling": {"web": one}}
    low, high = costs.monthly(asked, PRICES)["containers"]
    assert low == 0
    assert high == pytest.approx(730 * 3600 * (0.00001 + 0.000001))


def test_a_standby_costs_a_node_and_a_volume_more() -> None:
    asked = costs.sizes("prod")
    alone = asked | {"database": asked["database"] | {"high_availability": "false"}}
    with_standby = costs.monthly(asked, PRICES)["database"][0]
    without = costs.monthly(alone, PRICES)["database"][0]
    assert with_standby - without == pytest.approx(730 * (0.076 + 50 * 0.000136))


def test_calls_on_machines_cost_no_container_but_a_balancer() -> None:
    asked = costs.sizes("prod")
    on_machines = costs.monthly(asked | {"runtime": "instance"}, PRICES)
    assert on_machines["machines for calls"][0] == pytest.approx(730 * (0.02754 + 0.023 + 0.005))
    assert on_machines["containers"][0] < costs.monthly(asked, PRICES)["containers"][0]
