"""Dashboards and alert rules: of figures that exist, and firing when they say."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import Metric

from gateway.telemetry import REGISTRY
from terraform.cockpit import dashboards
from terraform.cockpit.drawing import Dashboard, Panel
from tests.ops.scripts import SCRIPTS, needing

ROOT = Path(__file__).parents[2]
ALERTS = sorted((ROOT / "terraform" / "cockpit" / "alerts").glob("*.yaml"))
CASES = sorted(Path(__file__).parent.glob("alerts*.yaml"))
RUNBOOK = (ROOT / "docs" / "deploy.md").read_text("utf-8")

CLOUD = ("rdb_instance_postgresql_", "rkv_cluster_", "serverless_container_")
"""What the cloud's own figures begin with."""

WANTED = {
    "critical": {"DatabaseDown", "RedisDown", "CrashLoop", "RequestErrors", "RequestsSlow"},
    "warning": {"DatabaseCpuHigh", "RedisMemoryHigh", "CostUp", "QueueLong"},
}
"""Those that were asked for."""


def rules() -> Iterator[dict[str, Any]]:
    for path in ALERTS:
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            yield from group["rules"]


RULES = {rule["alert"]: rule for rule in rules()}
PANELS = [(page, panel) for page in dashboards.DASHBOARDS for panel in page.panels]
QUERIES = [rule["expr"] for rule in RULES.values()] + [
    query for _, panel in PANELS if panel.source != "logs" for query in panel.queries.values()
]


def told() -> dict[str, Metric]:
    """Each name that /metrics has, and what it is of."""
    names: dict[str, Metric] = {}
    for family in REGISTRY.collect():
        suffixes = {
            "counter": ["_total"],
            "histogram": ["_bucket", "_sum", "_count"],
            "info": ["_info"],
        }
        names |= {f"{family.name}{end}": family for end in suffixes.get(family.type, [""])}
    return names


def labels_of(name: str) -> set[str]:
    from tests.test_docs import OURS  # noqa: PLC0415 - that reads the papers

    base = re.sub(r"_(total|bucket|sum|count|info)$", "", name)
    for metric in OURS:
        if metric._name == base:
            return set(metric._labelnames)
    return set()


def test_the_dashboards_are_what_their_source_makes() -> None:
    there = {path.name: path.read_text("utf-8") for path in dashboards.FOLDER.glob("*.json")}
    assert there == dashboards.written(), "run python -m terraform.cockpit.dashboards"


def test_there_is_a_page_for_each_that_was_asked_for() -> None:
    titles = " ".join(page.title for page in dashboards.DASHBOARDS)
    for subject in ("system health", "containers", "database", "cost", "agent"):
        assert subject in titles


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_of_figures_that_exist(query: str) -> None:
    known = told()
    names = re.findall(r"\b(?:frontdoor|process)_[a-z_]+[a-z]\b", query)
    foreign = re.findall(rf"\b(?:{'|'.join(CLOUD)})\w+", query)
    assert names or foreign
    for name in names:
        assert name in known
    for name, matchers in re.findall(r"\b(frontdoor_[a-z_]+[a-z])\{([^}]*)\}", query):
        used = set(re.findall(r"(\w+)\s*(?:=|!)", matchers))
        assert used <= labels_of(name) | {"le"}, name


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_of_one_source(query: str) -> None:
    ours = re.search(r"\b(frontdoor|process)_", query)
    theirs = re.search("|".join(CLOUD), query)
    assert not (ours and theirs)


@pytest.mark.parametrize(("page", "panel"), PANELS, ids=lambda x: getattr(x, "title", ""))
def test_a_panel_asks_the_source_that_has_it(page: Dashboard, panel: Panel) -> None:
    assert page.title
    for query in panel.queries.values():
        if panel.source != "logs":
            theirs = re.search("|".join(CLOUD), query)
            assert (panel.source == "cloud") == bool(theirs), panel.title


@pytest.mark.parametrize("severity", WANTED)
def test_what_was_asked_for_is_watched(severity: str) -> None:
    for name in WANTED[severity]:
        assert RULES[name]["labels"]["severity"] == severity


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_what_is_wrong_and_where_it_stands_what_to_do(name: str) -> None:
    notes = RULES[name]["annotations"]
    assert notes["summary"].endswith(".")
    path, _, anchor = notes["runbook_url"].partition("#")
    assert path == "docs/deploy.md"
    titles = re.findall(r"^#+ (\w+)$", RUNBOOK, re.MULTILINE)
    assert anchor in {title.lower() for title in titles}
    assert anchor == name.lower()


@pytest.mark.parametrize("name", RULES)
def test_an_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(name: str) -> None:
    fires = set()
    for path in CASES:
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for look in case["alert_rule_test"]:
                if look["alertname"] == name:
                    fires.add(bool(look.get("exp_alerts")))
    assert fires == {True, False}


@pytest.mark.parametrize("path", ALERTS, ids=lambda path: path.name)
def test_a_ruler_is_given_the_group_as_it_stands_in_its_file(path: Path) -> None:
    """Scaleway's takes 20 rules a group, and looks back an hour at most."""
    (group,) = yaml.safe_load(path.read_text("utf-8"))["groups"]
    given = subprocess.run(
        ["bash", "-c", '. "$0"; group_of "$1"', str(SCRIPTS / "lib.sh"), str(path)],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert yaml.safe_load(given) == group
    assert len(group["rules"]) <= 20
    for rule in group["rules"]:
        for number, unit in re.findall(r"\[(\d+)([mhdw])\]", rule["expr"]):
            assert (unit, int(number) <= 60) in {("m", True), ("h", True)}
            assert unit != "h" or int(number) == 1


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_alerts_fire_when_they_should_and_no_sooner(path: Path) -> None:
    needing("promtool")
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
