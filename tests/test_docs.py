"""What the papers say of settings, metrics and rooms is what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from gateway import telemetry
from gateway.settings import Settings
from gateway.telemetry import REGISTRY
from tests.test_floors import FLOORS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SEEING = (DOCS / "observability.md").read_text("utf-8")
OPERATORS = (DOCS / "operators.md").read_text("utf-8")
ARCHITECTURE = (DOCS / "architecture.md").read_text("utf-8")
OURS = [m for m in vars(telemetry).values() if isinstance(m, MetricWrapperBase)]
PAPERS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row of a text's tables."""
    for line in text.splitlines():
        if line.startswith("| ") and line.endswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def settings_told() -> dict[str, str]:
    """Each variable, and what is said of its default."""
    part = OPERATORS[OPERATORS.index("## Settings") : OPERATORS.index("## What is open to whom")]
    told = {}
    for cells in rows(part):
        for variable in named(cells[0]):
            assert variable not in told, f"{variable} is told of twice"
            told[variable] = cells[1]
    return told


def test_the_operators_page_tells_of_every_setting_and_of_no_other() -> None:
    assert set(settings_told()) == {field.name.upper() for field in fields(Settings)}


@pytest.mark.parametrize("variable", [f.name.upper() for f in fields(Settings)])
def test_the_operators_page_knows_the_default_of(variable: str) -> None:
    default = getattr(Settings(), variable.lower())
    if default in ("", ()):
        return
    said = f"{default:g}" if isinstance(default, float) else str(default)
    assert f"`{said}`" in settings_told()[variable]


def test_every_setting_that_is_written_about_exists() -> None:
    prefixes = "TWILIO|TELEGRAM|VOICE|WEB|GROQ|OPENAI|CARTESIA|MAX|RECORD|SPEECH|PHONE|AGENT"
    known = {field.name.upper() for field in fields(Settings)}
    for paper in PAPERS:
        written = set(re.findall(rf"\b(?:{prefixes})_[A-Z_]*[A-Z]\b", paper.read_text("utf-8")))
        assert written <= known, paper.name


SUFFIXES = {"counter": "_total", "info": "_info"}


def metrics_told() -> dict[str, set[str]]:
    """Each metric, and its labels."""
    part = SEEING[SEEING.index("## Metrics") : SEEING.index("## Alarms")]
    told: dict[str, set[str]] = {}
    for cells in rows(part):
        for metric in named(cells[0]):
            assert metric not in told, f"{metric} is told of twice"
            told[metric] = {label for labels in named(cells[1]) for label in labels.split()}
    return told


def test_the_page_about_seeing_tells_of_every_metric_and_of_no_other() -> None:
    kept = {f"{m.name}{SUFFIXES.get(m.type, '')}" for m in REGISTRY.collect()}
    assert set(metrics_told()) == kept
    written = set(re.findall(r"frontdoor_[a-z_]+[a-z]", SEEING + OPERATORS))
    assert written - {"frontdoor_queue"} <= kept


@pytest.mark.parametrize("metric", OURS, ids=lambda metric: str(metric._name))
def test_the_page_about_seeing_knows_the_labels_of(metric: MetricWrapperBase) -> None:
    told = metrics_told()[f"{metric._name}{SUFFIXES.get(str(metric._type), '')}"]
    assert set(metric._labelnames) == told - {"version"}


@pytest.mark.parametrize("metric", OURS, ids=lambda metric: str(metric._name))
def test_the_name_and_labels_follow_the_conventions_of(metric: MetricWrapperBase) -> None:
    """https://prometheus.io/docs/practices/naming/"""
    name, labels = metric._name, set(metric._labelnames)
    assert re.fullmatch(r"frontdoor_[a-z]+(_[a-z]+)*", name)
    assert not re.search(r"_(ms|millis|milliseconds|minutes|kb|mb|percent|count|sum|bucket)$", name)
    if isinstance(metric, Histogram):
        assert name.endswith("_seconds"), "a unit, and the base unit of it"
    assert metric._documentation.endswith(".")
    # Each of few values: never an id, an address, or what a stranger wrote.
    few = "method route status limit channel result stage kind state step provider ended_by queue"
    assert labels <= set(few.split())


def rooms_told() -> dict[str, int]:
    """Each room, and the floor it is drawn on."""
    told: dict[str, int] = {}
    for floor in ARCHITECTURE.split("### Floor ")[1:]:
        # Other programs' rooms come after the last.
        for cells in rows(floor.partition("\n## ")[0].partition("\n### ")[0]):
            told |= dict.fromkeys(named(cells[0]), int(floor[0]))
    return told


def rooms_there() -> Iterator[str]:
    """Modules, and of folders within folders the folder alone."""
    gateway = ROOT / "gateway"
    for path in sorted(gateway.rglob("*.py")):
        parts = path.relative_to(gateway).with_suffix("").parts
        if not parts[-1].startswith("__"):
            yield "/".join(parts[:2])


def test_the_house_is_drawn_with_every_room_on_its_floor() -> None:
    drawn = rooms_told()
    for room in rooms_there():
        assert room in drawn, "docs/architecture.md has a line for every module"
        assert drawn[room] == FLOORS.get(f"gateway.{room.split('/', maxsplit=1)[0]}"), room
    missing = [room for room in drawn if not list((ROOT / "gateway").glob(f"{room}*"))]
    assert not missing, "these are drawn and not there"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_links_lead_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", paper.read_text("utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        page = (paper.parent / name).resolve() if name else paper
        assert page.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
            assert anchor in slugs, target
