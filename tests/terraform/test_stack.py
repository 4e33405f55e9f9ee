"""Each environment, from nothing to nothing, by real Terraform and providers of our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terraform.offline import CREDENTIALS, Workspace
from tests.terraform.policy import complaints

ENVIRONMENTS = ("dev", "staging", "prod")
Fresh = Callable[[], Workspace]


def test_sources_are_formatted_and_valid(stack: Workspace) -> None:
    formatted = stack.terraform("fmt", "-check", "-recursive")
    assert formatted.code == 0, formatted.said
    valid = stack.terraform("validate", "-no-color")
    assert valid.code == 0, valid.said
    assert "Warning: " not in valid.said, valid.said


@pytest.mark.parametrize("runtime", ["container", "instance"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_comes_up_settles_and_goes(
    fresh: Fresh, environment: str, runtime: str
) -> None:
    here = fresh()
    voice = f"-var=voice_runtime={runtime}"
    planned = here.plan(environment, voice)
    assert planned.code == 0, planned.said
    assert "Warning: " not in planned.said, planned.said
    plan = here.planned()
    assert complaints(plan) == []
    _hold_no_secret(json.dumps(plan))

    applied = here.apply()
    assert applied.code == 0, applied.said
    state = (here.folder / "terraform.tfstate").read_text()
    _hold_no_secret(state)
    kinds = {resource["type"] for resource in json.loads(state)["resources"]}
    assert ("scaleway_instance_server" in kinds) == (runtime == "instance")
    settled = here.plan(environment, voice, "-detailed-exitcode")
    assert settled.code == 0, settled.said

    file = f"-var-file=environments/{environment}.tfvars"
    quickly = ("-auto-approve", "-refresh=false", "-input=false", "-no-color")
    destroyed = here.terraform("destroy", *quickly, voice, file)
    assert destroyed.code == 0, destroyed.said
    assert json.loads((here.folder / "terraform.tfstate").read_text())["resources"] == []


def test_names_can_be_made_elsewhere(fresh: Fresh) -> None:
    here = fresh()
    planned = here.plan("dev", "-var=voice_runtime=instance", without="dns_zone")
    assert planned.code == 0, planned.said
    kinds = [change["type"] for change in here.planned()["resource_changes"]]
    assert "scaleway_domain_record" not in kinds
    assert "scaleway_container_domain" in kinds


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        *((environment, "every_environment") for environment in ENVIRONMENTS),
        ("prod", "production"),
        ("dev", "voice"),
    ],
)
def test_the_specification_is_met(stack: Workspace, environment: str, file: str) -> None:
    ended = stack.terraform(
        "test", "-no-color", f"-filter=tests/{file}.tftest.hcl",
        f"-var-file=environments/{environment}.tfvars",
    )  # fmt: skip
    assert ended.code == 0, ended.said
    assert "0 passed" not in ended.said, ended.said


def test_what_changes_touches_no_database(fresh: Fresh) -> None:
    here = fresh()
    assert here.plan("dev").code == 0
    assert here.apply().code == 0

    changed = _changed(here, "-var=credentials_version=2")
    groq = 'module.secrets.scaleway_secret_version.delivered["door/GROQ_API_KEY"]'
    assert changed[groq] == ["create", "delete"]
    # Secrets are read at the start, so who reads them starts again.
    assert changed['module.doors.scaleway_container.main["web"]'] == ["update"]

    moved = _changed(here, "-var=voice_runtime=instance")
    assert moved['module.doors.scaleway_container.main["voice"]'] == ["delete"]
    assert moved['module.voice_instance[0].scaleway_instance_server.main["1"]'] == ["create"]

    for address in (*changed, *moved):
        assert "rdb" not in address, address
        assert "redis" not in address, address
        assert "bucket" not in address, address


def _changed(here: Workspace, option: str) -> dict[str, list[str]]:
    """What a plan with another variable would do, by address."""
    planned = here.plan("dev", option)
    assert planned.code == 0, planned.said
    return {
        change["address"]: change["change"]["actions"]
        for change in here.planned()["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }


def test_every_variable_and_output_is_described(stack: Workspace) -> None:
    for file in _sources(stack):
        text = file.read_text()
        for kind in ("variable", "output"):
            for block in text.split(f'\n{kind} "')[1:]:
                body = block.split("\n}\n")[0]
                assert "  description = " in body, f"{file.name}: {kind} {block.splitlines()[0]}"


def _sources(stack: Workspace) -> list[Path]:
    return sorted(p for p in stack.folder.rglob("*.tf") if ".terraform" not in p.parts)


def _hold_no_secret(text: str) -> None:
    for name, value in CREDENTIALS.items():
        assert value not in text, f"{name} is in the plan or the state"
    # What our double of Secret Manager gives out for passwords that we make.
    assert "Stub-secret-1" not in text, "a password is in the plan or the state"
