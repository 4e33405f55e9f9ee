"""The image is built as it is said to be: locked, small, for nobody in particular and not root."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch

import pytest
import yaml  # type: ignore[import-untyped]

from gateway.settings import Settings
from tests.image.dockerfile import ROOT, Instruction, Stage, parsed

STAGES = parsed((ROOT / "Dockerfile").read_text("utf-8"))
FINAL = STAGES[-1]
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def runs() -> Iterator[str]:
    for stage in STAGES:
        yield from (each.text for each in stage.all("RUN"))


def commands(run: str) -> list[str]:
    return [command.strip() for command in re.split(r"&&|;", run)]


def copies(stage: Stage) -> Iterator[tuple[Instruction, list[str]]]:
    """What is copied out of the checkout."""
    for each in stage.all("COPY"):
        if "--from" not in each.text:
            yield each, [word for word in each.words if not word.startswith("--")][:-1]


def reaches_the_build(path: str) -> bool:
    """By .dockerignore: the last rule that fits counts."""
    kept = True
    parents = ["/".join(path.split("/")[: n + 1]) for n in range(path.count("/") + 1)]
    for rule in IGNORED:
        pattern = rule.removeprefix("!").removeprefix("**/")
        deep = rule.removeprefix("!").startswith("**/")
        names = path.split("/") if deep else parents
        if any(fnmatch(name, pattern) for name in names):
            kept = rule.startswith("!")
    return kept


def test_all_stages_stand_on_one_base_or_on_each_other() -> None:
    names = {"${BASE}"}
    for stage in STAGES:
        assert stage.base in names
        names.add(stage.name)


def test_the_base_is_named_in_full() -> None:
    written = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"^ARG BASE=docker\.io/library/debian:\w+-slim$", written, re.MULTILINE)


def test_it_runs_as_nobody_that_is_root() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", FINAL.last("USER").text)
    assert FINAL.instructions.index(FINAL.last("USER")) > FINAL.instructions.index(
        FINAL.last("RUN")
    )


@pytest.mark.parametrize("verb", ["CMD", "HEALTHCHECK"])
def test_no_shell_stands_between_the_engine_and_us(verb: str) -> None:
    assert FINAL.last(verb).vector


def test_it_is_told_to_stop_by_the_signal_that_it_drains_on() -> None:
    assert FINAL.last("STOPSIGNAL").text == "SIGTERM"


def test_what_it_runs_can_be_said_in_whole() -> None:
    assert FINAL.last("CMD").vector == ["frontdoor", "serve"]
    assert not FINAL.all("ENTRYPOINT")


def test_where_it_is_run_its_whole_command_is_said() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    ours = [service for service in services.values() if service["image"] == "frontdoor"]
    assert [service["command"][:2] for service in ours] == [["frontdoor", "serve"]] * 2


def test_the_health_check_asks_what_needs_nobody_else() -> None:
    assert "/healthz" in FINAL.last("HEALTHCHECK").text


def test_what_it_sets_are_settings_of_ours_and_no_secrets() -> None:
    known = {name.upper() for name in Settings.__slots__}
    pythons = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    assert set(FINAL.environment) - pythons <= known
    for stage in STAGES:
        for each in [*stage.all("ENV"), *stage.all("ARG")]:
            assert not re.search("TOKEN|SECRET|PASSWORD|KEY", each.text)


def test_it_writes_where_it_may() -> None:
    assert FINAL.last("VOLUME").vector == [FINAL.environment["DATA_DIR"]]
    assert FINAL.environment["PYTHONDONTWRITEBYTECODE"]


def test_everything_that_is_installed_is_locked() -> None:
    installs = [
        c for run in runs() for c in commands(run) if re.search(r"pip\b.* (install|wheel)", c)
    ]
    assert len(installs) > 3
    for command in installs:
        locked = "--require-hashes" in command and "-r requirements-" in command
        ours = "--no-deps" in command and (
            "--no-index" in command or "--no-build-isolation" in command
        )
        assert locked or ours, command
    assert [c for run in runs() for c in commands(run) if " ci " in f"{c} " and "npm" in c]
    assert not [c for run in runs() for c in commands(run) if "npm" in c and "install" in c]


def test_nothing_is_fetched_but_through_package_managers() -> None:
    for stage in STAGES:
        assert not stage.all("ADD")
    assert not [run for run in runs() if re.search(r"\b(curl|wget|git)\b|https?://", run)]


def test_debian_brings_what_is_asked_for_and_leaves_no_lists() -> None:
    fetching = [run for run in runs() if "apt-get install" in run]
    assert fetching
    for run in fetching:
        assert "--no-install-recommends" in run
        assert commands(run)[0] == "apt-get update"
        assert re.search(r"rm -rf /var/lib/apt/lists/\*", run)


def test_what_builds_it_stays_behind() -> None:
    final = " ".join(each.text for each in FINAL.instructions)
    assert not re.search(r"\b(gcc|binutils|build-essential|python3-venv|python3-pip|npm)\b", final)
    assert [each.words for each in FINAL.all("COPY")] == [
        ["--from=house", "/opt/frontdoor", "/opt/frontdoor"]
    ]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name or "final")
def test_what_is_copied_is_there_and_reaches_the_build(stage: Stage) -> None:
    for each, sources in copies(stage):
        for source in sources:
            assert (ROOT / source).exists(), each.text
            assert reaches_the_build(source), source


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        "data/frontdoor.db",
        "gateway/.env",
        "gateway/__pycache__/main.cpython-313.pyc",
        "channels/web/static/widget.js",
        "channels/web/widget/node_modules/esbuild/main.js",
        "terraform/environments/prod.tfvars",
        "tests/conftest.py",
    ],
)
def test_what_is_nobodys_business_does_not_reach_the_build(path: str) -> None:
    assert not reaches_the_build(path)


def pins(name: str) -> dict[str, str]:
    written = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", written, re.MULTILINE))


def test_the_image_has_what_is_tested_in_the_same_versions() -> None:
    tested, shipped = pins("requirements.lock"), pins("requirements-image.lock")
    assert shipped.items() <= tested.items()
    assert {"psycopg", "redis", "obstore", "opentelemetry-sdk", "strands-agents"} <= set(shipped)


def test_no_voice_comes_with_it_that_its_owner_would_have_to_pass_on_under_another_licence() -> (
    None
):
    assert not {"espeakng-loader", "pocketsphinx"} & set(pins("requirements-image.lock"))


@pytest.mark.parametrize("name", ["requirements-image.lock", "requirements-build.lock"])
def test_every_pin_has_hashes_and_names_no_registry(name: str) -> None:
    written = (ROOT / name).read_text("utf-8")
    assert written.count("==") <= written.count("--hash=sha256:")
    assert "://" not in written


def test_the_script_that_trims_it_can_be_read() -> None:
    subprocess.run(["sh", "-n", str(ROOT / "docker" / "trim.sh")], check=True)  # noqa: S607 - any shell
