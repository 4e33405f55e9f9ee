"""What runs at GitHub: pinned, with no more rights than it needs, and nothing left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
# YAML 1.1, which PyYAML reads, takes a bare "on" for true; GitHub reads 1.2.
CI: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, dict[str, Any]] = CI["jobs"]
OF_PULL_REQUESTS = {"test", "image", "terraform"}


def steps(*jobs: str) -> Iterator[dict[str, Any]]:
    for job in jobs or JOBS:
        yield from JOBS[job]["steps"]


def scripts(job: str) -> str:
    return "\n".join(step.get("run", "") for step in steps(job))


def test_it_runs_for_what_is_proposed_and_what_has_landed() -> None:
    assert set(CI[True]) == {"push", "pull_request", "workflow_dispatch"}
    assert CI[True]["push"] == {"branches": ["main"]}


def test_actions_are_pinned_by_commit_and_say_which_release_that_is() -> None:
    used = re.findall(r"uses: (.+)", TEXT)
    assert len(used) >= 8
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_one_action_has_one_version() -> None:
    pins = dict.fromkeys(step["uses"] for step in steps() if "uses" in step)
    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_read_the_code_and_nothing_else_and_comes_to_an_end(job: str) -> None:
    assert CI["permissions"] == {}
    assert JOBS[job]["permissions"] == {"contents": "read"}
    assert 0 < JOBS[job]["timeout-minutes"] <= 40
    assert not JOBS[job]["runs-on"].endswith("latest")


def test_no_token_is_left_in_a_checkout() -> None:
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_strangers_propose_sees_no_secret() -> None:
    for job in OF_PULL_REQUESTS:
        assert "secrets." not in str(JOBS[job])
    assert "pull_request_target" not in CI[True]
    assert JOBS["plan"]["if"].startswith("github.event_name == 'workflow_dispatch'")
    assert "inputs.environment" in JOBS["plan"]["environment"]


def test_what_others_may_write_is_never_part_of_a_script() -> None:
    assert not [step["run"] for step in steps() if "${{" in step.get("run", "")]


def test_the_tests_are_those_of_the_readme() -> None:
    assert "make test" in scripts("test")
    assert "make test" in (ROOT / "README.md").read_text("utf-8")


def test_the_image_is_built_for_where_it_runs_and_tried_out() -> None:
    (build,) = [s for s in steps("image") if s.get("uses", "").startswith("docker/build-push")]
    assert build["with"]["platforms"] == "linux/amd64"
    assert build["with"]["load"] is True
    assert "push" not in build["with"]
    (called,) = re.findall(r"sh (\S+)", scripts("image"))
    assert (ROOT / called).is_file()


def test_the_stack_is_formatted_valid_and_planned_for_when_asked() -> None:
    for verb in ("fmt -check -recursive", "init -backend=false", "validate"):
        assert verb in scripts("terraform")
    assert re.search(r"plan .*-lock=false", scripts("plan"))
    assert "apply" not in TEXT
    environments = CI[True]["workflow_dispatch"]["inputs"]["environment"]["options"]
    assert environments == ["none", "dev", "staging", "prod"]
    for name in environments[1:]:
        assert (ROOT / "terraform" / "environments" / f"{name}.tfvars").is_file()


def test_the_plan_is_given_every_variable_that_an_environment_leaves_open() -> None:
    written = "\n".join(p.read_text("utf-8") for p in (ROOT / "terraform").glob("*.tf"))
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', written, re.MULTILINE | re.DOTALL)
    open_ = {name for name, body in blocks if not re.search(r"^  default\s", body, re.MULTILINE)}
    given = set(re.findall(r"TF_VAR_(\w+)", TEXT))
    assert given <= {name for name, _ in blocks}
    for path in (ROOT / "terraform" / "environments").glob("*.tfvars"):
        said = set(re.findall(r"^(\w+)\s*=", path.read_text("utf-8"), re.MULTILINE))
        assert open_ <= said | given, path.name


def test_it_runs_a_terraform_that_the_stack_takes() -> None:
    least = re.search(
        r'required_version = ">= ([\d.]+)"', (ROOT / "terraform" / "versions.tf").read_text("utf-8")
    )
    assert least
    used = [int(part) for part in str(CI["env"]["TERRAFORM"]).split(".")]
    assert used >= [int(part) for part in least[1].split(".")]
